"""Entities over all days: one row per id, each column from the latest event that has a value for it.

Rows are reduced with ``candidates`` as often as needed, in any grouping: what is left of a set of rows is enough to
find the result of any larger set. ``latest`` makes the result of what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.contract import Column
from personalize_assets.conversion.export.row_order import changes, sort_order, value_changes
from personalize_assets.conversion.mapping.daily_schema import ARRIVAL_DAY, COPIES, EVENT_TIME, MESSAGE_ID

_Places = npt.NDArray[np.int64]
_UNKNOWN_TIME = int(np.iinfo(np.int64).min)


class _Groups(NamedTuple):
    """Rows in the order of id, event time, arrival day and message id (null first), and where ids and events begin.

    Attributes:
        rows: The rows as they came.
        order: The place of each row of the order in ``rows``.
        starts: Place in the order of the first row of each id.
        ids: The number of each id, in the order.
        runs: Number of the run of rows with the same id, event time, arrival day and message id, in the order.
    """

    rows: pa.Table
    order: _Places
    starts: _Places
    ids: _Places
    runs: _Places

    def take(self, name: str, places: _Places) -> pa.ChunkedArray:
        """The values of a column at places of the order."""
        return self.rows.column(name).take(pa.array(self.order[places]))


def from_day(rows: pa.Table, day: date) -> pa.Table:
    """Daily rows with the columns ``ARRIVAL_DAY`` and ``COPIES``: each stands for itself."""
    rows = rows.append_column(ARRIVAL_DAY, pa.array(np.full(rows.num_rows, day.toordinal(), np.int32)))
    return rows.append_column(COPIES, pa.array(np.ones(rows.num_rows, np.int64)))


def candidates(rows: pa.Table, columns: Sequence[Column], id_column: str) -> pa.Table:
    """The rows that may have a value of the result, ordered by id; at least one per id.

    ``COPIES`` of each id's first row is the number of daily rows the id has, and 0 in its others.
    """
    if not rows.num_rows:
        return rows
    ids = _numbered(rows.column(id_column))
    rows_of = np.bincount(ids)
    is_single = rows_of[ids] == 1
    several = _contenders(rows, ids, np.flatnonzero(~is_single), _others(columns, id_column))
    kept = several[_kept(rows.take(pa.array(several)), ids[several], _others(columns, id_column))]
    places = np.concatenate([np.flatnonzero(is_single), kept])
    places = places[np.argsort(ids[places], kind="stable")]
    copies = np.zeros(len(places), np.int64)
    copies[value_changes(ids[places])] = _copies(rows, ids)
    found = rows.take(pa.array(places))
    return found.set_column(found.schema.get_field_index(COPIES), COPIES, pa.array(copies))


def latest(rows: pa.Table, columns: Sequence[Column], id_column: str) -> pa.Table:
    """One row per id, ordered by id (null first, then by UTF-8 bytes): the dataset's columns, and ``COPIES``.

    Each column has the value that is not null of the latest event, or of the earliest with ``keep: first``. Equal
    times are decided by the arrival day, then the message id, then the value; an unknown time counts as the oldest, so
    that a dump of every day without any time gives the values of the newest.
    """
    names = [column.name for column in columns]
    if not rows.num_rows:
        return rows.select([*names, COPIES])
    ids = _numbered(rows.column(id_column))
    rows_of = np.bincount(ids)
    any_row = np.empty(len(rows_of), np.int64)
    any_row[ids] = np.arange(len(ids))
    # Most ids have one row, which is the result.
    several = np.flatnonzero(rows_of[ids] > 1)
    groups = _grouped(rows.take(pa.array(several)), ids[several])
    arrays: dict[str, pa.ChunkedArray] = {id_column: rows.column(id_column).take(pa.array(any_row))}
    for column in _others(columns, id_column):
        places = np.where(rows_of == 1, any_row, -1)
        winners = _winners(groups, column)
        places[groups.ids[winners]] = several[groups.order[winners]]
        arrays[column.name] = rows.column(column.name).take(pa.array(places, mask=places < 0))
    schema = pa.schema([*(rows.schema.field(name) for name in names), pa.field(COPIES, pa.int64())])
    return pa.table([*(arrays[name] for name in names), pa.array(_copies(rows, ids))], schema=schema)


def _copies(rows: pa.Table, ids: _Places) -> npt.NDArray[np.int64]:
    """The number of daily rows of each id, by its number."""
    return np.bincount(ids, weights=rows.column(COPIES).to_numpy()).astype(np.int64)


def _others(columns: Sequence[Column], id_column: str) -> list[Column]:
    return [column for column in columns if column.name != id_column]


def _numbered(column: pa.ChunkedArray) -> _Places:
    """The number of each row's id, which count from 0 in the order of ids: null first, then by UTF-8 bytes."""
    ids = column.combine_chunks().dictionary_encode(null_encoding="encode")
    rank_of = np.empty(len(ids.dictionary), np.int64)
    by_id = sort_order(pa.table({"id": ids.dictionary}), ["id"])
    rank_of[by_id.to_numpy()] = np.arange(len(ids.dictionary))
    found: _Places = rank_of[ids.indices.to_numpy()]
    return found


