"""boto3 clients of Dagster's process: every service is reached with the region, profile and endpoint of the config.

What belongs here: how a client is made. What does not: which calls are made, and the wording of errors
(``error_codes``). Spark's tasks reach S3 through Arrow (``conversion.reading.filesystem``).
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

_CONNECT_SECONDS = 10


def _endpoint(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError(f"{value!r} is not a URL; write it as http://127.0.0.1:9000, or leave it out for AWS itself")
    return value.rstrip("/")


class Aws(BaseModel):
    """Section ``aws`` of the config. Unset keys are found by boto3: environment, files in ``~/.aws``, attached role.

    Attributes:
        kms_key: Encrypts what this process writes to S3 (id, ARN or alias of a KMS key). Spark's tasks leave it to the
            bucket's default encryption: Arrow's S3 client cannot name a key.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: str | None = None
    profile: str | None = None
    endpoint: Annotated[str, AfterValidator(_endpoint)] | None = None
    kms_key: str | None = None


def boto3_client(aws: Aws, service: str, **settings: Any) -> Any:
    """A boto3 client of a service (``s3``, ``glue``, ``sqs``, …).

    ``settings`` are those of botocore's ``Config``. Nothing is called yet, but botocore raises ``NoRegionError`` or
    ``ProfileNotFound`` here: see ``error_codes.explain_errors``.
    """
    import boto3  # not at import: it is slow to load, and folders do not need it
    from botocore.config import Config

    # Not boto3's default session, which several threads must not share.
    session: Any = boto3.session.Session(profile_name=aws.profile, region_name=aws.region)
    config = Config(connect_timeout=_CONNECT_SECONDS, **settings)
    return session.client(service, endpoint_url=aws.endpoint, config=config)


def encryption(aws: Aws) -> dict[str, str]:
    """Arguments of S3's PutObject and CreateMultipartUpload for ``kms_key``; empty without one."""
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": aws.kms_key} if aws.kms_key else {}
