"""The fast path: the values at one path in many rows, read once for all columns and datasets made of the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.export.text_bytes import byte_facts, text_bytes
from personalize_assets.conversion.mapping import timestamps
from personalize_assets.conversion.mapping.batch_rows import TEXT_OR_NULL, BatchRows
from personalize_assets.conversion.mapping.converters import text_or_none
from personalize_assets.conversion.mapping.null_words import NO_WORDS, NullWords
from personalize_assets.conversion.mapping.paths import ColumnPath, column_path, parse_path
from personalize_assets.conversion.mapping.values import is_blank
from personalize_assets.conversion.reading.formats.row_columns import texts_of_times

_FIRST_OF_OTHERS = 0x7F
"""Below it, and above the space, are the ASCII characters that are printed."""


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

    @property
    def has_words(self) -> bool:
        """Whether some values are null words."""
        return bool(self._words)

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
        return rows.cached(("texts", self._path, self._words.words), lambda: self._texts(rows))

    def _texts(self, rows: BatchRows) -> pa.Array | None:
        column = self.column(rows)
        if column is None:
            return _texts(self.values(rows))
        texts = _texts_of_column(column)
        if texts is None or not self._words:
            return texts
        return pc.if_else(self._words.are_among(texts, column.type), None, texts)

    def column(self, rows: BatchRows) -> pa.Array | None:
        """The values as Arrow has them, null words among them, if they are a column of a table."""
        return rows.columns.get(self._path)

    def texts_or_null(self, rows: BatchRows) -> pa.Array:
        """The values as an Arrow string array; null also for a value that has no text."""
        texts = self.texts(rows)
        return pa.array(map(text_or_none, self.values(rows)), pa.string()) if texts is None else texts

    def nanos(self, rows: BatchRows) -> pa.Array:
        """The values as nanoseconds since the epoch: see ``timestamps.many_nanos``."""
        return rows.cached(("nanos", self._path, self._words.words), lambda: self._nanos(rows))

    def _nanos(self, rows: BatchRows) -> pa.Array:
        column = self.column(rows)
        if column is not None and not self._words:
            if pa.types.is_timestamp(column.type) and (nanos := timestamps.nanos_of_times(column)) is not None:
                return nanos
            if pa.types.is_string(column.type):
                found = timestamps.nanos_of_texts(column)
                if found is not None:
                    return found
        return timestamps.many_nanos(self.values(rows), self.texts(rows))


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
    return _without_blank(texts)


def _texts_of_column(column: pa.Array) -> pa.Array | None:
    """As ``_texts``, of a column of a table."""
    kind = column.type
    if pa.types.is_string(kind):
        return _without_blank(column)
    if pa.types.is_timestamp(kind):
        return texts_of_times(column)
    if pa.types.is_integer(kind) or column.null_count == len(column):
        return column.cast(pa.string())
    return None


def _without_blank(texts: pa.Array) -> pa.Array:
    """The texts; null for those that are blank."""
    facts = byte_facts(texts)
    if facts.shortest and ord(" ") < facts.least and facts.greatest < _FIRST_OF_OTHERS:
        return texts
    blank = pc.or_(pc.equal(texts, ""), pc.utf8_is_space(texts))
    if b"\0" in text_bytes(texts).to_pybytes():  # where it may be that nothing but NUL characters and spaces is there
        blank = pa.array([text is not None and is_blank(text) for text in texts.to_pylist()])
    return pc.if_else(blank, None, texts) if pc.any(blank).as_py() else texts
