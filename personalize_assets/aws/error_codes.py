"""Error codes of AWS, by what they mean."""

from __future__ import annotations

TRANSIENT_CODES = frozenset(
    {
        # botocore's own lists for its retries (botocore.retries.standard), which are few and soon over.
        "BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException", "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
        "RequestThrottledException", "RequestTimeout", "RequestTimeoutException", "SlowDown", "Throttling",
        "ThrottledException", "ThrottlingException", "TooManyRequestsException", "TransactionInProgressException",
        # A fault of the service itself (S3: page ErrorResponses; Glue: API StartJobRun).
        "500", "502", "503", "504", "ConcurrentRunsExceededException", "InternalError", "InternalFailure",
        "InternalServiceException", "OperationTimeoutException", "ResourceNumberLimitExceededException",
        "ServiceUnavailable", "ServiceUnavailableException",
    }
)  # fmt: skip
"""Codes after which the same request may succeed later: throttling, a temporary limit, a fault of the service."""
