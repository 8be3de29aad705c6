"""Batches into Amazon Data Firehose and Amazon Kinesis Data Streams, one record an event.

Limits: API references of PutRecordBatch (500 records, 4 MiB) and PutRecords (500 records, 5 MiB). Both count all
bytes here as base64, in which requests carry them. Needs `firehose:PutRecordBatch` or `kinesis:PutRecords`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from personalize_assets.generate.senders.messages import Message
from personalize_assets.generate.senders.target import Answer, Limits, SendError

_MIB = 1024 * 1024
_EVENT_BYTES = 1000 * 1024  # Firehose's 1,000 KiB, also as what Firehose can read out of Kinesis
_KEY_BYTES = 256

_TRANSIENT_CODES = {
    "InternalFailure",
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestTimeout",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Throttling",
    "ThrottlingException",
}


class StreamTarget:
    """A stream. The client is made at the first batch."""

    def __init__(self, service: str, stream: str, *, newline: bool, client: Callable[[str], Any] | None = None) -> None:
        """Nothing is sent yet.

        Args:
            service: ``firehose`` or ``kinesis``.
            stream: Its name, or the ARN of a Kinesis stream.
            newline: Whether each record ends with a line break.
            client: Makes the client of a service; without it, boto3 does, as AWS's environment says.
        """
        self.address = f"{service} stream {stream}"
        # 4 and 5 MiB in base64, and the keys of 500 records.
        room = 3 * _MIB if service == "firehose" else 15 * _MIB // 4 - 500 * _KEY_BYTES
        self.limits = Limits(events=500, bytes=room, event_bytes=_EVENT_BYTES - 1)
        self._service = service
        self._stream = stream
        self._end = b"\n" if newline else b""
        self._make_client = client or _boto3_client
        self._client: Any = None

    def body(self, messages: Sequence[Message]) -> bytes:
        """The records one after another, as they are stored in S3."""
        return b"".join(message.content + self._end for message in messages)

    def put(self, source: str, messages: Sequence[Message]) -> Answer:
        """Put a batch once; a part of it may fail though the call succeeds."""
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
        from botocore.exceptions import ConnectionError as NoConnectionError

        again = range(len(messages))
        try:
            self._client = self._client or self._make_client(self._service)
            entries = self._call(messages)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if code in _TRANSIENT_CODES or status >= 500 or status == 429:
                return Answer(again, None, str(error))
            raise SendError(f"{self.address} refused {len(messages):,} events: {error}") from None
        except (HTTPClientError, NoConnectionError) as error:
            return Answer(again, None, f"no answer from {self.address}: {error}")
        except BotoCoreError as error:
            raise SendError(f"{self.address} cannot be reached: {error}") from None
        failed = [position for position, entry in enumerate(entries) if entry.get("ErrorCode")]
        if not failed:
            return Answer()
        first = entries[failed[0]]
        why = f"{len(failed):,} of {len(messages):,} records failed, the first one with {first['ErrorCode']}"
        return Answer(failed, None, f"{why}: {first.get('ErrorMessage', '')}")

    def _call(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        """The entries of the answer, one a record."""
        if self._service == "firehose":
            records = [{"Data": message.content + self._end} for message in messages]
            found = self._client.put_record_batch(DeliveryStreamName=self._stream, Records=records)
            return list(found["RequestResponses"])
        keyed = [{"Data": message.content + self._end, "PartitionKey": message.key} for message in messages]
        stream = {"StreamARN" if self._stream.startswith("arn:") else "StreamName": self._stream}
        return list(self._client.put_records(**stream, Records=keyed)["Records"])


def _boto3_client(service: str) -> Any:
    import boto3  # not at import: it is slow to load, and HTTP does not need it
    from botocore.config import Config

    # `attempts` tries again, and counts it.
    session: Any = boto3.session.Session()
    return session.client(service, config=Config(retries={"total_max_attempts": 1}, connect_timeout=10))
