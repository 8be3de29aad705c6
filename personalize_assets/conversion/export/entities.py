"""Users and items over all days: daily rows reduced side by side, then one row per id, in the order of ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from personalize_assets.conversion.contract import IDS, Dataset
from personalize_assets.conversion.export.daily_rows import open_parquet, read_groups, row_groups
from personalize_assets.conversion.export.latest_values import candidates, latest, with_copies
from personalize_assets.conversion.export.part_writer import PartWriter, Target, WrittenPart
from personalize_assets.conversion.export.pieces import RowGroup
from personalize_assets.conversion.mapping.daily_schema import COPIES, daily_schema
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.spread import Spread

MAX_ROWS = 500_000
"""Rows that are reduced in memory at once."""
_SAMPLED_IDS = 1_000
_WRITTEN_AT_ONCE = 131_072
_ROW_BYTES = 4  # as for interactions


def export_entities(daily: Sequence[str], target: Target, scratch: str, spread: Spread) -> list[WrittenPart]:
    """Write one row per id of the daily files; the parts come in the order of ids."""
    groups = row_groups(daily, target.s3, None)
    size = sum(group.rows for group in groups) * _ROW_BYTES
    shares = list(_shares(groups))
    if len(shares) == 1:
        return spread(_write_all, [_AllTask(shares[0], target)], size)
    reduced = spread(
        _reduce,
        [_ReduceTask(share, target.dataset, f"{scratch}/reduced-{n}", target.s3) for n, share in enumerate(shares)],
        size,
    )
    files = tuple(one.file for one in reduced)
    ranges = _ranges(reduced)
    tasks = [_RangeTask(number, files, at, until, target) for number, (at, until) in enumerate(ranges)]
    return spread(_write_range, tasks, size)


def _shares(groups: Iterable[RowGroup]) -> Iterable[tuple[RowGroup, ...]]:
    """Row groups in shares of about two times ``MAX_ROWS``."""
    share: list[RowGroup] = []
    rows = 0
    for group in groups:
        if rows >= 2 * MAX_ROWS:
            yield tuple(share)
            share, rows = [], 0
        share.append(group)
        rows += group.rows
    yield tuple(share)


class _AllTask(msgspec.Struct, frozen=True):
    groups: tuple[RowGroup, ...]
    target: Target


def _write_all(task: _AllTask) -> WrittenPart:
    return _written(0, _reduced(task.groups, task.target.dataset, task.target.s3), task.target)


class _ReduceTask(msgspec.Struct, frozen=True):
    groups: tuple[RowGroup, ...]
    dataset: Dataset
    to: str
    s3: dict[str, Any]


class _Reduced(msgspec.Struct, frozen=True):
    """A file of candidates ordered by id: how many there are, and an even sample of their ids."""

    file: str
    rows: int
    sample: tuple[str | None, ...]


def _reduce(task: _ReduceTask) -> _Reduced:
    rows = _reduced(task.groups, task.dataset, task.s3)
    with FileSystem(task.s3).create(task.to) as file:
        pq.write_table(rows, file, compression="zstd", row_group_size=32_768)
    (id_column,) = IDS[task.dataset.name]
    places = np.linspace(0, max(rows.num_rows - 1, 0), min(_SAMPLED_IDS, rows.num_rows)).astype(np.int64)
    return _Reduced(task.to, rows.num_rows, tuple(rows.column(id_column).take(pa.array(places)).to_pylist()))


def _reduced(groups: Sequence[RowGroup], dataset: Dataset, s3: dict[str, Any]) -> pa.Table:
    """The candidates among the rows of row groups, in memory for ``MAX_ROWS`` rows at once."""
    (id_column,) = IDS[dataset.name]
    schema = daily_schema(dataset)
    kept = with_copies(schema.empty_table())
    waiting: list[pa.RecordBatch] = []

    def reduce() -> pa.Table:
        table = pa.concat_tables([kept, with_copies(pa.Table.from_batches(waiting, schema))])
        waiting.clear()
        return candidates(table, dataset.columns, id_column)

    for batch in read_groups(groups, schema.names, s3):
        waiting.append(batch)
        # What is kept may be most of what was read, and is sorted again each time: wait for as many rows.
        if sum(each.num_rows for each in waiting) >= max(MAX_ROWS, kept.num_rows):
            kept = reduce()
    return reduce()


def _ranges(reduced: Sequence[_Reduced]) -> list[tuple[str | None, str | None]]:
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
    (id_column,) = IDS[task.target.dataset.name]
    filesystem = FileSystem(task.target.s3)
    tables = []
    for uri in task.files:
        with filesystem.open(uri) as file:
            tables.append(pq.read_table(file, filters=_within(id_column, task.at, task.until)))
    return _written(task.number, pa.concat_tables(tables), task.target)


def _within(id_column: str, at: str | None, until: str | None) -> pc.Expression | None:
    """Ids from ``at`` (None: with null, which comes first) to before ``until`` (None: to the last)."""
    id = pc.field(id_column)
    if at is None:
        return None if until is None else (id < until) | id.is_null()
    return id >= at if until is None else (id >= at) & (id < until)


def _written(number: int, rows: pa.Table, target: Target) -> WrittenPart:
    (id_column,) = IDS[target.dataset.name]
    found = latest(rows, target.dataset.columns, id_column)
    with PartWriter(number, target) as part:
        part.copies = pc.sum(found.column(COPIES)).as_py() or 0
        for batch in found.select(target.schema.names).combine_chunks().to_batches(_WRITTEN_AT_ONCE):
            part.add(batch)
    return part.written()


def export_table(table: Sequence[str], target: Target, spread: Spread) -> list[WrittenPart]:
    """Write the CSV of a table ``users`` or ``items`` whose files are in the order of ids, each a part."""
    tasks = [_FileTask(number, uri, target) for number, uri in enumerate(table)]
    return spread(_write_file, tasks, 0)


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
