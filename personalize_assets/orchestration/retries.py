"""Transient and permanent errors: what is tried again, and what a run that fails shows."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from personalize_assets.aws.error_codes import is_transient_code
from personalize_assets.errors import PersonalizeAssetsError, TransientError
from personalize_assets.orchestration import run_tags

# Waits of about 30 s, 90 s and 210 s. What takes longer is tried again by the arrivals sensor.
RETRIES = dg.RetryPolicy(max_retries=3, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)

_TRANSIENT_ERRNOS = {
    errno.ECONNABORTED,
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.EPIPE,
    errno.ESTALE,
    errno.ETIMEDOUT,
}
# By name, so that botocore, urllib3 and py4j are not imported for it.
_TRANSIENT_CLASSES = {"ConnectionError", "HTTPClientError", "Py4JNetworkError"}
# What Spark and Arrow report only as text: a worker that died, a broken connection, a busy S3.
_TRANSIENT_TEXT = re.compile(
    r"ExecutorLostFailure|Lost executor|FetchFailed|Python worker exited unexpectedly"
    r"|AWS Error (SLOW_DOWN|THROTTLING|NETWORK_CONNECTION|REQUEST_TIMEOUT|SERVICE_UNAVAILABLE|INTERNAL_FAILURE)"
    r"|curlCode: \d+|Answer from Java side is empty"
)


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn the errors of the code within into what Dagster needs. For use in an op only.

    A transient error becomes a ``RetryRequested`` with back-off, until ``RETRIES`` are used up. A
    ``PersonalizeAssetsError`` becomes a ``dg.Failure`` with its text and without retries; unless it is transient, its
    run gets the tag ``PERMANENT``. Any other error passes through and is not retried.
    """
    try:
        yield
    except Exception as error:
        context = dg.OpExecutionContext.get()
        transient = is_transient(error)
        if transient and context.retry_number < RETRIES.max_retries:
            seconds = RETRIES.calculate_delay(context.retry_number + 1)
            context.log.warning(f"Transient error, retrying in {seconds:.0f} s: {error}")
            raise dg.RetryRequested(RETRIES.max_retries, seconds) from error
        if not isinstance(error, PersonalizeAssetsError):
            raise
        if not transient:
            context.instance.add_run_tags(context.run_id, {run_tags.PERMANENT: "true"})
        raise dg.Failure(str(error), allow_retries=False) from error


def is_transient(error: BaseException) -> bool:
    """Whether an error, or one of its causes, may be gone at the next try: throttling, a lost worker, a timeout."""
    return any(_is_transient(cause) for cause in _with_causes(error))


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, TransientError):
        return True
    response = getattr(error, "response", None)  # botocore's ClientError, without importing botocore
    if isinstance(response, dict):
        return is_transient_code(response.get("Error", {}).get("Code", ""))
    if isinstance(error, OSError) and error.errno is not None:
        return isinstance(error, TimeoutError) or error.errno in _TRANSIENT_ERRNOS
    if isinstance(error, TimeoutError | ConnectionError) or _TRANSIENT_CLASSES & {
        kind.__name__ for kind in type(error).__mro__
    }:
        return True
    return not isinstance(error, PersonalizeAssetsError) and bool(_TRANSIENT_TEXT.search(str(error)))


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what Python shows as its causes, each once."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
