"""The numbers of an export, counted in parts and added up."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa
import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.export import export_profile
from personalize_assets.conversion.export.export_profile import PartCounter, PartProfile, crossed
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.spec import Crossed, ExportProfile, IdProfile

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


def part(*batches: pa.RecordBatch) -> PartProfile:
    counter = PartCounter(INTERACTIONS)
    for one in batches:
        counter.add(one)
    return msgspec.json.decode(msgspec.json.encode(counter.profile()), type=PartProfile)  # as it travels


def summary(*parts: PartProfile) -> ExportProfile:
    return sum(parts, part()).summary(INTERACTIONS)


def test_parts_are_counted_as_one_whole() -> None:
    first = part(batch(row("u1", "i1", 0, colour="red|blue"), row("u1", "i2", 3700)), batch(row("u2", "i1", 7200)))
    second = part(batch(row("u3", "i1", 86_400, "Buy", "red")))

    profile = summary(first, second)

    assert profile.rows == profile.unique == 4
    assert profile.nulls == {"USER_ID": 0, "ITEM_ID": 0, "EVENT_TYPE": 0, "TIMESTAMP": 0, "COLOUR": 2}
    assert profile.events == {"View": 3, "Buy": 1}
    assert profile.days == {"2026-10-01": 3, "2026-10-02": 1}
    assert profile.hours == (2, 1, 1, *[0] * 21)
    assert (profile.first, profile.last) == ({"TIMESTAMP": START}, {"TIMESTAMP": START + 86_400})
    assert profile.categories == {"COLOUR": 2}
    assert profile.ids["USER_ID"] == IdProfile(
        distinct=3,
        estimated=False,
        with_two=1,
        histogram={"1": 2, "2-3": 1},
        frequent={"u1": 2, "u2": 1, "u3": 1},
    )
    assert profile.ids["ITEM_ID"].frequent == {"i1": 3, "i2": 1}
    assert profile.preview[0] == {
        "USER_ID": "u1", "ITEM_ID": "i1", "EVENT_TYPE": "View", "TIMESTAMP": START, "COLOUR": "red|blue",
    }  # fmt: skip


def test_what_values_have_in_common_is_found_over_all_parts() -> None:
    first = part(batch(row("u1", "0", 0, colour="red"), row("null", "i2", 3700, colour="blue")))
    second = part(batch(row("null", "i3", 1, "view", "Red"), row("u3", "i4", 5)))
    third = part(batch(row("u4", "i5", 86_400, colour="red|green")))

    both, all_three = summary(first, second), summary(first, second, third)

    assert both.missing_ids == {"USER_ID": {"null": 2}, "ITEM_ID": {"0": 1}}
    assert both.alike == {"COLOUR": (("Red", "red"),), "EVENT_TYPE": (("View", "view"),)}
    assert (both.all_distinct, all_three.all_distinct) == (("COLOUR",), ())
    assert (summary(third).all_equal, both.all_equal) == (("COLOUR", "EVENT_TYPE", "TIMESTAMP"), ())


def test_a_category_that_occurs_twice_in_a_part_is_not_distinct() -> None:
    assert summary(part(batch(row("u", "i", 0, colour="a|b"), row("u", "i", 1, colour="b")))).all_distinct == ()
    assert summary(part(batch(row("u", "i", 0, colour="a"), row("u", "i", 1, colour="a")))).all_distinct == ()
    assert summary(part(batch(row("u", "i", 0, colour="a")), batch(row("u", "i", 1, colour="a")))).all_distinct == ()
    assert summary(part(batch(row("u", "i", 0)))).all_distinct == ()


def test_an_export_without_rows_has_a_profile_too() -> None:
    profile = summary()

    assert (profile.rows, profile.unique, profile.ids["USER_ID"].distinct) == (0, 0, 0)
    assert (profile.hours, profile.days, profile.events) == ((0,) * 24, {}, {})
    assert profile.nulls == {"USER_ID": 0, "ITEM_ID": 0, "EVENT_TYPE": 0, "TIMESTAMP": 0, "COLOUR": 0}


def test_users_and_items_are_compared_with_the_interactions_of_the_same_job() -> None:
    users = Dataset("users", (Column("USER_ID", required=True), Column("CITY")), {})
    counter = PartCounter(users)
    counter.add(pa.RecordBatch.from_pydict({"USER_ID": ["u1", "u8", "u9"], "CITY": pa.array([None] * 3, pa.string())}))
    interactions = part(batch(row("u1", "i1", 0), row("u2", "i1", 1), row("u1", "i1", 2)))

    assert crossed({"interactions": interactions, "users": counter.profile()}) == {
        "users": Crossed(unknown=1, used=2, unused=2)
    }
    assert crossed({"users": counter.profile()}) == {}


def test_users_have_no_numbers_that_only_interactions_have() -> None:
    users = Dataset("users", (Column("USER_ID", required=True),), {})

    profile = PartCounter(users).profile().summary(users)

    assert (profile.unique, profile.events, profile.days, profile.hours, profile.crossed) == (None,) * 5


def test_of_more_than_1000_categories_1001_are_reported() -> None:
    many = [row("u", "i", n, colour=f"{n}|{n + 5000}") for n in range(700)]

    assert summary(part(batch(*many))).categories == {"COLOUR": 1001}
    assert summary(part(batch(*many[:100])), part(batch(*many[50:150]))).categories == {"COLOUR": 300}


@pytest.mark.parametrize("rows_at_once", [1, 2, 100])
def test_equal_rows_count_once_however_the_rows_come(rows_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_profile, "_ROWS_AT_ONCE", rows_at_once)
    same, other = row("u1", "i1", 0), row("u1", "i1", 0, colour="red")

    profile = summary(part(batch(same), batch(same, same), batch(other, row("u2", "i1", 1))))

    assert (profile.rows, profile.unique) == (5, 3)


def test_rows_with_a_problem_are_counted_and_five_are_kept_with_long_texts_cut() -> None:
    long = [row("u" * 300, f"i{n}", n) for n in range(7)]

    profile = summary(part(batch(*long[:4])), part(batch(*long[4:], row(None, "i", 9))))

    assert {problem: found.rows for problem, found in profile.blamed.items()} == {"long:USER_ID": 7, "null:USER_ID": 1}
    assert [row["ITEM_ID"] for row in profile.blamed["long:USER_ID"].shown] == ["i0", "i1", "i2", "i3", "i4"]
    assert profile.blamed["long:USER_ID"].shown[0]["USER_ID"] == "u" * 60 + "… (300 characters)"


def test_times_before_1990_and_after_tomorrow_are_a_problem() -> None:
    profile = summary(part(batch(row("u", "i", -START), row("u", "i", 0), row("u", "i", START * 999))))

    assert profile.blamed["time:TIMESTAMP"].rows == 2
