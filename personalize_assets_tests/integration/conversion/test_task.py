"""One task that reads S3: its requests, its errors, and the same rows in the same order as from a folder."""

from __future__ import annotations

import gzip
import io
import json
import random
import threading
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert.task import run_task
from personalize_assets.conversion.reading.blocks_ahead import BLOCK_BYTES
from personalize_assets.conversion.reading.file_errors import UnreadableFile
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.reading.read_ahead import SMALL_BYTES
from personalize_assets.conversion.spec import Plan, RawFile, RawFileSet, Task, TaskReport
from personalize_assets_tests.helpers.latency_server import LatencyServer, Request, counts
from personalize_assets_tests.helpers.packing import zipped

ITEMS = Dataset("items", (Column("ITEM_ID", ("item",), required=True),), where={})
DAYS = [date(2026, 10, day) for day in range(1, 6)]
FILES_A_DAY = 40


def content(number: int) -> bytes:
    """Lines of a file, packed in every second one; one file is too large to be read ahead."""
    text = "".join(json.dumps({"item": f"{number}-{line}"}) + "\n" for line in range(3)).encode()
    if number == 101:
        text += b" " * SMALL_BYTES + b"\n"
    return gzip.compress(text) if number % 2 else text + (b"broken\n" if number % 10 == 0 else b"")


def run(root: str, out: Path, s3: dict[str, str]) -> TaskReport:
    files = [
        RawFile(
            f"{root}/{number}",
            DAYS[number // FILES_A_DAY],
            len(content(number)),
            "lines",
            "gzip" if number % 2 else "none",
        )
        for number in range(len(DAYS) * FILES_A_DAY)
    ]
    plan = Plan("run", ("items",), {name: f"{out}/{name}" for name in ("items", "rejects")}, 0, s3)
    return run_task(Task(0, RawFileSet("source", True, tuple(files), (ITEMS,))), plan)


def made(out: Path, root: str) -> dict[str, bytes]:
    """The files that a task wrote, without the place of its raw files."""
    found = (file for file in out.rglob("*") if file.is_file())
    return {str(file.relative_to(out)): file.read_bytes().replace(root.encode(), b"") for file in found}


@pytest.fixture
def source(s3_server: LatencyServer, bucket: str) -> str:
    filesystem = FileSystem(options(s3_server))
    with filesystem.writing_behind():
        for number in range(len(DAYS) * FILES_A_DAY):
            with filesystem.create(f"s3://{bucket}/raw/{number}") as file:
                file.write(content(number))
    s3_server.reset()
    return f"s3://{bucket}/raw"


def options(server: LatencyServer) -> dict[str, str]:
    host = server.url.removeprefix("http://")
    return {"endpoint_override": host, "scheme": "http", "region": "eu-central-1"}


def test_a_small_file_is_one_request_and_the_bytes_are_those_of_a_folder(
    source: str, s3_server: LatencyServer, tmp_path: Path
) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    for number in range(len(DAYS) * FILES_A_DAY):
        (folder / str(number)).write_bytes(content(number))

    run(source, tmp_path / "from-s3", options(s3_server))

    assert counts(s3_server.requests) == {"GET": len(DAYS) * FILES_A_DAY}
    run(str(folder), tmp_path / "from-folder", {})
    assert made(tmp_path / "from-s3", source) == made(tmp_path / "from-folder", str(folder))


def large_table(rows: list[dict[str, str]]) -> bytes:
    file = io.BytesIO()
    pa.parquet.write_table(pa.Table.from_pylist(rows), file, row_group_size=10_000)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["zip", "parquet"])
def test_files_that_are_read_from_their_end_are_read_in_blocks(
    kind: str, filesystem: FileSystem, bucket: str, s3_server: LatencyServer, tmp_path: Path
) -> None:
    rows = [{"item": f"{number}-{random.Random(number).getrandbits(900):x}"} for number in range(70_000)]
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    half = lines.index(b"\n", len(lines) // 2) + 1
    data = zipped({"a": lines[:half], "b": lines[half:]}) if kind == "zip" else large_table(rows)
    assert len(data) > 2 * BLOCK_BYTES
    uri = f"s3://{bucket}/{kind}"
    with filesystem.create(uri) as file:
        file.write(data)
    s3_server.reset()

    plan = Plan("run", ("items",), {name: f"{tmp_path}/{name}" for name in ("items", "rejects")}, 0, options(s3_server))
    raw = RawFile(uri, DAYS[0], len(data), "rows")
    (day,) = run_task(Task(0, RawFileSet("source", True, (raw,), (ITEMS,))), plan).days.values()

    assert (day.source.read, day.source.malformed) == (len(rows), {})
    blocks = -(-len(data) // BLOCK_BYTES)
    assert len(s3_server.requests) <= blocks + 3


def test_many_files_are_on_their_way_at_once(source: str, s3_server: LatencyServer, tmp_path: Path) -> None:
    arrived: list[Request] = []
    ten = threading.Barrier(10)

    def wait_for_others(request: Request) -> None:
        """Hold the first ten requests until ten have come: one after another they would never go on."""
        arrived.append(request)
        if len(arrived) <= 10:
            ten.wait()

    s3_server.refuse = wait_for_others

    run(source, tmp_path, options(s3_server))

    assert s3_server.most_under_way >= 10


@pytest.mark.parametrize(
    ("status", "text"), [(403, "s3://events/raw/77: access denied"), (404, "s3://events/raw/77 does not exist")]
)
def test_a_file_in_the_middle_that_cannot_be_read_is_named(
    source: str, s3_server: LatencyServer, tmp_path: Path, status: int, text: str
) -> None:
    s3_server.refuse = lambda request: status if request.path.endswith("/77") else None

    with pytest.raises(UnreadableFile, match=f"^s3://events/raw/77 cannot be read: {text}"):
        run(source, tmp_path, options(s3_server))
