"""S3's event notifications out of an SQS queue: which days somebody says have changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from personalize_assets.aws.error_codes import TRANSIENT_CODES
from personalize_assets.storage.object_store import StoreBusy, StoreError
from personalize_assets.storage.raw_files import RawFiles

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# SQS gives no more messages at once (API ReceiveMessage, MaxNumberOfMessages).
_MESSAGES_AT_ONCE = 10


class Queue:
    """A queue that S3 tells of puts and deletes: directly, through SNS, or through EventBridge."""

    def __init__(self, url: str) -> None:
        self.url = url

    @cached_property
    def _client(self) -> SQSClient:
        import boto3  # not at import: it is slow to load, and who only lists does not need it
        from botocore.config import Config

        return boto3.session.Session().client("sqs", config=Config(connect_timeout=10))

    def receive(self, may_go_on: Callable[[], bool]) -> Iterator[tuple[list[str], list[tuple[str, str]]]]:
        """Batches of receipts and the ``(bucket, key)`` pairs they tell of, until there are none or time is up.

        A message that tells of no object, as S3's test of the queue, is a receipt all the same.
        """
        seen: set[str] = set()
        while may_go_on():
            with self._explained():
                answer = self._client.receive_message(
                    QueueUrl=self.url, MaxNumberOfMessages=_MESSAGES_AT_ONCE, WaitTimeSeconds=0
                )
            messages = answer.get("Messages", [])
            ids = {message["MessageId"] for message in messages}
            if ids <= seen:  # none, or a queue that hides what it gave for less time than this takes
                return
            seen |= ids
            found = [pair for message in messages for pair in objects(message.get("Body", ""))]
            yield [message["ReceiptHandle"] for message in messages], found

    def delete(self, receipts: Sequence[str]) -> None:
        """Take messages off the queue. A receipt that is too old is no error: its message comes again."""
        for start in range(0, len(receipts), _MESSAGES_AT_ONCE):
            batch = receipts[start : start + _MESSAGES_AT_ONCE]
            with self._explained():
                self._client.delete_message_batch(
                    QueueUrl=self.url,
                    Entries=[{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(batch)],
                )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from botocore import exceptions as aws

        try:
            yield
        except aws.ClientError as error:
            code = error.response["Error"]["Code"].removeprefix("AWS.SimpleQueueService.")
            what_to_do = _WHAT_TO_DO.get(code, "correct automation.sqs_queue in the config")
            kind = StoreBusy if code in TRANSIENT_CODES else StoreError
            raise kind(f"{self.url}: {str(error).rstrip('.')}; {what_to_do}") from error
        except aws.BotoCoreError as error:
            kind = StoreBusy if isinstance(error, aws.HTTPClientError | aws.ConnectionError) else StoreError
            message = f"{str(error).rstrip('.')}; check the network, AWS_REGION and the credentials"
            raise kind(f"{self.url}: {message}") from error


_WHAT_TO_DO = {
    "NonExistentQueue": "there is no such queue; create it, or correct automation.sqs_queue in the config",
    "QueueDoesNotExist": "there is no such queue; create it, or correct automation.sqs_queue in the config",
    "AccessDenied": "the role needs sqs:ReceiveMessage and sqs:DeleteMessage on it",
    "AccessDeniedException": "the role needs sqs:ReceiveMessage and sqs:DeleteMessage on it",
}


def objects(body: str) -> Iterator[tuple[str, str]]:
    """The ``(bucket, key)`` pairs that a message tells of; none if it is of another kind."""
    try:
        told = json.loads(body)
    except ValueError:
        return
    if not isinstance(told, dict):
        return
    if isinstance(told.get("Message"), str):  # SNS has wrapped it
        yield from objects(told["Message"])
    elif isinstance(told.get("detail"), dict):  # EventBridge; its keys are as they are
        yield from _object(told["detail"], lambda key: key)
    for record in told.get("Records") or ():
        if isinstance(record, dict) and isinstance(record.get("s3"), dict):
            yield from _object(record["s3"], unquote_plus)


def _object(told: Mapping[str, Any], decode: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    bucket, found = told.get("bucket"), told.get("object")
    if isinstance(bucket, dict) and isinstance(found, dict) and {"name"} <= bucket.keys() and {"key"} <= found.keys():
        yield str(bucket["name"]), decode(str(found["key"]))


def day_of(source: RawFiles, bucket: str, key: str) -> date | None:
    """The arrival day of an object, if it is a raw file of this source."""
    place = f"{source.store.uri}/"
    uri = f"s3://{bucket}/{key}"
    return source.layout.day_of(uri.removeprefix(place)) if uri.startswith(place) else None
