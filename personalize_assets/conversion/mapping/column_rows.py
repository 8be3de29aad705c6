"""The fast path for rows of tables: which of them a dataset wants, and the columns that its paths lead to.

As ``batch_rows`` for decoded events, but without a Python object for each value. What a value means is defined
elsewhere: a test of ``where`` is made for each distinct value.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.contract import Condition, Dataset, Wanted
from personalize_assets.conversion.mapping.batch_rows import BatchRows, paths_of, wants_plain
from personalize_assets.conversion.mapping.paths import ColumnPath, Path, is_relative_to_each, parse_path
from personalize_assets.conversion.mapping.where import value_test
from personalize_assets.conversion.reading.formats.row_columns import RowColumns, values_of


class ColumnSelection:
    """Which rows of tables some datasets want. A row has no elements: what ``each`` leads to is no array.

    Attributes:
        names: The columns that any path leads to or into.
    """

    def __init__(self, datasets: Sequence[Dataset]) -> None:
        """Take datasets of the same ``batch_rows.selection_key``."""
        where = datasets[0].where
        self._tests = [(parse_path(path), wanted) for path, wanted in where.items() if not is_relative_to_each(path)]
        self._wants_any = wants_plain(where)
        self._paths = {path for dataset in datasets for path in paths_of(dataset) if not path.in_element}
        eaches = [parse_path(dataset.each) for dataset in datasets if dataset.each]
        self.names = frozenset(
            steps[0] for steps in (*(path for path, _ in self._tests), *(path.steps for path in self._paths), *eaches)
        )

    def rows(self, table: RowColumns) -> BatchRows | None:
        """The rows that are wanted; None if none is."""
        if not self._wants_any:
            return None
        hits: pa.Array | None = None
        for path, wanted in self._tests:
            found = _hits(_column(table, path, RowColumns.encoded), wanted)
            hits = found if hits is None else pc.and_(hits, found)
        numbers: Sequence[int] = range(len(table))
        if hits is not None and not pc.all(hits).as_py():
            places = np.flatnonzero(hits.to_numpy(zero_copy_only=False))
            numbers = array("q", places.astype(np.int64).tobytes())  # as a list they would cost more than their cells
        else:
            hits = None
        columns = {
            path: _column(table, path.steps, lambda table, name: table.column(name, hits), len(numbers))
            for path in self._paths
        }
        return BatchRows(numbers, ColumnValues(columns), columns=columns) if numbers else None


def at_places(rows: BatchRows, places: Sequence[int]) -> BatchRows:
    """Some of the rows of a table."""
    taken = pa.array(places, pa.int64())
    columns = {path: column.take(taken) for path, column in rows.columns.items()}
    return BatchRows([rows.numbers[place] for place in places], ColumnValues(columns), columns=columns)


class ColumnValues(Mapping[ColumnPath, list[Any]]):
    """The values of columns as a decoder of JSON returns them, made when they are asked for."""

    def __init__(self, columns: Mapping[ColumnPath, pa.Array]) -> None:
        """Take columns of the types of ``row_columns.values_of``."""
        self._columns = columns
        self._values: dict[ColumnPath, list[Any]] = {}

    def __getitem__(self, path: ColumnPath) -> list[Any]:
        """The values of a column."""
        if path not in self._values:
            self._values[path] = values_of(self._columns[path])
        return self._values[path]

    def __contains__(self, path: object) -> bool:
        """Whether there is such a column."""
        return path in self._columns

    def __iter__(self) -> Iterator[ColumnPath]:
        """The paths of the columns."""
        return iter(self._columns)

    def __len__(self) -> int:
        """The number of columns."""
        return len(self._columns)


def _column(
    table: RowColumns, path: Path, column: Callable[[RowColumns, str], pa.Array], rows: int | None = None
) -> pa.Array:
    """What a path leads to in ``rows`` rows, or all: a column, or nothing, as no cell has fields or elements."""
    name, *inner = path
    if inner or name not in table.names:
        return pa.nulls(len(table) if rows is None else rows)
    return column(table, name)


def _hits(column: pa.Array, wanted: Wanted) -> pa.Array:
    """For each cell whether it has a wanted value."""
    if pa.types.is_dictionary(column.type):
        results = _hits(column.dictionary.cast(pa.string()), wanted)
        of_null = _hits(pa.nulls(1), wanted)[0]
        return pc.fill_null(results.take(column.indices), of_null)
    if not isinstance(wanted, Condition) and pa.types.is_string(column.type):
        return pc.is_in(column, pa.array(wanted, pa.string()))
    if pa.types.is_null(column.type):
        return pa.array([value_test(wanted)(None)] * len(column), pa.bool_())
    encoded = column.dictionary_encode("encode")
    test = value_test(wanted)
    results = pa.array(map(test, values_of(encoded.dictionary)), pa.bool_())
    return results.take(encoded.indices)
