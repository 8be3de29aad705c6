"""S3 event notifications out of an SQS queue: ``(bucket, key)`` pairs of objects that were put or deleted.

What does not belong here: which source and arrival day an object is of (``storage.raw_files``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from personalize_assets.aws.client import boto3_client
from personalize_assets.aws.error_codes import explain_errors
from personalize_assets.config.models import Aws

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# At most 10 messages a call (API ReceiveMessage, MaxNumberOfMessages; API DeleteMessageBatch, Entries).
_MESSAGES_PER_CALL = 10
_RIGHTS = "sqs:ReceiveMessage and sqs:DeleteMessage on it"
_NO_QUEUE = "there is no such queue; create it, or correct automation.sqs_queue in the config"
_ADVICE = {"NonExistentQueue": _NO_QUEUE, "QueueDoesNotExist": _NO_QUEUE}


class Queue:
    """A queue that receives S3's event notifications: directly, through SNS, or through EventBridge.

    Both methods raise ``AwsError``, and its subclass ``TransientAwsError`` where SQS cannot be reached at the moment.
    """

    def __init__(self, url: str, aws: Aws) -> None:
        """Make no call yet."""
        self.url = url
        self._aws = aws

    @cached_property
    def _client(self) -> SQSClient:
        sqs: SQSClient = boto3_client(self._aws, "sqs")
        return sqs

    def receive(self, may_go_on: Callable[[], bool]) -> Iterator[tuple[list[str], list[tuple[str, str]]]]:
        """Yield ``(receipts, pairs)`` a batch: what ``delete`` takes, and the ``(bucket, key)`` pairs of its messages.

        Ends when no message is left or ``may_go_on`` is false before a call. A message without objects, as S3's test
        of the queue, gives a receipt too, so that it is deleted.
        """
        seen: set[str] = set()
        while may_go_on():
            with explain_errors(self.url, _RIGHTS, _ADVICE):
                answer = self._client.receive_message(
                    QueueUrl=self.url, MaxNumberOfMessages=_MESSAGES_PER_CALL, WaitTimeSeconds=0
                )
            messages = answer.get("Messages", [])
            ids = {message["MessageId"] for message in messages}
            if ids <= seen:  # none, or the queue's visibility timeout is shorter than this loop takes
                return
            seen |= ids
            found = [pair for message in messages for pair in objects(message.get("Body", ""))]
            yield [message["ReceiptHandle"] for message in messages], found

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages by their receipts. An expired receipt is no error: its message is received again."""
        for start in range(0, len(receipts), _MESSAGES_PER_CALL):
            batch = receipts[start : start + _MESSAGES_PER_CALL]
            with explain_errors(self.url, _RIGHTS, _ADVICE):
                self._client.delete_message_batch(
                    QueueUrl=self.url,
                    Entries=[{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(batch)],
                )


def objects(body: str) -> Iterator[tuple[str, str]]:
    """The ``(bucket, key)`` pairs in a message's body; none if it is no event notification of S3."""
    try:
        message = json.loads(body)
    except ValueError:
        return
    if not isinstance(message, dict):
        return
    if isinstance(message.get("Message"), str):  # SNS puts the notification into a text
        yield from objects(message["Message"])
    elif isinstance(message.get("detail"), dict):  # EventBridge, whose keys are not URL-encoded
        yield from _object(message["detail"], lambda key: key)
    for record in message.get("Records") or ():
        if isinstance(record, dict) and isinstance(record.get("s3"), dict):
            yield from _object(record["s3"], unquote_plus)


def _object(entity: Mapping[str, Any], decode: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    bucket, found = entity.get("bucket"), entity.get("object")
    if isinstance(bucket, dict) and isinstance(found, dict) and {"name"} <= bucket.keys() and {"key"} <= found.keys():
        yield str(bucket["name"]), decode(str(found["key"]))
