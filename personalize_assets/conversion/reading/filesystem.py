"""Opens and creates files of a local folder or of S3; needs neither JVM jars nor boto3."""

from __future__ import annotations

import stat
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.fs

from personalize_assets.conversion.reading.local_output import LocalOutput

if TYPE_CHECKING:
    from personalize_assets.conversion.reading.s3_objects import S3Objects

# What the first request for a file of unknown size asks for, from its end: a small file as a whole, of a Parquet file
# the footer and what is stored before it.
_FIRST_BYTES = 2 * 1024 * 1024
_WHOLE_BYTES = 8 * 1024 * 1024
_UPLOADS_AT_ONCE = 16
_MOST_WAITING_BYTES = 32 * 1024 * 1024
_KEPT_BYTES = 32 * 1024 * 1024


def is_s3(uri: str) -> bool:
    """Whether a URI is one of S3 and not a local path."""
    return uri.startswith("s3://")


class _KeptFiles:
    """The last small Parquet files that were opened, in bounded memory."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, pa.Buffer] = OrderedDict()
        self._bytes = 0
        self._using = threading.Lock()

    def get(self, uri: str) -> pa.Buffer | None:
        with self._using:
            return self._files.get(uri)

    def add(self, uri: str, data: pa.Buffer) -> None:
        with self._using:
            self._bytes += data.size - (self._files.pop(uri).size if uri in self._files else 0)
            self._files[uri] = data
            while self._bytes > _KEPT_BYTES:
                self._bytes -= self._files.popitem(last=False)[1].size


_kept: _KeptFiles | None = None


@contextmanager
def small_files_kept() -> Iterator[None]:
    """In this block, a small Parquet file of S3 is read once by this process: none is written twice by one name."""
    global _kept
    before, _kept = _kept, _kept or _KeptFiles()
    try:
        yield
    finally:
        _kept = before


class FileSystem:
    """Opens URIs: ``s3://bucket/key`` or a local path. For several threads."""

    def __init__(self, s3: dict[str, Any] | None = None) -> None:
        """Take how S3 is reached: ``endpoint_override``, ``region``, ``scheme``, ``credentials`` and ``profile``.

        Keys come from the environment, or from where botocore finds them, for the ``profile`` if there is one. They are
        looked up on first use and never written down.
        """
        self._s3_options = s3 or {}
        self._local = pyarrow.fs.LocalFileSystem()
        self._behind: _WriteBehind | None = None

    @property
    def _s3(self) -> S3Objects:
        from personalize_assets.conversion.reading.s3_objects import s3_objects  # folders do not need it

        return s3_objects(self._s3_options)

    def open(self, uri: str, listed_bytes: int | None = None) -> IO[bytes]:
        """Open a file for reading; it can seek. Raises ``OSError``, which names the file.

        A small file of S3 is read as a whole by one request, a large one in blocks of some MB. All blocks are of the
        same version: reading raises ``OSError`` if the file is replaced meanwhile.

        Args:
            listed_bytes: The size in a listing; the file is then meant to be read from its beginning. It may be wrong.
        """
        if not is_s3(uri):
            if not stat.S_ISREG(Path(uri).stat().st_mode):  # a pipe would be waited for without end
                raise OSError(f"{uri} is not a regular file; remove it, or replace it by one")
            return cast("IO[bytes]", self._local.open_input_file(uri))
        objects = self._s3
        if listed_bytes is not None and listed_bytes <= _WHOLE_BYTES:
            whole = objects.get_if_small(uri, _WHOLE_BYTES, listed_bytes)
            if whole is not None:
                return cast("IO[bytes]", pa.BufferReader(whole.data))
        kept = _kept if uri.endswith(".parquet") else None
        if kept is not None and (whole_file := kept.get(uri)) is not None:
            return cast("IO[bytes]", pa.BufferReader(whole_file))
        file = file_of_blocks(objects, uri, from_its_end=listed_bytes is None)
        if kept is not None and isinstance(file, pa.BufferReader):
            kept.add(uri, file.read_buffer())
            file.seek(0)
        return file

    def read_range(self, uri: str, first: int, end: int) -> bytes:
        """The bytes of a file from ``first`` to before ``end``: one request to S3. Raises ``OSError``."""
        if is_s3(uri):
            return bytes(self._s3.get(uri, first, end).data)
        with self._local.open_input_file(uri) as file:
            return cast("bytes", file.read_at(end - first, first))

    def create(self, uri: str) -> IO[bytes]:
        """Create a file for writing, which others see once it is closed. Missing local folders are created.

        Creating, writing and closing raise ``UnwritableFile`` in a folder, and ``OSError`` on S3.
        """
        if is_s3(uri):
            objects = self._s3
            put = partial(objects.put, uri)
            return objects.create(uri, partial(self._behind.start, put) if self._behind else put)
        return cast("IO[bytes]", LocalOutput(uri))

    @contextmanager
    def writing_behind(self) -> Iterator[None]:
        """In this block, closing a small file of S3 does not wait until it is written; the end of the block does.

        For one thread. Raises ``OSError`` if a file could not be written.
        """
        with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as threads:
            self._behind = _WriteBehind(threads)
            try:
                yield
                self._behind.finish()
            finally:
                self._behind = None

    def delete_local_folder(self, uri: str) -> None:
        """Delete a local folder with all that is in it; one that does not exist is no error.

        Does nothing on S3: what is stored there is deleted by the process that plans the job.
        """
        if is_s3(uri):
            return
        self._local.delete_dir_contents(uri, missing_dir_ok=True)
        if self._local.get_file_info(uri).type == pyarrow.fs.FileType.Directory:
            self._local.delete_dir(uri)


class _WriteBehind:
    """Writes that are under way, of a bounded number of bytes."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self._under_way: deque[tuple[int, Future[None]]] = deque()
        self._bytes = 0

    def start(self, put: Callable[[bytes], None], data: bytes) -> None:
        self._under_way.append((len(data), self._threads.submit(put, data)))
        self._bytes += len(data)
        while self._bytes > _MOST_WAITING_BYTES:
            self._finish_oldest()

    def finish(self) -> None:
        while self._under_way:
            self._finish_oldest()

    def _finish_oldest(self) -> None:
        size, write = self._under_way.popleft()
        self._bytes -= size
        write.result()


def file_of_blocks(objects: S3Objects, uri: str, *, from_its_end: bool = True) -> IO[bytes]:
    """Open an object, read in blocks of one version; first its end, where a Parquet file has its footer, or beginning.

    Raises ``OSError``, as each read of it does.
    """
    from personalize_assets.conversion.reading.blocks_ahead import BLOCK_BYTES, BlocksAhead

    found = objects.get_last(uri, _FIRST_BYTES) if from_its_end else objects.get(uri, 0, BLOCK_BYTES)
    if len(found.data) == found.size:
        return cast("IO[bytes]", pa.BufferReader(found.data))
    return cast(
        "IO[bytes]",
        BlocksAhead(
            found.size,
            lambda first, end: objects.get(uri, first, end, found.etag).data,
            (found.first, found.data),
        ),
    )
