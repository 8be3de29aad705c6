"""boto3 clients of Dagster's process: every service is reached with the region, profile and endpoint of the config.

What belongs here: how a client is made. What does not: which calls are made, and the wording of errors
(``error_codes``). Tasks reach S3 through obstore (``conversion.reading.s3_objects``).
"""

from __future__ import annotations

from typing import Any

from personalize_assets.config.models import Aws

_CONNECT_SECONDS = 10


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
