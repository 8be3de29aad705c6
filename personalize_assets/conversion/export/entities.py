"""Entities (users, items, actions) over all days: daily rows reduced side by side, then one row per id, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.export.daily_rows import open_parquet, read_groups, row_groups
from personalize_assets.conversion.export.export_profile import PartCounter, sum_profiles
from personalize_assets.conversion.export.exported import Exported, Places
from personalize_assets.conversion.export.latest_values import candidates, from_day, latest
from personalize_assets.conversion.export.part_writer import PartWriter, Target, WrittenPart
from personalize_assets.conversion.export.pieces import RowGroup
from personalize_assets.conversion.export.pieces import shares as in_shares
from personalize_assets.conversion.export.segments import inputs_digest, made_by
from personalize_assets.conversion.kept import Checkpoint, EntityCheckpoints, Kept, Reduced
from personalize_assets.conversion.mapping.daily_schema import COPIES, MESSAGE_ID, daily_schema
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.spec import DailyFiles
from personalize_assets.conversion.spread import Spread

MAX_ROWS = 500_000
"""Rows that are reduced in memory at once."""
_SAMPLED_IDS = 1_000
_WRITTEN_AT_ONCE = 131_072
_ROW_BYTES = 4  # as for interactions


def export_entities(
    daily: Sequence[DailyFiles], target: Target, places: Places, kept: Kept | None, spread: Spread
) -> Exported:
    """One row per id of the daily files; the parts come in the order of ids.

    Daily rows are reduced to candidates by arrival month. Of ``kept``, months whose daily files are those of before are
    not reduced again; all but the newest month are folded into one checkpoint, so that a new day costs a day.
    """
    made = made_by(target.dataset, b"")
    former = kept if isinstance(kept, EntityCheckpoints) and kept.made == made else None
    export = _Export(target, places, former, spread)
    months, before = export.checkpoints(daily)
    files = (*(before.files if before else ()), *(months[-1].files if months else ()))
    written = export.write(files)
    return Exported(
        parts=tuple(part.report for part in written),
        profile=sum_profiles([PartCounter(target.dataset).profile(), *(part.profile for part in written)]),
        kept=EntityCheckpoints(made=made, months=tuple(months), before=before),
    )


class _Export:
    """One export of entities: what its steps have in common."""

    def __init__(self, target: Target, places: Places, former: EntityCheckpoints | None, spread: Spread) -> None:
        self._target = target
        self._places = places
        self._former = former
        self._spread = spread
        self._days: dict[str, date] = {}

    def checkpoints(self, daily: Sequence[DailyFiles]) -> tuple[list[Checkpoint], Checkpoint | None]:
        """The candidates of each arrival month, and of all but the newest together."""
        by_month: dict[str, list[str]] = {}
        for day in daily:
            by_month.setdefault(day.day[:7], []).extend(day.files)
            self._days.update(dict.fromkeys(day.files, date.fromisoformat(day.day)))
        inputs = {month: inputs_digest((uri, 0) for uri in files) for month, files in sorted(by_month.items())}
        known = {one.until: one for one in self._former.months} if self._former else {}
        changed = [month for month in inputs if month not in known or known[month].inputs != inputs[month]]
        known |= self._reduce({month: by_month[month] for month in changed}, inputs)
        months = [known[month] for month in inputs]
        return months, self._before(months[:-1])

    def _reduce(self, files: Mapping[str, Sequence[str]], inputs: Mapping[str, str]) -> dict[str, Checkpoint]:
        groups = row_groups([uri for uris in files.values() for uri in uris], self._target.s3, None)
        month_of = {uri: month for month, uris in files.items() for uri in uris}
        shares = []
        for month in files:
            of_month = (group for group in groups if month_of[group.uri] == month)
            shares += [(month, share) for share in in_shares(of_month, 2 * MAX_ROWS)]
        to = [self._places.keep(f"candidates-{month}-{n:05d}.parquet") for n, (month, _) in enumerate(shares)]
        tasks = [
            _ReduceTask(
                share, {group.uri: self._days[group.uri] for group in share}, self._target.dataset, uri, self._target.s3
            )
            for uri, (_, share) in zip(to, shares, strict=True)
        ]
        reduced = self._spread(_reduce, tasks, sum(group.rows for group in groups) * _ROW_BYTES)
        return {
            month: Checkpoint(
                until=month,
                inputs=inputs[month],
                files=tuple(one for one, (of, _) in zip(reduced, shares, strict=True) if of == month),
            )
            for month in files
        }

    def _before(self, months: Sequence[Checkpoint]) -> Checkpoint | None:
        """The candidates of some months folded into one; what is there of the first of them is folded no more."""
        if not months:
            return None
        former = self._former.before if self._former else None
        for count in range(len(months), 0, -1):
            if former and former.until == months[count - 1].until and former.inputs == _inputs(months[:count]):
                break
        else:
            former, count = None, 0
        if former and count == len(months):
            return former
        files = [*(former.files if former else ()), *(one for month in months[count:] for one in month.files)]
        tasks = [
            _FoldTask(tuple(one.file for one in files), at, until, self._target.dataset,
                      self._places.keep(f"before-{months[-1].until}-{n:05d}.parquet"), self._target.s3)
            for n, (at, until) in enumerate(_ranges(files))
        ]  # fmt: skip
        folded = self._spread(_fold, tasks, sum(one.rows for one in files) * _ROW_BYTES)
        return Checkpoint(until=months[-1].until, inputs=_inputs(months), files=tuple(folded))

    def write(self, files: Sequence[Reduced]) -> list[WrittenPart]:
        """Write the table and the CSV of candidates."""
        tasks = [
            _RangeTask(number, tuple(one.file for one in files), at, until, self._target)
            for number, (at, until) in enumerate(_ranges(files))
        ]
        return self._spread(_write_range, tasks, sum(one.rows for one in files) * _ROW_BYTES)


def _inputs(months: Sequence[Checkpoint]) -> str:
    return inputs_digest((f"{month.until} {month.inputs}", 0) for month in months)


class _ReduceTask(msgspec.Struct, frozen=True):
    groups: tuple[RowGroup, ...]
    days: dict[str, date]
    dataset: Dataset
    to: str
    s3: dict[str, Any]


def _reduce(task: _ReduceTask) -> Reduced:
    rows = _reduced(task.groups, task.days, task.dataset, task.s3)
    return _written_candidates(rows, task.dataset, task.to, task.s3)


class _FoldTask(msgspec.Struct, frozen=True):
    files: tuple[str, ...]
    at: str | None
    until: str | None
    dataset: Dataset
    to: str
    s3: dict[str, Any]


def _fold(task: _FoldTask) -> Reduced:
    """The candidates among those of files, for a range of ids."""
    (id_column,) = task.dataset.ids
    rows = _read_range(task.files, task.dataset, task.at, task.until, task.s3)
    return _written_candidates(candidates(rows, task.dataset.columns, id_column), task.dataset, task.to, task.s3)


def _written_candidates(rows: pa.Table, dataset: Dataset, to: str, s3: dict[str, Any]) -> Reduced:
    (id_column,) = dataset.ids
    # Hardly any id or message is repeated: a dictionary of them would be made, and then given up.
    repeated = [name for name in rows.column_names if name not in (id_column, MESSAGE_ID)]
    with FileSystem(s3).create(to) as file:
        pq.write_table(rows, file, compression="zstd", row_group_size=32_768, use_dictionary=repeated)
    places = np.linspace(0, max(rows.num_rows - 1, 0), min(_SAMPLED_IDS, rows.num_rows)).astype(np.int64)
    return Reduced(to, rows.num_rows, tuple(rows.column(id_column).take(pa.array(places)).to_pylist()))


def _reduced(groups: Sequence[RowGroup], days: Mapping[str, date], dataset: Dataset, s3: dict[str, Any]) -> pa.Table:
    """The candidates among the rows of row groups, in memory for ``MAX_ROWS`` rows at once; ``days`` is by URI."""
    (id_column,) = dataset.ids
    schema = daily_schema(dataset)
    kept = from_day(schema.empty_table(), date.min)
    waiting: list[pa.Table] = []

    def reduce() -> pa.Table:
        table = pa.concat_tables([kept, *waiting])
        waiting.clear()
        return candidates(table, dataset.columns, id_column)

    by_day = groupby(sorted(groups, key=lambda group: days[group.uri]), lambda group: days[group.uri])
    for day, of_day in by_day:
        for batch in read_groups(list(of_day), schema.names, s3):
            waiting.append(from_day(pa.Table.from_batches([batch], schema), day))
            # What is kept may be most of what was read, and is sorted again each time: wait for as many rows.
            if sum(each.num_rows for each in waiting) >= max(MAX_ROWS, kept.num_rows):
                kept = reduce()
    return reduce()


def _ranges(reduced: Sequence[Reduced]) -> list[tuple[str | None, str | None]]:
    """Ranges of ids with at most about ``MAX_ROWS`` candidates: the first id of each, and the first behind it."""
    rows = sum(one.rows for one in reduced)
    count = max(1, -(-rows // MAX_ROWS))
    weighted = sorted(
        (id.encode(), one.rows / len(one.sample)) for one in reduced for id in one.sample if id is not None
    )
    bounds: list[str] = []
    passed = 0.0
    for id, weight in weighted:
        if len(bounds) + 1 < count and passed >= rows * (len(bounds) + 1) / count:
            text = id.decode()
            if not bounds or bounds[-1] != text:
                bounds.append(text)
        passed += weight
    return list(zip([None, *bounds], [*bounds, None], strict=True))


class _RangeTask(msgspec.Struct, frozen=True):
    number: int
    files: tuple[str, ...]
    at: str | None
    until: str | None
    target: Target


def _write_range(task: _RangeTask) -> WrittenPart:
    (id_column,) = task.target.dataset.ids
    target = task.target
    rows = _read_range(task.files, target.dataset, task.at, task.until, target.s3)
    found = latest(rows, target.dataset.columns, id_column)
    with PartWriter(task.number, target) as part:
        part.copies = pc.sum(found.column(COPIES)).as_py() or 0
        ids = target.ids_left_out()
        exported = ids.without(found) if ids else found
        part.suppressed = found.num_rows - exported.num_rows
        for batch in exported.select(target.schema.names).combine_chunks().to_batches(_WRITTEN_AT_ONCE):
            part.add(batch)
    return part.written()


def _read_range(
    files: Sequence[str], dataset: Dataset, at: str | None, until: str | None, s3: dict[str, Any]
) -> pa.Table:
    """The candidates of a range of ids."""
    filesystem = FileSystem(s3)
    (id_column,) = dataset.ids
    tables = [from_day(daily_schema(dataset).empty_table(), date.min)]
    for uri in files:
        with filesystem.open(uri) as file:
            tables.append(pq.read_table(file, filters=_within(id_column, at, until)))
    return pa.concat_tables(tables)


def _within(id_column: str, at: str | None, until: str | None) -> pc.Expression | None:
    """Ids from ``at`` (None: with null, which comes first) to before ``until`` (None: to the last)."""
    id = pc.field(id_column)
    if at is None:
        return None if until is None else (id < until) | id.is_null()
    return id >= at if until is None else (id >= at) & (id < until)


def export_table(table: Sequence[str], target: Target, spread: Spread) -> Exported:
    """The CSV of a table of entities whose files are in the order of ids, each a part."""
    tasks = [_FileTask(number, uri, target) for number, uri in enumerate(table)]
    written = spread(_write_file, tasks, 0)
    return Exported(
        parts=tuple(part.report for part in written),
        profile=sum_profiles([PartCounter(target.dataset).profile(), *(part.profile for part in written)]),
    )


class _FileTask(msgspec.Struct, frozen=True):
    number: int
    uri: str
    target: Target


def _write_file(task: _FileTask) -> WrittenPart:
    target = task.target
    remedy = f"materialize {target.dataset.name} again"
    table = open_parquet(FileSystem(target.s3), task.uri, remedy)
    with table as parquet, PartWriter(task.number, target) as part:
        for batch in parquet.iter_batches(_WRITTEN_AT_ONCE, columns=target.schema.names):
            part.copies += batch.num_rows
            part.add(batch)
    return part.written()
