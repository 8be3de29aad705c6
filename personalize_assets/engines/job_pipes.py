"""What the Pipes clients of engines elsewhere share. Imported when a job runs: it imports boto3.

Dagster's own context injector and message reader write to the root of a bucket and leave it there, and its clients fail
a step on a throttled poll.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from botocore import exceptions as aws_errors
from dagster_aws.pipes import PipesS3ContextInjector, PipesS3MessageReader

from personalize_assets.aws.client import encryption
from personalize_assets.aws.error_codes import is_transient_code
from personalize_assets.config.models import Aws
from personalize_assets.engines.job_files import Staging

# How long polls may fail before the step fails; the run elsewhere goes on, and a retry of the step finds it.
_MAX_SILENCE_SECONDS = 600


class EarlierRun(NamedTuple):
    """A run of the same work that exists already; ``folder`` is the key of its staging folder."""

    run_id: str
    state: str
    folder: str

    @classmethod
    def of(cls, run_id: str, state: str, report: str) -> EarlierRun:
        """The run whose report has this URI."""
        return cls(run_id, state, "/".join(report.split("/")[-3:-1]))


def polled(call: Callable[[], Any], seconds: float) -> Any:
    """The answer of a call; after transient errors it is made again every so many seconds, for ten minutes."""
    deadline = time.monotonic() + _MAX_SILENCE_SECONDS
    while True:
        try:
            return call()
        except (aws_errors.ClientError, aws_errors.HTTPClientError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, aws_errors.ClientError) else None
            if (code and not is_transient_code(code)) or time.monotonic() > deadline:
                raise
        time.sleep(seconds)


class StagedContext(PipesS3ContextInjector):
    """Writes the context to the staging folder, and deletes it again even if the job fails."""

    def __init__(self, client: Any, staging: Staging, aws: Aws) -> None:
        """Make no call yet."""
        bucket, self._key = staging.in_bucket("context.json")
        super().__init__(bucket=bucket, client=client)
        self._encryption = encryption(aws)

    @contextmanager
    def inject_context(self, context: Any) -> Iterator[dict[str, Any]]:
        """See dagster's ``PipesContextInjector``."""
        body = json.dumps(context).encode()
        client: Any = self.client
        client.put_object(Bucket=self.bucket, Key=self._key, Body=body, **self._encryption)
        try:
            yield {"bucket": self.bucket, "key": self._key}
        finally:
            with suppress(Exception):  # so that the job's own error is the one that is raised
                client.delete_object(Bucket=self.bucket, Key=self._key)


class StagedMessages(PipesS3MessageReader):
    """Reads messages from the staging folder, from the first one on, so that a later process can take over."""

    def __init__(self, client: Any, staging: Staging, seconds: float) -> None:
        """Poll every so many seconds; make no call yet."""
        bucket, self._prefix = staging.in_bucket("messages")
        super().__init__(bucket=bucket, client=client, interval=seconds)

    @property
    def expected_writer_count(self) -> int:
        """As inherited, without its warning about being a preview."""
        return 1

    @contextmanager
    def get_params(self) -> Iterator[dict[str, Any]]:
        """See dagster's ``PipesBlobStoreMessageReader``."""
        yield {"bucket": self.bucket, "key_prefix": self._prefix}
