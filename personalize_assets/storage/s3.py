"""A bucket, or a prefix of its keys, as an ``ObjectStore``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from os.path import commonprefix
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from personalize_assets.aws.client import boto3_client, encryption, endpoint_of
from personalize_assets.aws.error_codes import ErrorKind, Raises, explain_errors, kind_of, refusal
from personalize_assets.aws.s3_reads import get_object
from personalize_assets.config.models import Aws
from personalize_assets.conversion.reading.file_errors import UnansweredFile
from personalize_assets.conversion.reading.filesystem import file_of_blocks
from personalize_assets.storage.object_store import (
    NOTHING_LEFT,
    UNFINISHED_SECONDS,
    Joined,
    StoredObject,
    StoreError,
    TransientStoreError,
    Undeleted,
    Versioned,
    confined,
)
from personalize_assets.storage.s3_join import ObjectJoin, Part

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

    from personalize_assets.conversion.reading.s3_objects import S3Objects

# Answers to a conditional write of an object that was written, or deleted, meanwhile.
_OTHERS_WERE_FIRST = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")
# Storage classes whose objects must be restored before they can be read; GLACIER_IR is read at once.
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
# Limit of the API DeleteObjects.
_KEYS_PER_DELETE = 1000
_BLOCK_BYTES = 1024**2
CONNECTIONS = 32
"""Size of a store's connection pool; more threads than this would open connections only to drop them."""

_T = TypeVar("_T")


