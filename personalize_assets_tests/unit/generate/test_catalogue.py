"""The items of the shop."""

from collections import Counter
from random import Random

import pytest

from personalize_assets.generate.catalogue import DEPARTMENTS, Catalogue, long_tail
from personalize_assets_tests.helpers.raw_files import (
    Event,
)


@pytest.mark.parametrize("mark", ['"', ",", "\\", "ä", "🌿", "\n"])
def test_some_names_hold_marks_that_a_csv_has_to_quote(mark: str, events: list[Event]) -> None:
    assert any(mark in event.get("properties", {}).get("name", "") for event in events)


def test_every_department_has_items_and_a_popular_one_sells_more_often() -> None:
    catalogue = Catalogue(800, Random(1))

    sold = Counter(item.sku for _ in range(100) for item in catalogue.pick(DEPARTMENTS[0], 50))

    assert all(catalogue.pick(department, 1) for department in DEPARTMENTS)
    assert sold[catalogue.items[0].sku] > 5 * sold[catalogue.items[792].sku]


def test_the_weights_of_ranks_are_whole_and_fall() -> None:
    assert long_tail(3) == [2180577, 1912787, 1707550]


def test_one_price_in_a_hundred_changes_overnight_and_leaves_earlier_events_alone() -> None:
    catalogue = Catalogue(1000, Random(1))
    before = [item.product for item in catalogue.items]
    prices = [product["price"] for product in before]

    catalogue.change_prices()

    assert sum(item.product is not product for item, product in zip(catalogue.items, before, strict=True)) == 10
    assert [product["price"] for product in before] == prices
