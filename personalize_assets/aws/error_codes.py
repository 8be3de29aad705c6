"""Which failures pass by themselves, so that trying again in a while is right; everything else somebody must mend."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

from personalize_assets.errors import PassingError, PersonalizeAssetsError

PASSING_CODES = frozenset(
    {
        # botocore's own lists for its retries (botocore.retries.standard), which are few and soon over.
        "BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException", "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
        "RequestThrottledException", "RequestTimeout", "RequestTimeoutException", "SlowDown", "Throttling",
        "ThrottledException", "ThrottlingException", "TooManyRequestsException", "TransactionInProgressException",
        # A fault of the service's own (S3: page ErrorResponses; Glue: API StartJobRun).
        "500", "502", "503", "504", "ConcurrentRunsExceededException", "InternalError", "InternalFailure",
        "InternalServiceException", "OperationTimeoutException", "ResourceNumberLimitExceededException",
        "ServiceUnavailable", "ServiceUnavailableException",
    }
)  # fmt: skip
"""Error codes of AWS's services that say: not now."""

_PASSING_ERRNOS = {errno.ECONNABORTED, errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE, errno.ESTALE, errno.ETIMEDOUT}
# What Spark and Arrow only say as text: a worker that died, a connection of theirs that broke, a busy S3.
_PASSING_TEXT = re.compile(
    r"ExecutorLostFailure|Lost executor|FetchFailed|Python worker exited unexpectedly"
    r"|AWS Error (SLOW_DOWN|THROTTLING|NETWORK_CONNECTION|REQUEST_TIMEOUT|SERVICE_UNAVAILABLE|INTERNAL_FAILURE)"
    r"|curlCode: \d+|Answer from Java side is empty"
)


def passes_by_itself(error: BaseException) -> bool:
    """Whether an error, or one that it came from, is of those that pass: throttling, a lost worker, a timeout."""
    return any(_passes(cause) for cause in _causes(error))


def _passes(error: BaseException) -> bool:
    if isinstance(error, PassingError):
        return True
    response = getattr(error, "response", None)  # botocore's ClientError, without loading botocore
    if isinstance(response, dict):
        return response.get("Error", {}).get("Code") in PASSING_CODES
    if isinstance(error, OSError) and error.errno is not None:
        return isinstance(error, TimeoutError) or error.errno in _PASSING_ERRNOS
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"ConnectionError", "HTTPClientError", "Py4JNetworkError"} or isinstance(
        error, TimeoutError | ConnectionError
    ):
        return True
    return not isinstance(error, PersonalizeAssetsError) and bool(_PASSING_TEXT.search(str(error)))


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
