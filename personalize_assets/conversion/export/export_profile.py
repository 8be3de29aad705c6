"""Numbers about an export, counted while its rows are written, so that nothing is read again.

``PartCounter`` counts the rows of one part, ``PartProfile`` holds the result and adds up over parts, and ``summary``
makes the ``ExportProfile`` of the report. Counting is done with Arrow and NumPy, never row by row. The profile of a day
is in ``conversion.convert.day_profile``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.conversion.contract import (
    MAX_DISTINCT_CATEGORIES,
    MIN_EPOCH_SECONDS,
    TEXTUAL_CHARS,
    Column,
    Dataset,
)
from personalize_assets.conversion.dataset_types import DATASET_TYPES, ENTITY_DATASETS
from personalize_assets.conversion.export.id_sketch import IdSketch
from personalize_assets.conversion.export.value_variety import (
    ColumnValues,
    alike,
    all_distinct,
    count_values,
    missing_ids,
)
from personalize_assets.conversion.mapping.timestamps import DAY_SECONDS
from personalize_assets.conversion.spec import (
    BLAMED_ROWS,
    FREQUENT_IDS,
    PREVIEW_ROWS,
    Blamed,
    Crossed,
    ExportProfile,
    IdProfile,
    sum_counts,
)

_PREVIEW_CHARS = 60
_EVENT_TYPES = 1_000
_ROWS_AT_ONCE = 131_072


class PartProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of one part of an export, or of several consecutive ones; profiles add up.

    Attributes:
        rows: Rows of the part.
        repeated: Rows that are equal in every column to the row before them; only counted for events.
        nulls: Null cells by column.
        max_chars: Longest text by column, in characters.
        first: Least value by timestamp column, in seconds since the epoch.
        last: Greatest value by timestamp column.
        blamed: Rows with a problem, by ``problem:COLUMN``.
        categories: Distinct categories by column; complete only up to ``MAX_DISTINCT_CATEGORIES``.
        events: Rows by EVENT_TYPE.
        days: Rows by day of TIMESTAMP (UTC), in days since the epoch.
        hours: Rows by hour of the day (UTC), 24 numbers.
        ids: By id column.
        values: What values of a column have in common.
        preview: The first rows, at most ``PREVIEW_ROWS``.
    """

    rows: int
    repeated: int
    nulls: dict[str, int]
    max_chars: dict[str, int]
    first: dict[str, int]
    last: dict[str, int]
    blamed: dict[str, Blamed]
    categories: dict[str, frozenset[str]]
    events: dict[str, int]
    days: dict[int, int]
    hours: tuple[int, ...]
    ids: dict[str, IdSketch]
    values: ColumnValues
    preview: tuple[dict[str, Any], ...]

    def __add__(self, other: PartProfile) -> PartProfile:
        """Add the profile of the next part of the same dataset. A row repeated across the two parts is not noticed."""
        return PartProfile(
            rows=self.rows + other.rows,
            repeated=self.repeated + other.repeated,
            nulls=sum_counts(self.nulls, other.nulls),
            max_chars=_choose(max, self.max_chars, other.max_chars),
            first=_choose(min, self.first, other.first),
            last=_choose(max, self.last, other.last),
            blamed={
                problem: self.blamed.get(problem, Blamed()) + other.blamed.get(problem, Blamed())
                for problem in {**self.blamed, **other.blamed}
            },
            categories={name: found | other.categories[name] for name, found in self.categories.items()},
            events=sum_counts(self.events, other.events),
            days=sum_counts(self.days, other.days),
            hours=tuple(map(sum, zip(self.hours, other.hours, strict=True))),
            ids={name: sketch + other.ids[name] for name, sketch in self.ids.items()},
            values=(self.values + other.values).with_repeating(
                name for name, found in self.categories.items() if not found.isdisjoint(other.categories[name])
            ),
            preview=(self.preview + other.preview)[:PREVIEW_ROWS],
        )

    def summary(self, dataset: Dataset) -> ExportProfile:
        """The profile of the whole export, as it is reported; ``crossed`` is left empty."""
        return ExportProfile(
            rows=self.rows,
            nulls=self.nulls,
            max_chars=self.max_chars,
            first=self.first,
            last=self.last,
            blamed=self.blamed,
            categories={name: min(len(found), MAX_DISTINCT_CATEGORIES + 1) for name, found in self.categories.items()},
            ids={name: _id_profile(sketch) for name, sketch in self.ids.items()},
            preview=self.preview,
            missing_ids=self.values.missing_ids,
            alike=self._alike(),
            all_equal=tuple(sorted(self.values.only)),
            all_distinct=all_distinct(self.categories, self.values),
            unique=self.rows - self.repeated if dataset.is_events else None,
            events=_most_first(self.events) if dataset.is_events else None,
            days={str(np.datetime64(day, "D")): self.days[day] for day in sorted(self.days)}
            if dataset.is_events
            else None,
            hours=self.hours if dataset.is_events else None,
        )

    def _alike(self) -> dict[str, tuple[tuple[str, ...], ...]]:
        """Event types, and categories where all of them are known, that differ only by case or space, by column."""
        names = {name: found for name, found in self.categories.items() if len(found) <= MAX_DISTINCT_CATEGORIES}
        found = {name: alike(spellings) for name, spellings in {**names, "EVENT_TYPE": self.events}.items()}
        return {name: groups for name, groups in found.items() if groups}


