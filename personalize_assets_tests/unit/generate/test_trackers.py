"""How steps become events."""

from pathlib import Path

from personalize_assets.generate import generate
from personalize_assets_tests.helpers.raw_files import (
    WANTED,
    Event,
    arrived,
)


def test_rudderstack_events_carry_its_own_fields_and_local_zones(tmp_path: Path) -> None:
    generate(tmp_path / "r", layout="rudderstack", days=1, users=100, seed=3)

    events = [event for _, _, event in arrived(tmp_path / "r", "rudderstack")]
    assert all("rudderId" in event and "request_ip" in event for event in events)
    assert any(event["originalTimestamp"].endswith("+02:00") for event in events)


def test_an_event_has_the_fields_of_the_segment_spec(events: list[Event]) -> None:
    fields = {"anonymousId", "channel", "context", "integrations", "messageId", "originalTimestamp", "projectId"}
    fields |= {"receivedAt", "sentAt", "timestamp", "type", "version", "writeKey"}

    assert all(fields <= event.keys() for event in events)


def test_some_wanted_events_come_before_login_with_a_null_user_or_none(events: list[Event]) -> None:
    anonymous = [event for event in events if event.get("event") in WANTED and not event.get("userId")]

    assert {"userId" in event for event in anonymous} == {True, False}


def test_timestamps_come_in_several_forms(events: list[Event]) -> None:
    times = [event["timestamp"] for event in events]
    texts = [time for time in times if isinstance(time, str)]

    assert {len(str(time)) for time in times if isinstance(time, int)} == {10, 13}
    assert any(text.endswith("+02:00") for text in texts)
    assert any(text.endswith("Z") and "." not in text for text in texts)
    assert sum(len(text) == len("2026-10-01T10:11:12.123Z") for text in texts) > 0.9 * len(times)


def test_a_few_user_ids_and_prices_have_the_other_type(events: list[Event]) -> None:
    assert {type(event.get("userId")) for event in events} == {str, int, type(None)}
    prices = [event["properties"]["price"] for event in events if event.get("event") == "Product Clicked"]
    assert {type(price) for price in prices} == {str, float}
