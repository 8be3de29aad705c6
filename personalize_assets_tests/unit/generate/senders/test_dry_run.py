"""A dry run's folder."""

import json
from pathlib import Path

import pytest

from personalize_assets.generate.senders.dry_run import DryRun
from personalize_assets.generate.senders.http_api import HttpTarget
from personalize_assets.generate.senders.messages import Message
from personalize_assets.generate.senders.streams import StreamTarget
from personalize_assets_tests.helpers.sender_clock import SenderClock

MESSAGES = [Message("web", b'{"a":1}', "k"), Message("web", b'{"a":2}', "k")]


def test_each_batch_is_a_file_with_the_body_of_its_request(tmp_path: Path) -> None:
    target = DryRun(HttpTarget("https://x.example", {}, SenderClock()), tmp_path / "out")

    assert [target.put(source, MESSAGES).retry for source in ("web", "ios")] == [(), ()]

    files = {file.name: json.loads(file.read_bytes()) for file in (tmp_path / "out").iterdir()}
    body = {"batch": [{"a": 1}, {"a": 2}], "sentAt": "2026-10-20T12:00:00.000Z"}
    assert files == {"web-00001.json": body, "ios-00002.json": body}


def test_the_records_of_a_stream_are_as_they_would_be_stored(tmp_path: Path) -> None:
    DryRun(StreamTarget("firehose", "s", newline=True), tmp_path).put("all", MESSAGES)

    assert (tmp_path / "all-00001.json").read_bytes() == b'{"a":1}\n{"a":2}\n'


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()

    with pytest.raises(ValueError, match="has mine, which no dry run has written; name an empty folder or a new one"):
        DryRun(StreamTarget("firehose", "s", newline=True), tmp_path)


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()

    with pytest.raises(ValueError, match="mine is not a folder; name another one"):
        DryRun(StreamTarget("firehose", "s", newline=True), tmp_path / "mine")


def test_the_files_of_an_earlier_dry_run_are_replaced(tmp_path: Path) -> None:
    first = DryRun(StreamTarget("firehose", "s", newline=True), tmp_path)
    for source in ("web", "all", "ios"):
        first.put(source, MESSAGES)

    again = DryRun(StreamTarget("firehose", "s", newline=True), tmp_path)
    for _ in range(2):
        again.put("web", MESSAGES[:1])

    files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert files == {"web-00001.json": b'{"a":1}\n', "web-00002.json": b'{"a":1}\n'}