class S3Store:
    """A bucket, or a prefix of its keys. Methods as in ``ObjectStore``.

    What ``aws`` leaves open is taken from the environment and files that AWS's tools use.
    """

    def __init__(self, uri: str, aws: Aws | None = None) -> None:
        """``uri`` is ``s3://bucket`` or ``s3://bucket/prefix``. Nothing is requested yet."""
        self._aws = aws or Aws()
        self.has_links = False
        self.uri = uri.removesuffix("/")  # a second slash is the end of an empty folder name
        self._bucket, _, prefix = self.uri.removeprefix("s3://").partition("/")
        self._prefix = prefix + "/" if prefix else ""

    @cached_property
    def _client(self) -> S3Client:
        s3: S3Client = boto3_client(self._aws, "s3", max_pool_connections=CONNECTIONS)
        return s3

    def check_exists(self) -> None:
        """Raise ``StoreError`` unless the bucket exists and may be listed."""
        with self._explained():
            self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)

    def files(self, prefix: str = "", after: str = "", before: str | None = None) -> Iterator[StoredObject]:
        """List files by prefix, in the order of keys' UTF-8 bytes."""
        options: Any = {"StartAfter": self._prefix + after} if after else {}
        with self._explained(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix, **options
            )
            last = after and self._prefix + after
            for page in pages:
                contents = page.get("Contents", ())
                restored = self._restored(prefix, last, contents)
                for found in contents:
                    last = found["Key"]
                    key = last.removeprefix(self._prefix)
                    if before is not None and key >= before:
                        return  # further pages are not asked for
                    stored = found.get("StorageClass", "")
                    archive = stored if stored in _ARCHIVES and last not in restored else ""
                    version = found["ETag"].strip('"')
                    modified = found["LastModified"].timestamp()
                    yield StoredObject(key, found["Size"], modified, version, archive=archive)

    def _restored(self, prefix: str, after: str, page: Sequence[ObjectTypeDef]) -> set[str]:
        """The keys of a page that are in an archive and have a copy that can be read now.

        The page is listed again only if it has archived objects: not every server knows the question.
        """
        if not any(found.get("StorageClass") in _ARCHIVES for found in page):
            return set()
        options: Any = {"StartAfter": after} if after else {}
        answer = self._client.list_objects_v2(
            Bucket=self._bucket,
            Prefix=self._prefix + prefix,
            OptionalObjectAttributes=["RestoreStatus"],
            **options,
        )
        # The date alone says that there is a copy: it is absent while an object is being restored.
        return {
            found["Key"]
            for found in answer.get("Contents", ())
            if "RestoreExpiryDate" in found.get("RestoreStatus", {})
        }

    def holds(self, prefix: str = "") -> bool:
        """Whether there may be files with a prefix."""
        with self._explained(prefix):
            answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix + prefix, MaxKeys=1)
        return bool(answer.get("Contents"))

    def folders(self, prefix: str = "") -> list[str]:
        """List the folders directly below a prefix."""
        with self._explained(prefix):
            full = self._prefix + prefix
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=full, Delimiter="/"
            )
            found = (entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", ()))
            return sorted(name.removeprefix(full).removesuffix("/") for name in found)

    def read(self, key: str, first_bytes: int | None = None) -> bytes | None:
        """Read a file, or its first bytes; None if it does not exist."""
        if first_bytes is not None:
            try:
                return bytes(self._objects.get(f"{self.uri}/{key}", 0, first_bytes).data)
            except UnansweredFile as error:
                raise TransientStoreError(str(error)) from error
            except OSError:  # asked again below, which gives the error its text
                pass
        found = self._get(key, {} if first_bytes is None else {"Range": f"bytes=0-{first_bytes - 1}"})
        return found.data if found else None

    def read_with(self, key: str, reader: Callable[[IO[bytes]], _T]) -> _T | None:
        """What ``reader`` makes of a file, of which it gets blocks as it reads them; None if it does not exist."""
        try:
            with file_of_blocks(self._objects, f"{self.uri}/{key}") as file:
                return reader(file)
        except UnansweredFile as error:
            raise TransientStoreError(str(error)) from error
        except OSError as error:
            if self.read(key, 1) is None:  # which explains other errors
                return None
            raise StoreError(f"{self.uri}/{key} cannot be read: {error}; run again") from error

    def blocks(self, key: str) -> Iterator[bytes]:
        """Read an object block by block, all of one version."""
        try:
            with file_of_blocks(self._objects, f"{self.uri}/{key}", from_its_end=False) as file:
                while block := file.read(_BLOCK_BYTES):
                    yield bytes(block)
        except UnansweredFile as error:
            raise TransientStoreError(str(error)) from error
        except OSError as error:
            if self.read(key, 1) is None:  # which explains other errors
                raise self._error("NoSuchKey", "", key) from error
            raise StoreError(f"{self.uri}/{key} cannot be read: {error}; run again") from error

    def read_version(self, key: str) -> Versioned | None:
        """Read a file and its ETag; None if it does not exist."""
        return self._get(key, {})

    def _get(self, key: str, options: Any) -> Versioned | None:
        from botocore.exceptions import ClientError

        with self._explained(key):
            try:
                found = get_object(self._client, self._name(key), {**self._at(key), **options})
                return Versioned(found.data, found.etag.strip('"'))
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "NoSuchKey":
                    return None
                if code == "InvalidRange":  # the answer to a range of an empty object
                    return Versioned(b"", "")
                raise

    @cached_property
    def _objects(self) -> S3Objects:
        """A client that takes a third of boto3's time: the heads of raw files are read by the thousand."""
        from personalize_assets.conversion.reading.s3_objects import s3_objects

        return s3_objects(self.arrow_options())

    def write(self, key: str, data: bytes) -> None:
        """Write a file atomically."""
        self.write_version(key, data)

    def write_version(self, key: str, data: bytes) -> str:
        """Write a file atomically and return its ETag."""
        confined(self.uri, key)
        with self._explained(key):
            answer = self._client.put_object(**self._at(key), Body=data, **self._encryption, **_content_type(key))
        return answer["ETag"].strip('"')

    def swap(self, key: str, data: bytes, before: Versioned | None) -> Versioned | None:
        """Write an object if it is still the one that was read before, by S3's conditional writes."""
        from botocore.exceptions import ClientError

        condition: Any = {"IfMatch": f'"{before.version}"'} if before else {"IfNoneMatch": "*"}
        with self._explained(key):
            try:
                answer = self._client.put_object(
                    **self._at(confined(self.uri, key)), Body=data, **self._encryption, **condition
                )
            except ClientError as error:
                if error.response["Error"]["Code"] not in _OTHERS_WERE_FIRST:
                    raise
            else:
                return Versioned(data, answer["ETag"].strip('"'))
        # The first try may have succeeded and its answer been lost: then the second one finds what the first wrote.
        found = self.read_version(key)
        return found if found and found.data == data else None

    def link(self, key: str, name: str) -> None:
        """Nothing: a bucket has no links."""

    def make_private(self, keys: Iterable[str]) -> None:
        """Nothing: only the bucket's policy and roles give rights."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete files; missing ones are ignored."""
        for batch in self._batches(keys):
            for error in self._refused(batch):
                raise error

    def try_delete(self, keys: Iterable[str]) -> Undeleted:
        """Delete files as far as that is possible."""
        left = NOTHING_LEFT
        for batch in self._batches(keys):
            try:
                refused = self._refused(batch)
                left += Undeleted(len(refused), str(refused[0]) if refused else "")
            except StoreError as error:
                left += Undeleted(len(batch), str(error))
        return left

    def _batches(self, keys: Iterable[str]) -> Iterator[list[str]]:
        rest = iter(keys)
        while batch := list(islice(rest, _KEYS_PER_DELETE)):
            yield [confined(self.uri, key) for key in batch]

    def _refused(self, batch: Sequence[str]) -> list[Exception]:
        """Delete a batch, and return an error for each key that S3 refuses to delete."""
        objects: Any = [{"Key": self._prefix + key} for key in batch]
        with self._explained(rights=_DELETE_RIGHT):
            answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True})
        # The request succeeds even if every key is refused.
        return [
            self._error(error["Code"], error["Message"], error["Key"].removeprefix(self._prefix), _DELETE_RIGHT)
            for error in answer.get("Errors", ())
        ]

    def delete_unfinished(self, prefixes: Sequence[str] = ("",)) -> Undeleted:
        """Abort uploads in parts: what was sent of them is invisible, but is paid for."""
        left = NOTHING_LEFT
        for upload in self._old_uploads(prefixes):
            key = upload["Key"].removeprefix(self._prefix)
            try:
                with self._explained(key, _ABORT_RIGHT):
                    self._client.abort_multipart_upload(**self._at(key), UploadId=upload["UploadId"])
            except StoreError as error:
                left += Undeleted(1, str(error))
        return left

    def _old_uploads(self, prefixes: Sequence[str]) -> list[Any]:
        from botocore.exceptions import ClientError

        full = tuple(self._prefix + prefix for prefix in prefixes)
        oldest = time.time() - UNFINISHED_SECONDS
        with self._explained():
            try:
                pages = self._client.get_paginator("list_multipart_uploads").paginate(
                    Bucket=self._bucket,
                    Prefix=commonprefix(full),  # noqa: RUF071 - S3's prefixes end anywhere, not at a slash
                )
                uploads = [upload for page in pages for upload in page.get("Uploads", ())]
            except ClientError as error:
                if kind_of(error.response["Error"]["Code"]) is ErrorKind.DENIED:
                    return []  # this right is optional
                raise
        return [one for one in uploads if one["Key"].startswith(full) and one["Initiated"].timestamp() < oldest]

    def copy(self, key: str, to: str) -> None:
        """Copy an object inside S3."""
        from botocore.exceptions import ClientError

        source: Any = self._at(confined(self.uri, key))
        confined(self.uri, to)
        with self._explained(key):
            try:
                self._client.copy_object(**self._at(to), **self._encryption, CopySource=source)
            except ClientError as error:
                if error.response["Error"]["Code"] != "InvalidRequest":
                    raise
                # Larger than the 5 GiB that CopyObject takes: in parts, by boto3.
                self._client.copy(source, **self._at(to), ExtraArgs=self._encryption)

    def join(self, key: str, header: bytes, parts: Sequence[str]) -> Joined:
        """Write a file made of a header and parts atomically."""
        for one in (key, *parts):
            confined(self.uri, one)
        return ObjectJoin(self._client, self._at, self._explained, self._encryption).join(
            key, header, self._listed(parts)
        )

    def _listed(self, keys: Sequence[str]) -> list[Part]:
        """Size and ETag of objects, in as few requests as possible. Raises ``StoreError`` if one is missing."""
        if not keys:
            return []
        with self._explained(keys[0]):
            common = commonprefix(keys)  # noqa: RUF071 - S3's prefixes end anywhere, not at a slash
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + common
            )
            there = {found["Key"]: found for page in pages for found in page.get("Contents", ())}
        return [
            Part(key, there[self._prefix + key]["Size"], there[self._prefix + key]["ETag"])
            if self._prefix + key in there
            else self._head(key)
            for key in keys
        ]

    def _head(self, key: str) -> Part:
        """Size and ETag of an object that a listing leaves out, as one that is not up to date may."""
        from botocore.exceptions import ClientError

        with self._explained(key):
            try:
                head = self._client.head_object(**self._at(key))
            except ClientError as error:
                if error.response["Error"]["Code"] == "404":
                    raise self._error("NoSuchKey", "", key) from error
                raise
        return Part(key, head["ContentLength"], head["ETag"])

    @property
    def _encryption(self) -> dict[str, Any]:
        return encryption(self._aws)

    def _at(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": self._prefix + key}

    def arrow_options(self) -> dict[str, str]:
        """How tasks (``conversion.reading.filesystem``) reach the same S3: its region, and an endpoint if one was set.

        Credentials are not among them, because specs are stored: tasks find them in the same environment, profile or
        role. If the config names a profile, ``credentials`` and ``profile`` say so (``conversion.reading.filesystem``).
        """
        credentials = {"credentials": "boto3", "profile": self._aws.profile} if self._aws.profile else {}
        with self._explained():
            about = self._client.meta
            endpoint = urlsplit(about.endpoint_url)
            if endpoint_of(self._aws, "s3") or not endpoint.netloc.endswith((".amazonaws.com", ".amazonaws.com.cn")):
                return {
                    "region": about.region_name,
                    "endpoint_override": endpoint.netloc,
                    "scheme": endpoint.scheme,
                    **credentials,
                }
            # Unlike boto3, obstore does not follow redirects to the bucket's own region.
            region = self._client.head_bucket(Bucket=self._bucket).get("BucketRegion") or about.region_name
            return {"region": region, **credentials}

    @contextmanager
    def _explained(self, key: str = "", rights: str = "") -> Iterator[None]:
        with explain_errors(self._name(key), rights or _RIGHTS, self._advice, _STORE_ERRORS):
            yield

    def _error(self, code: str, message: str, key: str, rights: str = "") -> Exception:
        answer = {"Code": code, "Message": message}
        return refusal(self._name(key), rights or _RIGHTS, answer, self._advice, _STORE_ERRORS)

    def _name(self, key: str) -> str:
        return f"{self.uri}/{key}" if key else self.uri

    @property
    def _advice(self) -> dict[str, str]:
        no_bucket = f"there is no bucket {self._bucket!r}; create it, or correct the uri in the config"
        return {
            "NoSuchBucket": no_bucket,
            "404": no_bucket,  # the answer to HEAD has no body with a code
            "NoSuchKey": "there is no such file; it was deleted meanwhile: run again",
            "NotImplemented": (
                "this server does not know conditional writes (If-Match), without which runs that overlap replace each "
                "other's results; use a server that does, or a folder as destination"
            ),
            "PreconditionFailed": "it was replaced meanwhile: run again",
        }


def _content_type(key: str) -> dict[str, Any]:
    """What a browser needs to show a page that it opens from the bucket."""
    return {"ContentType": "text/html; charset=utf-8"} if key.endswith(".html") else {}


_STORE_ERRORS = Raises(StoreError, TransientStoreError)
_DELETE_RIGHT = "s3:DeleteObject"
_ABORT_RIGHT = "s3:AbortMultipartUpload"
_RIGHTS = "s3:ListBucket and s3:GetObject to read, and s3:PutObject and s3:DeleteObject to write"


def arrow_s3_options(uris: Iterable[str], aws: Aws | None = None) -> dict[str, str]:
    """How tasks reach the S3 of these URIs (``S3Store.arrow_options``); empty if none is in S3.

    A Spark job uses one region: raises ``StoreError`` if the buckets are in several.
    """
    options: dict[str, dict[str, str]] = {}
    for uri in uris:
        if uri.startswith("s3://"):
            options[uri] = S3Store(uri, aws).arrow_options()
    regions = {uri: found["region"] for uri, found in options.items()}
    if len(set(regions.values())) > 1:
        found_regions = ", ".join(f"{uri} in {region}" for uri, region in regions.items())
        raise StoreError(
            f"source and destination must be in the same AWS region, found {found_regions}; move one of them"
        )
    return next(iter(options.values()), {})
