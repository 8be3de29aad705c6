"""Batches to servers that play the documented rules of Segment and RudderStack."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from personalize_assets.generate.senders.command import send_and_report
from personalize_assets.generate.senders.http_api import HttpTarget, basic
from personalize_assets.generate.senders.messages import Message, as_call, messages
from personalize_assets.generate.senders.options import Options
from personalize_assets.generate.senders.target import Answer, SendError
from personalize_assets.generate.story import Story
from personalize_assets_tests.helpers.event_service import EventService, Planned, event_service
from personalize_assets_tests.helpers.sender_clock import SenderClock

OPTIONS = Options("segment", days=2, users=40, seed=3, start=date(2026, 10, 1))
ENV = {
    f"{service}_WRITE_KEY_{source.upper()}": f"wk-{source}"
    for service in ("SEGMENT", "RUDDERSTACK")
    for source in ("web", "android", "ios", "server")
}
MESSAGE = Message("web", b'{"type":"track","event":"A","userId":"1","messageId":"m","timestamp":"2026-10-01"}', "1")


@pytest.fixture
def clock() -> SenderClock:
    return SenderClock()


@pytest.fixture
def segment(clock: SenderClock) -> Iterator[EventService]:
    with event_service("segment", clock.now) as service:
        yield service


@pytest.fixture
def rudderstack(clock: SenderClock) -> Iterator[EventService]:
    with event_service("rudderstack", clock.now) as service:
        yield service


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def send(service: EventService, clock: SenderClock, **options: object) -> int:
    changed = replace(OPTIONS, to=service.kind, host=service.url, **options)  # type: ignore[arg-type]
    return send_and_report(changed, ENV, clock)


def ids_of_story() -> list[str]:
    story = Story(2, 40, 3, date(2026, 10, 1))
    return sorted(
        json.loads(message.content)["messageId"] for message in messages(story, run="", write=as_call, by_source=True)
    )


def ids(service: EventService) -> list[str]:
    return sorted(event["messageId"] for event in service.all_stored)


def put(service: EventService, clock: SenderClock, key: str = "wk-web") -> Answer:
    target = HttpTarget(service.url + "/v1/batch", {"web": basic(key)}, clock)
    return target.put("web", [MESSAGE])


def test_segment_stores_every_event_in_its_source(segment: EventService, clock: SenderClock) -> None:
    assert send(segment, clock) == 0

    assert ids(segment) == sorted(set(ids_of_story()))
    assert set(segment.paths) == {"/v1/batch"}
    for source, events in segment.stored.items():
        assert len(events) > 10, source


def test_rudderstack_stores_every_event_repeats_included(rudderstack: EventService, clock: SenderClock) -> None:
    assert send(rudderstack, clock) == 0

    assert ids(rudderstack) == ids_of_story()


def test_segment_keeps_the_time_of_each_event(segment: EventService, clock: SenderClock) -> None:
    send(segment, clock)

    story = Story(2, 40, 3, date(2026, 10, 1))
    calls = [json.loads(message.content) for message in messages(story, run="", write=as_call, by_source=True)]
    times = {call["messageId"]: call["timestamp"] for call in calls}
    assert {event["messageId"]: event["timestamp"] for event in segment.all_stored} == times


def test_each_batch_is_sent_at_now_and_within_the_limits(segment: EventService, clock: SenderClock) -> None:
    begun = clock.now()
    send(segment, clock, rate=10_000)

    sent = [datetime.fromisoformat(batch["sentAt"]).timestamp() for batch in segment.batches]
    assert (sent[0], sent) == (begun, sorted(sent))
    assert max(len(batch["batch"]) for batch in segment.batches) <= 500
    assert max(len(json.dumps(batch)) for batch in segment.batches) < 500_000


def test_no_body_holds_a_key(segment: EventService, clock: SenderClock) -> None:
    send(segment, clock)

    assert "wk-" not in json.dumps(segment.batches)
    assert "writeKey" not in json.dumps(segment.batches)


def test_retry_after_is_waited_for_and_the_batch_sent_again(segment: EventService, clock: SenderClock) -> None:
    segment.planned = [Planned(429, {"Retry-After": "7", "X-RateLimit-Reset": "9"}), Planned(429, {"Retry-After": "8"})]

    assert send(segment, clock, rate=10_000) == 0

    assert [wait for wait in clock.waits if wait >= 1] == [7, 8]
    assert ids(segment) == sorted(set(ids_of_story()))


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Tue, 20 Oct 2026 12:01:00 GMT"}, 60),
        ({"Retry-After": "Tue, 20 Oct 2026 11:00:00 GMT"}, 0),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "9"}, 9),
        ({"X-RateLimit-Reset": "nan"}, None),
        ({}, None),
    ],
)
def test_how_long_a_service_asks_to_wait(
    headers: dict[str, str], wait: float | None, rudderstack: EventService, clock: SenderClock
) -> None:
    rudderstack.planned = [Planned(429, headers, "too many")]

    assert put(rudderstack, clock) == Answer(range(1), wait, "HTTP 429: too many")


@pytest.mark.parametrize("planned", [Planned(500), Planned(502), Planned(503), Planned(408), Planned(429), Planned(0)])
def test_what_may_pass_is_tried_again_with_waits_that_grow(
    planned: Planned, rudderstack: EventService, clock: SenderClock
) -> None:
    rudderstack.planned = [planned] * 3

    assert send(rudderstack, clock, rate=10_000) == 0

    assert clock.waits[:3] == [0.5, 1, 2]
    assert ids(rudderstack) == ids_of_story()


def test_an_answer_that_was_lost_is_no_second_event_in_segment(segment: EventService, clock: SenderClock) -> None:
    segment.planned = [Planned(0, is_stored=True), Planned(503, is_stored=True)]

    assert send(segment, clock) == 0

    assert ids(segment) == sorted(set(ids_of_story()))


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 413, 422, 501, 505])
def test_what_does_not_pass_stops_at_once_with_the_answer(
    status: int, segment: EventService, clock: SenderClock, capsys: pytest.CaptureFixture[str]
) -> None:
    segment.planned = [Planned(status, {"Location": segment.url}, "because of this")]

    assert send(segment, clock) == 1

    assert len(segment.batches) == 1
    assert f"HTTP {status}: because of this" in capsys.readouterr().err


def test_a_service_that_stays_down_is_given_up_and_gone_on_with(
    segment: EventService, clock: SenderClock, capsys: pytest.CaptureFixture[str]
) -> None:
    segment.planned = [Planned(503, {}, "down")] * 10

    assert send(segment, clock) == 1
    assert "failed 10 times" in capsys.readouterr().err
    assert send(segment, clock) == 0
    assert ids(segment) == sorted(set(ids_of_story()))


def test_an_answer_without_success_is_a_refusal(segment: EventService, clock: SenderClock) -> None:
    segment.planned = [Planned(200, {}, '{"success": false, "message": "no"}')]

    with pytest.raises(SendError, match=r'refused 1 events of web, with 200: \{"success": false, "message": "no"\}'):
        put(segment, clock)


def test_a_key_that_a_server_repeats_is_not_printed(segment: EventService, clock: SenderClock) -> None:
    segment.planned = [Planned(401, {}, f"unknown key wk-web, header {basic('wk-web')}")]

    with pytest.raises(SendError, match=r"HTTP 401: unknown key \*\*\*, header \*\*\*$"):
        put(segment, clock)


def test_a_port_where_no_server_is_may_come_back(clock: SenderClock) -> None:
    with event_service("segment", clock.now) as service:
        pass

    answer = put(service, clock)

    assert (answer.retry, answer.wait) == (range(1), None)
    assert "Connection refused" in answer.why


def test_a_host_that_does_not_exist_stops_at_once(clock: SenderClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")

    with pytest.raises(SendError, match=r"https://no-such-host\.invalid/v1/batch cannot be reached: .*; check --host"):
        HttpTarget("https://no-such-host.invalid/v1/batch", {}, clock).put("web", [MESSAGE])


def test_http_takes_any_url_with_the_header_of_the_environment(rudderstack: EventService, clock: SenderClock) -> None:
    options = replace(OPTIONS, to="http", host=rudderstack.url + "/in?a=1")

    assert send_and_report(options, {"HTTP_AUTHORIZATION": basic("wk-web")}, clock) == 0

    assert set(rudderstack.paths) == {"/in?a=1"}
    assert sorted(event["messageId"] for event in rudderstack.stored["web"]) == ids_of_story()


def test_one_key_sends_all_to_one_source(segment: EventService, clock: SenderClock) -> None:
    options = replace(OPTIONS, host=segment.url, one_key=True)

    assert send_and_report(options, {"SEGMENT_WRITE_KEY": "wk-server"}, clock) == 0

    assert len(segment.stored["server"]) == len(segment.all_stored) == len(set(ids_of_story()))


def test_the_service_has_the_rule_that_limits_are_for(segment: EventService, clock: SenderClock) -> None:
    target = HttpTarget(segment.url + "/v1/batch", {"web": basic("wk-web")}, clock)

    assert target.put("web", [MESSAGE] * 2501) == Answer()
    assert segment.all_stored == []
