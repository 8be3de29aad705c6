"""Columns of items."""

from __future__ import annotations

from personalize_assets.catalog.item_ids import Items
from personalize_assets.catalog.observed_fields import Observed
from personalize_assets.suggest.item_columns import item_columns


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
