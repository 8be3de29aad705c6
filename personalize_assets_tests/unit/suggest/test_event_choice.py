"""Which event names show interest in an item."""

from __future__ import annotations

import pytest

from personalize_assets.catalog.item_ids import Items
from personalize_assets.catalog.observed_fields import Observed
from personalize_assets.suggest.event_choice import EventChoice, choose_events, event_name


def choice(*names: str | None) -> EventChoice:
    """What is chosen of events with these names, each with an item; None for an event without a name."""
    return choose_from([{"name": name, "item": f"i{number}"} for number, name in enumerate(names)])


def choose_from(events: list[dict[str, str | None]]) -> EventChoice:
    observed = Observed(events)
    item = observed.fields["item"]
    return choose_events(observed, ["name"], Items(item, None, why="", at=set(item.at)))


def test_the_names_that_carry_items_are_wanted_the_most_frequent_first() -> None:
    found = choice("Ordered", "Clicked", "Clicked")

    assert found == EventChoice(["Clicked", "Ordered"], {}, {"Ordered": 1, "Clicked": 2}, {0, 1, 2})


def test_a_name_is_wanted_if_half_of_its_events_carry_an_item() -> None:
    events: list[dict[str, str | None]] = [
        {"name": "Ordered", "item": "a"},
        {"name": "Ordered", "item": None},
        {"name": "Searched for", "item": "a"},
        {"name": "Searched for", "item": None},
        {"name": "Searched for", "item": None},
    ]

    found = choose_from(events)

    assert (found.kept, found.left_out, found.at) == (["Ordered"], {}, {0, 1})


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("product_removed", "the user did not want the item"),
        ("Item Refunded", "the user did not want the item"),
        ("impression", "items were displayed, none was chosen"),
        ("Product List Viewed", "items were displayed, none was chosen"),
        ("videoHeartbeat", "a measurement, it would count one interest again and again"),
    ],
)
def test_a_name_that_shows_no_interest_is_left_out_with_the_reason(name: str, why: str) -> None:
    found = choice("Ordered", name)

    assert (found.kept, found.left_out) == (["Ordered"], {name: why})


def test_a_view_is_left_out_where_the_click_that_opens_it_is_there() -> None:
    found = choice("Product Clicked", "Product Viewed", "Article Viewed")

    assert found.kept == ["Article Viewed", "Product Clicked"]
    assert found.left_out == {
        "Product Viewed": "mostly the page that Product Clicked opens, which is counted already",
    }


def test_if_a_reason_speaks_against_every_name_all_are_kept() -> None:
    found = choice("skip", "impression")

    assert (found.kept, found.left_out) == (["impression", "skip"], {})


def test_nine_names_are_kept_at_most() -> None:
    found = choice(*(f"Verb{letter}" for letter in "ABCDEFGHIJ"))

    assert found.kept == [f"Verb{letter}" for letter in "ABCDEFGHI"]
    assert found.left_out == {"VerbJ": "rarer than 9 others; Personalize takes 10 kinds at most"}


def test_without_names_all_events_with_an_item_are_wanted() -> None:
    observed = Observed([{"item": "a"}, {"item": None}, {"item": "b"}])

    found = choose_events(observed, [], Items(observed.fields["item"], None, why="", at={0, 2}))

    assert found == EventChoice([], {}, {}, {0, 2})


def test_of_several_fields_the_first_with_a_name_names_an_event() -> None:
    observed = Observed([{"name": "Ordered", "Name": "x", "item": "a"}, {"Name": "Clicked", "item": "b"}, {}])

    assert [event_name(observed, number, ["name", "Name"]) for number in range(3)] == ["Ordered", "Clicked", None]