def sum_profiles(profiles: Sequence[PartProfile]) -> PartProfile:
    """The profile of consecutive parts of the same dataset; at least one."""
    # All sketches at once: the work of a sum is in their ids.
    first, *others = (structs.replace(each, ids={}) for each in profiles)
    ids = {name: IdSketch.sum([each.ids[name] for each in profiles]) for name in profiles[0].ids}
    return structs.replace(sum(others, first), ids=ids)


class PartCounter:
    """Counts the rows of one part, which must come in the order of the file."""

    def __init__(self, dataset: Dataset) -> None:
        """Start with no rows of this dataset."""
        self._dataset = dataset
        self._max_epoch_seconds = int(time.time()) + DAY_SECONDS
        self._waiting: list[pa.RecordBatch] = []
        self._rows_waiting = 0
        self._before: pa.Table | None = None
        self._rows = 0
        self._repeated = 0
        self._nulls = dict.fromkeys((column.name for column in dataset.columns), 0)
        self._max_chars: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._blamed: dict[str, Blamed] = {}
        self._categories: dict[str, set[str]] = {column.name: set() for column in dataset.columns if column.categorical}
        self._events: Counter[str] = Counter()
        self._days: Counter[int] = Counter()
        self._hours = np.zeros(24, np.int64)
        self._ids = {name: IdSketch() for name in dataset.ids}
        self._values = ColumnValues()
        self._preview: list[dict[str, Any]] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the next rows, which must have the dataset's columns."""
        # Rows are collected: counting a few thousand at a time would take twice as long.
        self._waiting.append(batch)
        self._rows_waiting += batch.num_rows
        if self._rows_waiting >= _ROWS_AT_ONCE:
            self._count()

    def profile(self) -> PartProfile:
        """The numbers of all rows added so far."""
        if self._waiting:
            self._count()
        return PartProfile(
            rows=self._rows,
            repeated=self._repeated,
            nulls=self._nulls,
            max_chars=self._max_chars,
            first=self._first,
            last=self._last,
            blamed=self._blamed,
            categories={name: frozenset(found) for name, found in self._categories.items()},
            events=dict(self._events),
            days=dict(self._days),
            hours=tuple(self._hours.tolist()),
            ids=self._ids,
            values=self._values,
            preview=tuple(self._preview),
        )

    def _count(self) -> None:
        table = pa.Table.from_batches(self._waiting).combine_chunks()
        self._waiting.clear()
        self._rows_waiting = 0
        self._rows += table.num_rows
        if len(self._preview) < PREVIEW_ROWS:
            self._preview += preview_rows(table.slice(0, PREVIEW_ROWS - len(self._preview)))
        for column in self._dataset.columns:
            self._count_column(column, table)
        self._values += count_values(self._dataset.columns, table, self._values)
        for name in self._ids:
            counted = pc.value_counts(table.column(name).drop_null())
            self._ids[name] += IdSketch.of_counted(counted)
            if found := missing_ids(counted):
                self._values += ColumnValues(missing_ids={name: found})
        if self._dataset.is_events:
            self._count_repeated(table)
            self._count_times(table.column("TIMESTAMP"))
            if "EVENT_TYPE" in table.column_names:
                count_events(self._events, table.column("EVENT_TYPE"))

    def _count_column(self, column: Column, table: pa.Table) -> None:
        values, name = table.column(column.name), column.name
        self._nulls[name] += values.null_count
        if column.required and values.null_count:
            self._blame(f"null:{name}", table, pc.is_null(values))
        if column.type == "string":
            chars = pc.utf8_length(values)
            self._max_chars[name] = max(self._max_chars.get(name, 0), pc.max(chars).as_py() or 0)
            limit = TEXTUAL_CHARS if column.textual else column.max_chars
            if limit is not None and self._max_chars[name] > limit:
                self._blame(f"long:{name}", table, pc.greater(chars, limit))
        elif COLUMN_TYPES[column.type].is_time:
            self._count_range(column, values, table)
        if column.categorical and column.type == "string":
            self._count_categories(column, values)

    def _count_categories(self, column: Column, values: pa.ChunkedArray) -> None:
        found, name = self._categories[column.name], column.name
        if len(found) > MAX_DISTINCT_CATEGORIES and name in self._values.repeating:
            return
        cells = pc.unique(values).drop_null()
        each = pc.list_flatten(pc.split_pattern(cells, column.separator))
        distinct = pc.unique(each)
        names = distinct.to_pylist()[: MAX_DISTINCT_CATEGORIES + 1]
        is_repeated = len(cells) < len(values) - values.null_count or len(distinct) < len(each)
        if is_repeated or not found.isdisjoint(names):
            self._values = self._values.with_repeating([name])
        if len(found) <= MAX_DISTINCT_CATEGORIES:
            found.update(names)

    def _count_range(self, column: Column, values: pa.ChunkedArray, table: pa.Table) -> None:
        ends, name = pc.min_max(values).as_py(), column.name
        if ends["min"] is None:
            return
        self._first[name] = min(self._first.get(name, ends["min"]), ends["min"])
        self._last[name] = max(self._last.get(name, ends["max"]), ends["max"])
        if not column.is_event_time:
            return
        if ends["min"] < MIN_EPOCH_SECONDS or ends["max"] > self._max_epoch_seconds:
            outside = pc.or_(pc.less(values, MIN_EPOCH_SECONDS), pc.greater(values, self._max_epoch_seconds))
            self._blame(f"time:{name}", table, outside)

    def _blame(self, problem: str, table: pa.Table, mask: pa.ChunkedArray) -> None:
        """Count the rows with a problem, and keep the first of them to show."""
        mask = pc.fill_null(mask, False)
        count = pc.sum(mask).as_py() or 0
        if count:
            before = self._blamed.get(problem, Blamed())
            rows = table.filter(mask).slice(0, BLAMED_ROWS - len(before.shown))
            self._blamed[problem] = before + Blamed(rows=count, shown=tuple(preview_rows(rows)))

    def _count_repeated(self, table: pa.Table) -> None:
        """Count rows equal in every column, which are neighbours; Personalize counts them once (page `limits`)."""
        joined = table if self._before is None else pa.concat_tables([self._before, table]).combine_chunks()
        rows = joined.num_rows - 1
        same = np.ones(rows, bool)
        for name in joined.column_names:
            values = joined.column(name)
            left, right = values.slice(0, rows), values.slice(1)
            both_null = pc.and_(pc.is_null(left), pc.is_null(right))
            equal = pc.or_(pc.fill_null(pc.equal(left, right), False), both_null)
            same &= equal.to_numpy()
        self._repeated += int(same.sum())
        self._before = table.slice(table.num_rows - 1)

    def _count_times(self, values: pa.ChunkedArray) -> None:
        seconds = values.drop_null().to_numpy()
        days, rows = np.unique(seconds // DAY_SECONDS, return_counts=True)
        self._days.update(dict(zip(days.tolist(), rows.tolist(), strict=True)))
        self._hours += np.bincount(seconds % DAY_SECONDS // 3600, minlength=24)


def crossed(profiles: Mapping[str, PartProfile]) -> dict[str, Crossed]:
    """How entities fit the events of the same job, by dataset; empty without events."""
    found: dict[str, Crossed] = {}
    for name in ENTITY_DATASETS:
        events, (id_column,) = DATASET_TYPES[name].events, DATASET_TYPES[name].ids
        if name in profiles and events in profiles:
            known, used = profiles[name].ids[id_column], profiles[events].ids[id_column]
            found[name] = Crossed(unknown=used.missing_in(known), used=used.distinct, unused=known.missing_in(used))
    return found


def count_events(events: Counter[str], values: pa.ChunkedArray) -> None:
    """Add rows to their event types; of more than 1,000 types only the first 1,000 are counted."""
    for found in pc.value_counts(values.drop_null()).to_pylist():
        if found["values"] in events or len(events) < _EVENT_TYPES:
            events[found["values"]] += found["counts"]


def preview_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows as mappings of column to value, with texts cut to 60 characters."""
    rows: list[dict[str, Any]] = table.to_pylist()
    return [
        {
            name: f"{value[:_PREVIEW_CHARS]}… ({len(value):,} characters)"
            if isinstance(value, str) and len(value) > _PREVIEW_CHARS
            else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _id_profile(sketch: IdSketch) -> IdProfile:
    return IdProfile(
        distinct=sketch.distinct,
        estimated=sketch.is_sample,
        with_two=sketch.with_at_least(2),
        histogram=sketch.histogram(),
        frequent=dict(list(sketch.frequent.items())[:FREQUENT_IDS]),
    )


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def _choose(choose: Callable[[int, int], int], one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """By key the chosen of two values, or the only one."""
    return {**one, **other, **{key: choose(one[key], other[key]) for key in one.keys() & other.keys()}}
