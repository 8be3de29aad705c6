"""Which errors may be gone at the next try, and how long to wait for it."""

from __future__ import annotations

import errno
import random
import re
from collections.abc import Iterator

from personalize_assets.aws.error_codes import is_transient_code
from personalize_assets.errors import PersonalizeAssetsError, TransientError

MAX_RETRIES = 3
"""How often a step is tried again. What takes longer is tried again by the arrivals sensor."""
_FIRST_WAIT = 30.0

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


def wait_before(retry: int) -> float:
    """Seconds to wait before a retry, counted from 1: about 30, 90 and 210, each up to 30 more or less."""
    return _FIRST_WAIT * (2.0**retry - 1) + random.uniform(-_FIRST_WAIT, _FIRST_WAIT)


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
