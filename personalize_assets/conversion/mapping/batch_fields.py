"""The fast path: the values at one path in many rows, read once for all columns and datasets made of the same rows."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.mapping import timestamps
from personalize_assets.conversion.mapping.batch_rows import BatchRows
from personalize_assets.conversion.mapping.converters import text_or_none
from personalize_assets.conversion.mapping.paths import ColumnPath, column_path, parse_path
from personalize_assets.conversion.reading.struct_decoder import StructDecoder


class BatchField:
    """The values at a path into events, or into elements of ``each``."""

    def __init__(self, path: ColumnPath, decoder: StructDecoder, each: str | None = None) -> None:
        """``each`` is the path of the array whose elements the rows may have; None if they have none."""
        self._path = path
        self._is_nowhere = path.in_element and each is None
        if not path.in_element:
            self._get = decoder.of_event(path.steps)
        elif each is not None:
            self._get = decoder.of_element(parse_path(each), path.steps)

    @classmethod
    def of_column(cls, path: str, decoder: StructDecoder, each: str | None) -> BatchField:
        """The field at a column's path, which may start at an element of ``each``."""
        return cls(column_path(path), decoder, each)

    @classmethod
    def of_event(cls, path: str, decoder: StructDecoder) -> BatchField:
        """The field at a path that starts at the event."""
        return cls(ColumnPath(parse_path(path)), decoder)

    def is_in(self, rows: BatchRows) -> bool:
        """Whether these rows can have the field: rows without elements have no field of an element."""
        return not self._is_nowhere and (rows.elements is not None or not self._path.in_element)

    def values(self, rows: BatchRows) -> list[Any]:
        """The values as the decoder returned them, row by row; None for null. Only where ``is_in`` is true."""
        assert self.is_in(rows)
        structs = rows.elements if self._path.in_element and rows.elements is not None else rows.events
        return rows.cached(("values", self._path), lambda: self._get(structs))

    def texts(self, rows: BatchRows) -> pa.Array | None:
        """The values as an Arrow string array, null for null and empty text; None if any is neither text nor int."""
        return rows.cached(("texts", self._path), lambda: _texts(self.values(rows)))

    def texts_or_null(self, rows: BatchRows) -> pa.Array:
        """The values as an Arrow string array; null also for a value that has no text."""
        texts = self.texts(rows)
        return pa.array(map(text_or_none, self.values(rows)), pa.string()) if texts is None else texts

    def nanos(self, rows: BatchRows) -> pa.Array:
        """The values as nanoseconds since the epoch: see ``timestamps.many_nanos``."""
        return rows.cached(("nanos", self._path), lambda: timestamps.many_nanos(self.values(rows), self.texts(rows)))


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
