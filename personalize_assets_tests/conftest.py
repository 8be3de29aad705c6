"""What several test files need: one Spark session, an S3 that answers over HTTP, an environment of one's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from hypothesis import settings
from moto.server import ThreadedMotoServer
from pyspark.sql import SparkSession

from personalize_assets.engines import Engine, LocalEngine, make_engine

_AWS_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


settings.register_profile("quick", max_examples=60, deadline=None)
settings.register_profile("thorough", max_examples=500, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session", autouse=True)
def _aws_credentials() -> Iterator[None]:
    """Spark's Python workers have the environment that the JVM was started in, whichever test comes first."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _AWS_CREDENTIALS.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No test sees the settings of whoever runs it, but for the engine that `--engine` names."""
    for name in list(os.environ):
        if name.startswith(("PERSONALIZE", "DAGSTER", "AWS_")) and name not in _AWS_CREDENTIALS:
            monkeypatch.delenv(name)
    if request.config.getoption("--engine") != "sail":
        monkeypatch.setenv("PERSONALIZE_ENGINE", request.config.getoption("--engine"))


NO_CONTEXT: Any = None
"""Engines that run in this process make no use of Dagster's context."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=("sail", "local"), default="sail", help="engine that the tests convert with")


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Engine:
    """The engine that `--engine` names."""
    return make_engine(request.config.getoption("--engine"))


@pytest.fixture(scope="session")
def spark() -> SparkSession:
    """The session that the engine `local` uses."""
    return LocalEngine.on_all_cores().session()


@pytest.fixture(scope="session")
def _s3_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(_s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of an empty bucket on a real HTTP server; AWS's environment points there."""
    for name, value in {
        "AWS_ENDPOINT_URL": _s3_server,
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="events", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield "events"
    boto3.resource("s3").Bucket("events").objects.all().delete()
    client.delete_bucket(Bucket="events")
