"""Users and items over all days: one row per id, each column from the latest event that has a value for it.

Rows are reduced with ``candidates`` as often as needed, in any grouping: what is left of a set of rows is enough to
find the result of any larger set. ``latest`` makes the result of what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.contract import Column
from personalize_assets.conversion.export.row_order import changes, sort_order
from personalize_assets.conversion.mapping.daily_schema import COPIES, EVENT_TIME, MESSAGE_ID

_Places = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]


class _Groups(NamedTuple):
    """Rows in the order of id, event time and message id (null first), and where ids and equal events begin.

    Attributes:
        rows: The rows.
        starts: Place of the first row of each id.
        runs: Number of the run of rows with the same id, event time and message id, by row.
    """

    rows: pa.Table
    starts: _Places
    runs: _Places


def with_copies(rows: pa.Table) -> pa.Table:
    """Daily rows with the column ``COPIES``: each stands for itself."""
    return rows.append_column(COPIES, pa.array(np.ones(rows.num_rows, np.int64)))


def candidates(rows: pa.Table, columns: Sequence[Column], id_column: str) -> pa.Table:
    """The rows that may have a value of the result, ordered by id; at least one per id.

    ``COPIES`` of each id's first row is the number of daily rows the id has, and 0 in its others.
    """
    if not rows.num_rows:
        return rows
    groups = _grouped(rows, id_column)
    kept = np.zeros(rows.num_rows, bool)
    for column in _others(columns, id_column):
        kept[_winners(groups, column)] = True
    kept[groups.starts[~np.logical_or.reduceat(kept, groups.starts)]] = True
    group_of = np.cumsum(_marks(groups.starts, rows.num_rows)) - 1
    places = np.flatnonzero(kept)
    copies = np.zeros(len(places), np.int64)
    first_of_group = np.flatnonzero(np.diff(group_of[places], prepend=-1))
    copies[first_of_group] = np.add.reduceat(_numbers(groups.rows, COPIES), groups.starts)
    found = groups.rows.take(pa.array(places))
    return found.set_column(found.schema.get_field_index(COPIES), COPIES, pa.array(copies))


def latest(rows: pa.Table, columns: Sequence[Column], id_column: str) -> pa.Table:
    """One row per id, ordered by id (null first, then by UTF-8 bytes): the dataset's columns, and ``COPIES``.

    Each column has the value that is not null of the latest event, or of the earliest with ``keep: first``. Equal
    times are decided by the message id, then by the value; an unknown time counts as the oldest.
    """
    names = [column.name for column in columns]
    if not rows.num_rows:
        return rows.select([*names, COPIES])
    groups = _grouped(rows, id_column)
    arrays: dict[str, pa.ChunkedArray] = {id_column: groups.rows.column(id_column).take(pa.array(groups.starts))}
    group_of = np.cumsum(_marks(groups.starts, rows.num_rows)) - 1
    for column in _others(columns, id_column):
        winners = _winners(groups, column)
        places = np.full(len(groups.starts), -1, np.int64)
        places[group_of[winners]] = winners
        arrays[column.name] = groups.rows.column(column.name).take(pa.array(places, mask=places < 0))
    copies = pa.array(np.add.reduceat(_numbers(groups.rows, COPIES), groups.starts))
    schema = pa.schema([*(rows.schema.field(name) for name in names), pa.field(COPIES, pa.int64())])
    return pa.table([*(arrays[name] for name in names), copies], schema=schema)


def _others(columns: Sequence[Column], id_column: str) -> list[Column]:
    return [column for column in columns if column.name != id_column]


def _numbers(rows: pa.Table, name: str) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = rows.column(name).to_numpy()
    return found


def _marks(places: _Places, size: int) -> _Flags:
    marks = np.zeros(size, bool)
    marks[places] = True
    return marks


def _grouped(rows: pa.Table, id_column: str) -> _Groups:
    keys = [id_column, EVENT_TIME, MESSAGE_ID]
    ordered = rows.take(sort_order(rows, keys)).combine_chunks()
    is_new_id = changes(ordered, [id_column])
    is_new_run = changes(ordered, keys)
    return _Groups(ordered, np.flatnonzero(is_new_id), np.cumsum(is_new_run))


def _winners(groups: _Groups, column: Column) -> _Places:
    """The place of the row with the value to keep, for each id that has any value, in the order of ids."""
    values = groups.rows.column(column.name)
    has_value = pc.is_valid(values).to_numpy()
    places = np.arange(len(has_value), dtype=np.int64)
    if column.keep == "first":
        beyond = len(has_value)
        found = np.minimum.reduceat(np.where(has_value, places, beyond), groups.starts)
        found = found[found < beyond]
    else:
        found = np.maximum.reduceat(np.where(has_value, places, -1), groups.starts)
        found = found[found >= 0]
    # Rows of the same id, time and message that have several values: the value decides.
    valued_in_run = np.bincount(groups.runs, weights=has_value)
    tied = np.flatnonzero(valued_in_run[groups.runs[found]] > 1)
    if len(tied):
        runs = groups.runs[found[tied]]
        rivals = np.flatnonzero(has_value & np.isin(groups.runs, runs))
        table = pa.table({"run": groups.runs[rivals], "value": values.take(pa.array(rivals)), "place": rivals})
        ordered = table.take(sort_order(table, ["run", "value"]))
        of_run = ordered.column("run").to_numpy()
        best = np.searchsorted(of_run, runs, side="left" if column.keep == "first" else "right")
        found[tied] = ordered.column("place").to_numpy()[best if column.keep == "first" else best - 1]
    return found
