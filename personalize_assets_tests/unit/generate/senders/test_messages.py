"""What a service gets of an event."""

import json
from collections import Counter
from datetime import date, datetime

from personalize_assets.generate.happenings import read_happening
from personalize_assets.generate.senders.messages import ALL, SOURCES, as_call, messages, survey, unchanged
from personalize_assets.generate.story import Story

STORY = Story(3, 120, 3, date(2026, 10, 1))
WHOLE = [line for hour in STORY.hours() for line in hour if not line.broken]


def test_every_whole_event_is_a_message_repeats_included() -> None:
    found = list(messages(STORY, run="", write=unchanged, by_source=False))

    assert [message.content for message in found] == [line.content for line in WHOLE]
    assert sum(line.repeated for line in WHOLE) > 5
    assert {message.source for message in found} == {ALL}


def test_a_source_has_the_events_of_its_platform_and_the_servers_are_apart() -> None:
    found = messages(STORY, run="", write=unchanged, by_source=True)

    for message in found:
        event = read_happening(message.content)
        assert message.source == ("server" if event.server else event.platform)


def test_the_key_is_the_user_or_before_login_the_device() -> None:
    for message in messages(STORY, run="", write=unchanged, by_source=False):
        event = read_happening(message.content)
        assert message.key == (event.user or event.anonymous)


def test_a_run_is_put_before_each_message_id_and_changes_nothing_else() -> None:
    first = messages(STORY, run="", write=unchanged, by_source=False)
    second = messages(STORY, run="2", write=unchanged, by_source=False)

    for one, other in zip(first, second, strict=True):
        before, after = json.loads(one.content), json.loads(other.content)
        assert after.pop("messageId") == f"2-{before.pop('messageId')}"
        assert after == before


def test_a_call_has_nothing_that_the_service_sets() -> None:
    names = {name for line in WHOLE for name in json.loads(as_call(line.content))}

    assert names == {
        "anonymousId", "context", "event", "integrations", "messageId", "properties", "timestamp", "traits", "type",
        "userId",
    }  # fmt: skip


def test_a_call_has_the_events_own_time_in_iso_8601() -> None:
    forms: Counter[tuple[type, str]] = Counter()
    for line in WHOLE:
        sent = json.loads(as_call(line.content))["timestamp"]
        assert round(datetime.fromisoformat(sent).timestamp() * 1000) == read_happening(line.content).at
        forms[type(json.loads(line.content)["timestamp"]), sent[-1]] += 1

    assert set(forms) == {(str, "Z"), (int, "Z")}


def test_a_call_has_a_user_id_as_text_or_none() -> None:
    kinds = {type(json.loads(line.content).get("userId")) for line in WHOLE}
    sent = {type(json.loads(as_call(line.content)).get("userId", "absent")) for line in WHOLE}

    assert kinds == {str, int, type(None)}
    assert sent == {str}


def test_a_call_keeps_the_content_of_the_event() -> None:
    for line in WHOLE:
        event, call = json.loads(line.content), json.loads(as_call(line.content))
        for name in ("messageId", "anonymousId", "context", "type"):
            assert call[name] == event[name]
        assert (call.get("properties"), call.get("traits")) == (event.get("properties"), event.get("traits"))


def test_a_survey_counts_messages_and_the_ids_that_segment_bills() -> None:
    events = [json.loads(line.content) for line in WHOLE]
    ids = {str(event["userId"]) for event in events if event.get("userId")}

    found = survey(STORY, by_source=True)

    assert found.tracked == len(ids) + len({event["anonymousId"] for event in events})
    assert tuple(found.events) == SOURCES
    assert sum(found.events.values()) == len(WHOLE) == survey(STORY, by_source=False).events[ALL]
