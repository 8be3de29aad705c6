"""Rows as columns of Arrow: the fast way from a table to the mapping, beside the lines of JSON of ``json_lines``.

Only rows whose lines of JSON would certainly be read as plain events are taken as columns. Their values are those that
the lines would have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.export.text_bytes import text_bytes
from personalize_assets.conversion.reading.formats.json_lines import cells_of, check_times, lines_of

_MOST_BYTES = 16 * 1024 * 1024
_MOST_NAMES_BYTES = 64 * 1024
"""With ``_MOST_BYTES``: each character may take six bytes in JSON, and no line may be too large to be an event."""
_RAWS_AT_ONCE = 1024
_decode = msgspec.json.Decoder(list[Any]).decode


WholeRows = Callable[[pa.RecordBatch, Sequence[int]], Iterator[bytes]]
"""As ``raws_of``, where the batch has only some of the columns."""


class RowColumns:
    """Rows of a table, each of which is one plain event.

    Attributes:
        names: Of the columns; each occurs once.
    """

    def __init__(self, batch: pa.RecordBatch, whole_rows: WholeRows | None = None) -> None:
        """Take rows that ``as_columns`` has accepted."""
        self._batch = batch
        self._whole_rows = whole_rows
        self._columns: dict[str, pa.Array] = {}
        self.names = frozenset(batch.schema.names)

    def __len__(self) -> int:
        """The number of rows."""
        return int(self._batch.num_rows)

    def raws(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """Some rows with all their columns as lines of JSON, as they are written to the rejects; in ascending order.

        Asked for once, and before the rows behind these are read.
        """
        if self._whole_rows is None:
            return raws_of(self._batch, numbers)
        return self._whole_rows(self._batch, numbers)

    def column(self, name: str, hits: pa.Array | None = None) -> pa.Array:
        """The cells of a column, of one of the types of ``values_of``; only those of rows that ``hits`` is true for."""
        if hits is not None and name not in self._columns:
            return _plain(self._batch.column(name).filter(hits))
        if name not in self._columns:
            self._columns[name] = _plain(self._batch.column(name))
        return self._columns[name] if hits is None else self._columns[name].filter(hits)

    def encoded(self, name: str) -> pa.Array:
        """As ``column``; a column with a dictionary keeps it."""
        column = self._batch.column(name)
        return column if pa.types.is_dictionary(column.type) else self.column(name)


def as_columns(batch: pa.RecordBatch, whole_rows: WholeRows | None = None) -> RowColumns | None:
    """The rows as columns; None if they must be read as lines of JSON.

    These are rows with a nested value, with binary, with text that is not UTF-8, with a time
    out of range, or with very long ones. ``whole_rows``
    finds the other columns of rejects, if the batch does not have all of them.
    """
    names = batch.schema.names
    if not names or not all(map(is_plain, batch.schema.types)):
        return None
    if batch.nbytes > _MOST_BYTES or sum(map(len, names)) > _MOST_NAMES_BYTES:
        return None
    return RowColumns(batch, whole_rows) if all(map(_has_texts, batch.columns)) else None


def raws_of(batch: pa.RecordBatch, numbers: Sequence[int]) -> Iterator[bytes]:
    """Some rows of a batch as lines of JSON, without line ends."""
    for at in range(0, len(numbers), _RAWS_AT_ONCE):
        part = numbers[at : at + _RAWS_AT_ONCE]
        taken = batch.take(pa.array(part, pa.int64())) if len(part) < batch.num_rows else batch
        yield from lines_of(taken).split(b"\n")[:-1]


def values_of(column: pa.Array) -> list[Any]:
    """The values that the lines of JSON have there: texts, ints, floats, booleans and None.

    The array's type is that of texts, of booleans, of integers, of doubles, of times, or of nulls alone.
    """
    if pa.types.is_string(column.type):
        return list(column.to_pylist())
    return _decode("".join(("[", ",".join(pc.fill_null(cells_of(column), "null").to_pylist()), "]")))


def is_plain(kind: pa.DataType) -> bool:
    """Whether values of a type are texts, numbers, booleans or times."""
    if isinstance(kind, pa.BaseExtensionType):
        return False
    if pa.types.is_dictionary(kind):
        return _is_string(kind.value_type)
    return (
        _is_string(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_float32(kind)
        or pa.types.is_float64(kind)
        or _is_written_as_text(kind)
        or pa.types.is_timestamp(kind)
        or pa.types.is_null(kind)
    )


def _is_string(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_written_as_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_time(kind) or pa.types.is_decimal(kind))


def _has_texts(column: pa.Array) -> bool:
    """Whether a column of texts is UTF-8, which files may claim wrongly, and one of times in range; true for others."""
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type) or pa.types.is_time(column.type):
        try:
            check_times(column)
        except pa.ArrowInvalid:
            return False
    texts = column.dictionary if pa.types.is_dictionary(column.type) else column
    if _is_string(texts.type) and not _is_ascii(texts):
        try:
            texts.validate(full=True)
        except pa.ArrowInvalid:
            return False
    return True


def _is_ascii(texts: pa.Array) -> bool:
    """Whether all bytes that an array refers to are ASCII; false is not certain."""
    data = texts.buffers()[2]
    if data is None or pa.types.is_large_string(texts.type):
        return data is None
    characters = np.frombuffer(text_bytes(texts), np.uint8)
    return not len(characters) or int(characters.max()) < 0x80


def _plain(column: pa.Array) -> pa.Array:
    """A column with fewer types: see ``values_of``."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column.dictionary_decode().cast(pa.string())
    if pa.types.is_large_string(kind) or _is_written_as_text(kind):
        return column.cast(pa.string())
    if pa.types.is_float32(kind):  # by its digits: 0.1 is 0.1, and not the double that is nearest to this float
        return column.cast(pa.string()).cast(pa.float64())
    return column


def texts_of_times(column: pa.Array) -> pa.Array:
    """Times as the texts that the lines of JSON have."""
    zone = column.type.tz
    texts = (column.cast(pa.timestamp(column.type.unit)) if zone else column).cast(pa.string())
    return pc.binary_join_element_wise(texts, "Z", "") if zone else texts
