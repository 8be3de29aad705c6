"""Which field is the user, the item, the event's name, its time, its id and its value."""

from __future__ import annotations

from typing import Any

from personalize_assets.catalog import field_roles
from personalize_assets.catalog.field_roles import Choice
from personalize_assets.catalog.observed_fields import Observed

START = 1_790_812_800  # 2026-10-01T00:00:00Z


def click(number: int) -> dict[str, Any]:
    return {
        "messageId": f"m{number}",
        "event": ("Clicked", "Bought")[number % 2],
        "userId": f"u{number % 3}",
        "timestamp": START + number,
        "properties": {"sku": f"s{number % 5}", "price": 9.5, "label": "a b"},
    }


CLICKS = Observed([click(number) for number in range(20)])
ALL = set(range(20))


def test_the_events_name_is_the_field_that_says_what_happened() -> None:
    assert field_roles.event_names(CLICKS) == Choice(("event",), "2 kinds of events, in 100% of them", ())


def test_without_such_a_field_events_have_no_name() -> None:
    assert field_roles.event_names(Observed([{"a": "x"}])) is None


def test_the_item_is_named_by_its_id() -> None:
    found = field_roles.items(CLICKS)

    assert found is not None
    assert (found.paths, found.each, found.parents) == (("properties.sku",), None, ("properties",))
    assert found.why == "5 values, as s0; in 100% of events"
    assert found.at == ALL


def test_a_field_of_the_event_and_one_of_an_array_are_chosen_together() -> None:
    orders = [{"products": [{"sku": "s1"}, {"sku": "s2"}]}, {"products": [{"sku": "s0"}]}]
    observed = Observed([*CLICKS.events, *orders])

    found = field_roles.items(observed)

    assert found is not None
    assert (found.paths, found.each) == (("each.sku", "properties.sku"), "products")
    assert found.parents == ("products", "properties")
    assert found.at == set(range(22))


def test_a_field_with_one_value_in_each_event_is_no_item() -> None:
    observed = Observed([{"widget_id": f"w{number}"} for number in range(60)])

    assert field_roles.items(observed) is None


def test_the_product_is_preferred_to_its_variants() -> None:
    observed = Observed([{"sku": f"s{number % 20}", "product_id": f"p{number % 5}"} for number in range(60)])

    assert [field.path for field in field_roles.item_candidates(observed)] == ["product_id", "sku"]


def test_the_user_is_found_among_the_wanted_events() -> None:
    assert field_roles.user(CLICKS, ALL) == Choice(("userId",), "3 users; in 100% of the wanted events", ())


def test_events_without_a_user_are_named_as_rejects() -> None:
    observed = Observed([{"userId": "u"}, {"a": 1}])

    found = field_roles.user(observed, {0, 1})

    assert found is not None
    assert found.why == "1 user; in 50% of the wanted events, the rest become rejects (missing:USER_ID)"


def test_the_time_has_values_that_are_times() -> None:
    assert field_roles.time(CLICKS, ALL) == Choice(("timestamp",), "a time, as 1790812800", ())
    assert field_roles.time(Observed([{"timestamp": "yesterday"}]), {0}) is None


def test_fields_called_like_a_time_are_shown_with_a_value() -> None:
    assert field_roles.unreadable_times(Observed([{"timestamp": "yesterday", "a": 1}])) == ["timestamp: 'yesterday'"]


def test_the_events_own_id_has_another_value_in_each() -> None:
    assert field_roles.message(CLICKS, ALL) == Choice(("messageId",), "no event has another's", ())
    assert field_roles.message(Observed([{"id": "a"}, {"id": "a"}]), {0, 1}) is None


def test_repeats_of_an_event_are_counted() -> None:
    observed = Observed([{"messageId": f"m{number}"} for number in [*range(19), 0]])

    found = field_roles.message(observed, ALL)

    assert found is not None
    assert found.why == "1 repeat among the events looked at"


def test_the_value_is_a_number_beside_the_item() -> None:
    items = field_roles.items(CLICKS)
    assert items is not None

    assert field_roles.value(CLICKS, items, ALL) == Choice(("properties.price",), "a number, as 9.5", ())
    assert field_roles.value(Observed([{"sku": "a"}, {"sku": "b"}]), items, {0}) is None


def test_repeated_context_scores_below_the_events_own_fields() -> None:
    events = [{"context": {"userId": "c"}, "user": {"id": f"u{number % 3}"}} for number in range(9)]

    found = field_roles.user(Observed(events), set(range(9)))

    assert found is not None
    assert (found.paths, found.others) == (("user.id",), ("context.userId",))
