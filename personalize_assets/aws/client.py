"""How AWS is reached: one account, region and endpoint for everything that Dagster's own process asks of it.

What belongs here: clients, and AWS's refusals in words for the user. What is asked of a service is not
decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from personalize_assets.config.models import Aws
from personalize_assets.errors import PersonalizeAssetsError

__all__ = ["Aws", "AwsError", "explained"]


class AwsError(PersonalizeAssetsError):
    """What AWS refused, and what to do about it."""


@contextmanager
def explained(what: str, rights: str, answers: dict[str, str] | None = None) -> Iterator[None]:
    """Turn botocore's errors into ``AwsError``: ``what`` was asked, and ``rights`` are the actions it needs.

    ``answers`` maps codes of errors to what to do, for those that have a better cure than the message itself.
    """
    from botocore import exceptions as aws

    try:
        yield
    except aws.ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if answers and code in answers:
            text = answers[code]
        elif "AccessDenied" in code or code == "UnauthorizedOperation":
            text = f"access denied ({message.rstrip('.')}); whoever runs this needs {rights}"
        elif code in _CREDENTIALS:
            text = f"AWS does not take the credentials ({message.rstrip('.')}); log in again, or correct aws.profile"
        else:
            text = f"{code}: {message}"
        raise AwsError(f"{what}: {text}") from error
    except (aws.NoCredentialsError, aws.PartialCredentialsError, aws.CredentialRetrievalError) as error:
        text = f"no AWS credentials ({str(error).rstrip('.')}); set aws.profile in the config, or AWS_PROFILE"
        raise AwsError(f"{what}: {text}") from error
    except aws.NoRegionError as error:
        raise AwsError(f"{what}: no AWS region; set aws.region in the config, or AWS_DEFAULT_REGION") from error
    except aws.BotoCoreError as error:
        raise AwsError(f"{what}: {error}") from error


_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
}
