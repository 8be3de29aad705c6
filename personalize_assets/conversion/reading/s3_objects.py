"""Objects of S3 by as few requests as possible, for many threads: no HEAD, and one PUT for a small object.

The client is obstore, because Arrow asks for the size of each file before it reads it and writes each file in three
requests, and boto3 takes more than twice the processor time a request (2.3 ms). Requests that fail for a moment
(throttling, a fault of S3, a broken connection) are repeated by obstore, with growing waits.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

import obstore
from obstore import exceptions
from obstore.store import S3Store

if TYPE_CHECKING:
    from obstore.store import RetryConfig

PART_BYTES = 8 * 1024 * 1024
"""Larger objects are written in parts of this size, so that one file in the making takes about as much memory."""

_PARTS_AT_ONCE = 2
# Once an upload in parts has begun, so many bytes are passed on at a time.
_PASSED_ON_BYTES = 1024 * 1024
_REQUEST_TIME = "120s"
_CONNECT_TIME = "10s"
_RETRIES: RetryConfig = {
    "max_retries": 8,
    "retry_timeout": timedelta(seconds=90),
    "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=10), "base": 2},
}
# Credentials that expire are asked for again so often; botocore renews them early enough.
_CREDENTIALS_FOR = timedelta(minutes=5)


class Found(NamedTuple):
    """Bytes of an object: where they begin in it, the object's size, and the ETag of the version they are of."""

    data: memoryview
    first: int
    size: int
    etag: str | None


class S3Objects:
    """The objects of all buckets that one set of options reaches."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the options of ``FileSystem``. Nothing is requested yet."""
        region, endpoint = options.get("region"), options.get("endpoint_override")
        if endpoint:
            endpoint = f"{options.get('scheme', 'https')}://{endpoint}"
        elif region and region.startswith("cn-"):
            endpoint = f"https://s3.{region}.amazonaws.com.cn"
        self._settings: dict[str, Any] = {"region": region, "endpoint": endpoint}
        self._settings = {name: value for name, value in self._settings.items() if value}
        self._credentials = _credentials(options.get("profile"))
        self._store_of = cache(self._open_store)  # with its connections, which are kept alive

    def _open_store(self, bucket: str) -> S3Store:
        return S3Store(
            bucket,
            **self._settings,
            **self._credentials,
            virtual_hosted_style_request=False,
            client_options={"allow_http": True, "timeout": _REQUEST_TIME, "connect_timeout": _CONNECT_TIME},
            retry_config=_RETRIES,
        )

    def get(self, uri: str, first: int = 0, end: int | None = None, etag: str | None = None) -> Found:
        """The bytes from ``first`` to before ``end``, or to the object's end, by one request.

        Raises ``OSError``, also if the object no longer has the version ``etag``. A range that begins behind the last
        byte is an error, except in an empty object.
        """
        options: dict[str, Any] = {"if_match": etag} if etag else {}
        if end is not None:
            options["range"] = (first, end)
        elif first:
            options["range"] = {"offset": first}
        return self._get(uri, options)

    def get_last(self, uri: str, count: int) -> Found:
        """The last ``count`` bytes of an object, or all of it if it has no more, by one request."""
        return self._get(uri, {"range": {"suffix": count}})

    def get_if_small(self, uri: str, most: int) -> Found | None:
        """All bytes of an object by one request; None, without having read them, if there are more than ``most``."""
        store, key = self._resolve(uri)
        with _naming(uri):
            answer = obstore.get(store, key)
            if answer.meta["size"] > most:
                return None
            return Found(memoryview(answer.bytes()), 0, answer.meta["size"], answer.meta.get("e_tag"))

    def _get(self, uri: str, options: dict[str, Any]) -> Found:
        store, key = self._resolve(uri)
        with _naming(uri):
            try:
                answer = obstore.get(store, key, options=options)  # type: ignore[arg-type]
            except exceptions.BaseError as error:
                # An empty object has no range: S3 answers 416, others with the object.
                if "range" not in options or not any(text in str(error) for text in ("416", "non-partial")):
                    raise
                answer = obstore.get(store, key)
                if answer.meta["size"]:
                    raise
            return Found(memoryview(answer.bytes()), answer.range[0], answer.meta["size"], answer.meta.get("e_tag"))

    def put(self, uri: str, data: bytes) -> None:
        """Write an object atomically, by one request."""
        store, key = self._resolve(uri)
        with _naming(uri):
            obstore.put(store, key, data, use_multipart=False)

    def create(self, uri: str, put: Callable[[bytes], None]) -> IO[bytes]:
        """A file to write to, which others see once it is closed: a small one by ``put``, a large one in parts."""
        return cast("IO[bytes]", Upload(uri, partial(self._open_parts, uri), put))

    def _open_parts(self, uri: str) -> Any:
        store, key = self._resolve(uri)
        return obstore.open_writer(store, key, buffer_size=PART_BYTES, max_concurrency=_PARTS_AT_ONCE)

    def _resolve(self, uri: str) -> tuple[S3Store, str]:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self._store_of(bucket), key


