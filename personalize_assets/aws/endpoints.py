"""The URL that a service is reached at, and the key or variable that gives it.

What does not belong here: how a client is made (``client``), and how tasks reach S3 (``storage.s3``).
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from personalize_assets.aws.error_codes import ENDPOINT_NOTE, AwsError
from personalize_assets.config.models import Aws

_VARIABLE = "AWS_ENDPOINT_URL"


class GivenEndpoint(NamedTuple):
    """A URL that replaces AWS's own endpoint of a service.

    Attributes:
        given_by: The key of the config, the environment variable or the entry of AWS's config file that it comes from.
    """

    url: str
    given_by: str


def given_endpoint(aws: Aws, service: str, session: Any) -> GivenEndpoint | None:
    """The endpoint of a service (``s3``) that someone set; None if AWS's own is used.

    In this order: ``aws.endpoints`` and ``aws.endpoint`` of the config; ``AWS_ENDPOINT_URL_<SERVICE>``,
    ``AWS_ENDPOINT_URL``, and ``endpoint_url`` of the service and of the profile in AWS's config file, which
    ``AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`` turns off (AWS SDKs and Tools Reference Guide, page "Service-specific
    endpoints"). Raises ``AwsError`` for what is no URL.

    Args:
        session: Of botocore, with the config's profile.
    """
    if service in aws.endpoints:
        return GivenEndpoint(aws.endpoints[service], f"aws.endpoints.{service} in the config")
    if aws.endpoint:
        return GivenEndpoint(aws.endpoint, "aws.endpoint in the config")
    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return None
    name = _name_of(service, session)
    found = _in_environment(name) or _in_file(name, session)
    if found and not found.url.startswith(("http://", "https://")):
        raise AwsError(f"{found.given_by}: {found.url!r} is not a URL; write it as http://127.0.0.1:9000")
    return found


def _in_environment(service: str) -> GivenEndpoint | None:
    for name in (f"{_VARIABLE}_{service.upper()}", _VARIABLE):
        if os.environ.get(name):
            return GivenEndpoint(os.environ[name], name)
    return None


def _in_file(service: str, session: Any) -> GivenEndpoint | None:
    """What AWS's config file has: ``endpoint_url`` of the service, in the profile's ``services``, or of the profile."""
    profile = session.get_scoped_config()
    services = profile.get("services")
    if services:
        of_service = session.full_config.get("services", {}).get(services, {}).get(service, {})
        if of_service.get("endpoint_url"):
            where = f"endpoint_url of {service} in [services {services}] of AWS's config file"
            return GivenEndpoint(of_service["endpoint_url"], where)
    if profile.get("endpoint_url"):
        where = f"endpoint_url of the profile {session.profile or 'default'} in AWS's config file"
        return GivenEndpoint(profile["endpoint_url"], where)
    return None


def _name_of(service: str, session: Any) -> str:
    """A service's id as variables and files spell it: ``cloudwatch_logs`` for ``logs``."""
    id: str = session.get_service_model(service).service_id.hyphenize()
    return id.replace("-", "_")


def remember_endpoint(client: Any, given: GivenEndpoint) -> None:
    """Let each error of a client that gets no answer carry what gave the URL (``error_codes.explain_errors``)."""

    def note(caught_exception: Exception | None = None, **_: Any) -> None:
        if caught_exception is not None:
            caught_exception.add_note(ENDPOINT_NOTE + given.given_by)

    client.meta.events.register("needs-retry", note)
