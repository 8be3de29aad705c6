"""Events that are sent, stored by the service in its layout, and converted: the rows of the generator's own shop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from personalize_assets.cli import main
from personalize_assets_tests.helpers.command import invoke
from personalize_assets_tests.helpers.csv_reader import read_csv
from personalize_assets_tests.helpers.event_service import EventService, event_service
from personalize_assets_tests.helpers.firehose import delivery_stream
from personalize_assets_tests.helpers.generated_truth import Delivered, delivered, tables
from personalize_assets_tests.helpers.recipes import config_of

DAYS, USERS, SEED = 3, 150, 7
STORY = ("--days", str(DAYS), "--users", str(USERS), "--seed", str(SEED), "--start", "2026-10-01", "--rate", "100000")
KEYS = {f"SEGMENT_WRITE_KEY_{source.upper()}": f"wk-{source}" for source in ("web", "android", "ios", "server")}


def run(config: Path) -> None:
    """Run a config, whose small tables Personalize would refuse."""
    done = invoke("run", "--config", str(config))
    assert done.exit_code in (0, 3), done.output


def sent_at(service: EventService) -> datetime:
    """`sentAt` of the newest batch."""
    return datetime.fromisoformat(service.batches[-1]["sentAt"])


def assert_rows_are_those_of_the_shop(name: str, out: Path) -> None:
    """Compare the exports with what the shop's events stand for if all arrive on the day on which they are sent."""
    events = [Delivered(event, 0) for event, _ in delivered(DAYS, USERS, SEED)]
    for dataset, rows in tables(name, events)._asdict().items():
        _, found = read_csv(out / f"exports/latest/{dataset}.csv")
        assert len(rows) > 30
        assert sorted(map(str, map(tuple, found))) == sorted(map(str, rows)), dataset


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PERSONALIZE__CHECKS", "warn")


@pytest.mark.parametrize("framing", ["--newline", "--no-newline"])
def test_through_firehose_and_s3(framing: str, bucket: str, tmp_path: Path) -> None:
    delivery_stream("clicks", bucket, "raw/firehose/")

    sent = invoke("send", "--to", "firehose", "--stream", "clicks", framing, *STORY)
    assert sent.exit_code == 0, sent.output
    run(config_of("firehose", tmp_path, f"s3://{bucket}/raw", str(tmp_path / "out")))

    keys = [stored.key for stored in boto3.resource("s3").Bucket(bucket).objects.all()]
    assert all(key.startswith(f"raw/firehose/{datetime.now(UTC):%Y/%m/}") for key in keys)
    assert_rows_are_those_of_the_shop("firehose", tmp_path / "out")


def test_through_segment_and_its_destination(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    # Without the time between sending and receipt, by which Segment moves events.
    with event_service("segment", lambda: sent_at(segment).timestamp()) as segment:
        sent = invoke("send", "--to", "segment", "--host", segment.url, *STORY)
        assert sent.exit_code == 0, sent.output
        segment.write_logs(tmp_path / "raw" / "segment")

    run(config_of("segment", tmp_path, str(tmp_path / "raw"), str(tmp_path / "out")))

    assert_rows_are_those_of_the_shop("segment", tmp_path / "out")


def command(*arguments: str, env: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "personalize_assets.cli", "send", *arguments],
        env={**os.environ, **env},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def after_batches(service: EventService, count: int, then: Callable[[], None]) -> None:
    """Do something while the service answers the batch of a number."""
    answer = service._answer
    reached = threading.Event()

    def counted(key: str, body: bytes) -> object:
        found = answer(key, body)
        if len(service.batches) == count and not reached.is_set():
            reached.set()
            then()
        return found

    service._answer = counted  # type: ignore[assignment, method-assign]


def test_after_a_kill_the_rest_is_sent_and_no_event_is_lost(tmp_path: Path) -> None:
    with event_service("rudderstack", lambda: datetime.now(UTC).timestamp()) as service:
        story = ("--to", "rudderstack", "--host", service.url, *STORY[:-2], "--rate")
        keys = {name.replace("SEGMENT", "RUDDERSTACK"): key for name, key in KEYS.items()}
        process = command(*story, "400", env=keys)
        after_batches(service, 3, process.kill)
        process.communicate()

        process = command(*story, "100000", "--resume", "sent/rudderstack.json", env=keys)
        _, error = process.communicate()

    assert (process.returncode, error) == (0, "")
    sent = Counter(event["messageId"] for event in service.all_stored)
    story_ids = Counter(event.id for event, _ in delivered(DAYS, USERS, SEED))
    assert story_ids - sent == Counter()
    # One batch was accepted and not in the state file.
    assert 0 < (sent - story_ids).total() <= 400


def test_ctrl_c_is_one_sentence_and_the_rest_is_sent_later(tmp_path: Path) -> None:
    with event_service("segment", lambda: datetime.now(UTC).timestamp()) as segment:
        story = ("--to", "segment", "--host", segment.url, *STORY[:-2], "--rate", "400")
        process = command(*story, env=KEYS)
        after_batches(segment, 3, lambda: process.send_signal(signal.SIGINT))
        _, error = process.communicate()

        assert process.returncode == 130
        (line,) = error.splitlines()
        assert line.endswith(" events; go on with the same command and --resume sent/segment.json.")

        process = command(*story[:-1], "100000", "--resume", "sent/segment.json", env=KEYS)
        _, error = process.communicate()

    assert (process.returncode, error) == (0, "")
    sent = Counter(event["messageId"] for event in segment.all_stored)
    assert sent == dict.fromkeys({event.id for event, _ in delivered(DAYS, USERS, SEED)}, 1)


def test_the_command_offers_every_target() -> None:
    from personalize_assets.generate.senders.options import TARGETS

    (option,) = (option for option in main.commands["send"].params if option.name == "to")

    assert tuple(option.type.choices) == TARGETS  # type: ignore[attr-defined]