class Upload:
    """A file to write to that becomes an object when it is closed. If it is never closed, nothing is written."""

    def __init__(self, uri: str, open_parts: Callable[[], Any], put: Callable[[bytes], None]) -> None:
        """Nothing is requested yet.

        Args:
            uri: For errors.
            open_parts: Begins an upload in parts; called for a large file.
            put: Writes a small file.
        """
        self.closed = False
        self._uri = uri
        self._open_parts = open_parts
        self._put = put
        self._waiting = bytearray()
        self._sent = 0
        self._parts: Any = None

    def __enter__(self) -> Upload:
        """Return itself."""
        return self

    def __exit__(self, error: type[BaseException] | None, *_: Any) -> None:
        """Close the file; after an error nothing is written."""
        if error is None:
            self.close()
        self.closed = True

    def readable(self) -> bool:
        """No."""
        return False

    def writable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """No."""
        return False

    def tell(self) -> int:
        """How many bytes were written."""
        return self._sent + len(self._waiting)

    def flush(self) -> None:
        """Do nothing: bytes are sent when there are enough of them."""

    def write(self, data: Any) -> int:
        """Add bytes. Raises ``OSError`` if a part cannot be sent."""
        self._waiting += data
        if len(self._waiting) > (PART_BYTES if self._parts is None else _PASSED_ON_BYTES):
            self._send()
        return len(data)

    def close(self) -> None:
        """Send the rest, and make the object visible. Raises ``OSError``."""
        if self.closed:
            return
        self.closed = True
        if self._parts is None:
            self._put(bytes(self._waiting))
            return
        self._send()
        with _naming(self._uri):
            self._parts.close()

    def _send(self) -> None:
        with _naming(self._uri):
            if self._parts is None:
                self._parts = self._open_parts()
            self._parts.write(bytes(self._waiting))
        self._sent += len(self._waiting)
        self._waiting.clear()


def s3_objects(options: dict[str, Any]) -> S3Objects:
    """The client for these options; the same one each time in a process, so that its connections are used again."""
    environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return _client(os.getpid(), tuple(sorted(options.items())), tuple(sorted(environment.items())))


@cache
def _client(process: int, options: tuple[tuple[str, Any], ...], environment: tuple[tuple[str, str], ...]) -> S3Objects:
    # The process is in the key because threads and connections of a client do not survive a fork.
    return S3Objects(dict(options))


@contextmanager
def _naming(uri: str) -> Iterator[None]:
    """Raise obstore's errors as ``OSError``, with the object's URI and the first line of what S3 said."""
    try:
        yield
    except (exceptions.NotFoundError, FileNotFoundError) as error:
        raise FileNotFoundError(f"{uri} does not exist ({_answer(error)})") from error
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError, PermissionError) as error:
        raise PermissionError(f"{uri}: access denied ({_answer(error)})") from error
    except exceptions.PreconditionError as error:
        raise OSError(f"{uri} was replaced while it was read") from error
    except exceptions.BaseError as error:
        raise OSError(f"{uri}: {_answer(error)}") from error


def _answer(error: BaseException) -> str:
    """The code and message in S3's answer; without an answer, the first line of the error."""
    text = str(error)
    found = [text.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0] for tag in ("Code", "Message")]
    return ": ".join(filter(None, found)) or text.strip().partition("\n")[0]


def _credentials(profile: str | None) -> dict[str, Any]:
    """Arguments of ``S3Store``: none if the environment has keys, else what botocore finds, asked for when needed."""
    if profile is None and {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= os.environ.keys():
        return {}
    # Imported by name and only here: the conversion must work where botocore is not installed.
    session = importlib.import_module("botocore.session").Session(profile=profile)
    found = session.get_credentials()
    if found is None:
        return {}

    def provide() -> dict[str, Any]:
        keys = found.get_frozen_credentials()
        return {
            "access_key_id": keys.access_key,
            "secret_access_key": keys.secret_key,
            "token": keys.token,
            "expires_at": datetime.now(UTC) + _CREDENTIALS_FOR,
        }

    return {"credential_provider": provide}
