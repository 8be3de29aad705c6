"""The numbers of an export, counted in parts and put together; and what a sample of ids says of all of them."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.export import export_profile as profiling
from personalize_assets.conversion.export import id_sketch as sketching
from personalize_assets.conversion.export.export_profile import PartProfile, crossed, merged
from personalize_assets.conversion.export.id_sketch import Sketch
from personalize_assets.conversion.mapping.daily_schema import daily_schema

INTERACTIONS = Dataset(
    "interactions",
    (
        Column("USER_ID", required=True),
        Column("ITEM_ID", required=True),
        Column("EVENT_TYPE", required=True),
        Column("TIMESTAMP", type="timestamp", required=True),
        Column("COLOUR", categorical=True),
    ),
    {},
)
START = 1790812800  # 2026-10-01T00:00:00Z


def row(user: str | None, item: str, seconds: int, type: str = "View", colour: str | None = None) -> tuple[Any, ...]:
    return user, item, type, START + seconds, colour


def batch(*rows: tuple[Any, ...]) -> pa.RecordBatch:
    names = [column.name for column in INTERACTIONS.columns]
    fields = daily_schema(INTERACTIONS)
    columns = [
        pa.array(values, fields.field(name).type) for name, values in zip(names, zip(*rows, strict=True), strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, names=names)


def part(*batches: pa.RecordBatch) -> dict[str, Any]:
    profile = PartProfile(INTERACTIONS)
    for one in batches:
        profile.add(one)
    report: dict[str, Any] = json.loads(json.dumps(profile.report()))  # as it travels
    return report


def test_parts_are_counted_as_one_whole() -> None:
    first = part(batch(row("u1", "i1", 0, colour="red|blue"), row("u1", "i2", 3700)), batch(row("u2", "i1", 7200)))
    second = part(batch(row("u3", "i1", 86_400, "Buy", "red")))

    profile, _ = merged([first, second], INTERACTIONS)

    assert profile["rows"] == profile["unique"] == 4
    assert profile["nulls"] == {"USER_ID": 0, "ITEM_ID": 0, "EVENT_TYPE": 0, "TIMESTAMP": 0, "COLOUR": 2}
    assert profile["events"] == {"View": 3, "Buy": 1}
    assert profile["days"] == {"2026-10-01": 3, "2026-10-02": 1}
    assert profile["hours"] == [2, 1, 1, *[0] * 21]
    assert (profile["first"], profile["last"]) == ({"TIMESTAMP": START}, {"TIMESTAMP": START + 86_400})
    assert profile["categories"] == {"COLOUR": 2}
    assert profile["ids"]["USER_ID"] == {
        "distinct": 3, "estimated": False, "with_two": 1, "histogram": {"1": 2, "2-3": 1},
        "frequent": {"u1": 2, "u2": 1, "u3": 1},
    }  # fmt: skip
    assert profile["ids"]["ITEM_ID"]["frequent"] == {"i1": 3, "i2": 1}
    assert profile["preview"][0] == {
        "USER_ID": "u1", "ITEM_ID": "i1", "EVENT_TYPE": "View", "TIMESTAMP": START, "COLOUR": "red|blue",
    }  # fmt: skip


def test_an_export_without_rows_has_a_profile_too() -> None:
    profile, sketches = merged([], INTERACTIONS)

    assert (profile["rows"], profile["unique"], profile["ids"]["USER_ID"]["distinct"]) == (0, 0, 0)
    assert crossed({"interactions": sketches, "users": {"USER_ID": Sketch()}})["users"] == {
        "unknown": 0, "used": 0, "unused": 0,
    }  # fmt: skip


@pytest.mark.parametrize("rows_at_once", [1, 2, 100])
def test_equal_rows_count_once_however_the_rows_come(rows_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiling, "_ROWS_AT_ONCE", rows_at_once)
    same, other = row("u1", "i1", 0), row("u1", "i1", 0, colour="red")

    profile, _ = merged([part(batch(same), batch(same, same), batch(other, row("u2", "i1", 1)))], INTERACTIONS)

    assert (profile["rows"], profile["unique"]) == (5, 3)


def test_rows_with_a_problem_are_counted_and_five_are_kept_with_long_texts_cut() -> None:
    long = [row("u" * 300, f"i{n}", n) for n in range(7)]

    profile, _ = merged([part(batch(*long[:4])), part(batch(*long[4:], row(None, "i", 9)))], INTERACTIONS)

    assert {problem: about["rows"] for problem, about in profile["blamed"].items()} == {
        "long:USER_ID": 7, "null:USER_ID": 1,
    }  # fmt: skip
    assert [shown["ITEM_ID"] for shown in profile["blamed"]["long:USER_ID"]["shown"]] == ["i0", "i1", "i2", "i3", "i4"]
    assert profile["blamed"]["long:USER_ID"]["shown"][0]["USER_ID"] == "u" * 60 + "… (300 characters)"


def test_times_before_1990_and_after_tomorrow_are_a_problem() -> None:
    profile, _ = merged(
        [part(batch(row("u", "i", -START), row("u", "i", 0), row("u", "i", START * 999)))], INTERACTIONS
    )

    assert profile["blamed"]["time:TIMESTAMP"]["rows"] == 2


# Sketches


def sketch(*ids: str) -> Sketch:
    made = Sketch()
    made.add(pa.array(ids, pa.string()))
    return Sketch.unpacked(json.loads(json.dumps(made.packed())))


def test_few_ids_are_counted_exactly_and_compared_exactly() -> None:
    users, known = sketch("a", "a", "b", "c"), sketch("b", "c", "d", "e", "f")

    assert (users.distinct, users.with_at_least(2), users.is_sample) == (3, 1, False)
    assert (users.missing_in(known), known.missing_in(users)) == (1, 3)


def test_of_many_ids_a_sample_tells_within_a_few_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketching, "SAMPLE", 4096)
    whole = Sketch()
    for start in range(0, 60_000, 20_000):  # 60,000 users in three parts; every third of them comes twice
        ids = [f"u{n}" for n in range(start, start + 20_000)]
        whole.merge(sketch(*ids, *ids[::3]))
    known = sketch(*(f"u{n}" for n in range(45_000)))

    assert whole.is_sample
    assert whole.distinct == pytest.approx(60_000, rel=0.05)
    assert whole.with_at_least(2) == pytest.approx(20_000, rel=0.08)
    assert whole.missing_in(known) == pytest.approx(15_000, rel=0.1)
    assert known.missing_in(whole) == 0


def test_the_most_frequent_ids_are_named() -> None:
    whole = sketch(*["robot"] * 500, *(f"u{n}" for n in range(1000)))
    whole.merge(sketch(*["robot"] * 400, *(f"v{n}" for n in range(1000))))

    assert next(iter(whole.frequent.items())) == ("robot", 900)
