"""What a dataset is like, in numbers: counted while its rows are written, so that nothing is read again.

``PartProfile`` counts an export's rows part by part, ``merged`` puts the parts together. Everything is counted in Arrow
and NumPy, no row by itself. Days have a profile of their own, in ``day_profile``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.contract import (
    IDS,
    MAX_DISTINCT_CATEGORIES,
    MIN_EPOCH_SECONDS,
    TEXTUAL_CHARS,
    Column,
    Dataset,
)
from personalize_assets.conversion.export.id_sketch import Sketch
from personalize_assets.conversion.mapping.timestamps import DAY_SECONDS

PREVIEW_ROWS = 10
BLAMED_ROWS = 5
_SHOWN_CHARS = 60
_EVENT_TYPES = 1_000
_ROWS_AT_ONCE = 131_072


class PartProfile:
    """The numbers of one part of an export, whose rows come in the order of the file."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._latest_time = int(time.time()) + DAY_SECONDS
        self._waiting: list[pa.RecordBatch] = []
        self._rows_waiting = 0
        self._before: pa.Table | None = None
        self._ids = {name: Sketch() for name in IDS[dataset.name]}
        self._categories: dict[str, set[str]] = {column.name: set() for column in dataset.columns if column.categorical}
        self._events: Counter[str] = Counter()
        self._days: Counter[int] = Counter()
        self._hours = np.zeros(24, np.int64)
        self._report: dict[str, Any] = {
            "rows": 0,
            "repeated": 0,
            "nulls": dict.fromkeys((column.name for column in dataset.columns), 0),
            "max_chars": {},
            "first": {},
            "last": {},
            "blamed": {},
            "preview": [],
        }

    def add(self, batch: pa.RecordBatch) -> None:
        # Many rows at once: a batch of a few thousand would cost as much again in calls.
        self._waiting.append(batch)
        self._rows_waiting += batch.num_rows
        if self._rows_waiting >= _ROWS_AT_ONCE:
            self._count()

    def report(self) -> dict[str, Any]:
        """As JSON, for ``merged``."""
        if self._waiting:
            self._count()
        return {
            **self._report,
            "ids": {name: sketch.packed() for name, sketch in self._ids.items()},
            "categories": {name: sorted(found) for name, found in self._categories.items()},
            "events": dict(self._events),
            "days": {str(day): rows for day, rows in self._days.items()},
            "hours": self._hours.tolist(),
        }

    def _count(self) -> None:
        table = pa.Table.from_batches(self._waiting).combine_chunks()
        self._waiting.clear()
        self._rows_waiting = 0
        report = self._report
        report["rows"] += table.num_rows
        if len(report["preview"]) < PREVIEW_ROWS:
            report["preview"] += shown(table.slice(0, PREVIEW_ROWS - len(report["preview"])))
        for column in self._dataset.columns:
            self._count_column(column, table)
        for name, sketch in self._ids.items():
            sketch.add(table.column(name))
        if self._dataset.name == "interactions":
            self._count_repeated(table)
            self._count_times(table.column("TIMESTAMP"))
            if "EVENT_TYPE" in table.column_names:
                count_events(self._events, table.column("EVENT_TYPE"))

    def _count_column(self, column: Column, table: pa.Table) -> None:
        values, report = table.column(column.name), self._report
        report["nulls"][column.name] += values.null_count
        if column.required and values.null_count:
            self._blame(f"null:{column.name}", table, pc.is_null(values))
        if column.type == "string":
            chars = pc.utf8_length(values)
            report["max_chars"][column.name] = max(report["max_chars"].get(column.name, 0), pc.max(chars).as_py() or 0)
            limit = TEXTUAL_CHARS if column.textual else column.max_chars
            if limit is not None and report["max_chars"][column.name] > limit:
                self._blame(f"long:{column.name}", table, pc.greater(chars, limit))
        elif column.type == "timestamp":
            self._count_range(column.name, values, table)
        if column.categorical:
            found = self._categories[column.name]
            if len(found) <= MAX_DISTINCT_CATEGORIES and column.type == "string":
                each = pc.list_flatten(pc.split_pattern(pc.unique(values).drop_null(), column.separator))
                found.update(pc.unique(each).to_pylist()[: MAX_DISTINCT_CATEGORIES + 1])

    def _count_range(self, name: str, values: pa.ChunkedArray, table: pa.Table) -> None:
        ends = pc.min_max(values).as_py()
        if ends["min"] is None:
            return
        first, last = self._report["first"], self._report["last"]
        first[name] = min(first.get(name, ends["min"]), ends["min"])
        last[name] = max(last.get(name, ends["max"]), ends["max"])
        if ends["min"] < MIN_EPOCH_SECONDS or ends["max"] > self._latest_time:
            outside = pc.or_(pc.less(values, MIN_EPOCH_SECONDS), pc.greater(values, self._latest_time))
            self._blame(f"time:{name}", table, outside)

    def _blame(self, problem: str, table: pa.Table, mask: pa.ChunkedArray) -> None:
        """Count rows with a problem, and keep the first of them to show."""
        mask = pc.fill_null(mask, False)
        count = pc.sum(mask).as_py() or 0
        if count:
            blamed = self._report["blamed"].setdefault(problem, {"rows": 0, "shown": []})
            blamed["rows"] += count
            rows = table.filter(mask).slice(0, BLAMED_ROWS - len(blamed["shown"]))
            blamed["shown"] += shown(rows)

    def _count_repeated(self, table: pa.Table) -> None:
        """Rows equal in every column stand side by side in the file; Personalize counts them once (page `limits`)."""
        joined = table if self._before is None else pa.concat_tables([self._before, table]).combine_chunks()
        rows = joined.num_rows - 1
        same = np.ones(rows, bool)
        for name in joined.column_names:
            values = joined.column(name)
            left, right = values.slice(0, rows), values.slice(1)
            both_null = pc.and_(pc.is_null(left), pc.is_null(right))
            equal = pc.or_(pc.fill_null(pc.equal(left, right), False), both_null)
            same &= equal.to_numpy()
        self._report["repeated"] += int(same.sum())
        self._before = table.slice(table.num_rows - 1)

    def _count_times(self, values: pa.ChunkedArray) -> None:
        seconds = values.drop_null().to_numpy()
        days, rows = np.unique(seconds // DAY_SECONDS, return_counts=True)
        self._days.update(dict(zip(days.tolist(), rows.tolist(), strict=True)))
        self._hours += np.bincount(seconds % DAY_SECONDS // 3600, minlength=24)


def merged(parts: Sequence[dict[str, Any]], dataset: Dataset) -> tuple[dict[str, Any], dict[str, Sketch]]:
    """The profile of a whole export, as it stands in the job report, and the sketches of its ids.

    ``rows``; ``unique`` (rows that differ in any column; interactions only, and rows that are equal across two parts
    count twice); ``nulls``, ``max_chars``, ``first``, ``last`` by column; ``blamed``: rows with a problem and up to
    five of them; ``categories``: distinct values a column, 1,001 for more than 1,000; ``events``, ``days`` (ISO,
    UTC), ``hours`` (of the day, UTC); ``ids``: see ``_about_ids``; ``preview``: the first rows.
    """
    names = [column.name for column in dataset.columns]
    profile: dict[str, Any] = {
        "rows": sum(part["rows"] for part in parts),
        "nulls": {name: sum(part["nulls"][name] for part in parts) for name in names},
        "max_chars": _best(max, (part["max_chars"] for part in parts)),
        "first": _best(min, (part["first"] for part in parts)),
        "last": _best(max, (part["last"] for part in parts)),
        "blamed": _blamed(parts),
        "categories": {
            column.name: len(set().union(*(part["categories"][column.name] for part in parts)))
            for column in dataset.columns
            if column.categorical
        },
        "preview": [row for part in parts for row in part["preview"]][:PREVIEW_ROWS],
    }
    profile["categories"] = {name: min(n, MAX_DISTINCT_CATEGORIES + 1) for name, n in profile["categories"].items()}
    if dataset.name == "interactions":
        profile["unique"] = profile["rows"] - sum(part["repeated"] for part in parts)
        profile["events"] = _sum(part["events"] for part in parts)
        days = _sum(part["days"] for part in parts)
        profile["days"] = {str(np.datetime64(int(day), "D")): days[day] for day in sorted(days, key=int)}
        profile["hours"] = np.sum([part["hours"] for part in parts] or [[0] * 24], axis=0).tolist()
    sketches = {}
    for name in IDS[dataset.name]:
        sketches[name] = Sketch()
        for part in parts:
            sketches[name].merge(Sketch.unpacked(part["ids"][name]))
    profile["ids"] = {name: _about_ids(sketch) for name, sketch in sketches.items()}
    return profile, sketches


def _about_ids(sketch: Sketch) -> dict[str, Any]:
    return {
        "distinct": sketch.distinct,
        "estimated": sketch.is_sample,
        "with_two": sketch.with_at_least(2),
        "histogram": sketch.histogram(),
        "frequent": dict(list(sketch.frequent.items())[:BLAMED_ROWS]),
    }


def crossed(sketches: dict[str, dict[str, Sketch]]) -> dict[str, dict[str, int]]:
    """How users and items of a job fit its interactions, by dataset: ids ``unknown`` there, and ids ``unused`` here."""
    found = {}
    for name, (id_column,) in (("users", IDS["users"]), ("items", IDS["items"])):
        if name in sketches and "interactions" in sketches:
            known, used = sketches[name][id_column], sketches["interactions"][id_column]
            found[name] = {"unknown": used.missing_in(known), "used": used.distinct, "unused": known.missing_in(used)}
    return found


def count_events(events: Counter[str], values: pa.ChunkedArray) -> None:
    """Add to the rows by event type; of more than a thousand types the first are counted."""
    for found in pc.value_counts(values.drop_null()).to_pylist():
        if found["values"] in events or len(events) < _EVENT_TYPES:
            events[found["values"]] += found["counts"]


def shown(table: pa.Table) -> list[dict[str, Any]]:
    """Rows for people: long texts are cut."""
    rows: list[dict[str, Any]] = table.to_pylist()
    return [
        {
            name: f"{value[:_SHOWN_CHARS]}… ({len(value):,} characters)"
            if isinstance(value, str) and len(value) > _SHOWN_CHARS
            else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _sum(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(sorted(total.items(), key=lambda entry: (-entry[1], entry[0])))


def _best(choose: Any, parts: Iterable[dict[str, int]]) -> dict[str, int]:
    best: dict[str, int] = {}
    for part in parts:
        for name, value in part.items():
            best[name] = choose(best.get(name, value), value)
    return best


def _blamed(parts: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    blamed: dict[str, dict[str, Any]] = {}
    for part in parts:
        for problem, found in part["blamed"].items():
            total = blamed.setdefault(problem, {"rows": 0, "shown": []})
            total["rows"] += found["rows"]
            total["shown"] = [*total["shown"], *found["shown"]][:BLAMED_ROWS]
    return blamed
