"""A queue on moto's server, reached with the config's `aws:` and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from personalize_assets.aws.error_codes import AwsError, TransientAwsError
from personalize_assets.aws.event_queue import Queue
from personalize_assets.config.models import Aws
from personalize_assets_tests.helpers.latency_server import LatencyServer

BODY = '{"Records": [{"s3": {"bucket": {"name": "events"}, "object": {"key": "raw/%s"}}}]}'


@pytest.fixture
def sqs(_s3_server: LatencyServer) -> Any:
    return boto3.client("sqs", region_name="eu-west-1", endpoint_url=_s3_server.url)


@pytest.fixture
def queue(sqs: Any, _s3_server: LatencyServer) -> Any:
    """A queue in eu-west-1 on a server that only the config names."""
    url = sqs.create_queue(QueueName="changes")["QueueUrl"]
    yield Queue(url, Aws(region="eu-west-1", endpoint=_s3_server.url))
    sqs.delete_queue(QueueUrl=url)


def always() -> bool:
    return True


def test_region_and_endpoint_are_those_of_the_config(queue: Queue, sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    sqs.send_message(QueueUrl=queue.url, MessageBody=BODY % "a+b.json")

    ((receipts, found),) = queue.receive(always)

    assert found == [("events", "raw/a b.json")]
    assert len(receipts) == 1


def test_more_messages_than_a_call_gives_are_all_received_and_deleted(queue: Queue, sqs: Any) -> None:
    for number in range(23):
        sqs.send_message(QueueUrl=queue.url, MessageBody=BODY % number)

    batches = list(queue.receive(always))
    queue.delete([receipt for receipts, _ in batches for receipt in receipts])

    assert sorted(int(key.removeprefix("raw/")) for _, found in batches for _, key in found) == list(range(23))
    about = sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])["Attributes"]
    assert (about["ApproximateNumberOfMessages"], about["ApproximateNumberOfMessagesNotVisible"]) == ("0", "0")


def test_a_message_without_objects_gives_a_receipt_to_delete_it_by(queue: Queue, sqs: Any) -> None:
    sqs.send_message(QueueUrl=queue.url, MessageBody='{"Event": "s3:TestEvent"}')

    ((receipts, found),) = queue.receive(always)

    assert (len(receipts), found) == (1, [])


def test_nothing_is_received_once_time_is_up(queue: Queue, sqs: Any) -> None:
    sqs.send_message(QueueUrl=queue.url, MessageBody=BODY % "a")

    assert list(queue.receive(lambda: False)) == []


def receive_all(queue: Queue) -> None:
    list(queue.receive(always))


def delete_one(queue: Queue) -> None:
    queue.delete(["receipt"])


@pytest.mark.parametrize("call", [receive_all, delete_one])
def test_a_queue_that_does_not_exist_is_named_with_what_to_do(call: Callable[[Queue], None], queue: Queue) -> None:
    queue.url = url = f"{queue.url}-none"

    with pytest.raises(AwsError) as error:
        call(queue)

    assert str(error.value) == (
        f"{url}: there is no such queue; create it, or correct automation.sqs_queue in the config"
    )


def test_an_endpoint_that_does_not_answer_is_transient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(TransientAwsError, match="the service cannot be reached"):
        list(Queue("http://127.0.0.1:1/q", Aws(region="eu-west-1", endpoint="http://127.0.0.1:1")).receive(always))
