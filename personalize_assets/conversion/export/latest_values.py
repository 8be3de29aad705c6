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
from personalize_assets.conversion.export.row_order import changes, sort_order, value_changes
from personalize_assets.conversion.mapping.daily_schema import COPIES, EVENT_TIME, MESSAGE_ID

_Places = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]


class _Groups(NamedTuple):
    """Rows in the order of id, event time and message id (null first), and where ids and equal events begin.

    Attributes:
        rows: The rows as they came.
        order: The place of each row of the order in ``rows``.
        starts: Place in the order of the first row of each id.
        runs: Number of the run of rows with the same id, event time and message id, in the order.
    """

    rows: pa.Table
    order: _Places
    starts: _Places
    runs: _Places

    def take(self, name: str, places: _Places) -> pa.ChunkedArray:
        """The values of a column at places of the order."""
        return self.rows.column(name).take(pa.array(self.order[places]))

    def numbers(self, name: str) -> npt.NDArray[np.int64]:
        """The numbers of a column without nulls, in the order."""
        found: npt.NDArray[np.int64] = self.rows.column(name).to_numpy()[self.order]
        return found


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
    copies[first_of_group] = np.add.reduceat(groups.numbers(COPIES), groups.starts)
    found = rows.take(pa.array(groups.order[places]))
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
    arrays: dict[str, pa.ChunkedArray] = {id_column: groups.take(id_column, groups.starts)}
    group_of = np.cumsum(_marks(groups.starts, rows.num_rows)) - 1
    for column in _others(columns, id_column):
        winners = _winners(groups, column)
        places = np.full(len(groups.starts), -1, np.int64)
        places[group_of[winners]] = groups.order[winners]
        arrays[column.name] = rows.column(column.name).take(pa.array(places, mask=places < 0))
    copies = pa.array(np.add.reduceat(groups.numbers(COPIES), groups.starts))
    schema = pa.schema([*(rows.schema.field(name) for name in names), pa.field(COPIES, pa.int64())])
    return pa.table([*(arrays[name] for name in names), copies], schema=schema)


def _others(columns: Sequence[Column], id_column: str) -> list[Column]:
    return [column for column in columns if column.name != id_column]


def _marks(places: _Places, size: int) -> _Flags:
    marks = np.zeros(size, bool)
    marks[places] = True
    return marks


def _grouped(rows: pa.Table, id_column: str) -> _Groups:
    """Order rows; texts are compared only where they decide: there are few ids, and few messages to an id and time."""
    ids = rows.column(id_column).combine_chunks().dictionary_encode(null_encoding="encode")
    rank_of = np.empty(len(ids.dictionary), np.int64)
    by_id = sort_order(pa.table({id_column: ids.dictionary}), [id_column])
    rank_of[by_id.to_numpy()] = np.arange(len(ids.dictionary))
    ranks = rank_of[ids.indices.to_numpy()]
    times = rows.column(EVENT_TIME)
    is_known, nanos = pc.is_valid(times).to_numpy(), pc.fill_null(times, 0).to_numpy()
    order = np.lexsort((nanos, is_known, ranks))
    is_new_id = value_changes(ranks[order])
    is_new_run = is_new_id | value_changes(is_known[order]) | value_changes(nanos[order])
    # Rows with the same id and time as one beside them: the message id decides.
    tied = np.flatnonzero(~is_new_run | np.append(~is_new_run[1:], False))
    if len(tied):
        messages = rows.column(MESSAGE_ID).take(pa.array(order[tied]))
        events = pa.table({"run": np.cumsum(is_new_run)[tied], MESSAGE_ID: messages})
        within = sort_order(events, ["run", MESSAGE_ID])
        order[tied] = order[tied][within.to_numpy()]
        is_new_run[tied] = changes(events.take(within), events.column_names)
    return _Groups(rows, order, np.flatnonzero(is_new_id), np.cumsum(is_new_run))


def _winners(groups: _Groups, column: Column) -> _Places:
    """The place of the row with the value to keep, for each id that has any value, in the order of ids."""
    has_value = pc.is_valid(groups.rows.column(column.name)).to_numpy()[groups.order]
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
        table = pa.table({"run": groups.runs[rivals], "value": groups.take(column.name, rivals), "place": rivals})
        ordered = table.take(sort_order(table, ["run", "value"]))
        of_run = ordered.column("run").to_numpy()
        best = np.searchsorted(of_run, runs, side="left" if column.keep == "first" else "right")
        found[tied] = ordered.column("place").to_numpy()[best if column.keep == "first" else best - 1]
    return found
