"""What the command prints and exits with."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import click
import pytest

from personalize_assets.generate.senders.command import send_and_report
from personalize_assets.generate.senders.options import Options
from personalize_assets.generate.senders.target import Limits, SendError
from personalize_assets_tests.helpers.recorded_target import RecordedTarget, recorded_target
from personalize_assets_tests.helpers.sender_clock import SenderClock

OPTIONS = Options("segment", days=2, users=40, seed=3, start=date(2026, 10, 1))
RESUMED = replace(OPTIONS, resume=Path("sent/segment.json"))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> RecordedTarget:
    return recorded_target(monkeypatch)


def send(options: Options = OPTIONS) -> int:
    return send_and_report(options, {}, SenderClock())


def test_all_accepted_is_0_with_counts_by_source(target: RecordedTarget, capsys: pytest.CaptureFixture[str]) -> None:
    assert send() == 0

    first, billed, *table, last = capsys.readouterr().out.splitlines()
    total = f"{len(target.ids):,}"
    assert first.startswith(f"{total} events of 2026-10-01..2026-10-02 to https://service.example, about ")
    assert billed.endswith("user ids and anonymous ids; Segment bills each as a tracked user.")
    assert [line.split()[0] for line in table] == ["source", "android", "ios", "server", "web", "total"]
    assert table[0].split() == ["source", "sent", "accepted", "refused", "retried"]
    assert table[-1].split() == ["total", total, total, "0", "0"]
    assert last == "Segment answers 200 to events that it drops, too: look at the Debugger of each source in its app."


def test_a_refusal_is_1_with_counts_its_cause_and_how_to_go_on(
    target: RecordedTarget, capsys: pytest.CaptureFixture[str]
) -> None:
    target.planned = [None, SendError("HTTP 401: wrong key")]

    assert send(replace(OPTIONS, rate=20)) == 1

    out, err = capsys.readouterr()
    assert out.splitlines()[-1].split()[1:] == ["40", "20", "20", "0"]
    assert err.splitlines() == [
        "Error: HTTP 401: wrong key",
        "After the cause is gone, go on with the same command and --resume sent/segment.json.",
    ]
    assert send(RESUMED) == 0


def test_events_too_large_to_send_are_1_also_when_all_else_is_sent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded_target(monkeypatch, Limits(500, 475_000, 700))

    assert (send(), send(RESUMED)) == (1, 1)
    assert "Nothing to send: sent/segment.json is of a sending that is finished." in capsys.readouterr().out


def test_ctrl_c_is_130_and_one_sentence(target: RecordedTarget, capsys: pytest.CaptureFixture[str]) -> None:
    target.planned = [None, None, KeyboardInterrupt()]

    assert send(replace(OPTIONS, rate=20)) == 130

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Stopped after 40 of ")
    assert line.endswith(" events; go on with the same command and --resume sent/segment.json.")


def test_wrong_options_are_1_with_the_cause(capsys: pytest.CaptureFixture[str]) -> None:
    assert send(Options("firehose")) == 1
    assert capsys.readouterr().err == "Error: stream: firehose needs the name of a stream; give --stream NAME\n"


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 1)])
def test_many_tracked_users_are_sent_to_segment_after_a_question(
    answer: bool, code: int, target: RecordedTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def confirm(text: str) -> bool:
        asked.append(text)
        return answer

    monkeypatch.setattr(click, "confirm", confirm)

    assert send(replace(OPTIONS, users=2500, days=1, rate=10_000)) == code
    assert asked == ["Send them?"]
    assert bool(target.ids) == answer


def test_without_a_question_on_request_or_to_other_services(
    target: RecordedTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(click, "confirm", lambda text: pytest.fail("asked"))
    many = replace(OPTIONS, users=2500, days=1, rate=10_000)

    assert send(replace(many, yes=True)) == 0
    assert send(replace(many, to="firehose", stream="s")) == 0


def test_a_dry_run_says_what_would_be_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert send(replace(OPTIONS, dry_run=True, out=tmp_path / "bodies")) == 0

    _, _, header, *_, last = capsys.readouterr().out.splitlines()
    assert header == "source   would be sent   refused"
    assert last == "Nothing was sent: this was a dry run."
    assert len(list((tmp_path / "bodies").iterdir())) > 3


def test_a_dry_run_can_be_repeated_and_touches_no_data(tmp_path: Path) -> None:
    dry_run = replace(OPTIONS, dry_run=True)

    assert (send(dry_run), send(dry_run)) == (0, 0)
    assert [folder.name for folder in tmp_path.iterdir()] == ["sent"]
    assert [folder.name for folder in (tmp_path / "sent").iterdir()] == ["segment"]
