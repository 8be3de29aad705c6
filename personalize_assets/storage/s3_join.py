"""Joins objects of a bucket into one by a multipart upload: S3 copies large parts, small ones are sent.

Every byte is read once, for the digest, while S3 copies. At most ``_READS + 1`` blocks and ``_SENDS + 1`` pieces are in
memory, some 120 MB, however large the parts are.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, NamedTuple

from personalize_assets.aws.s3_reads import get_object
from personalize_assets.storage.multipart_plan import MIN_PIECE_BYTES, Piece, Span, plan
from personalize_assets.storage.object_store import Joined

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_BLOCK_BYTES = 8 * 1024**2
# Requests at a time; together fewer than the connections of the store.
_COPIES, _SENDS, _READS = 8, 4, 4


class Part(NamedTuple):
    """An object to join, as it was listed. If it is replaced meanwhile, the join fails, so that the digest is right."""

    key: str
    bytes: int
    etag: str


class ObjectJoin:
    """Joins objects of one bucket."""

    def __init__(
        self,
        client: S3Client,
        at: Callable[[str], dict[str, Any]],
        explained: Callable[[str], AbstractContextManager[None]],
        encryption: Mapping[str, Any] | None = None,
    ) -> None:
        """Nothing is requested yet.

        Args:
            client: Of boto3.
            at: Gives the request arguments ``Bucket`` and ``Key`` of a key.
            explained: Turns errors about a key into ``StoreError``.
            encryption: Request arguments for the new object's encryption; empty for the default of the bucket.
        """
        self._client = client
        self._at = at
        self._explained = explained
        self._encryption = encryption or {}

    def join(self, key: str, header: bytes, parts: Sequence[Part]) -> Joined:
        """Write the object; until that has succeeded, the former one stays."""
        size = len(header) + sum(part.bytes for part in parts)
        with self._explained(key):
            whole = self._in_pieces_or_again if size >= MIN_PIECE_BYTES else self._in_one_request
            return Joined(size, whole(key, header, parts))

    def _in_pieces_or_again(self, key: str, header: bytes, parts: Sequence[Part]) -> str:
        """As ``_in_pieces``. If the upload is gone, the answer to its completion may be what was lost: once more."""
        from botocore.exceptions import ClientError

        try:
            return self._in_pieces(key, header, parts)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchUpload":
                raise
        return self._in_pieces(key, header, parts)

    def _in_one_request(self, key: str, header: bytes, parts: Sequence[Part]) -> str:
        spans = (Span(number, 0, part.bytes) for number, part in enumerate(parts) if part.bytes)
        with _threads(_READS) as reading:
            data = header + b"".join(self._read_ahead(reading, parts, spans))
        self._client.put_object(**self._at(key), **self._encryption, Body=data)
        return hashlib.sha256(data).hexdigest()

    def _in_pieces(self, key: str, header: bytes, parts: Sequence[Part]) -> str:
        pieces = list(enumerate(plan(len(header), [part.bytes for part in parts]), 1))
        digest = hashlib.sha256(header)
        waiting = bytearray(header)
        slots = BoundedSemaphore(_SENDS)
        with (
            self._upload(key) as upload,
            _threads(_COPIES) as copying,
            _threads(_SENDS) as sending,
            _threads(_READS) as reading,
        ):
            requests = _Requests()
            for number, piece in pieces:
                if piece.copied:
                    part = parts[piece.spans[0].part]
                    requests.start(number, copying.submit(self._copy, upload, number, part, piece.spans[0]))
            blocks = self._read_ahead(reading, parts, _blocks(piece for _, piece in pieces))
            for number, piece in pieces:
                left = piece.bytes
                while left:
                    requests.raise_if_failed()  # reading on would be useless
                    block = next(blocks)
                    left -= len(block)
                    digest.update(block)
                    if not piece.copied:
                        waiting += block
                if not piece.copied:
                    slots.acquire()
                    sent = sending.submit(self._send, upload, number, bytes(waiting))
                    sent.add_done_callback(lambda _: slots.release())
                    requests.start(number, sent)
                    waiting.clear()
            self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": requests.answers()})
        return digest.hexdigest()

    @contextmanager
    def _upload(self, key: str) -> Iterator[dict[str, Any]]:
        """A multipart upload, which is aborted if the block fails; until it is completed nothing is visible."""
        target = self._at(key)
        upload = {**target, "UploadId": self._client.create_multipart_upload(**target, **self._encryption)["UploadId"]}
        try:
            yield upload
        except BaseException:
            with suppress(Exception):  # the first error is the one to report
                self._client.abort_multipart_upload(**upload)
            raise

    def _copy(self, upload: dict[str, Any], number: int, part: Part, span: Span) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if span.bytes < part.bytes:
            options["CopySourceRange"] = f"bytes={span.first}-{span.end - 1}"
        source: Any = self._at(part.key)
        with self._explained(part.key):
            answer = self._client.upload_part_copy(
                **upload,
                **options,
                PartNumber=number,
                CopySource=source,
                CopySourceIfMatch=part.etag,
            )
        return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}

    def _send(self, upload: dict[str, Any], number: int, data: bytes) -> dict[str, Any]:
        with self._explained(upload["Key"]):
            answer = self._client.upload_part(**upload, PartNumber=number, Body=data)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def _read_ahead(self, threads: ThreadPoolExecutor, parts: Sequence[Part], spans: Iterable[Span]) -> Iterator[bytes]:
        """The bytes of spans in order; the next few are being read while one is used."""
        coming: deque[Future[bytes]] = deque()
        for span in spans:
            coming.append(threads.submit(self._read, parts[span.part], span))
            if len(coming) > _READS:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()

    def _read(self, part: Part, span: Span) -> bytes:
        request = {**self._at(part.key), "Range": f"bytes={span.first}-{span.end - 1}", "IfMatch": part.etag}
        with self._explained(part.key):
            return get_object(self._client, f"S3 GetObject {part.key}", request).data


class _Requests:
    """Requests that are running or done, by the number of the piece."""

    def __init__(self) -> None:
        self._all: dict[int, Future[Any]] = {}
        self._failed: list[Future[Any]] = []

    def start(self, number: int, request: Future[Any]) -> None:
        self._all[number] = request
        request.add_done_callback(self._note)

    def _note(self, request: Future[Any]) -> None:
        if not request.cancelled() and request.exception():
            self._failed.append(request)

    def raise_if_failed(self) -> None:
        if self._failed:
            self._failed[0].result()

    def answers(self) -> list[Any]:
        """Wait for all answers and return them in the order of the pieces. Raises the first error."""
        return [self._all[number].result() for number in sorted(self._all)]


def _blocks(pieces: Iterable[Piece]) -> Iterator[Span]:
    return (block for piece in pieces for span in piece.spans for block in span.cut(_BLOCK_BYTES))


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that start no more requests after an error; the running ones end before the block does."""
    with ThreadPoolExecutor(count) as threads:
        try:
            yield threads
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
