"""Which field is the user, the event's name, its time, its id and its value."""

from __future__ import annotations

from typing import Any

from personalize_assets.catalog import field_roles
from personalize_assets.catalog.field_roles import Choice
from personalize_assets.catalog.item_ids import items
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
    found = items(CLICKS)
    assert found is not None

    assert field_roles.value(CLICKS, found, ALL) == Choice(("properties.price",), "a number, as 9.5", ())
    assert field_roles.value(Observed([{"sku": "a"}, {"sku": "b"}]), found, {0}) is None


def test_repeated_context_scores_below_the_events_own_fields() -> None:
    events = [{"context": {"userId": "c"}, "user": {"id": f"u{number % 3}"}} for number in range(9)]

    found = field_roles.user(Observed(events), set(range(9)))

    assert found is not None
    assert (found.paths, found.others) == (("user.id",), ("context.userId",))


def event_path(*events: dict[str, Any]) -> str | None:
    """The field that names the events, given the item that is found in them."""
    observed = Observed(events)
    found = field_roles.event_names(observed, items(observed))
    return found.paths[0] if found else None


def test_a_field_with_several_kinds_is_preferred_to_a_constant() -> None:
    events = [
        {"event": "unstruct", "event_name": ("add", "view")[n % 2], "user_id": f"u{n % 3}", "sku": f"s{n % 4}"}
        for n in range(24)
    ]

    assert event_path(*events) == "event_name"


def test_a_constant_among_events_that_name_an_item_is_no_name_though_others_differ() -> None:
    events = [{"event_name": "ping", "user_id": "u1"}] * 10 + [
        {
            "event_name": "shop_action",
            "action": {"type": ("add", "view")[n % 2]},
            "user_id": f"u{n % 3}",
            "sku": f"s{n}",
        }
        for n in range(10)
    ]

    assert event_path(*events) == "action.type"


def test_a_constant_is_the_name_if_no_other_field_could_be() -> None:
    assert event_path(*({"event": "view", "user_id": f"u{n}", "sku": f"s{n}"} for n in range(4))) == "event"


def test_the_kind_of_an_item_or_of_a_user_is_no_name_of_an_event() -> None:
    of_items = [{"type": "fs"[n % 5 % 2], "user_id": f"u{n % 7}", "item_id": f"i{n % 5}"} for n in range(70)]
    of_users = [{"type": "fs"[n % 7 % 2], "user_id": f"u{n % 7}", "item_id": f"i{n % 5}"} for n in range(70)]

    assert (event_path(*of_items), event_path(*of_users)) == (None, None)


def test_the_name_of_a_person_or_a_product_is_no_name_of_an_event() -> None:
    events = [
        {"user": {"id": f"u{n % 3}", "name": "Ada"}, "product": {"id": f"p{n % 4}", "name": "Lamp"}} for n in range(24)
    ]

    assert event_path(*events) is None


def test_numbers_of_documents_are_no_names_of_events() -> None:
    assert event_path(*({"name": f"#{n}", "user_id": f"u{n % 3}", "sku": f"s{n % 4}"} for n in range(24))) is None


def test_spellings_of_a_users_id_are_taken_together() -> None:
    events = [{("userId", "userid", "user_id")[n % 3]: f"u{n % 2}"} for n in range(12)]

    found = field_roles.user(Observed(events), set(range(12)))

    assert found == Choice(("userId", "user_id", "userid"), "2 users; in 100% of the wanted events", ())


def test_a_spelling_that_contradicts_is_another_id() -> None:
    events = [{"userId": f"u{n}" if n % 2 else None, "user_id": f"x{n}"} for n in range(12)]

    found = field_roles.user(Observed(events), set(range(12)))

    assert found is not None
    assert (found.paths, found.others) == (("user_id",), ("userId",))


def test_an_account_that_hardly_any_event_has_gives_way_to_the_device() -> None:
    events = [{"userId": "u1" if n == 0 else None, "anonymousId": f"a{n % 4}"} for n in range(40)]

    found = field_roles.user(Observed(events), set(range(40)))

    assert found is not None
    assert (found.paths, found.others) == (("anonymousId",), ("userId",))
    assert found.why == "4 ids of devices or visits, not of persons; in 100% of the wanted events"


def test_other_people_in_an_event_are_not_its_user() -> None:
    events = [{"seller": {"user_id": f"s{n % 2}"}, "buyer": {"user_id": f"u{n % 3}"}} for n in range(12)]

    found = field_roles.user(Observed(events), set(range(12)))

    assert found is not None
    assert (found.paths, found.others) == (("buyer.user_id",), ())


def time_of(**fields: object) -> Choice | None:
    return field_roles.time(Observed([fields]), {0})


def test_the_time_of_the_event_is_preferred_to_that_of_receiving() -> None:
    found = time_of(event_time=START, server_received_time=START + 1, processed_time=START + 2)

    assert found is not None
    assert (found.paths, found.why) == (("event_time",), "a time, as 1790812800")


def test_a_time_of_receiving_is_named_as_such() -> None:
    found = time_of(collector_tstamp=START)

    assert found is not None
    assert found.why == "a time, as 1790812800, at which the event was sent or received"


def test_a_day_gives_way_to_a_time() -> None:
    found = time_of(event_date="20261001", created_at="2026-10-01T05:00:00Z")

    assert found is not None
    assert found.paths == ("created_at",)


def test_a_day_alone_is_named_as_such() -> None:
    found = time_of(date="2026-10-01")

    assert found is not None
    assert found.why == "a day without a time, as 2026-10-01: the order of a day's events is unknown"


def test_times_of_persons_things_and_other_events_are_not_those_of_the_event() -> None:
    fields = {
        "birth_date": "1990-01-01",
        "published_at": START,
        "expires_at": START,
        "event_previous_timestamp": START,
        "user_creation_time": START,
        "customer": {"created_at": START},
        "article": {"created_at": START},
        "session": {"start_timestamp": START},
    }

    assert time_of(**fields) is None


def test_a_counter_of_each_user_is_no_id_of_an_event() -> None:
    events = [{"userId": f"u{n % 2}", "event_id": n // 2 if n > 17 else n} for n in range(20)]

    assert field_roles.message(Observed(events), set(range(20))) is None


def test_the_id_of_a_user_or_a_product_is_no_id_of_an_event() -> None:
    events = [{"user": {"id": f"u{n}"}, "product": {"uuid": f"p{n}"}} for n in range(20)]

    assert field_roles.message(Observed(events), set(range(20))) is None


def test_of_fields_with_the_same_ids_the_one_nearest_to_the_top_is_taken() -> None:
    events = [{"distinct_id": f"d{n % 3}", "properties": {"user_id": f"d{n % 3}"}} for n in range(12)]

    found = field_roles.user(Observed(events), set(range(12)))

    assert found is not None
    assert (found.paths, found.others) == (("distinct_id",), ("properties.user_id",))


def test_words_for_a_missing_value_are_no_users() -> None:
    events = [{"userId": user} for user in ("u1", "u2", "undefined", "(not set)")]

    found = field_roles.user(Observed(events), {0, 1, 2, 3})

    assert found is not None
    assert found.why == "2 users; in 50% of the wanted events, the rest become rejects (missing:USER_ID)"


def test_events_without_a_time_are_named_as_rejects() -> None:
    found = field_roles.time(Observed([{"ts": START}, {"ts": START}, {"ts": START}, {}]), {0, 1, 2, 3})

    assert found is not None
    assert found.why == (
        "a time, as 1790812800; in 75% of the wanted events, the rest become rejects (missing:TIMESTAMP)"
    )
