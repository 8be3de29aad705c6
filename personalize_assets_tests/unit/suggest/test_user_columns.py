"""Columns of users."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from personalize_assets.catalog.item_ids import Items
from personalize_assets.catalog.observed_fields import Observed
from personalize_assets.config.loading import parse_yaml
from personalize_assets.suggest import suggest
from personalize_assets.suggest.user_columns import user_columns
from personalize_assets_tests.helpers.sites import START, write_events


def test_traits_beyond_what_personalize_takes_are_offered_only(tmp_path: Path) -> None:
    def event(number: int) -> dict[str, Any]:
        traits = {f"trait{n:02}": "ab"[number % 2] for n in range(30)} | {"timestamp": "ab"[number % 2]}
        return {"user": {"id": f"u{number % 5}", **traits}, "item": f"i{number % 7}", "time": START + number}

    text = suggest(str(write_events(tmp_path / "raw", map(event, range(50)))), folder=tmp_path)

    assert len(parse_yaml(text, "suggested.yaml")["datasets"]["users"]["columns"]) == 1 + 25
    assert "# TRAIT_29: {path: user.trait29, categorical: true}  # Personalize takes 25 columns at most" in text


def test_personal_data_and_what_is_unique_to_a_user_are_no_columns() -> None:
    observed = Observed(
        [
            {"user": f"u{n}", "traits": {"email": f"{n}@example.com", "code": f"c{n}", "plan": "ab"[n % 2]}}
            for n in range(30)
        ]
    )

    found = user_columns(observed, ["user"])

    assert found is not None
    assert found.columns == {"PLAN": (("traits.plan",), {"categorical": True})}
    assert found.optional == {
        "CODE": (("traits.code",), {"categorical": True}, "30 values: (nearly) each has its own"),
    }
    assert found.personal == ["traits.email"]
    assert found.why == "30 of 30 events describe 30 users"


def test_users_without_anything_to_train_on_are_no_dataset() -> None:
    observed = Observed([{"user": "u1", "traits": {"email": "a@example.com"}}])

    assert user_columns(observed, ["user"]) is None


def test_of_two_objects_of_traits_the_one_nearest_to_the_top_counts() -> None:
    observed = Observed([{"user": "u", "traits": {"plan": "a"}, "context": {"traits": {"plan": "a", "tier": "b"}}}])

    found = user_columns(observed, ["user"])

    assert found is not None
    assert list(found.columns) == ["PLAN"]


def test_an_object_that_holds_the_item_describes_no_user() -> None:
    observed = Observed(
        [{"user": f"u{n % 3}", "attributes": {"item_id": f"i{n % 4}", "colour": "ab"[n % 2]}} for n in range(12)]
    )
    items = Items(observed.fields["attributes.item_id"], None, why="", at=set(range(12)))

    assert user_columns(observed, ["user"], items) is None


def test_attributes_of_events_that_name_no_item_describe_the_user() -> None:
    clicks = [{"user": f"u{n % 3}", "sku": f"i{n % 4}", "attributes": {"page": "ab"[n % 2]}} for n in range(12)]
    people = [{"user": f"u{n}", "attributes": {"plan": "ab"[n % 2]}} for n in range(3)]
    observed = Observed([*clicks, *people])
    items = Items(observed.fields["sku"], None, why="", at=set(range(12)))

    found = user_columns(observed, ["user"], items)

    assert found is not None
    assert found.columns == {"PLAN": (("attributes.plan",), {"categorical": True})}


def test_spellings_of_a_trait_are_one_column() -> None:
    observed = Observed([{"user": "u", "traits": {("plan", "Plan")[n % 2]: "ab"[n % 2]}} for n in range(4)])

    found = user_columns(observed, ["user"])

    assert found is not None
    assert found.columns == {"PLAN": (("traits.Plan", "traits.plan"), {"categorical": True})}


def test_an_address_under_any_name_is_personal_and_an_id_is_nothing_to_train_on() -> None:
    observed = Observed(
        [
            {"user": f"u{n}", "traits": {"reach": "a@example.com", "last_order_id": n, "plan": "ab"[n % 2]}}
            for n in range(4)
        ]
    )

    found = user_columns(observed, ["user"])

    assert found is not None
    assert (list(found.columns), found.personal) == (["PLAN"], ["traits.reach"])
    assert found.optional["LAST_ORDER_ID"][2] == "an id; nothing to train on"


def test_what_is_the_same_for_all_is_nothing_to_learn_from() -> None:
    observed = Observed([{"user": f"u{n}", "traits": {"currency": "EUR", "plan": "ab"[n % 2]}} for n in range(4)])

    found = user_columns(observed, ["user"])

    assert found is not None
    assert list(found.columns) == ["PLAN"]
    assert found.optional["CURRENCY"][2] == "the same for all; nothing to learn from"


def test_a_column_whose_name_is_reserved_gets_another_one() -> None:
    observed = Observed([{"user": "u", "traits": {"user_id": "x", "time_stamp": "ab"[n % 2]}} for n in range(4)])

    found = user_columns(observed, ["user"])

    assert found is not None
    assert found.columns == {"TIME_STAMP_2": (("traits.time_stamp",), {"categorical": True})}
