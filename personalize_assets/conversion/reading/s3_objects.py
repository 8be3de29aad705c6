"""Objects of S3 by as few requests as possible, for many threads: no HEAD, and one PUT for a small object.

The client is obstore, because Arrow asks for the size of each file before it reads it and writes each file in three
requests, and boto3 takes more than twice the processor time a request (2.3 ms).

A request that fails for a moment (throttling, a fault of S3, a connection that breaks, a body that ends early) is tried
again (``conversion.tries``): a read from the byte that it had reached, and only of the same version of the object.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import IO, TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

import obstore
from obstore import exceptions
from obstore.store import S3Store

from personalize_assets.conversion.reading.file_errors import UnansweredFile
from personalize_assets.conversion.tries import TRANSIENT_STATUSES, Tries
from personalize_assets.conversion.waiting import waiting_for

if TYPE_CHECKING:
    from obstore.store import RetryConfig

PART_BYTES = 8 * 1024 * 1024
"""Larger objects are written in parts of this size, so that one file in the making takes about as much memory."""

_PARTS_AT_ONCE = 2
# Once an upload in parts has begun, so many bytes are passed on at a time.
_PASSED_ON_BYTES = 1024 * 1024
_REQUEST_TIME = "120s"
_CONNECT_TIME = "10s"
_BACK_OFF: Any = {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=10), "base": 2}
# Reads and small writes are tried again here, where it can be said how far they are. An upload in parts is obstore's.
_NO_RETRIES: RetryConfig = {"max_retries": 0, "retry_timeout": timedelta(seconds=0), "backoff": _BACK_OFF}
_RETRIES: RetryConfig = {"max_retries": 11, "retry_timeout": timedelta(seconds=180), "backoff": _BACK_OFF}
# A body that breaks is asked for again from the last whole piece of so many bytes.
_PIECE_BYTES = 256 * 1024
_STATUS = re.compile(r"status code: (\d{3})")
# S3's codes with a status of 4xx after which the same request may succeed.
_TRANSIENT_CODES = re.compile(r"<Code>(RequestTimeout|SlowDown|OperationAborted|ConditionalRequestConflict)</Code>")
_BEHIND_THE_END = 416
_OF_S3 = "AWS_ENDPOINT_URL_S3"
_NO_ANSWER = ("HTTP error:", "error response:")
# Credentials that expire are asked for again so often; botocore renews them early enough.
_CREDENTIALS_FOR = timedelta(minutes=5)


class _BehindTheEnd(OSError):
    """A range begins behind the last byte."""


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
        elif region:  # named, as the environment may have another endpoint, which the caller did not take
            endpoint = f"https://s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
        self._settings: dict[str, Any] = {"region": region, "endpoint": endpoint}
        if endpoint and os.environ.get(_OF_S3):  # for obstore the variable counts more than `endpoint`
            self._settings[_OF_S3.lower()] = endpoint
        self._settings = {name: value for name, value in self._settings.items() if value}
        self._credentials = _credentials(options.get("profile"))
        self._store_of = cache(self._open_store)  # with its connections, which are kept alive

    def _open_store(self, bucket: str, for_parts: bool = False) -> S3Store:
        return S3Store(
            bucket,
            **self._settings,
            **self._credentials,
            virtual_hosted_style_request=False,
            client_options={"allow_http": True, "timeout": _REQUEST_TIME, "connect_timeout": _CONNECT_TIME},
            retry_config=_RETRIES if for_parts else _NO_RETRIES,
        )

    def get(self, uri: str, first: int = 0, end: int | None = None, etag: str | None = None) -> Found:
        """The bytes from ``first`` to before ``end``, or to the object's end, by one request if nothing fails.

        Raises ``OSError``, also if the object no longer has the version ``etag``, and ``UnansweredFile`` (one too)
        after the last try. A range that begins behind the last byte is an error, except in an empty object.
        """
        options: dict[str, Any] = {"if_match": etag} if etag else {}
        if end is not None:
            options["range"] = (first, end)
        elif first:
            options["range"] = {"offset": first}
        return self._read(uri).all(options)

    def get_last(self, uri: str, count: int) -> Found:
        """The last ``count`` bytes of an object, or all of it if it has no more, by one request if nothing fails."""
        return self._read(uri).all({"range": {"suffix": count}})

    def get_if_small(self, uri: str, most: int, listed_bytes: int = 0) -> Found | None:
        """All bytes of an object by one request if nothing fails; None, without having read them, if it has more.

        An object that seems to have fewer bytes than a listing said is asked for the rest: a body may be shortened on
        its way together with its length.
        """
        found = self._read(uri).if_small(most)
        if found is None or not found.data or found.size >= listed_bytes:
            return found
        try:
            rest = self.get(uri, found.size, etag=found.etag)
        except _BehindTheEnd:
            return found
        return Found(memoryview(bytes(found.data) + rest.data), 0, rest.size, rest.etag)

    def _read(self, uri: str) -> _Read:
        return _Read(uri, *self._resolve(uri))

    def put(self, uri: str, data: bytes) -> None:
        """Write an object atomically, by one request if nothing fails. Raises ``OSError``."""
        store, key = self._resolve(uri)
        with waiting_for(uri) as wait, _naming(uri):
            tries = Tries(wait)
            while True:
                try:
                    obstore.put(store, key, data, use_multipart=False)
                except exceptions.BaseError as error:
                    cause = transient_cause(error)
                    if cause is None:
                        raise
                    if not tries.again(cause):
                        what = f"{len(data):,} bytes could not be written in {tries.count} tries"
                        raise UnansweredFile(f"{uri}: {what}; the last one: {cause}") from error
                else:
                    return

    def create(self, uri: str, put: Callable[[bytes], None]) -> IO[bytes]:
        """A file to write to, which others see once it is closed: a small one by ``put``, a large one in parts."""
        return cast("IO[bytes]", Upload(uri, partial(self._open_parts, uri), put, partial(self._size_of, uri)))

    def _open_parts(self, uri: str) -> Any:
        bucket, key = _place(uri)
        store = self._store_of(bucket, True)
        return obstore.open_writer(store, key, buffer_size=PART_BYTES, max_concurrency=_PARTS_AT_ONCE)

    def _size_of(self, uri: str) -> int | None:
        """The size of an object; None if there is none."""
        bucket, key = _place(uri)
        try:
            return obstore.head(self._store_of(bucket, True), key)["size"]
        except (exceptions.NotFoundError, FileNotFoundError):
            return None

    def _resolve(self, uri: str) -> tuple[S3Store, str]:
        bucket, key = _place(uri)
        return self._store_of(bucket), key


class _Read:
    """One read of an object, or of a range of it, in as many tries as it takes."""

    def __init__(self, uri: str, store: S3Store, key: str) -> None:
        self._uri = uri
        self._store = store
        self._key = key
        self._data = memoryview(b"")
        self._reached = 0
        # Known with the first answer:
        self._first = self._size = 0
        self._end: int | None = None
        self._etag: str | None = None

    def all(self, options: dict[str, Any]) -> Found:
        """All bytes that are asked for."""
        found = self._in_tries(options, None)
        assert found is not None
        return found

    def if_small(self, most: int) -> Found | None:
        """The whole object; None if it has more than ``most`` bytes."""
        return self._in_tries({}, most)

    def _in_tries(self, options: dict[str, Any], most: int | None) -> Found | None:
        with waiting_for(self._uri) as wait, _naming(self._uri):
            tries = Tries(wait)
            while True:
                try:
                    if not self._try(options, most):
                        return None
                    break
                except exceptions.BaseError as error:
                    cause = transient_cause(error)
                    if cause is None:
                        raise
                    if not tries.again(cause):
                        self._give_up(tries.count, cause, error)
        return Found(self._data, self._first, self._size, self._etag)

    def _try(self, options: dict[str, Any], most: int | None) -> bool:
        if self._end is not None and self._etag:
            if self._reached == self._end:
                return True
            options = {"range": (self._reached, self._end), "if_match": self._etag}
        answer = self._ask(options)
        if self._end is None or not self._etag:
            if most is not None and answer.meta["size"] > most:
                return False
            self._first, self._end = answer.range
            self._reached, self._data = self._first, memoryview(b"")
            self._size, self._etag = answer.meta["size"], answer.meta.get("e_tag")
        for piece in answer.stream(min_chunk_size=_PIECE_BYTES):
            self._add(memoryview(piece))
        if self._reached != self._end:
            raise exceptions.GenericError(f"HTTP error: the body ended at byte {self._reached:,} of {self._end:,}")
        return True

    def _add(self, piece: memoryview) -> None:
        size = (self._end or 0) - self._first
        if len(piece) == size:
            self._data = piece  # without a copy
        else:
            if not self._data:
                self._data = memoryview(bytearray(size))
            at = self._reached - self._first
            self._data[at : at + len(piece)] = piece
        self._reached += len(piece)

    def _ask(self, options: dict[str, Any]) -> Any:
        try:
            return obstore.get(self._store, self._key, options=cast("Any", options))
        except exceptions.BaseError as error:
            # An empty object has no range: S3 answers 416, others with the object.
            is_refused = _status(error) == _BEHIND_THE_END or "non-partial" in str(error)
            if not is_refused or "range" not in options or "if_match" in options:
                raise
            answer = obstore.get(self._store, self._key)
            if answer.meta["size"]:
                raise
            return answer

    def _give_up(self, tries: int, cause: str, error: BaseException) -> NoReturn:
        reached = f"bytes up to {self._reached:,} of {self._end:,} were read" if self._end is not None else "no answer"
        raise UnansweredFile(f"{self._uri}: {reached} in {tries} tries; the last one: {cause}") from error


class Upload:
    """A file to write to that becomes an object when it is closed. If it is never closed, nothing is written."""

    def __init__(
        self,
        uri: str,
        open_parts: Callable[[], Any],
        put: Callable[[bytes], None],
        size_of: Callable[[], int | None],
    ) -> None:
        """Nothing is requested yet.

        Args:
            uri: For errors.
            open_parts: Begins an upload in parts; called for a large file.
            put: Writes a small file.
            size_of: Asks for the size of the object, None if there is none; called where an answer got lost.
        """
        self.closed = False
        self._uri = uri
        self._open_parts = open_parts
        self._put = put
        self._size_of = size_of
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
        with waiting_for(self._uri), _naming(self._uri):
            try:
                self._parts.close()
            except (exceptions.NotFoundError, FileNotFoundError):
                # Where the answer to the first request was lost, the second one finds no upload any more. The name is
                # the task's own, so an object of that size is this one.
                if self._size_of() != self._sent:
                    raise

    def _send(self) -> None:
        with waiting_for(self._uri), _naming(self._uri):
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
        kind = OSError if transient_cause(error) is None else UnansweredFile
        kind = _BehindTheEnd if _status(error) == _BEHIND_THE_END else kind
        raise kind(f"{uri}: {_answer(error)}") from error


def transient_cause(error: exceptions.BaseError) -> str | None:
    """What failed, if the same request may succeed a little later; else None."""
    if type(error) is not exceptions.GenericError:
        return None
    text, status = str(error), _status(error)
    if status is not None:
        is_transient = status in TRANSIENT_STATUSES or bool(_TRANSIENT_CODES.search(text))
    else:
        is_transient = any(sign in text for sign in _NO_ANSWER)
    return _answer(error) if is_transient else None


def _status(error: BaseException) -> int | None:
    """The status of S3's answer, if there was one."""
    found = _STATUS.search(str(error))
    return int(found[1]) if found else None


def _place(uri: str) -> tuple[str, str]:
    """Bucket and key.

    obstore takes no key with an empty folder name: what is before it is taken for a part of the bucket, since both are
    joined in the request.
    """
    path = uri.removeprefix("s3://")
    at = path.rfind("//")
    bucket, _, key = (path[: at + 1], "/", path[at + 2 :]) if at >= 0 else path.partition("/")
    return bucket, key


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
