"""Which fields hold the item's id."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_assets.catalog.item_ids import among, item_candidates, items
from personalize_assets.catalog.observed_fields import Observed


def click(number: int) -> dict[str, Any]:
    return {
        "event": ("Clicked", "Bought")[number % 2],
        "userId": f"u{number % 3}",
        "properties": {"sku": f"s{number % 5}", "price": 9.5, "label": "a b"},
    }


CLICKS = Observed([click(number) for number in range(20)])
ALL = set(range(20))


def test_the_item_is_named_by_its_id() -> None:
    found = items(CLICKS)

    assert found is not None
    assert (found.paths, found.each, found.parents) == (("properties.sku",), None, ("properties",))
    assert found.why == "5 values, as s0; in 100% of events"
    assert found.at == ALL


def test_a_field_of_the_event_and_one_of_an_array_are_chosen_together() -> None:
    orders = [{"products": [{"sku": "s1"}, {"sku": "s2"}]}, {"products": [{"sku": "s0"}]}]
    observed = Observed([*CLICKS.events, *orders])

    found = items(observed)

    assert found is not None
    assert (found.paths, found.each) == (("each.sku", "properties.sku"), "products")
    assert found.parents == ("products", "properties")
    assert found.at == set(range(22))


def test_a_field_with_one_value_in_each_event_is_no_item() -> None:
    observed = Observed([{"widget_id": f"w{number}"} for number in range(60)])

    assert items(observed) is None


def test_the_product_is_preferred_to_its_variants() -> None:
    observed = Observed([{"sku": f"s{number % 20}", "product_id": f"p{number % 5}"} for number in range(60)])

    assert [field.path for field in item_candidates(observed)] == ["product_id", "sku"]


def paths(*events: dict[str, Any]) -> tuple[str, ...] | None:
    found = items(Observed(events))
    return found.paths if found else None


@pytest.mark.parametrize(
    "name", ["distinct_id", "actor_id", "amplitude_id", "team_id", "ga_session_id", "domain_userid", "location_id"]
)
def test_ids_of_users_visits_and_organizations_are_no_items(name: str) -> None:
    assert paths(*({name: f"x{number % 4}"} for number in range(20))) is None


def test_the_users_id_under_an_unknown_name_is_no_item() -> None:
    assert paths(*({"userId": f"u{n % 4}", "loyalty_id": f"u{n % 4}"} for n in range(20))) is None


def test_what_each_user_has_one_of_is_no_item() -> None:
    assert paths(*({"userId": f"u{n % 8}", "plan_id": f"p{n % 8 % 3}"} for n in range(40))) is None


def test_an_unknown_name_is_an_item_if_users_have_several() -> None:
    assert paths(*({"userId": f"u{n % 8}", "widget_id": f"w{n % 3}"} for n in range(40))) == ("widget_id",)


def test_ids_that_are_numbers_are_ids() -> None:
    assert paths({"userId": 1, "productId": 17}, {"userId": 2, "productId": 18}) == ("productId",)


def test_the_row_of_an_order_is_not_the_product_in_it() -> None:
    lines = [
        {"line_items": [{"id": 2 * n, "product_id": n % 3}, {"id": 2 * n + 1, "product_id": 7}]} for n in range(40)
    ]

    assert paths(*lines) == ("each.product_id",)


def test_a_repeated_id_in_the_rows_of_a_cart_is_the_product() -> None:
    assert paths(*({"cart_items": [{"id": f"p{n % 4}"}]} for n in range(40))) == ("each.id",)


def test_spellings_of_an_items_id_are_taken_together() -> None:
    events = [{("productId", "product_id")[n % 2]: f"p{n % 5}"} for n in range(20)]

    found = items(Observed(events))

    assert found is not None
    assert (found.paths, found.at) == (("productId", "product_id"), ALL)


def test_the_same_ids_in_objects_of_different_events_are_taken_together() -> None:
    events = [{("viewed", "bought")[n % 2]: {"sku": f"s{n % 5}"}} for n in range(20)]

    assert paths(*events) == ("bought.sku", "viewed.sku")


def test_different_ids_of_one_name_in_different_objects_stay_apart() -> None:
    events = [{("film", "ad")[n % 2]: {"sku": f"{'fa'[n % 2]}{n % 5}"}} for n in range(20)]

    found = items(Observed(events))

    assert found is not None
    assert (found.paths, found.others) == (("ad.sku",), ("film.sku",))


def test_what_was_recommended_beside_an_item_is_not_the_item() -> None:
    events = [
        {"sku": f"s{n % 5}", "recommended_products": [{"sku": f"s{(n + one) % 5}"} for one in (1, 2)]}
        for n in range(20)
    ]

    found = items(Observed(events))

    assert found is not None
    assert (found.paths, found.each) == (("sku",), None)


def test_the_row_before_a_change_is_not_the_item() -> None:
    events = [{"after": {"sku": f"s{n % 5}"}} for n in range(18)] + [{"before": {"sku": "s1"}}] * 2

    assert paths(*events) == ("after.sku",)


def test_names_of_an_object_that_are_numbers_are_no_fields() -> None:
    assert paths(*({"products": {"0": {"sku": f"s{n % 5}"}}} for n in range(20))) is None


def test_an_episode_is_preferred_to_its_series() -> None:
    assert paths(*({"series_id": n % 3, "video_id": n % 9} for n in range(20))) == ("video_id",)


def test_the_best_field_of_an_array_is_preferred_to_a_lesser_one_of_the_event() -> None:
    events = [{"location_widget_id": n % 3, "lines": [{"sku": f"s{n % 5}"}], "user_id": n % 4} for n in range(20)]

    assert paths(*events) == ("each.sku",)


def test_fields_that_no_wanted_event_has_are_left_out() -> None:
    observed = Observed([{("viewed", "bought")[n % 2]: {"sku": f"s{n % 5}"}} for n in range(20)])
    found = items(observed)
    assert found is not None

    wanted = among(found, {0, 2, 4})

    assert (found.paths, wanted.paths) == (("bought.sku", "viewed.sku"), ("viewed.sku",))
    assert wanted.at == set(range(0, 20, 2))
    assert among(found, set()) == found
