"""boto3 clients of Dagster's process: every service is reached with the region, profile and endpoints of the config.

What belongs here: how a client is made. What does not: which calls are made, and the wording of errors
(``error_codes``). Tasks reach S3 through obstore (``conversion.reading.s3_objects``).
"""

from __future__ import annotations

from typing import Any

from personalize_assets.aws.endpoints import GivenEndpoint, given_endpoint, remember_endpoint
from personalize_assets.aws.s3_tries import RETRIES, try_again
from personalize_assets.config.models import Aws

_CONNECT_SECONDS = 10


def boto3_client(aws: Aws, service: str, **settings: Any) -> Any:
    """A boto3 client of a service (``s3``, ``glue``, ``sqs``, …).

    ``settings`` are those of botocore's ``Config``. S3's is tried again more often (``s3_tries``), as often as
    ``AWS_MAX_ATTEMPTS`` says if that is set. The URL is that of ``endpoints.given_endpoint``. Nothing is called
    yet, but botocore raises ``NoRegionError`` or ``ProfileNotFound`` here: see ``error_codes.explain_errors``.
    """
    import boto3  # not at import: it is slow to load, and folders do not need it
    from botocore.config import Config
    from botocore.session import Session

    of_botocore: Any = Session()  # not boto3's default session, which several threads must not share
    session: Any = boto3.session.Session(profile_name=aws.profile, region_name=aws.region, botocore_session=of_botocore)
    given = given_endpoint(aws, service, of_botocore)
    is_s3 = service == "s3"
    if is_s3:
        settings = {"retries": RETRIES, **settings}
    config = Config(connect_timeout=_CONNECT_SECONDS, **settings)
    client = session.client(service, endpoint_url=given and given.url, config=config)
    if given:
        remember_endpoint(client, given)
    if is_s3:
        try_again(client, of_botocore.get_config_variable("max_attempts"))
    return client


def endpoint_of(aws: Aws, service: str) -> GivenEndpoint | None:
    """The endpoint that a client of a service would get (``given_endpoint``); None for AWS's own."""
    from botocore.session import Session

    return given_endpoint(aws, service, Session(profile=aws.profile))


def encryption(aws: Aws) -> dict[str, str]:
    """Arguments of S3's PutObject and CreateMultipartUpload for ``kms_key``; empty without one."""
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": aws.kms_key} if aws.kms_key else {}
