"""What columns of users and items have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from personalize_assets.catalog.observed_fields import Observed
from personalize_assets.suggest.entity_columns import EntityColumns, as_metadata, column_name, condition
from personalize_assets_tests.helpers.sites import START, suggested_datasets, write_events


def test_records_of_users_and_items_beside_the_interactions_become_their_datasets(tmp_path: Path) -> None:
    clicks = [
        {"type": "useritem", "ITEM_ID": n % 30, "USER_ID": n % 9, "EVENT_TYPE": "click", "TIMESTAMP": START + n}
        for n in range(90)
    ]
    people = [{"type": "user", "USER_ID": n, "AGE": 20 + n, "GENDER": "fm"[n % 2]} for n in range(9)]
    films = [{"type": "item", "ITEM_ID": n, "GENRES": ["Drama", "Crime"][: 1 + n % 2]} for n in range(30)]

    found = suggested_datasets(write_events(tmp_path / "raw", [*clicks, *people, *films]), tmp_path)

    assert found["users"] == {
        "where": {"type": ["user"]},
        "columns": {
            "USER_ID": "USER_ID",
            "GENDER": {"path": "GENDER", "categorical": True},
            "AGE": {"path": "AGE", "type": "long"},
        },
    }
    assert found["items"] == {
        "where": {"type": ["item"]},
        "columns": {"ITEM_ID": "ITEM_ID", "GENRES": {"path": "GENRES", "categorical": True}},
    }


def test_the_condition_is_the_value_that_the_describing_events_have_and_no_others() -> None:
    observed = Observed([{"type": "identify", "channel": "web"}] * 3 + [{"type": "track", "channel": "web"}] * 3)

    assert condition(observed, {0, 1, 2}) == ("type", "identify")
    assert condition(observed, {0, 3}) is None


@pytest.mark.parametrize(
    ("values", "marks", "why"),
    [
        (["a", "b"], {"categorical": True}, ""),
        ([1, "2"], {"type": "long"}, ""),
        ([1, 2.5], {"type": "float"}, ""),
        ([True, False], {"categorical": True}, "true or false; Personalize trains on it only as a category"),
        (["1942-01-02", "2026-10-01"], {"categorical": True}, "a time; nothing to train on as it is"),
        (["a"], {"categorical": True}, "the same for all; nothing to learn from"),
        (["https://a", "https://b"], {"categorical": True}, "long or many texts; no category"),
    ],
)
def test_values_decide_on_marks_and_on_why_a_field_is_no_column(
    values: list[Any], marks: dict[str, object], why: str
) -> None:
    field = Observed([{"a": value} for value in values]).fields["a"]

    assert as_metadata(field, owners=3) == (marks, why)


def test_a_column_gets_a_name_that_no_other_has() -> None:
    field = Observed([{"plan": "a"}]).fields["plan"]

    assert column_name(field, "users", EntityColumns(None)) == "PLAN"
    assert column_name(field, "users", EntityColumns(None, {"PLAN": ((), {})}, {"PLAN_2": ((), {}, "")})) == "PLAN_3"
