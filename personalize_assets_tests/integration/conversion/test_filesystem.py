"""Files of S3: what is read and written, and by which requests."""

from __future__ import annotations

import gzip
import os

import pytest

from personalize_assets.conversion.reading.blocks_ahead import BLOCK_BYTES
from personalize_assets.conversion.reading.filesystem import FileSystem, small_files_kept
from personalize_assets.conversion.reading.text_blocks import unpacked_blocks
from personalize_assets_tests.helpers.latency_server import LatencyServer, Request, counts

LARGE = os.urandom(1000) * (BLOCK_BYTES // 1000 * 3)
"""Some three blocks, of which no two are the same."""


def put(filesystem: FileSystem, uri: str, data: bytes) -> str:
    with filesystem.create(uri) as file:
        file.write(data)
    return uri


@pytest.mark.parametrize("key", ["a/plain", "a b/c d", "50%25/x%20y+z.json", "Größe/ü", "day=1/{[*?]}", "q&a='1'"])
def test_what_was_created_can_be_opened_by_any_key(filesystem: FileSystem, bucket: str, key: str) -> None:
    put(filesystem, f"s3://{bucket}/{key}", b"{}")

    with filesystem.open(f"s3://{bucket}/{key}") as file:
        assert file.read() == b"{}"


def test_a_packed_file_is_written_as_it_is(filesystem: FileSystem, bucket: str) -> None:
    text = b"".join(b'{"n":%d}\n' % n for n in range(1000))
    uri = put(filesystem, f"s3://{bucket}/a.gz", gzip.compress(text))

    with filesystem.open(uri, 10) as file:
        assert b"".join(unpacked_blocks(file)) == text


def test_a_small_file_is_one_request_to_write_and_one_to_read(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer
) -> None:
    uri = put(filesystem, f"s3://{bucket}/a", b"abc")
    assert counts(s3_server.requests) == {"PUT": 1}

    with filesystem.open(uri, 3) as file:
        assert file.read() == b"abc"
    assert counts(s3_server.requests) == {"GET": 1, "PUT": 1}

    with filesystem.open(uri) as file:
        assert (file.seek(1), file.read()) == (1, b"bc")
    assert counts(s3_server.requests) == {"GET": 1, "GET range": 1, "PUT": 1}


def test_a_range_is_one_request(filesystem: FileSystem, bucket: str, s3_server: LatencyServer) -> None:
    uri = put(filesystem, f"s3://{bucket}/a", b"abcdef")
    s3_server.reset()

    assert filesystem.read_range(uri, 2, 4) == b"cd"
    assert counts(s3_server.requests) == {"GET range": 1}


def test_a_file_without_bytes_is_a_file(filesystem: FileSystem, bucket: str) -> None:
    uri = put(filesystem, f"s3://{bucket}/empty", b"")

    for listed_bytes in (None, 0, 100_000_000):
        with filesystem.open(uri, listed_bytes) as file:
            assert file.read() == b""


@pytest.mark.parametrize("listed_bytes", [None, 1, len(LARGE), 10 * len(LARGE)])
def test_a_large_file_is_read_in_blocks_whatever_the_listing_said(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer, listed_bytes: int | None
) -> None:
    uri = put(filesystem, f"s3://{bucket}/large", LARGE)
    s3_server.reset()

    with filesystem.open(uri, listed_bytes) as file:
        assert file.read() == LARGE
        file.seek(-3, os.SEEK_END)
        assert file.read() == LARGE[-3:]
    assert "HEAD" not in counts(s3_server.requests)
    assert len(s3_server.requests) <= 5


def test_a_large_file_is_written_in_parts(filesystem: FileSystem, bucket: str, s3_server: LatencyServer) -> None:
    with filesystem.create(f"s3://{bucket}/large") as file:
        for begin in range(0, len(LARGE), 100_000):
            file.write(LARGE[begin : begin + 100_000])
            assert file.tell() == min(begin + 100_000, len(LARGE))

    assert counts(s3_server.requests) == {"POST complete": 1, "POST uploads": 1, "PUT part": 2}
    with filesystem.open(f"s3://{bucket}/large") as file:
        assert file.read() == LARGE


def test_a_file_that_is_given_up_is_not_written(filesystem: FileSystem, bucket: str, s3_server: LatencyServer) -> None:
    def give_up() -> None:
        with filesystem.create(f"s3://{bucket}/a") as file:
            file.write(b"half")
            raise ValueError("given up")

    with pytest.raises(ValueError, match="given up"):
        give_up()

    assert s3_server.requests == []


def test_a_missing_file_is_named(filesystem: FileSystem, bucket: str) -> None:
    for listed_bytes in (None, 3, 100_000_000):
        with pytest.raises(FileNotFoundError, match=r"^s3://events/gone does not exist \(NoSuchKey: "):
            filesystem.open(f"s3://{bucket}/gone", listed_bytes)


def test_a_file_that_may_not_be_read_or_written_is_named(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer
) -> None:
    s3_server.refuse = lambda request: 403

    with pytest.raises(PermissionError, match=r"^s3://events/a: access denied"):
        filesystem.open(f"s3://{bucket}/a", 3)
    with pytest.raises(PermissionError, match=r"^s3://events/b: access denied"):
        put(filesystem, f"s3://{bucket}/b", b"x")


def test_a_request_that_is_throttled_is_repeated(filesystem: FileSystem, bucket: str, s3_server: LatencyServer) -> None:
    uri = put(filesystem, f"s3://{bucket}/a", b"abc")
    s3_server.reset()
    answers = [503, 500]
    s3_server.refuse = lambda request: answers.pop() if answers else None

    with filesystem.open(uri, 3) as file:
        assert file.read() == b"abc"
    assert counts(s3_server.requests) == {"GET": 3}


def test_a_file_that_is_replaced_while_it_is_read_is_refused(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer
) -> None:
    uri = put(filesystem, f"s3://{bucket}/large", LARGE)

    with filesystem.open(uri) as file:
        put(filesystem, uri, LARGE[1:] + b"x")
        with pytest.raises(OSError, match=r"^s3://events/large was replaced while it was read"):
            file.read()


def test_files_written_behind_are_written_when_the_block_ends(filesystem: FileSystem, bucket: str) -> None:
    with filesystem.writing_behind():
        for number in range(20):
            put(filesystem, f"s3://{bucket}/{number}", b"%d" % number)

    for number in range(20):
        with filesystem.open(f"s3://{bucket}/{number}") as file:
            assert file.read() == b"%d" % number


def test_a_file_that_cannot_be_written_behind_is_named(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer
) -> None:
    def refuse(request: Request) -> int | None:
        return 403 if request.path.endswith("/7") else None

    s3_server.refuse = refuse

    def write_all() -> None:
        with filesystem.writing_behind():
            for number in range(20):
                put(filesystem, f"s3://{bucket}/{number}", b"x")

    with pytest.raises(PermissionError, match=r"^s3://events/7: access denied"):
        write_all()


def test_a_small_parquet_file_is_read_once_in_a_job(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer
) -> None:
    uris = [put(filesystem, f"s3://{bucket}/{name}", b"abc") for name in ("a.parquet", "a.csv")]
    s3_server.reset()

    with small_files_kept():
        for uri in (*uris, *uris):
            with filesystem.open(uri) as file:
                assert file.read() == b"abc"
    with filesystem.open(uris[0]) as file:
        assert file.read() == b"abc"

    assert sorted(request.path for request in s3_server.requests) == [
        "/events/a.csv", "/events/a.csv", "/events/a.parquet", "/events/a.parquet",
    ]  # fmt: skip
