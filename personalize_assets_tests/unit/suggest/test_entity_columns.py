"""Columns of users and items."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from personalize_assets.catalog.item_ids import Items
from personalize_assets.catalog.observed_fields import Observed
from personalize_assets.config.loading import parse_yaml
from personalize_assets.suggest import suggest
from personalize_assets.suggest.entity_columns import item_columns, user_columns
from personalize_assets_tests.helpers.sites import (
    START,
    suggested_datasets,
    write_events,
)


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


def test_a_column_whose_name_is_reserved_gets_another_one() -> None:
    observed = Observed([{"user": "u", "traits": {"user_id": "x", "time_stamp": "ab"[n % 2]}} for n in range(4)])

    found = user_columns(observed, ["user"])

    assert found is not None
    assert found.columns == {"TIME_STAMP_2": (("traits.time_stamp",), {"categorical": True})}


def test_fields_beside_an_item_under_known_names_are_columns_and_others_are_offered() -> None:
    observed = Observed(
        [{"p": {"sku": f"i{n % 7}", "price": n % 7, "colour": "ab"[n % 2], "quantity": n % 3}} for n in range(30)]
    )
    items = Items(observed.fields["p.sku"], None, why="", at=set(range(30)))

    found = item_columns(observed, items, wanted=set(range(30)))

    assert found is not None
    assert found.where is None
    assert found.columns == {"PRICE": (("p.price",), {"type": "float"})}
    assert found.optional == {"COLOUR": (("p.colour",), {"categorical": True}, "2 values, as a")}


def test_if_no_known_name_is_there_one_of_the_others_becomes_a_column() -> None:
    observed = Observed([{"p": {"sku": f"i{n % 7}", "colour": "ab"[n % 2]}} for n in range(30)])
    items = Items(observed.fields["p.sku"], None, why="", at=set(range(30)))

    found = item_columns(observed, items, wanted=set(range(30)))

    assert found is not None
    assert found.columns == {"COLOUR": (("p.colour",), {"categorical": True})}
    assert found.optional == {}


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


def test_an_object_that_holds_the_user_as_well_describes_no_item_but_by_well_known_names() -> None:
    observed = Observed(
        [
            {
                "data": {
                    "user": f"u{n % 3}",
                    "sku": f"i{n % 4}",
                    "price": n,
                    "plan": "ab"[n % 2],
                    "created_at": "2026-10-01",
                }
            }
            for n in range(12)
        ]
    )
    items = Items(observed.fields["data.sku"], None, why="", at=set(range(12)))

    found = item_columns(observed, items, set(range(12)), ["data.user"])

    assert found is not None
    assert (found.columns, found.optional) == ({"PRICE": (("data.price",), {"type": "float"})}, {})


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


def test_a_release_in_any_year_is_the_creation_of_an_item() -> None:
    observed = Observed(
        [{"film": {"id": f"f{n}", "released": f"{1942 + n}-11-26", "genre": "ab"[n % 2]}} for n in range(4)]
    )
    items = Items(observed.fields["film.id"], None, why="", at=set(range(4)))

    found = item_columns(observed, items, set(range(4)))

    assert found is not None
    assert found.columns["CREATION_TIMESTAMP"] == (("film.released",), {})


def test_a_price_that_is_no_number_is_no_category_either() -> None:
    observed = Observed([{"p": {"sku": f"i{n % 4}", "price": f"${n % 3}"}} for n in range(12)])
    items = Items(observed.fields["p.sku"], None, why="", at=set(range(12)))

    assert item_columns(observed, items, set(range(12))) is None
