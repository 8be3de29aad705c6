"""Interactions over all days: sorted in pieces, each message once; months that did not change are taken as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import structs

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.export import repeats
from personalize_assets.conversion.export.daily_rows import read_piece
from personalize_assets.conversion.export.export_profile import PartCounter, PartProfile, sum_profiles
from personalize_assets.conversion.export.exported import Exported, Places, read_profile, write_profile
from personalize_assets.conversion.export.key_hashes import PieceHashTask, RunTask, hash_piece, rehash, run_tasks
from personalize_assets.conversion.export.part_writer import PartWriter, Target, WrittenPart
from personalize_assets.conversion.export.pieces import Bound, Piece, RowGroup, bounds_of, plan
from personalize_assets.conversion.export.repeat_search import ROW_BYTES, RepeatedKeys, Scope, match_tasks, search
from personalize_assets.conversion.export.row_order import sort_order
from personalize_assets.conversion.export.segments import DailyMonths, changed_months, made_by, usable
from personalize_assets.conversion.export.window import Window, rows_before
from personalize_assets.conversion.kept import HashRun, InteractionSegments, Kept, MonthSegment
from personalize_assets.conversion.mapping.daily_schema import DEDUPE, POSITION, daily_schema
from personalize_assets.conversion.months import first_second, month_name
from personalize_assets.conversion.spec import DailyFiles
from personalize_assets.conversion.spread import Spread

MAX_PIECE_ROWS = 750_000
"""Rows that are sorted in memory at once, some 500 bytes each while their CSV is made."""
_SAMPLE_ROWS = 20_000
_WRITTEN_AT_ONCE = 131_072
_PROFILES_AT_ONCE = 8


def export_order(dataset: Dataset) -> list[str]:
    """By TIMESTAMP, then by every column from left to right: equal events give equal bytes."""
    return ["TIMESTAMP", *(column.name for column in dataset.columns if column.name != "TIMESTAMP")]


def export_interactions(
    daily: Sequence[DailyFiles],
    target: Target,
    places: Places,
    kept: Kept | None,
    spread: Spread,
    last_days: int | None = None,
) -> Exported:
    """All interactions of the daily files, each message once; the parts come in the order of the file.

    Of ``kept``, months whose daily files, repeated keys, part in the window and suppressed users are those of before
    are taken as they are. With ``last_days``, only rows of so many times 24 hours before the newest TIMESTAMP are
    exported.
    """
    return _Export(daily, target, places, kept, spread, last_days).run()


class _Export:
    """One export of interactions: what its steps have in common."""

    def __init__(
        self,
        daily: Sequence[DailyFiles],
        target: Target,
        places: Places,
        kept: Kept | None,
        spread: Spread,
        last_days: int | None,
    ) -> None:
        self._target = target
        self._places = places
        self._spread = spread
        self._scope = Scope(places.scratch, places.keep_in, target.s3)
        self._order = tuple(export_order(target.dataset))
        self._made = made_by(target.dataset, target.header)
        self._daily = DailyMonths(daily, target.s3)
        self._window = Window.before_newest(self._daily, last_days)
        self._former = usable(kept, self._made)
        self._repeated = kept.repeated if self._former and isinstance(kept, InteractionSegments) else ()

    def run(self) -> Exported:
        former = self._former
        changed = changed_months(self._daily, former)
        runs, touched = self._rehash(changed)
        across = self._across_months(runs, touched)
        # Also months in which other keys repeat an earlier month now than before.
        same = set(self._daily.months) - set(changed)
        differing = repeats.units_that_differ(across.doubtful, across.decided, same, self._target.s3) if same else set()
        cut = {month for month in same if self._left_out(month) != (former[month].cut, former[month].suppress_list)}
        pieces = self._plan(sorted({*changed, *differing, *cut} & {*self._daily.months}))
        written = self._write(pieces, (*across.settled, *across.decided))
        nothing = PartCounter(self._target.dataset).profile()
        profiles = {
            month: sum_profiles([nothing, *(part.profile for part in parts)]) for month, parts in written.items()
        }
        self._keep_profiles(profiles)
        segments = {
            month: self._segment(month, written[month], runs[month]) if month in written else self._former[month]
            for month in self._daily.months
        }
        profiles |= self._kept_profiles([month for month in segments if month not in written])
        parts = [part for segment in segments.values() for part in segment.parts]
        return Exported(
            parts=tuple(structs.replace(part, part=number) for number, part in enumerate(parts)),
            profile=sum_profiles([nothing, *(profiles[month] for month in segments)]),
            reused=sum(len(segment.parts) for month, segment in segments.items() if month not in written),
            kept=InteractionSegments(
                made=self._made, months=tuple(segments.values()), repeated=(*across.settled, *across.decided)
            ),
        )

    def _plan(self, months: Sequence[int]) -> dict[int, list[Piece]]:
        """The pieces of months."""

        def cut(pieces: Sequence[Piece]) -> list[list[Bound]]:
            tasks = [_CutTask(piece, self._order, MAX_PIECE_ROWS, self._target.s3) for piece in pieces]
            return self._spread(_cut, tasks, _bytes(group for piece in pieces for group in piece.groups))

        return dict(zip(months, plan(self._daily.ranges(months), MAX_PIECE_ROWS, cut), strict=True))

    def _rehash(self, changed: Sequence[int]) -> tuple[dict[int, tuple[HashRun, ...]], dict[int, list[HashRun]]]:
        """The hashes of all months, and those of the keys that came or went, by month."""
        runs = {month: list(segment.hashes) for month, segment in self._former.items()}
        tasks: list[RunTask] = []
        months: list[int] = []
        fresh = [month for month in changed if month in self._daily.months]
        groups = dict(zip(fresh, self._daily.ranges(fresh), strict=True))
        for month in changed:
            name = month_name(month)
            runs[month], of_month = run_tasks(
                first_second(month),
                first_second(month + 1),
                runs.get(month, ()),
                groups[month].groups if month in groups else (),
                (f"{self._scope.keep}/hashes-{name}", f"{self._scope.scratch}/touched-{name}"),
                self._target.s3,
            )
            tasks += of_month
            months += [month] * len(of_month)
        touched: dict[int, list[HashRun]] = {}
        size = _bytes(group for task in tasks for group in task.groups)
        for month, found in zip(months, self._spread(rehash, tasks, size), strict=True):
            runs[month] += [found.run] if found.run else []
            touched.setdefault(month, []).extend([found.touched] if found.touched else [])
        return {month: tuple(found) for month, found in runs.items()}, touched

    def _across_months(
        self, runs: Mapping[int, tuple[HashRun, ...]], touched: Mapping[int, Sequence[HashRun]]
    ) -> RepeatedKeys:
        """The keys that repeat an earlier month, with their months."""
        if len(runs) < 2:
            return RepeatedKeys()
        units = [repeats.Unit(month, runs[month], tuple(touched.get(month, ()))) for month in sorted(runs)]
        starts = tuple((first_second(month),) for month in self._daily.months[1:])
        about = repeats.Units(starts, tuple(self._daily.months), self._order)
        tasks = match_tasks(units, self._repeated, self._scope, "months")
        return search(tasks, about, self._groups_of, self._scope, "months", self._spread)

    def _groups_of(self, months: Collection[int]) -> list[RowGroup]:
        return _each_once(group for each in self._daily.ranges(sorted(months)) for group in each.groups)

    def _write(self, pieces: Mapping[int, Sequence[Piece]], across: tuple[str, ...]) -> dict[int, list[WrittenPart]]:
        """Write the pieces of months, which come in their order."""
        within = self._within_months(pieces)
        tasks = [
            _PieceTask(piece, self._order, month, across, within, self._target, self._window.cut(month))
            for month, of_month in pieces.items()
            for piece in of_month
        ]
        size = _bytes(group for task in tasks for group in task.piece.groups)
        parts = iter(self._spread(_write_piece, tasks, size))
        return {month: [next(parts) for _ in of_month] for month, of_month in pieces.items()}

    def _within_months(self, pieces: Mapping[int, Sequence[Piece]]) -> tuple[str, ...]:
        """Files of the keys that repeat an earlier piece of their month, with the numbers of their pieces."""
        in_order = [piece for of_month in pieces.values() for piece in of_month]
        several = [piece for of_month in pieces.values() if len(of_month) > 1 for piece in of_month]
        hashing = [
            PieceHashTask(piece, self._order, f"{self._places.scratch}/hashes-{piece.number}", self._target.s3)
            for piece in several
        ]
        found = self._spread(hash_piece, hashing, _bytes(group for piece in several for group in piece.groups))
        runs = {piece.number: run for piece, run in zip(several, found, strict=True) if run}
        scope = self._scope._replace(keep=self._scope.scratch)
        tasks: list[repeats.MatchTask] = []
        for month, of_month in pieces.items():
            units = [repeats.Unit(p.number, (runs[p.number],), (runs[p.number],)) for p in of_month if p.number in runs]
            if len(units) > 1:
                tasks += match_tasks(units, (), scope, f"pieces-{month_name(month)}")
        starts = tuple(piece.at for piece in in_order[1:] if piece.at is not None)
        about = repeats.Units(starts, tuple(piece.number for piece in in_order), self._order)

        def groups_of(numbers: Collection[int]) -> list[RowGroup]:
            return _each_once(group for number in numbers for group in in_order[number].groups)

        return search(tasks, about, groups_of, scope, "pieces", self._spread).decided

    def _segment(self, month: int, parts: Sequence[WrittenPart], hashes: tuple[HashRun, ...]) -> MonthSegment:
        return MonthSegment(
            month=month_name(month),
            inputs=self._daily.inputs(month),
            parts=tuple(part.report for part in parts),
            hashes=hashes,
            profile=self._profile_uri(month),
            cut=self._window.cut(month),
            suppress_list=self._target.suppress_list,
        )

    def _left_out(self, month: int) -> tuple[int | None, str]:
        """Which rows of a month are not to be in its parts."""
        return self._window.cut(month), self._target.suppress_list

    def _profile_uri(self, month: int) -> str:
        return self._places.keep(f"profile-{month_name(month)}")

    def _keep_profiles(self, profiles: Mapping[int, PartProfile]) -> None:
        with ThreadPoolExecutor(_PROFILES_AT_ONCE) as threads:
            uris = map(self._profile_uri, profiles)
            list(
                threads.map(lambda uri, profile: write_profile(uri, profile, self._target.s3), uris, profiles.values())
            )

    def _kept_profiles(self, months: Sequence[int]) -> dict[int, PartProfile]:
        with ThreadPoolExecutor(_PROFILES_AT_ONCE) as threads:
            read = threads.map(lambda month: read_profile(self._former[month].profile, self._target.s3), months)
            return dict(zip(months, read, strict=True))


def _bytes(groups: Iterable[RowGroup]) -> int:
    return sum(group.rows for group in groups) * ROW_BYTES


def _each_once(groups: Iterable[RowGroup]) -> list[RowGroup]:
    """Row groups that may be repeated, those of a file side by side."""
    found = {(group.uri, group.number): group for group in groups}
    return [found[place] for place in sorted(found)]


class _CutTask(msgspec.Struct, frozen=True):
    piece: Piece
    order: tuple[str, ...]
    max_rows: int
    s3: dict[str, Any]


def _cut(task: _CutTask) -> list[Bound]:
    """The places at which to cut a piece, from an even sample of its rows; none if there are not too many."""
    named = task.order[: task.piece.depth]
    if sum(batch.num_rows for batch in read_piece(task.piece, task.order, named, task.s3)) <= task.max_rows:
        return []
    step = max(1, task.piece.most_rows // _SAMPLE_ROWS)
    rows, sample = 0, []
    for batch in read_piece(task.piece, task.order, task.order, task.s3):
        chosen = np.arange(-rows % step, batch.num_rows, step)
        rows += batch.num_rows
        if len(chosen):
            sample.append(batch.take(pa.array(chosen)))
    # A third of room: parts of a sample are not of quite the same size.
    count = -(-rows * 4 // (task.max_rows * 3)) if rows > task.max_rows else 1
    return bounds_of(pa.Table.from_batches(sample), task.order, count, task.piece.at) if count > 1 else []


class _PieceTask(msgspec.Struct, frozen=True):
    """A piece to write, and files of keys that repeat an earlier month or an earlier piece of the month.

    ``cut`` is the first second to write; None if all are.
    """

    piece: Piece
    order: tuple[str, ...]
    month: int
    across: tuple[str, ...]
    within: tuple[str, ...]
    target: Target
    cut: int | None


def _write_piece(task: _PieceTask) -> WrittenPart:
    """Sort the rows of a piece and write those that repeat none, are of no suppressed user, and in the window."""
    target = task.target
    names = target.schema.names
    daily = daily_schema(target.dataset)
    schema = pa.schema([daily.field(name) for name in (*names, DEDUPE, POSITION)])
    rows = pa.Table.from_batches(read_piece(task.piece, task.order, schema.names, target.s3), schema).combine_chunks()
    with PartWriter(task.piece.number, target) as part:
        part.copies = rows.num_rows
        if rows.num_rows:
            rows = rows.take(sort_order(rows, [*task.order, DEDUPE])).combine_chunks()
            earlier = pa.concat_tables(
                [
                    repeats.repeated_in(task.across, task.month, target.s3),
                    repeats.repeated_in(task.within, task.piece.number, target.s3),
                ]
            )
            first = repeats.first_of_each(rows, names, earlier)
            rows = rows.select(names)
            if not first.all():
                rows = rows.filter(pa.array(first))
            unique = rows.num_rows
            if ids := target.ids_left_out():
                rows = ids.without(rows)
            part.suppressed = unique - rows.num_rows
            part.outside = rows_before(task.cut, rows)
            for batch in rows.slice(part.outside).to_batches(_WRITTEN_AT_ONCE):
                part.add(batch)
    return part.written()
