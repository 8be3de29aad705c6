"""How AWS is reached: one account, region and endpoint for everything that Dagster's own process asks of it.

What belongs here: clients, and AWS's refusals in words for the user. What is asked of a service is not
decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

from personalize_assets.errors import PersonalizeAssetsError


class AwsError(PersonalizeAssetsError):
    """What AWS refused, and what to do about it."""


def _endpoint(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError(f"{value!r} is not a URL; write it as http://127.0.0.1:9000, or leave it out for AWS itself")
    return value.rstrip("/")


class Aws(BaseModel):
    """What a config may say about AWS. Where nothing is said, AWS's usual chain of environment, files and role counts.

    Attributes:
        kms_key: Encrypts what this process writes to S3 (id, ARN or alias of a KMS key). Spark's tasks leave it to the
            bucket's default encryption: Arrow's S3 client cannot name a key.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: str | None = None
    profile: str | None = None
    endpoint: Annotated[str, AfterValidator(_endpoint)] | None = None
    kms_key: str | None = None

    def client(self, service: str, **settings: Any) -> Any:
        """A client of boto3; ``settings`` are those of botocore's ``Config``."""
        import boto3  # not at import: it is slow to load, and folders do not need it
        from botocore.config import Config

        # A session of its own: boto3's default one must not be used by several threads.
        session: Any = boto3.session.Session(profile_name=self.profile, region_name=self.region)
        return session.client(service, endpoint_url=self.endpoint, config=Config(connect_timeout=10, **settings))

    def encryption(self) -> dict[str, str]:
        """What S3's PutObject and CreateMultipartUpload take for ``kms_key``."""
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kms_key} if self.kms_key else {}


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
