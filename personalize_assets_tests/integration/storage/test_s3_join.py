"""Joining objects on S3: S3 copies what is large, the bytes are those of the parts, and a failure changes nothing."""

import hashlib
import threading
from collections import Counter
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ResponseStreamingError
from botocore.response import StreamingBody

from personalize_assets.conversion.tries import MAX_TRIES
from personalize_assets.storage.object_store import StoreError
from personalize_assets.storage.s3 import CONNECTIONS, S3Store
from personalize_assets.storage.s3_join import _COPIES, _READS, _SENDS, ObjectJoin

pytestmark = pytest.mark.usefixtures("quick_tries")

MB = 1024**2
LEAST = 5 * MB
HEADER = b"USER_ID,ITEM_ID,TIMESTAMP\n"


class Requests:
    """What a store asks of S3 from now on: how often, and the bytes that it sends along."""

    def __init__(self, store: S3Store) -> None:
        self._made: list[tuple[str, int, str | None]] = []
        store._client.meta.events.register("before-call.s3", self._note)

    def _note(self, model: Any, params: dict[str, Any], **_: Any) -> None:  # several threads call
        body = params["body"].getvalue() if model.name in ("UploadPart", "PutObject") else b""
        span = params["headers"].get("x-amz-copy-source-range") or params["headers"].get("Range")
        self._made.append((model.name, len(body), span))

    @property
    def count(self) -> Counter[str]:
        return Counter(name for name, _, _ in self._made)

    @property
    def sent(self) -> int:
        return sum(size for _, size, _ in self._made)

    @property
    def ranges(self) -> list[str]:
        return [span for name, _, span in self._made if span and name == "UploadPartCopy"]

    @property
    def reads(self) -> list[str]:
        return [span for name, _, span in self._made if span and name == "GetObject"]


@pytest.fixture
def store(bucket: str) -> S3Store:
    return S3Store(f"s3://{bucket}/some prefix")


def data(size: int, seed: int = 0) -> bytes:
    """Bytes of which no block is like another."""
    return hashlib.shake_128(bytes([seed])).digest(size)


def put(store: S3Store, *sizes: int) -> dict[str, bytes]:
    parts = {f"parts/{number:05d}.csv": data(size, number) for number, size in enumerate(sizes)}
    for key, its in parts.items():
        store.write(key, its)
    return parts


def open_uploads(bucket: str) -> int:
    return len(boto3.client("s3").list_multipart_uploads(Bucket=bucket).get("Uploads", ()))


@pytest.mark.parametrize(
    "sizes",
    [
        (LEAST - len(HEADER) - 1,),
        (LEAST - len(HEADER),),
        (LEAST - 1, 1),
        (LEAST, LEAST),
        (2 * LEAST - len(HEADER) - 1, LEAST, 3),
        (2 * LEAST - len(HEADER), 0, LEAST - 1, LEAST + 1),
        (1, 12 * MB, 2, 3, 11 * MB),
        (2 * MB,) * 4,
    ],
    ids=str,
)
def test_the_joined_object_is_header_and_parts_byte_for_byte(store: S3Store, bucket: str, sizes: tuple[int]) -> None:
    parts = put(store, *sizes)

    joined = store.join("all.csv", HEADER, list(parts))

    whole = HEADER + b"".join(parts.values())
    assert joined == (len(whole), hashlib.sha256(whole).hexdigest())
    assert store.read("all.csv") == whole
    assert open_uploads(bucket) == 0


def test_large_parts_are_copied_by_s3_and_not_sent_from_here(store: S3Store) -> None:
    parts = put(store, 12 * MB, 6 * MB, 7 * MB, 100)
    requests = Requests(store)

    store.join("all.csv", HEADER, list(parts))

    # One piece is the header with the start of the first part, one the small part at the end.
    assert requests.count["UploadPartCopy"] == 3
    assert requests.count["UploadPart"] == 2
    assert requests.sent == LEAST + 100
    assert requests.ranges == [f"bytes={LEAST - len(HEADER)}-{12 * MB - 1}"]


def test_every_byte_is_read_once_in_blocks_that_fit_in_memory(store: S3Store) -> None:
    parts = put(store, 20 * MB, 100)
    requests = Requests(store)

    store.join("all.csv", HEADER, list(parts))

    start, rest = LEAST - len(HEADER), 15 * MB + len(HEADER)
    assert sorted(requests.reads) == sorted(
        [
            f"bytes=0-{start - 1}",
            f"bytes={start}-{start + 8 * MB - 1}",
            f"bytes={start + 8 * MB}-{start + rest - 1}",
            "bytes=0-99",
        ]
    )


def test_small_neighbours_are_sent_in_as_few_pieces_as_s3_allows(store: S3Store) -> None:
    parts = put(store, 7 * MB, 100, 200, 6 * MB)
    requests = Requests(store)

    store.join("all.csv", HEADER, list(parts))

    # Of 6 MB, what fills the piece of the small ones would leave too little to copy.
    assert (requests.count["UploadPart"], requests.count["UploadPartCopy"]) == (2, 0)


def test_less_than_5_mb_is_one_request(store: S3Store) -> None:
    parts = put(store, 1000, 2000)
    requests = Requests(store)

    store.join("all.csv", HEADER, list(parts))

    assert requests.count == {"ListObjectsV2": 1, "GetObject": 2, "PutObject": 1}


