"""The engine ``sail``: conversion tasks in processes, and exports on Sail in this process (Spark Connect, no JVM)."""

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
from personalize_assets.conversion.spark import machine_cores
from personalize_assets.conversion.spec import ConvertSpec, Report, Spec
from personalize_assets.engines.base import Engine, unreadable
from personalize_assets.engines.process_pool import over_processes, start_early

# Beyond this much memory Sail sorts and groups on disk: 1 GiB, or a quarter of a smaller machine's memory.
_MEMORY_BYTES = 1024**3
_MEMORY_SHARE = 0.25
_MODE = "SPARK_CONNECT_MODE_ENABLED"


class SailEngine(Engine):
    """Reads raw files in one process a core. The first export starts Sail, which runs until this process ends."""

    def prepare(self, raw_bytes: int) -> None:
        """Start the processes, if so many bytes are worth it."""
        start_early(machine_cores(), raw_bytes)

    def run(self, context: dg.AssetExecutionContext, spec: Spec) -> Report:
        """See ``Engine.run``."""
        try:
            if isinstance(spec, ConvertSpec):
                return job.run(None, spec, over_processes(machine_cores()))
            with connect_mode():
                return job.run(session(), spec)
        except tasks.UnreadableFile as error:
            raise unreadable(error) from error


@cache
def session() -> SparkSession:
    """The session on this process's own Sail server, which listens on 127.0.0.1 only and ends with the process."""
    _, port = _server().listening_address
    # Not `pyspark.sql.SparkSession`, which would make every session of this process remote, those of `local` too.
    from pyspark.sql.connect.client import DefaultChannelBuilder
    from pyspark.sql.connect.session import SparkSession as Connected

    # Accept no gzip (bit 0 is "identity"): compressing for the same machine took half of an export's time.
    channel = DefaultChannelBuilder(f"sc://127.0.0.1:{port}", [("grpc.compression_enabled_algorithms_bitset", 1)])
    connected: Any = Connected.builder.channelBuilder(channel).create()
    # No retries: Ctrl-C stops the server with this process, and a call would wait for it for ten minutes.
    connected.client.set_retry_policies([])
    return cast(SparkSession, connected)


@contextmanager
def connect_mode() -> Iterator[None]:
    """Make PySpark's functions build expressions for Spark Connect within the block."""
    before = os.environ.get(_MODE)
    os.environ[_MODE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_MODE]
        else:
            os.environ[_MODE] = before


@cache  # keeps the server alive: it stops when it is no longer referenced
def _server() -> Any:
    for name, value in _settings().items():
        os.environ.setdefault(name, value)  # read once, when the server starts
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    return server


def _settings() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "RUST_LOG": "error",
        # No process started here is a fork that goes on using gRPC; its handlers for forks break the others.
        "GRPC_ENABLE_FORK_SUPPORT": "0",
        # Otherwise its allocator keeps freed memory, more with every query.
        "MIMALLOC_PURGE_DELAY": "0",
        "MIMALLOC_ARENA_EAGER_COMMIT": "0",
        "SAIL_RUNTIME__MEMORY_POOL__TYPE": "fair",
        "SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE": str(min(int(memory * _MEMORY_SHARE), _MEMORY_BYTES)),
    }
