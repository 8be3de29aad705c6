"""Where the trial of Delta tables stores its tables, how it measures, and an S3 whose conditional writes hold."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import boto3
import pyarrow as pa
from deltalake import DeltaTable

from personalize_assets_tests.helpers.latency_server import LatencyServer, RunningServer, counts
from personalize_assets_tests.helpers.server_process import url_of_module

SCHEMA: Final = pa.schema(
    [
        ("USER_ID", pa.string()),
        ("ITEM_ID", pa.string()),
        ("EVENT_TYPE", pa.string()),
        ("EVENT_VALUE", pa.float64()),
        ("TIMESTAMP", pa.int64()),
        ("_dedupe", pa.string()),
        ("_position", pa.int32()),
        ("day", pa.string()),
    ]
)
BUCKET = "trial-bucket"
_KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-east-1"}


class OneWriteAtATime(LatencyServer):
    """Conditional writes that hold, as on S3: moto checks the condition, and writes some time later."""

    def __init__(self) -> None:
        """Start on a free port."""
        self._writing = threading.Lock()
        super().__init__()

    def _of_moto(self, request: Any, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if request.method != "PUT":
            return super()._of_moto(request, environ, start_response)
        with self._writing:
            return [b"".join(super()._of_moto(request, environ, start_response))]


class Place(NamedTuple):
    """Where tables are stored: a folder, or a bucket of ``server``."""

    name: str
    uri: str
    server: RunningServer | None = None

    @property
    def options(self) -> dict[str, str]:
        """The storage options of deltalake."""
        if not self.server:
            return {}
        return {"AWS_ENDPOINT_URL": self.server.url, "AWS_ALLOW_HTTP": "true", **_KEYS}

    def put(self, key: str, data: bytes) -> None:
        """Write an object."""
        if self.server:
            client(self.server.url).put_object(Bucket=BUCKET, Key=key, Body=data)
            return
        path = Path(self.uri, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def table(self, name: str, version: int | None = None) -> DeltaTable:
        """Load a table."""
        return DeltaTable(f"{self.uri}/{name}", version, self.options)

    def create(self, name: str, interval: int) -> DeltaTable:
        """Create an empty table with a checkpoint after every ``interval`` commits."""
        settings = {
            "delta.checkpointInterval": str(interval),
            "delta.deletedFileRetentionDuration": "interval 24 hours",
            "delta.logRetentionDuration": "interval 0 days",
            "delta.enableExpiredLogCleanup": "false",
        }
        uri, options = f"{self.uri}/{name}", self.options
        return DeltaTable.create(uri, SCHEMA, partition_by=["day"], configuration=settings, storage_options=options)

    def size(self, name: str) -> tuple[int, int]:
        """Objects and bytes below a name."""
        if not self.server:
            files = [file for file in Path(self.uri, name).rglob("*") if file.is_file()]
            return len(files), sum(file.stat().st_size for file in files)
        pages = client(self.server.url).get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{name}/")
        sizes = [found["Size"] for page in pages for found in page.get("Contents", ())]
        return len(sizes), sum(sizes)


class Cost(NamedTuple):
    """Medians of several runs of one thing; ``requests`` are those of the last run."""

    wall: float
    cpu: float
    requests: dict[str, int]

    def __str__(self) -> str:
        """For a cell of a table."""
        requests = ", ".join(f"{number:,} {kind}" for kind, number in self.requests.items())
        return f"{self.wall:,.1f} ms (CPU {self.cpu:,.1f})" + (f"; {requests}" if requests else "")


def cost(place: Place, work: Callable[[], object], runs: int = 9) -> Cost:
    """Measure a piece of work several times."""
    walls, cpus, requests = [], [], {}
    for _ in range(runs):
        if place.server:
            place.server.set_seconds(0)
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        if place.server:
            requests = counts(place.server.requests())
    return Cost(statistics.median(walls) * 1000, statistics.median(cpus) * 1000, requests)


def median(costs: Sequence[Cost]) -> Cost:
    """The medians of costs."""
    return Cost(
        statistics.median(one.wall for one in costs), statistics.median(one.cpu for one in costs), costs[-1].requests
    )


@cache
def client(url: str) -> Any:
    """A client of the server."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=_KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=_KEYS["AWS_SECRET_ACCESS_KEY"],
        region_name=_KEYS["AWS_REGION"],
    )


@contextmanager
def places(unlocked: bool) -> Iterator[list[Place]]:
    """A folder and an S3, which end with the block; ``unlocked`` is moto as it is: both of two writes may succeed."""
    folder = tempfile.mkdtemp(prefix="delta-trial-")
    try:
        with url_of_module("benchmarks.delta_places", "--unlocked" if unlocked else "--locked") as url:
            server = RunningServer(url)
            client(server.url).create_bucket(Bucket=BUCKET)
            yield [Place("folder", folder), Place("S3", f"s3://{BUCKET}", server)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Serve until the process is ended; the first line printed is the URL."""
    print((LatencyServer() if "--unlocked" in sys.argv else OneWriteAtATime()).url, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
