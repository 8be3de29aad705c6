"""Events without an item: which, how many, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from personalize_assets.catalog.event_shapes import unmapped_places
from personalize_assets.catalog.item_ids import item_candidates, items
from personalize_assets.catalog.observed_fields import Observed
from personalize_assets.suggest.event_choice import choose_events
from personalize_assets.suggest.missing_items import WithoutItem, comments, elements_without_item, events_without_item

BOUGHT = [{"event": "Bought", "products": [{"sku": f"s{n % 2}"}]} for n in range(4)]


def without(*events: dict[str, Any], event_paths: Sequence[str] = ("event",)) -> list[WithoutItem]:
    """What is found in these events beside four that carry an item."""
    observed = Observed([*BOUGHT, *events])
    found = items(observed)
    assert found is not None
    chosen = choose_events(observed, event_paths, found)
    places = unmapped_places(observed.events)
    return events_without_item(observed, event_paths, found, chosen, item_candidates(observed), places)


def reasons(*events: dict[str, Any]) -> dict[str, int]:
    (found,) = without(*({"event": "Bought", **event} for event in events))
    return dict(found.reasons)


def test_each_event_without_an_item_has_its_reason() -> None:
    assert reasons({"products": []}, {"products": [{"name": "x"}]}, {"products": "x"}, {}) == {
        "`products` is empty": 1,
        "no element of `products` has `sku`": 1,
        "`products` is no array": 1,
        "none of the item's fields is there": 1,
    }


def test_another_field_that_could_be_the_item_is_named() -> None:
    assert reasons({"video_id": "v1"}, {"video_id": "v2"}) == {"they have `video_id` instead": 2}


def test_a_place_that_is_not_mapped_is_named() -> None:
    why = "`products` is text that holds JSON (sku), which `source.parse: [products]` decodes"

    assert reasons({"products": '[{"sku": "s1"}]'}) == {why: 1}


def test_a_field_that_is_there_and_empty_is_named() -> None:
    observed = Observed([{"sku": "a"}, {"sku": "b"}, {"sku": ""}])
    found = items(observed)
    assert found is not None

    (one,) = events_without_item(observed, [], found, choose_events(observed, [], found), [], [])

    assert (one.name, one.events, one.of, one.why) == (None, 1, 3, "`sku` is empty")


def test_wanted_events_become_rejects_and_others_are_summed_up() -> None:
    found = without(
        {"event": "Bought"}, {"event": "Login"}, {"event": "Login"}, {"event": "Played", "video_id": "v1"},
        {"event": "Played", "video_id": "v2"},
    )  # fmt: skip

    assert comments(found, "each.sku") == [
        "No item in 1 of 5 events called Bought: none of the item's fields is there; they become rejects "
        "(missing:ITEM_ID).",
        "No item in Played (2): they have `video_id` instead. They are not wanted.",
        "No item at each.sku in Login (2): not wanted.",
    ]


def test_a_name_that_was_left_out_for_another_reason_is_not_repeated() -> None:
    removed = {"event": "Removed", "products": [{"sku": "s0"}]}

    assert without(removed, removed, {"event": "Removed"}) == []


def test_events_that_all_carry_items_leave_nothing_to_say() -> None:
    assert comments(without(), "each.sku") == []


def elements_sentence(*events: dict[str, Any]) -> str | None:
    observed = Observed([*BOUGHT, *events])
    found = items(observed)
    assert found is not None
    return elements_without_item(observed, found, set(range(len(observed.events))))


def test_elements_without_an_id_are_counted() -> None:
    assert elements_sentence({"products": [{"sku": "s1"}, {"sku": ""}, {"name": "x"}]}, {"products": "x"}) == (
        "No each.sku in 2 of 7 elements of `products`: they become rejects (missing:ITEM_ID)."
    )


def test_elements_have_the_id_of_their_event_where_it_has_one() -> None:
    assert elements_sentence({"sku": "s1", "products": [{"name": "x"}]}, {"sku": "s0"}) is None


def test_without_a_condition_all_events_are_wanted_also_those_without_a_name() -> None:
    (found,) = without({"other": 1}, event_paths=())

    assert (found.name, found.is_wanted) == (None, True)
