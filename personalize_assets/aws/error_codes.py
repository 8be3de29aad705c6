"""AWS's errors: which code means what, and the text for the user.

What belongs here: codes that services share. Codes with an advice of their own ("there is no such bucket") are given by
the caller as ``advice``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from personalize_assets.errors import PersonalizeAssetsError, TransientError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError


class AwsError(PersonalizeAssetsError):
    """AWS refused a call; the text says which, why, and what to do."""


class TransientAwsError(AwsError, TransientError):
    """A service is busy, throttles, or cannot be reached at the moment."""


class ErrorKind(Enum):
    """What an error means to the user."""

    DENIED = auto()
    CREDENTIALS = auto()
    REGION = auto()
    TRANSIENT = auto()


_CODES = {
    ErrorKind.DENIED: "AccessDenied AccessDeniedException AllAccessDisabled UnauthorizedOperation 403",
    ErrorKind.CREDENTIALS: (
        "ExpiredToken ExpiredTokenException InvalidAccessKeyId InvalidClientTokenId InvalidSignatureException "
        "InvalidToken SignatureDoesNotMatch UnrecognizedClientException"
    ),
    ErrorKind.REGION: "AuthorizationHeaderMalformed PermanentRedirect 301",
    ErrorKind.TRANSIENT: (
        # The lists of botocore.retries.standard, whose own retries are few and end soon.
        "BandwidthLimitExceeded EC2ThrottledException LimitExceededException PriorRequestNotComplete "
        "ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled RequestThrottledException "
        "RequestTimeout RequestTimeoutException SlowDown Throttling ThrottledException ThrottlingException "
        "TooManyRequestsException TransactionInProgressException "
        # Faults of the service itself (S3: page ErrorResponses; Glue: API StartJobRun; Redshift Data API).
        "500 502 503 504 ConcurrentRunsExceededException ExecuteStatementException InternalError InternalFailure "
        "InternalServerException InternalServiceException "
        "OperationTimeoutException ResourceNumberLimitExceededException ServiceUnavailable ServiceUnavailableException"
    ),
}
KINDS: dict[str, ErrorKind] = {code: kind for kind, codes in _CODES.items() for code in codes.split()}
"""Codes of ``Error.Code`` in AWS's answers; a number is the status of an answer without a body, as to HEAD."""


def kind_of(code: str) -> ErrorKind | None:
    """What a code means, with or without its service's prefix (``AWS.SimpleQueueService.AccessDenied``)."""
    return KINDS.get(bare(code))


def is_transient_code(code: str) -> bool:
    """Whether the same call may succeed a little later: throttling, or a fault of the service itself."""
    return kind_of(code) is ErrorKind.TRANSIENT


def bare(code: str) -> str:
    """A code without its service's prefix."""
    return code.rpartition(".")[2]


class Raises(NamedTuple):
    """The classes to raise: one for what the user has to fix, one for what may be gone later."""

    permanent: type[PersonalizeAssetsError] = AwsError
    transient: type[PersonalizeAssetsError] = TransientAwsError


AWS_ERRORS = Raises()
ENDPOINT_NOTE = "endpoint: "
"""Begins the note of a botocore error that says which key or variable gave the URL (``endpoints``)."""


@contextmanager
def explain_errors(
    what: str, rights: str, advice: Mapping[str, str] | None = None, raises: Raises = AWS_ERRORS
) -> Iterator[None]:
    """Raise botocore's errors as errors for the user.

    Args:
        what: The thing asked for; the text begins with it.
        rights: The IAM actions that are needed, named where access was denied.
        advice: By code: what was found and what to do, for codes where the caller knows more than the message says.
        raises: The classes to raise.
    """
    from botocore import exceptions as aws

    try:
        yield
    except aws.ClientError as error:
        raise refusal(what, rights, error, advice, raises) from error
    except aws.BotoCoreError as error:
        kind, text = _without_answer(error)
        raise _error(f"{what}: {text}", kind, raises) from error


def refusal(
    what: str,
    rights: str,
    error: ClientError | Mapping[str, str],
    advice: Mapping[str, str] | None = None,
    raises: Raises = AWS_ERRORS,
) -> PersonalizeAssetsError:
    """The error for one refusal: a ``ClientError``, or an entry (``Code``, ``Message``) of a batch's ``Errors``."""
    answer, operation = (error, "") if isinstance(error, Mapping) else (error.response["Error"], error.operation_name)
    code, message = answer.get("Code", ""), answer.get("Message", "").rstrip(".")
    kind = kind_of(code)
    found = ": ".join(filter(None, (operation, message or code)))
    if advice and bare(code) in advice:
        text = advice[bare(code)]
    elif kind in _TEXTS:
        text = _TEXTS[kind].format(found=found, rights=rights)
    else:
        text = f"{code} ({found})"
    return _error(f"{what}: {text}", kind, raises)


def _error(text: str, kind: ErrorKind | None, raises: Raises) -> PersonalizeAssetsError:
    return (raises.transient if kind is ErrorKind.TRANSIENT else raises.permanent)(text)


def _without_answer(error: BotoCoreError) -> tuple[ErrorKind | None, str]:
    """Kind and text of an error that botocore raised before there was an answer."""
    from botocore import exceptions as aws

    found = str(error).rstrip(".")
    if isinstance(error, aws.NoRegionError):
        return ErrorKind.REGION, f"no AWS region; set {_REGION}"
    if isinstance(
        error,
        aws.NoCredentialsError
        | aws.PartialCredentialsError
        | aws.CredentialRetrievalError
        | aws.ProfileNotFound
        | aws.SSOError
        | aws.TokenRetrievalError,
    ):
        return (
            ErrorKind.CREDENTIALS,
            f"no AWS credentials ({found}); set {_CREDENTIALS}, or run where a role is attached",
        )
    if isinstance(error, aws.IncompleteReadError):
        return ErrorKind.TRANSIENT, f"its bytes end early each time ({found})"
    if isinstance(error, aws.HTTPClientError | aws.ConnectionError):
        notes = getattr(error, "__notes__", ())
        given = [note.removeprefix(ENDPOINT_NOTE) for note in notes if note.startswith(ENDPOINT_NOTE)]
        to_check = f"and {given[0]}, which gives this URL" if given else f"and {_REGION}"
        return ErrorKind.TRANSIENT, f"the service cannot be reached ({found}); check the network, {to_check}"
    return None, found


_REGION = "aws.region in the config or AWS_DEFAULT_REGION"
_CREDENTIALS = "aws.profile in the config, AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_TEXTS: dict[ErrorKind | None, str] = {
    ErrorKind.DENIED: "access denied ({found}); the role or user that runs this needs {rights}",
    ErrorKind.CREDENTIALS: f"AWS rejects the credentials ({{found}}); log in again, or correct {_CREDENTIALS}",
    ErrorKind.REGION: f"it is in another region ({{found}}); set {_REGION} to that region",
}
