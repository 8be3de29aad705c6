"""Batches into moto's Firehose and Kinesis, and answers that fail in part."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoRegionError

from personalize_assets.generate.senders.command import send_and_report
from personalize_assets.generate.senders.messages import Message, messages, unchanged
from personalize_assets.generate.senders.options import Options
from personalize_assets.generate.senders.streams import StreamTarget
from personalize_assets.generate.senders.target import Answer, SendError
from personalize_assets.generate.story import Story
from personalize_assets_tests.helpers.firehose import delivery_stream, objects
from personalize_assets_tests.helpers.sender_clock import SenderClock

OPTIONS = Options("firehose", stream="clicks", days=2, users=40, seed=3, start=date(2026, 10, 1), rate=10_000)
MESSAGES = [Message("all", b'{"n":%d}' % number, f"user{number}") for number in range(4)]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def contents() -> list[bytes]:
    story = Story(2, 40, 3, date(2026, 10, 1))
    return [message.content for message in messages(story, run="", write=unchanged, by_source=False)]


class Failing:
    """A client whose calls give planned answers."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[dict[str, Any]] = []

    def put_record_batch(self, **call: Any) -> Any:
        return self._answer(call)

    def put_records(self, **call: Any) -> Any:
        return self._answer(call)

    def _answer(self, call: dict[str, Any]) -> Any:
        self.calls.append(call)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def client_error(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "text"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutRecordBatch")


def of(service: str, *answers: Any) -> tuple[StreamTarget, Failing]:
    client = Failing(*answers)
    return StreamTarget(service, "clicks", newline=False, client=lambda _: client), client


def test_boto3_is_not_loaded_before_a_stream_is_used() -> None:
    code = "import sys, personalize_assets.generate.senders.command as _; print('boto3' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_firehose_stores_the_lines_that_generate_writes(bucket: str) -> None:
    delivery_stream("clicks", bucket)

    assert send_and_report(OPTIONS, {}, SenderClock()) == 0

    assert b"".join(objects(bucket)) == b"".join(content + b"\n" for content in contents())


def test_without_line_breaks_objects_are_glued(bucket: str) -> None:
    delivery_stream("clicks", bucket)

    assert send_and_report(replace(OPTIONS, newline=False), {}, SenderClock()) == 0

    assert b"".join(objects(bucket)) == b"".join(contents())


def test_kinesis_gets_every_event_without_a_line_break_by_user(bucket: str) -> None:
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    try:
        assert send_and_report(replace(OPTIONS, to="kinesis"), {}, SenderClock()) == 0

        shard = kinesis.get_shard_iterator(
            StreamName="clicks", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
        )
        records = kinesis.get_records(ShardIterator=shard["ShardIterator"])["Records"]
    finally:
        kinesis.delete_stream(StreamName="clicks")
    assert [record["Data"] for record in records] == contents()
    for record in records:
        event = json.loads(record["Data"])
        assert record["PartitionKey"] == str(event.get("userId") or event["anonymousId"])


def test_a_stream_that_does_not_exist_is_1_with_what_aws_answered(
    bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert send_and_report(replace(OPTIONS, stream="none"), {}, SenderClock()) == 1

    assert "firehose stream none refused 183 events: " in (error := capsys.readouterr().err)
    assert "ResourceNotFoundException" in error


def test_without_a_region_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")

    assert send_and_report(OPTIONS, {}, SenderClock()) == 1

    assert "firehose stream clicks cannot be reached: You must specify a region." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("service", "entries"), [("firehose", "RequestResponses"), ("kinesis", "Records")], ids=["firehose", "kinesis"]
)
def test_only_the_records_that_failed_are_to_be_put_again(service: str, entries: str) -> None:
    failed = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "slow"}
    target, client = of(service, {entries: [{}, failed, {}, failed]}, {entries: [{}, {}, {}, {}]})

    assert target.put("all", MESSAGES) == Answer(
        [1, 3], None, "2 of 4 records failed, the first one with ServiceUnavailableException: slow"
    )
    assert target.put("all", MESSAGES) == Answer()
    assert len(client.calls[0]["Records"]) == 4


@pytest.mark.parametrize(
    "error",
    [
        client_error("ServiceUnavailableException"),
        client_error("ProvisionedThroughputExceededException"),
        client_error("ThrottlingException"),
        client_error("Unknown", 500),
        client_error("Unknown", 429),
        EndpointConnectionError(endpoint_url="http://x"),
    ],
    ids=str,
)
def test_a_call_that_failed_for_a_time_is_to_be_put_again(error: Exception) -> None:
    target, _ = of("firehose", error)

    answer = target.put("all", MESSAGES)

    assert (answer.retry, answer.wait) == (range(4), None)


@pytest.mark.parametrize(
    "error", [client_error("AccessDeniedException"), client_error("InvalidArgumentException"), NoRegionError()], ids=str
)
def test_a_call_that_will_not_do_stops(error: Exception) -> None:
    target, _ = of("firehose", error)

    with pytest.raises(SendError, match="firehose stream clicks"):
        target.put("all", MESSAGES)


@pytest.mark.parametrize(
    ("service", "most", "key_bytes"), [("firehose", 4 * 1024**2, 0), ("kinesis", 5 * 1024**2, 256 * 500)]
)
def test_a_full_batch_is_within_the_limit_even_in_base64(service: str, most: int, key_bytes: int) -> None:
    limits = StreamTarget(service, "clicks", newline=True).limits

    assert limits.events == 500
    assert (limits.bytes + key_bytes) * 4 / 3 <= most
    assert limits.event_bytes + len(b"\n") <= 1000 * 1024


def test_an_arn_names_a_stream_of_kinesis() -> None:
    client = Failing({"Records": []})
    arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/clicks"
    make: Callable[[str], Any] = lambda _: client  # noqa: E731

    StreamTarget("kinesis", arn, newline=False, client=make).put("all", MESSAGES)

    assert client.calls[0]["StreamARN"] == arn
