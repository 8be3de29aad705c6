"""Options, keys and addresses."""

import base64
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.generate.senders.http_api import HttpTarget
from personalize_assets.generate.senders.options import Options
from personalize_assets.generate.senders.streams import StreamTarget
from personalize_assets_tests.helpers.sender_clock import SenderClock

KEYS = {f"SEGMENT_WRITE_KEY_{source}": f"wk-{source}" for source in ("WEB", "ANDROID", "IOS", "SERVER")}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"to": "kafka"}, "to: 'kafka' is not a target; use one of segment, rudderstack, firehose, kinesis, http"),
        ({"to": "firehose"}, "stream: firehose needs the name of a stream; give --stream NAME"),
        ({"to": "kinesis", "stream": "s", "host": "http://x"}, "host: kinesis has none; set AWS_ENDPOINT_URL"),
        ({"to": "segment", "stream": "s"}, "stream: segment has none; give --host URL"),
        ({"to": "segment", "newline": True}, "newline: segment takes batches"),
        ({"to": "http", "host": "http://x", "one_key": True}, "one-key: http has no write keys; leave it out"),
        ({"to": "rudderstack"}, "host: rudderstack needs your data plane's URL; give --host URL"),
        ({"to": "http"}, "host: http needs the URL that takes batches; give --host URL"),
        ({"to": "segment", "host": "api.segment.io"}, "host: 'api.segment.io' is not a URL; write it as https://"),
        ({"to": "segment", "out": Path("x")}, "out: only a dry run writes into a folder; give --dry-run, too"),
        ({"to": "segment", "days": 0}, "days: 0 is too few; give 1 or more"),
        ({"to": "segment", "run": "a b"}, "run: 'a b' cannot begin a message id"),
    ],
)
def test_options_that_do_not_go_together_are_an_error(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 (the text is compared)
        Options(**given).check()

    assert str(raised.value).startswith(problem)


def test_the_last_day_is_yesterday() -> None:
    clock = SenderClock(datetime(2026, 10, 20, 0, 30, tzinfo=UTC))

    assert Options("segment", days=7).first_day(clock) == date(2026, 10, 13)


def test_a_day_that_is_not_over_is_an_error() -> None:
    clock = SenderClock(datetime(2026, 10, 20, 23, 30, tzinfo=UTC))

    assert Options("segment", days=2, start=date(2026, 10, 18)).first_day(clock) == date(2026, 10, 18)
    with pytest.raises(ValueError, match=r"2 days from 2026-10-19 on are not over yet .* give 2026-10-18 or"):
        Options("segment", days=2, start=date(2026, 10, 19)).first_day(clock)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (None, "https://api.segment.io/v1/batch"),
        ("https://events.eu1.segmentapis.com", "https://events.eu1.segmentapis.com/v1/batch"),
        ("https://events.eu1.segmentapis.com/v1/", "https://events.eu1.segmentapis.com/v1/batch"),
        ("https://events.eu1.segmentapis.com/v1/batch", "https://events.eu1.segmentapis.com/v1/batch"),
    ],
)
def test_the_path_is_added_to_a_host(host: str | None, url: str) -> None:
    assert Options("segment", host=host).target(KEYS, SenderClock()).address == url


def test_the_url_of_http_is_taken_as_it_is() -> None:
    assert (
        Options("http", host="https://x.example/in?a=1").target({}, SenderClock()).address == "https://x.example/in?a=1"
    )


def test_each_source_has_the_key_of_its_variable() -> None:
    target = Options("segment").target(KEYS, SenderClock())

    assert isinstance(target, HttpTarget)
    decoded = {source: base64.b64decode(header[6:]) for source, header in target._authorizations.items()}
    assert decoded == {"web": b"wk-WEB:", "android": b"wk-ANDROID:", "ios": b"wk-IOS:", "server": b"wk-SERVER:"}


def test_missing_keys_are_all_named() -> None:
    with pytest.raises(
        ValueError, match=r"^SEGMENT_WRITE_KEY_IOS, SEGMENT_WRITE_KEY_SERVER: not set in the environment"
    ):
        Options("segment").target({**KEYS, "SEGMENT_WRITE_KEY_IOS": " ", "SEGMENT_WRITE_KEY_SERVER": ""}, SenderClock())


def test_one_key_needs_one_variable() -> None:
    options = Options("rudderstack", host="https://data.example", one_key=True)

    assert options.target({"RUDDERSTACK_WRITE_KEY": "k"}, SenderClock()).address == "https://data.example/v1/batch"
    with pytest.raises(ValueError, match=r"^RUDDERSTACK_WRITE_KEY: not set in the environment; set each to"):
        options.target({}, SenderClock())


def test_a_header_of_several_lines_is_refused_without_its_text() -> None:
    with pytest.raises(ValueError, match="HTTP_AUTHORIZATION: not a line of ASCII") as raised:
        Options("http", host="https://x.example").target({"HTTP_AUTHORIZATION": "Bearer a\nb"}, SenderClock())

    assert "Bearer" not in str(raised.value)


@pytest.mark.parametrize(
    ("to", "newline", "end"),
    [("firehose", None, b"\n"), ("firehose", False, b""), ("kinesis", None, b""), ("kinesis", True, b"\n")],
)
def test_records_end_as_segment_ends_them_or_as_asked_for(to: str, newline: bool | None, end: bytes) -> None:
    target = Options(to, stream="s", newline=newline).target({}, SenderClock())

    assert isinstance(target, StreamTarget)
    assert target._end == end


def test_a_dry_run_needs_no_keys(tmp_path: Path) -> None:
    assert "dry run" in Options("segment", dry_run=True, out=tmp_path / "out").target({}, SenderClock()).address