def _contenders(rows: pa.Table, ids: _Places, places: _Places, columns: Sequence[Column]) -> _Places:
    """Of rows at these places, those with the latest (earliest) time and day of any value of their id, and one of each.

    So most rows need not be sorted: where an item is in 80 events, one or two of them have the latest time.
    """
    times = pc.fill_null(rows.column(EVENT_TIME), _UNKNOWN_TIME).to_numpy()[places]
    days = rows.column(ARRIVAL_DAY).to_numpy()[places]
    of_id, count = ids[places], int(ids.max()) + 1
    is_one = np.zeros(len(places), bool)
    for column in columns:
        has_value = pc.is_valid(rows.column(column.name)).to_numpy()[places]
        at_best = has_value & (times == _best(times, of_id, has_value, count, column)[of_id])
        is_one |= at_best & (days == _best(days, of_id, at_best, count, column)[of_id])
    has_one = np.zeros(count, bool)
    has_one[of_id[is_one]] = True
    row_of = np.zeros(count, np.int64)
    row_of[of_id] = np.arange(len(places))
    without = np.flatnonzero(~has_one[of_id])
    is_one[row_of[of_id[without]]] = True
    return places[is_one]


def _best(
    values: npt.NDArray[Any], ids: _Places, are_in: npt.NDArray[np.bool_], count: int, column: Column
) -> npt.NDArray[Any]:
    """The greatest (least) of some values by the number of their id; of an id without any, it is not meaningful."""
    chosen = slice(None) if are_in.all() else are_in
    limits = np.iinfo(values.dtype)
    if column.keep == "first":
        best = np.full(count, limits.max, values.dtype)
        np.minimum.at(best, ids[chosen], values[chosen])
    else:
        best = np.full(count, limits.min, values.dtype)
        np.maximum.at(best, ids[chosen], values[chosen])
    return best


def _kept(rows: pa.Table, ids: _Places, columns: Sequence[Column]) -> _Places:
    """The rows that have a value of the result, and one of each id that has none; in the order of ids."""
    groups = _grouped(rows, ids)
    kept = np.zeros(rows.num_rows, bool)
    for column in columns:
        kept[_winners(groups, column)] = True
    if len(groups.starts):
        kept[groups.starts[~np.logical_or.reduceat(kept, groups.starts)]] = True
    return groups.order[kept]


def _grouped(rows: pa.Table, ids: _Places) -> _Groups:
    """Order rows by the numbers of their ids; messages are compared only where they decide."""
    times = rows.column(EVENT_TIME)
    is_known, nanos = pc.is_valid(times).to_numpy(), pc.fill_null(times, 0).to_numpy()
    days = rows.column(ARRIVAL_DAY).to_numpy()
    order = np.lexsort((days, nanos, is_known, ids))
    is_new_id = value_changes(ids[order])
    is_new_run = is_new_id | value_changes(is_known[order]) | value_changes(nanos[order]) | value_changes(days[order])
    # Rows with the same id, time and day as one beside them: the message id decides.
    tied = np.flatnonzero(~is_new_run | np.append(~is_new_run[1:], False))
    if len(tied):
        messages = rows.column(MESSAGE_ID).take(pa.array(order[tied]))
        events = pa.table({"run": np.cumsum(is_new_run)[tied], MESSAGE_ID: messages})
        within = sort_order(events, ["run", MESSAGE_ID])
        order[tied] = order[tied][within.to_numpy()]
        is_new_run[tied] = changes(events.take(within), events.column_names)
    return _Groups(rows, order, np.flatnonzero(is_new_id), ids[order], np.cumsum(is_new_run))


def _winners(groups: _Groups, column: Column) -> _Places:
    """The place of the row with the value to keep, for each id that has any value, in the order of ids."""
    if not len(groups.starts):
        return np.empty(0, np.int64)
    has_value = pc.is_valid(groups.rows.column(column.name)).to_numpy()[groups.order]
    places = np.arange(len(has_value), dtype=np.int64)
    if column.keep == "first":
        beyond = len(has_value)
        found = np.minimum.reduceat(np.where(has_value, places, beyond), groups.starts)
        found = found[found < beyond]
    else:
        found = np.maximum.reduceat(np.where(has_value, places, -1), groups.starts)
        found = found[found >= 0]
    # Rows of the same id, time, day and message that have several values: the value decides.
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
