"""A story that is sent, stopped and gone on with."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from personalize_assets.generate.senders.messages import as_call, messages
from personalize_assets.generate.senders.options import Options
from personalize_assets.generate.senders.sending import Sending, prepare
from personalize_assets.generate.senders.state import read_state
from personalize_assets.generate.senders.target import Answer, Limits, SendError
from personalize_assets.generate.story import Story
from personalize_assets_tests.helpers.recorded_target import RecordedTarget, recorded_target
from personalize_assets_tests.helpers.sender_clock import SenderClock

OPTIONS = Options("segment", days=2, users=40, seed=3, start=date(2026, 10, 1))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> RecordedTarget:
    return recorded_target(monkeypatch)


def send(options: Options = OPTIONS, clock: SenderClock | None = None) -> Sending:
    sending = prepare(options, {}, clock or SenderClock())
    sending.send(lambda line: None)
    return sending


def ids_of_story(day: date = date(2026, 10, 1)) -> list[str]:
    story = Story(2, 40, 3, day)
    found = messages(story, run="", write=as_call, by_source=True)
    return sorted(json.loads(message.content)["messageId"] for message in found)


def test_every_event_is_sent_once(target: RecordedTarget) -> None:
    sending = send()

    assert sorted(target.ids) == ids_of_story()
    assert sum(counts.accepted for counts in sending.counts.values()) == sending.total == len(target.ids) > 150
    assert sending.is_accepted


def test_no_batch_has_more_events_than_belong_into_a_second(target: RecordedTarget) -> None:
    clock = SenderClock()

    send(replace(OPTIONS, rate=20), clock)

    assert max(target.sizes) == 20
    # All but the last batch had their time.
    assert sum(clock.waits) == pytest.approx((len(target.ids) - target.sizes[-1]) / 20)


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SendError("no")])
def test_what_stopped_goes_on_with_the_rest(stop: BaseException, target: RecordedTarget) -> None:
    target.planned = [None, None, None, stop]
    with pytest.raises(type(stop)):
        send(replace(OPTIONS, rate=20))
    first = len(target.ids)

    sending = send(replace(OPTIONS, rate=50, resume=Path("sent/segment.json")))

    assert first == 60
    assert sorted(target.ids) == ids_of_story()
    assert sum(counts.sent for counts in sending.counts.values()) == len(target.ids) - first
    assert sending.is_accepted


def test_a_story_goes_on_on_a_later_day_with_its_own_days(target: RecordedTarget) -> None:
    options = replace(OPTIONS, start=None, rate=20)
    target.planned = [None, SendError("no")]
    with pytest.raises(SendError):
        send(options)

    sending = send(replace(options, resume=Path("sent/segment.json")), SenderClock(datetime(2026, 10, 29, tzinfo=UTC)))

    assert sending.story.start == date(2026, 10, 18)
    assert sorted(target.ids) == ids_of_story(date(2026, 10, 18))


def test_a_batch_that_was_accepted_in_part_is_sent_again_with_the_same_ids(target: RecordedTarget) -> None:
    target.planned = [Answer([5], None, "busy"), *[Answer([0], None, "busy")] * 10]
    with pytest.raises(SendError, match="did not accept 1 events"):
        send(replace(OPTIONS, rate=20))

    send(replace(OPTIONS, resume=Path("sent/segment.json")))

    assert len(target.ids) == len(ids_of_story()) + 19
    assert set(target.ids) == set(ids_of_story())


def test_a_finished_sending_has_nothing_left(target: RecordedTarget) -> None:
    send()

    again = prepare(replace(OPTIONS, resume=Path("sent/segment.json")), {}, SenderClock())

    assert again.state.finished is not None
    assert again.done == again.total


def test_a_sending_that_is_not_finished_is_not_begun_anew(target: RecordedTarget) -> None:
    target.planned = [None, SendError("no")]
    with pytest.raises(SendError):
        send(replace(OPTIONS, rate=20))

    with pytest.raises(ValueError, match=r"not finished \(20 events were accepted\); go on with --resume sent/s"):
        send()


def test_segment_does_not_get_ids_again_that_it_would_drop(target: RecordedTarget) -> None:
    send()

    with pytest.raises(ValueError, match=r"the events of seed 3 were sent at 2026-10-20 12:0. UTC.*give --run 2"):
        send()
    send(replace(OPTIONS, run="2"))

    assert len(set(target.ids)) == 2 * len(set(ids_of_story()))


def test_after_a_day_the_same_events_may_be_sent_again(target: RecordedTarget) -> None:
    send()

    assert send(clock=SenderClock(datetime(2026, 10, 21, 13, tzinfo=UTC))).is_accepted


def test_a_state_file_of_another_sending_is_an_error_that_names_the_difference(target: RecordedTarget) -> None:
    send()

    with pytest.raises(ValueError, match=r"is of another sending: users was 40 and is 41; give the same options, or"):
        send(replace(OPTIONS, users=41, resume=Path("sent/segment.json")))


def test_events_that_are_too_large_are_refused_and_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    target = recorded_target(monkeypatch, Limits(500, 475_000, 700))

    sending = send()

    refused = sum(counts.refused for counts in sending.counts.values())
    assert 0 < refused == sending.total - len(target.ids)
    assert not sending.is_accepted
    state = read_state(OPTIONS.state_file)
    assert state is not None
    assert sum(state.too_large.values()) == refused


def test_progress_is_a_line_in_ten_seconds(target: RecordedTarget) -> None:
    lines: list[str] = []

    sending = prepare(replace(OPTIONS, rate=10), {}, SenderClock())
    sending.send(lines.append)

    assert len(lines) == int(len(target.ids) / 10) // 10
    assert lines[0] == f"110 of {sending.total:,} events, {(sending.total - 110) / 10:,.0f} s left"


def test_a_dry_run_leaves_no_state_and_does_not_wait(monkeypatch: pytest.MonkeyPatch, target: RecordedTarget) -> None:
    clock = SenderClock()

    assert send(replace(OPTIONS, dry_run=True, rate=10), clock).is_accepted

    assert clock.waits == []
    assert not OPTIONS.state_file.exists()
