"""The fast path: the values at one path in many rows, read once for all columns and datasets made of the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.export.text_bytes import text_bytes
from personalize_assets.conversion.mapping import timestamps
from personalize_assets.conversion.mapping.batch_rows import TEXT_OR_NULL, BatchRows
from personalize_assets.conversion.mapping.converters import text_or_none
from personalize_assets.conversion.mapping.null_words import NO_WORDS, NullWords
from personalize_assets.conversion.mapping.paths import ColumnPath, column_path, parse_path
from personalize_assets.conversion.mapping.values import is_blank


class BatchField:
    """The values at a path into events, or into elements of ``each``."""

    def __init__(self, path: ColumnPath, words: NullWords = NO_WORDS) -> None:
        """Take one of the paths of ``BatchRows.values``, and the words that are null there."""
        self._path = path
        self._words = words

    @classmethod
    def of_column(cls, path: str, words: NullWords = NO_WORDS) -> BatchField:
        """The field at a column's path, which may start at an element of ``each``."""
        return cls(column_path(path), words)

    @classmethod
    def of_event(cls, path: str, words: NullWords = NO_WORDS) -> BatchField:
        """The field at a path that starts at the event."""
        return cls(ColumnPath(parse_path(path)), words)

    def is_in(self, rows: BatchRows) -> bool:
        """Whether these rows can have the field: rows without elements have no field of an element."""
        return self._path in rows.values

    def values(self, rows: BatchRows) -> list[Any]:
        """The values as the decoder returned them, row by row, but None for null words. Only where ``is_in`` is true.

        Blank texts are among them.
        """
        found = rows.values[self._path]
        if not self._words:
            return found
        return rows.cached(("values", self._path, self._words.words), lambda: list(map(self._words.without, found)))

    def texts(self, rows: BatchRows) -> pa.Array | None:
        """The values as an Arrow string array, null for null and blank text; None if any is neither text nor int."""
        return rows.cached(("texts", self._path, self._words.words), lambda: _texts(self.values(rows)))

    def texts_or_null(self, rows: BatchRows) -> pa.Array:
        """The values as an Arrow string array; null also for a value that has no text."""
        texts = self.texts(rows)
        return pa.array(map(text_or_none, self.values(rows)), pa.string()) if texts is None else texts

    def nanos(self, rows: BatchRows) -> pa.Array:
        """The values as nanoseconds since the epoch: see ``timestamps.many_nanos``."""
        key = ("nanos", self._path, self._words.words)
        return rows.cached(key, lambda: timestamps.many_nanos(self.values(rows), self.texts(rows)))


def places_of_others(values: Sequence[Any], usual: set[type] | frozenset[type]) -> Iterator[int]:
    """Where values are of none of the usual types. Costs little where all or nearly all are."""
    kinds = list(map(type, values))
    for kind in set(kinds) - usual:
        at = -1
        for _ in range(kinds.count(kind)):
            at = kinds.index(kind, at + 1)
            yield at


def _texts(values: list[Any]) -> pa.Array | None:
    try:
        texts = pa.array(values, pa.string())
    except pa.ArrowException:
        values = values.copy()
        for at in places_of_others(values, TEXT_OR_NULL):
            if type(values[at]) is not int:
                return None
            values[at] = str(values[at])
        try:
            texts = pa.array(values, pa.string())
        except pa.ArrowException:  # a text that UTF-8 cannot encode
            return None
    blank = pc.or_(pc.equal(texts, ""), pc.utf8_is_space(texts))
    if b"\0" in text_bytes(texts).to_pybytes():  # where it may be that nothing but NUL characters and spaces is there
        blank = pa.array([text is not None and is_blank(text) for text in texts.to_pylist()])
    return pc.if_else(blank, None, texts) if pc.any(blank).as_py() else texts
