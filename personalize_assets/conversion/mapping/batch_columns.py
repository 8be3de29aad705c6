"""One column of many rows: what ``mapping`` says of one value, at a fraction of the price.

A column's values are looked at together. If they are what such a column usually holds, Arrow takes them as they are;
else each is judged by the same function as in ``mapping``. So nothing here decides what a value means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping import timestamps, values
from personalize_assets.conversion.mapping.batch_rows import Rows
from personalize_assets.conversion.mapping.event_mapper import ARROW_TYPES, RejectedError, finisher
from personalize_assets.conversion.mapping.fields import Field
from personalize_assets.conversion.mapping.paths import is_relative_to_each
from personalize_assets.conversion.reading.struct_decoder import StructDecoder

# What JSON has for a type, so that Arrow can take it as it is.
_USUAL: dict[str, set[type]] = {
    "string": {str},
    "float": {float, int},
    "double": {float, int},
    "int": {int},
    "long": {int},
    "boolean": {bool},
}

Reasons = dict[int, str]
"""Why rows are rejected, by their place."""


class ColumnOfRows:
    """A column of one dataset. Equal ``key``s give equal arrays for the same rows."""

    def __init__(self, column: Column, dataset: Dataset, shape: StructDecoder) -> None:
        self._column = column
        self._fields = [Field(path, shape, dataset.each, in_element=is_relative_to_each(path)) for path in column.paths]
        self._finish = finisher(column)
        self._type = ARROW_TYPES[column.type]
        self._usual = _USUAL.get(column.type, set()) | {type(None)}
        self.key = repr(msgspec.structs.replace(column, categorical=False, keep="latest"))

    def read(self, rows: Rows, latest: int) -> tuple[pa.Array, Reasons]:
        """The column, and the reason of each row that it rejects, which is null in it."""
        changes_texts = self._column.map or self._column.hash
        if self._column.type == "timestamp" and not changes_texts:
            return self._seconds(rows, latest)
        texts = self._texts(rows) if self._column.type == "string" else None
        if texts is None:
            found = self._found(rows)
            return self._one_by_one(found, latest) if changes_texts else self._of_values(found, latest)
        if changes_texts:
            return self._each_once(texts, latest)
        if not self._are_usual(texts):
            return self._one_by_one(texts.to_pylist(), latest)
        return texts, self._missing(texts)

    def _found(self, rows: Rows) -> list[Any]:
        """What the first path that leads to something has, row by row; None for null."""
        found: list[Any] | None = None
        for field in self._fields:
            if not field.is_in(rows):
                continue
            more = field.values(rows)
            found = more if found is None else [b if a is None else a for a, b in zip(found, more, strict=True)]
            kinds = set(map(type, found))
            if list in kinds or "" in found:
                found = [None if values.is_null(value) else value for value in found]
            elif type(None) not in kinds:
                return found
        if found is None:
            found = [None] * len(rows.events)
        if self._column.constant is not None:
            found = [self._column.constant if value is None else value for value in found]
        return found

    def _texts(self, rows: Rows) -> pa.Array | None:
        """As ``_found`` where that is nothing but texts, as Arrow's."""
        constant = self._column.constant
        if not (constant is None or (type(constant) is str and constant)):
            return None
        found: pa.Array | None = None
        for field in self._fields:
            if not field.is_in(rows):
                continue
            more = field.texts(rows)
            if more is None:
                return None
            found = more if found is None else pc.coalesce(found, more)
            if not found.null_count:
                return found
        if found is None:
            found = pa.nulls(len(rows.events), pa.string())
        return found if constant is None else pc.fill_null(found, constant)

    def _are_usual(self, texts: pa.Array) -> bool:
        """Whether no text is too long, or an id with something in it that must not reach a CSV."""
        limit = self._column.max_chars
        if limit is not None and (pc.max(pc.utf8_length(texts)).as_py() or 0) > limit:
            return False
        if not self._column.is_id or pc.all(pc.ascii_is_printable(texts)).as_py() is not False:
            return True
        return "".join(texts.drop_null().to_pylist()).isprintable()

    def _missing(self, array: pa.Array) -> Reasons:
        if not self._column.required or not array.null_count:
            return {}
        rows = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False)).tolist()
        return dict.fromkeys(rows, f"missing:{self._column.name}")

    def _of_values(self, found: list[Any], latest: int) -> tuple[pa.Array, Reasons]:
        reasons: Reasons = {}
        if not set(map(type, found)) <= self._usual:
            found = [
                value if type(value) in self._usual else self._one(row, value, latest, reasons)
                for row, value in enumerate(found)
            ]
        try:
            array = pa.array(found, self._type)
        except (pa.ArrowException, OverflowError):  # a whole number that is too large, or that no double holds exactly
            return self._one_by_one(found, latest, reasons)
        if self._type == pa.float64():
            array = pc.add(array, 0.0)  # minus zero becomes zero
        elif self._type == pa.string() and not self._are_usual(array):
            return self._one_by_one(found, latest, reasons)
        return array, {**self._missing(array), **reasons}

    def _seconds(self, rows: Rows, latest: int) -> tuple[pa.Array, Reasons]:
        reasons: Reasons = {}
        if len(self._fields) == 1 and self._column.constant is None and self._fields[0].is_in(rows):
            seconds = seconds_of(self._fields[0].nanos(rows))
        else:
            seconds = seconds_of(timestamps.many_nanos(self._found(rows)))
        good = are_in_range(seconds, latest)
        if not pc.all(good).as_py():
            found = self._found(rows)
            for row in np.flatnonzero(pc.invert(good).to_numpy(zero_copy_only=False)).tolist():
                self._one(row, found[row], latest, reasons)
        return pc.if_else(good, seconds, None), reasons

    def _each_once(self, texts: pa.Array, latest: int) -> tuple[pa.Array, Reasons]:
        """As ``_one_by_one``, for texts that repeat."""
        once = texts.dictionary_encode()
        made, of_text = self._one_by_one(once.dictionary.to_pylist(), latest)
        reasons = self._missing(texts)
        if of_text:
            places = enumerate(once.indices.to_pylist())
            reasons |= {row: of_text[place] for row, place in places if place in of_text}
        return made.take(once.indices), reasons

    def _one_by_one(
        self, found: Sequence[Any], latest: int, reasons: Reasons | None = None
    ) -> tuple[pa.Array, Reasons]:
        reasons = {} if reasons is None else reasons
        return pa.array(
            [self._one(row, value, latest, reasons) for row, value in enumerate(found)], self._type
        ), reasons

    def _one(self, row: int, value: Any, latest: int, reasons: Reasons) -> Any:
        try:
            return self._finish(value, latest)
        except RejectedError as rejected:
            reasons.setdefault(row, rejected.reason)
            return None


def seconds_of(nanos: pa.Array) -> pa.Array:
    # Rounds towards zero: what that changes is before 1970, and so out of range either way.
    return pc.divide(nanos, timestamps.NANOS)


def are_in_range(seconds: pa.Array, latest: int) -> pa.Array:
    within = pc.and_(pc.greater_equal(seconds, timestamps.EARLIEST_SECONDS), pc.less_equal(seconds, latest))
    return pc.fill_null(within, False)
