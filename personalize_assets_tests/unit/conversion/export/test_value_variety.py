"""What the values of columns have in common, by parts that add up."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from personalize_assets.conversion.contract import Column
from personalize_assets.conversion.export.value_variety import ColumnValues, alike, count_values, missing_ids

COLUMNS = (Column("USER_ID", required=True), Column("TIER", categorical=True), Column("AGE", type="int"))


def counted(tiers: list[Any], ages: list[Any], before: ColumnValues | None = None) -> ColumnValues:
    users = [f"u{number}" for number in range(len(tiers))]
    table = pa.table(
        {"USER_ID": users, "TIER": pa.array(tiers, pa.string()), "AGE": pa.array(ages, pa.int32())}
    ).combine_chunks()
    return count_values(COLUMNS, table, before or ColumnValues())


def test_a_column_has_one_value_several_or_none() -> None:
    assert counted(["gold", None, "gold"], [5, 6, None]) == ColumnValues(
        only={"TIER": "gold"}, varied=frozenset({"AGE"})
    )
    assert counted([None], [None]) == ColumnValues()


@pytest.mark.parametrize(
    ("other", "only"),
    [(["gold"], {"TIER": "gold"}), ([None], {"TIER": "gold"}), (["silver"], {}), (["gold", "silver"], {})],
)
def test_parts_with_one_value_each_have_one_together_if_it_is_the_same(
    other: list[str | None], only: dict[str, str]
) -> None:
    first, second = counted(["gold"], [None]), counted(other, [None] * len(other))

    assert (first + second).only == (second + first).only == only
    assert (first + second).varied == frozenset(() if only else ("TIER",))


def test_a_column_that_varies_is_not_looked_at_again() -> None:
    before = ColumnValues(varied=frozenset({"TIER"}))

    assert counted(["gold"], [5], before) == ColumnValues(only={"AGE": 5})


def test_ids_that_stand_for_missing_values_are_counted_and_added() -> None:
    zeros = "00000000-0000-0000-0000-000000000000"
    ids = ["u1", "null", "undefined", "None", "N/A", "0", zeros, "null", "NULL", "Nullify", "u0", "(not set)", "NaN"]

    found = missing_ids(pc.value_counts(pa.array(ids)))

    assert found == {
        "null": 2, "undefined": 1, "None": 1, "N/A": 1, "0": 1, zeros: 1, "NULL": 1, "(not set)": 1, "NaN": 1,
    }  # fmt: skip
    one, other = (ColumnValues(missing_ids={"USER_ID": each}) for each in ({"null": 2, "0": 1}, {"null": 3}))
    assert (one + other + ColumnValues()).missing_ids == {"USER_ID": {"null": 5, "0": 1}}


def test_names_are_alike_that_differ_only_by_case_or_white_space() -> None:
    names = ["View", "view", "Order Completed", "order  completed ", "orderCompleted", "Buy", "STRASSE", "straße"]

    assert alike(names) == (
        ("Order Completed", "order  completed ", "orderCompleted"),
        ("STRASSE", "straße"),
        ("View", "view"),
    )


def test_five_groups_of_names_are_reported() -> None:
    assert len(alike(name for number in range(9) for name in (f"a{number}", f"A{number}"))) == 5
