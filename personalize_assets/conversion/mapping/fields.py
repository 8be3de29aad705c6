"""What stands at a path, row by row: read once for all datasets that are made of the same rows."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.mapping import timestamps
from personalize_assets.conversion.mapping.batch_rows import Rows
from personalize_assets.conversion.mapping.event_mapper import text_or_none
from personalize_assets.conversion.mapping.paths import parse_path
from personalize_assets.conversion.reading.struct_decoder import StructDecoder


class Field:
    """A path into the events, or into the elements of ``each``; for events without elements that leads nowhere."""

    def __init__(self, path: str, shape: StructDecoder, each: str | None = None, *, in_element: bool = False) -> None:
        self._key = (path, in_element)
        self._in_element = in_element
        steps = parse_path(path)
        if not in_element:
            self._get = shape.of_event(steps)
        elif each is not None:
            self._get = shape.of_element(parse_path(each), steps[1:])
        self._is_nowhere = in_element and each is None

    def is_in(self, rows: Rows) -> bool:
        return not self._is_nowhere and (rows.elements is not None or not self._in_element)

    def values(self, rows: Rows) -> list[Any]:
        """The values as the decoder gave them, None for null."""
        assert self.is_in(rows)
        structs = rows.elements if self._in_element and rows.elements is not None else rows.events
        return rows.once(("values", self._key), lambda: self._get(structs))

    def texts(self, rows: Rows) -> pa.Array | None:
        """The values as Arrow's texts, null for null and the empty text; None where that is not for Arrow to say."""
        return rows.once(("texts", self._key), lambda: _texts(self.values(rows)))

    def texts_or_null(self, rows: Rows) -> pa.Array:
        """The values as Arrow's texts, null for what is no text and cannot be written as one."""
        texts = self.texts(rows)
        return pa.array(map(text_or_none, self.values(rows)), pa.string()) if texts is None else texts

    def nanos(self, rows: Rows) -> pa.Array:
        """The values as points in time: see ``timestamps.many_nanos``."""
        return rows.once(("nanos", self._key), lambda: timestamps.many_nanos(self.values(rows), self.texts(rows)))


def _texts(values: list[Any]) -> pa.Array | None:
    try:
        texts = pa.array(values, pa.string())
    except pa.ArrowException:
        try:
            texts = pa.array([str(value) if type(value) is int else value for value in values], pa.string())
        except pa.ArrowException:
            return None
    empty = pc.equal(texts, "")
    return pc.if_else(empty, None, texts) if pc.any(empty).as_py() else texts
