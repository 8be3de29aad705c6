"""Sail in this process: Spark's expressions without a JVM, over Spark Connect."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import dagster as dg
from pyspark.sql import SparkSession

from personalize_assets.conversion import job
from personalize_assets.conversion.convert import task as tasks
from personalize_assets.conversion.spec import ConvertSpec, Report, Spec
from personalize_assets.engines.base import Engine, unreadable
from personalize_assets.engines.process_pool import over_processes, start_early

# Beyond this Sail sorts and groups on disk: a GiB, or less on a machine where that would not leave room for the rest.
_MEMORY_BYTES = 1024**3
_MEMORY_SHARE = 0.25
_CORES = os.cpu_count() or 1
_MODE = "SPARK_CONNECT_MODE_ENABLED"


class SailEngine(Engine):
    """Reads raw files in processes of its own, on every core; for the export it starts Sail, once a process."""

    def prepare(self, raw_bytes: int) -> None:
        start_early(_CORES, raw_bytes)

    def run(self, context: dg.AssetExecutionContext, spec: Spec) -> Report:
        try:
            if isinstance(spec, ConvertSpec):
                return job.run(None, spec, over_processes(_CORES))
            with connect_mode():
                return job.run(session(), spec)
        except tasks.UnreadableFile as error:
            raise unreadable(error) from error


@cache
def session() -> SparkSession:
    """The session on this process's own Sail server, which listens on this machine alone and ends with the process."""
    _, port = _server().listening_address
    # Not by `pyspark.sql.SparkSession`, which would turn this whole process into a client, the engine `local` included.
    from pyspark.sql.connect.client import DefaultChannelBuilder
    from pyspark.sql.connect.session import SparkSession as Connected

    # Sail packs with gzip what it sends to whoever takes that: half of an export's time, between neighbours.
    channel = DefaultChannelBuilder(f"sc://127.0.0.1:{port}", [("grpc.compression_enabled_algorithms_bitset", 1)])
    connected: Any = Connected.builder.channelBuilder(channel).create()
    # A server in the same process does not come back: Ctrl-C stops it, and no call should wait ten minutes for it.
    connected.client.set_retry_policies([])
    return cast(SparkSession, connected)


@contextmanager
def connect_mode() -> Iterator[None]:
    """PySpark's functions make expressions for Spark Connect while this is set."""
    before = os.environ.get(_MODE)
    os.environ[_MODE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_MODE]
        else:
            os.environ[_MODE] = before


@cache  # and so kept: a server that nobody holds stops
def _server() -> Any:
    for name, value in _settings().items():
        os.environ.setdefault(name, value)  # read when the server starts, and never again
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    return server


def _settings() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "RUST_LOG": "error",
        # Processes started from here are never forks that go on: gRPC's care for those only breaks them.
        "GRPC_ENABLE_FORK_SUPPORT": "0",
        # Its allocator would keep what it has freed, more with every query.
        "MIMALLOC_PURGE_DELAY": "0",
        "MIMALLOC_ARENA_EAGER_COMMIT": "0",
        "SAIL_RUNTIME__MEMORY_POOL__TYPE": "fair",
        "SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE": str(min(int(memory * _MEMORY_SHARE), _MEMORY_BYTES)),
    }
