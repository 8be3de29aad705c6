"""A bucket, or a prefix in it, as a store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from personalize_assets.stores.base import COPY_BYTES, Joined, StoredFile, StoreError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Every part of a multipart upload but the last has at least 5 MiB (S3 user guide, page qfacts).
_SMALLEST_PART = 5 * 1024 * 1024


class S3Store:
    """A bucket, or a prefix in it. Region, endpoint and credentials come from AWS's usual environment and files."""

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self._bucket, _, prefix = self.uri.removeprefix("s3://").partition("/")
        self._prefix = prefix + "/" if prefix else ""
        self._made: S3Client | None = None

    @property
    def _client(self) -> S3Client:
        if self._made is None:
            from dagster_aws.s3 import S3Resource  # not at import: boto3 is slow to load, and folders do not need it

            self._made = S3Resource().get_client()
        return self._made

    def files(self, prefix: str = "") -> Iterator[StoredFile]:
        with self._explained():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for found in page.get("Contents", ()):
                    key = found["Key"].removeprefix(self._prefix)
                    yield StoredFile(key, found["Size"], found["LastModified"].timestamp())

    def folders(self, prefix: str = "") -> list[str]:
        with self._explained():
            full = self._prefix + prefix
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=full, Delimiter="/"
            )
            found = (entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", ()))
            return [name.removeprefix(full).rstrip("/") for name in found]

    def read(self, key: str, first_bytes: int | None = None) -> bytes | None:
        from botocore.exceptions import ClientError

        options = {} if first_bytes is None else {"Range": f"bytes=0-{first_bytes - 1}"}
        with self._explained():
            try:
                return self._client.get_object(Bucket=self._bucket, Key=self._prefix + key, **options)["Body"].read()  # type: ignore[arg-type]
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "NoSuchKey":
                    return None
                if code == "InvalidRange":  # the answer to a range of an empty object
                    return b""
                raise

    def write(self, key: str, data: bytes) -> None:
        with self._explained():
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=data)

    def delete(self, keys: Iterable[str]) -> None:
        with self._explained():
            for key in keys:
                self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def join(self, key: str, header: bytes, parts: Sequence[str]) -> Joined:
        digest = hashlib.sha256()
        size = 0
        with self._explained():
            target = {"Bucket": self._bucket, "Key": self._prefix + key}
            upload = self._client.create_multipart_upload(**target)["UploadId"]  # type: ignore[arg-type]
            try:
                done: list[Any] = []
                for data in _at_least(_SMALLEST_PART, self._blocks(header, parts)):
                    digest.update(data)
                    size += len(data)
                    number = len(done) + 1
                    sent = self._client.upload_part(**target, UploadId=upload, PartNumber=number, Body=data)  # type: ignore[arg-type]
                    done.append({"PartNumber": number, "ETag": sent["ETag"]})
                self._client.complete_multipart_upload(**target, UploadId=upload, MultipartUpload={"Parts": done})  # type: ignore[arg-type]
            except BaseException:
                self._client.abort_multipart_upload(**target, UploadId=upload)  # type: ignore[arg-type]
                raise
        return Joined(size, digest.hexdigest())

    def _blocks(self, header: bytes, parts: Sequence[str]) -> Iterator[bytes]:
        yield header
        for part in parts:
            body = self._client.get_object(Bucket=self._bucket, Key=self._prefix + part)["Body"]
            yield from body.iter_chunks(COPY_BYTES)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            code = error.response["Error"]["Code"]
            what_to_do = _WHAT_TO_DO.get(code, "{uri}: {error}")
            raise StoreError(what_to_do.format(uri=self.uri, bucket=self._bucket, error=error)) from error
        except BotoCoreError as error:
            raise StoreError(f"{self.uri} cannot be reached: {error}") from error


_DENIED = "{uri}: access denied ({error}); the role needs s3:ListBucket and s3:GetObject, and s3:PutObject to write"
_WHAT_TO_DO = {
    "NoSuchBucket": "{uri}: there is no bucket {bucket!r}; create it, or correct the uri in the config",
    "AccessDenied": _DENIED,
    "403": _DENIED,
}


def _at_least(size: int, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of at least ``size``, but for the last; at least one block."""
    waiting = bytearray()
    sent = False
    for block in blocks:
        waiting += block
        if len(waiting) >= size:
            yield bytes(waiting)
            waiting.clear()
            sent = True
    if waiting or not sent:
        yield bytes(waiting)


def arrow_s3_options() -> dict[str, str]:
    """What Arrow's ``S3FileSystem`` needs to reach the same S3 as boto3: its region, and its endpoint if it has one.

    Credentials are not among them: Arrow follows the same chain (environment, profile, role), so none is written down.
    """
    import boto3

    client = boto3.client("s3")
    options = {"region": client.meta.region_name}
    endpoint = urlsplit(client.meta.endpoint_url)
    if not endpoint.netloc.endswith(("amazonaws.com", "amazonaws.com.cn")):
        options |= {"endpoint_override": endpoint.netloc, "scheme": endpoint.scheme}
    return options