def test_several_parts_are_copied_at_once_while_they_are_read(store: S3Store) -> None:
    parts = put(store, 12 * MB, 6 * MB)
    together = threading.Barrier(3, timeout=60)  # two copies and the read of the last part: none goes on alone

    def wait(params: dict[str, Any], **_: Any) -> None:
        if "/00001.csv" in params["url_path"] or params["headers"].get("x-amz-copy-source"):
            together.wait()

    for operation in ("GetObject", "UploadPartCopy"):
        store._client.meta.events.register(f"before-call.s3.{operation}", wait)

    joined = store.join("all.csv", HEADER, list(parts))

    assert joined.sha256 == hashlib.sha256(HEADER + b"".join(parts.values())).hexdigest()


def test_a_part_over_the_size_of_a_copy_is_copied_by_ranges(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personalize_assets.storage.multipart_plan._COPY_BYTES", 20 * MB)
    parts = put(store, 22 * MB)
    requests = Requests(store)

    store.join("all", b"", list(parts))

    assert store.read("all") == parts["parts/00000.csv"]
    assert sorted(requests.ranges) == [f"bytes=0-{11 * MB - 1}", f"bytes={11 * MB}-{22 * MB - 1}"]


def test_a_join_opens_no_more_connections_than_the_store_keeps() -> None:
    assert _COPIES + _SENDS + _READS <= CONNECTIONS


@pytest.mark.parametrize("size", [100, 6 * MB], ids=["one request", "pieces"])
def test_a_joined_object_is_encrypted_as_it_is_asked_for(store: S3Store, bucket: str, size: int) -> None:
    parts = put(store, size)
    key = "arn:aws:kms:eu-central-1:123456789012:key/c4b2"
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}

    ObjectJoin(store._client, store._at, store._explained, encryption).join(
        "all.csv", HEADER, store._listed(list(parts))
    )

    about = boto3.client("s3").head_object(Bucket=bucket, Key="some prefix/all.csv")
    assert (about["ServerSideEncryption"], about["SSEKMSKeyId"]) == ("aws:kms", key)


# -- failures ------------------------------------------------------------------------------------------------------


def failing(store: S3Store, operation: str, number: int) -> None:
    """A piece of an upload that S3 refuses for good."""

    def refuse(params: dict[str, Any], **_: Any) -> None:
        if int(params["query_string"]["partNumber"]) == number:
            raise ClientError({"Error": {"Code": "InternalError", "Message": "We encountered an error"}}, operation)

    store._client.meta.events.register(f"before-call.s3.{operation}", refuse)


@pytest.mark.parametrize(("operation", "number"), [("UploadPart", 1), ("UploadPartCopy", 3), ("UploadPart", 4)])
def test_a_piece_that_fails_leaves_the_former_object_and_no_upload(
    store: S3Store, bucket: str, operation: str, number: int
) -> None:
    store.write("all.csv", b"former")
    parts = put(store, 11 * MB, 6 * MB, 100)
    failing(store, operation, number)

    with pytest.raises(StoreError, match=r"InternalError.*We encountered an error"):
        store.join("all.csv", HEADER, list(parts))

    assert store.read("all.csv") == b"former"
    assert open_uploads(bucket) == 0
    assert [file.key for file in store.files("parts/")] == list(parts)


def test_a_part_that_is_replaced_while_it_is_joined_is_refused(store: S3Store, bucket: str) -> None:
    store.write("all.csv", b"former")
    parts = put(store, 12 * MB, 6 * MB)
    other = S3Store(store.uri)
    store._client.meta.events.register(
        "before-call.s3.CreateMultipartUpload", lambda **_: other.write("parts/00001.csv", data(6 * MB, 9))
    )

    with pytest.raises(StoreError) as error:
        store.join("all.csv", HEADER, list(parts))

    assert str(error.value) == f"{store.uri}/parts/00001.csv: it was replaced meanwhile: run again"
    assert store.read("all.csv") == b"former"
    assert open_uploads(bucket) == 0


def test_a_part_that_is_not_there_is_named_before_anything_is_begun(store: S3Store) -> None:
    parts = put(store, 6 * MB)
    requests = Requests(store)

    with pytest.raises(StoreError) as error:
        store.join("all.csv", HEADER, [*parts, "parts/00001.csv"])

    assert str(error.value) == (
        f"{store.uri}/parts/00001.csv: there is no such file; it was deleted meanwhile: run again"
    )
    assert requests.count == {"ListObjectsV2": 1, "HeadObject": 1}


def breaking(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Answers whose body breaks off, so many times."""
    read = StreamingBody.read
    left = iter(range(times))

    def broken(self: StreamingBody, amt: int | None = None) -> bytes:
        if next(left, None) is not None:
            raise ResponseStreamingError(error="Connection broken")
        return read(self, amt)

    monkeypatch.setattr(StreamingBody, "read", broken)


def test_a_body_that_breaks_off_is_read_again(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = put(store, 6 * MB)
    breaking(monkeypatch, 4)

    joined = store.join("all.csv", HEADER, list(parts))

    assert joined.sha256 == hashlib.sha256(HEADER + parts["parts/00000.csv"]).hexdigest()


def test_a_body_that_breaks_off_each_time_is_an_error(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = put(store, 6 * MB)
    breaking(monkeypatch, MAX_TRIES)

    with pytest.raises(
        StoreError, match=r"/parts/00000.csv: the service cannot be reached \(.*Connection broken\); check the"
    ):
        store.join("all.csv", HEADER, list(parts))
