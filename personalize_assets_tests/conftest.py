"""Fixtures of several test files: engines, an S3 server, a clean environment; and which folders are slow."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import boto3
import pyspark
import pytest
from botocore.loaders import Loader, create_loader
from hypothesis import settings
from pyspark.sql import SparkSession

from personalize_assets.conversion.reading import s3_objects
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.engines import Engine, make_engine
from personalize_assets.engines.glue import engine as glue_engine
from personalize_assets.engines.local import LocalEngine
from personalize_assets.pipeline import unload
from personalize_assets_tests.helpers.glue_emulator import GlueEmulator
from personalize_assets_tests.helpers.latency_server import LatencyServer
from personalize_assets_tests.helpers.personalize_emulator import PersonalizeEmulator
from personalize_assets_tests.helpers.redshift_data_emulator import RedshiftDataEmulator

# `make test` leaves out the tests below these folders. They start Java or whole
# programs, or repeat a quick test on more data.
_SLOW = ("end_to_end", "engine/thorough", "integration/engines")

_AWS_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


_MOMENT = timedelta(milliseconds=1)

settings.register_profile("quick", max_examples=40, deadline=None)
settings.register_profile("thorough", max_examples=500, deadline=None)
# Derandomized: a commit passes or fails for its own sake, and more examples would be the same ones in every run.
# Developers get new examples in each run.
settings.register_profile("ci", max_examples=60, deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session", autouse=True)
def _interrupts_are_not_ignored() -> None:
    """A shell starts what runs in its background with SIGINT ignored, and tests of Ctrl-C would wait for ever."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _aws_credentials() -> Iterator[None]:
    """Set before any engine starts: Spark's Python workers keep the environment in which the JVM was started."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _AWS_CREDENTIALS.items():
            patch.setenv(name, value)
        yield


class _Paths(list[str]):
    """Search paths to which each boto3 session appends the same one."""

    def append(self, path: str) -> None:
        if path not in self:
            super().append(path)


@cache
def _shared_loader(search_path: str | None) -> Loader:
    loader = create_loader(search_path)
    loader._search_paths = _Paths(loader.search_paths)  # type: ignore[attr-defined]
    return loader


@pytest.fixture(scope="session", autouse=True)
def _aws_models_are_read_once() -> Iterator[None]:
    """Share botocore's models: the package makes a session per store, and each session would read them again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", _shared_loader)
        yield


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Hide the developer's settings from tests; only the engine that `--engine` names is set."""
    for name in list(os.environ):
        if name.startswith(("PERSONALIZE", "DAGSTER", "AWS_")) and name not in _AWS_CREDENTIALS:
            monkeypatch.delenv(name)
    if request.config.getoption("--engine") != "arrow":
        monkeypatch.setenv("PERSONALIZE_ENGINE", request.config.getoption("--engine"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    for item in items:
        if any(item.path.is_relative_to(folder / slow) for slow in _SLOW):
            item.add_marker("slow")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=("arrow", "local"), default="arrow", help="engine that the tests convert with")


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Engine:
    """The engine that `--engine` names."""
    return make_engine(request.config.getoption("--engine"))


@pytest.fixture(scope="session")
def spark() -> SparkSession:
    """The session that the engine `local` uses."""
    return LocalEngine.on_all_cores().session()


@pytest.fixture(scope="session")
def _s3_server() -> Iterator[LatencyServer]:
    server = LatencyServer()
    yield server
    server.stop()


@pytest.fixture
def bucket(_s3_server: LatencyServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of an empty bucket on a real HTTP server; AWS's environment points there."""
    for name, value in {
        "AWS_ENDPOINT_URL": _s3_server.url,
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="events", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield "events"
    boto3.resource("s3").Bucket("events").objects.all().delete()
    client.delete_bucket(Bucket="events")


@pytest.fixture
def s3_server(_s3_server: LatencyServer, bucket: str) -> Iterator[LatencyServer]:
    """The server of ``bucket``, which counts requests from now on."""
    _s3_server.reset()
    yield _s3_server
    _s3_server.reset()


@pytest.fixture
def filesystem(s3_server: LatencyServer) -> FileSystem:
    """Files as tasks read and write them on the server."""
    host = s3_server.url.removeprefix("http://")
    return FileSystem({"endpoint_override": host, "scheme": "http", "region": "eu-central-1"})


@pytest.fixture
def quick_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests to S3 that fail are tried again without a wait."""
    monkeypatch.setattr("personalize_assets.conversion.tries._FIRST_WAIT", 0.0)
    retries = {**s3_objects._RETRIES, "backoff": {"init_backoff": _MOMENT, "max_backoff": _MOMENT, "base": 2}}
    monkeypatch.setattr(s3_objects, "_RETRIES", retries)
    s3_objects._client.cache_clear()


@pytest.fixture(scope="session")
def _glue_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GlueEmulator]:
    server = GlueEmulator(tmp_path_factory.mktemp("glue"))
    yield server
    server.stop()


@pytest.fixture
def glue(_glue_server: GlueEmulator, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GlueEmulator]:
    """Glue, with the job `personalize-assets` as `deploy` makes it; AWS's environment points there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", _glue_server.url)
    monkeypatch.setattr(glue_engine, "_POLL_SECONDS", 0.1)
    # Dagster waits this long for late messages of a job that sent no closing one.
    monkeypatch.setattr("dagster._core.pipes.utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", 0)
    _glue_server.reset()
    _glue_server.create_job(bucket, "5.1" if pyspark.__version__.startswith("3.5.") else "6.0")
    yield _glue_server
    _glue_server.reset()
    _glue_server.delete_job()


@pytest.fixture(scope="session")
def _redshift_server() -> Iterator[RedshiftDataEmulator]:
    server = RedshiftDataEmulator()
    yield server
    server.stop()


@pytest.fixture
def redshift(
    _redshift_server: RedshiftDataEmulator, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> RedshiftDataEmulator:
    """An empty warehouse that unloads to ``bucket``; AWS's environment points there, and nothing waits for it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_REDSHIFT_DATA", _redshift_server.url)
    monkeypatch.setattr(unload, "_FIRST_POLL", 0.0)
    monkeypatch.setattr("personalize_assets.conversion.tries._FIRST_WAIT", 0.0)
    # botocore waits so long between the tries of a call.
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda self, context: 0.0)
    _redshift_server.reset()
    return _redshift_server


@pytest.fixture(scope="session")
def _personalize_server() -> Iterator[PersonalizeEmulator]:
    with PersonalizeEmulator() as server:
        yield server


@pytest.fixture
def personalize(
    _personalize_server: PersonalizeEmulator, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> PersonalizeEmulator:
    """Amazon Personalize without any resources; it reads ``bucket``, and AWS's environment points there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_PERSONALIZE", _personalize_server.endpoint)
    # botocore waits so long between the tries of a call.
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda self, context: 0.0)
    _personalize_server.reset()
    return _personalize_server
