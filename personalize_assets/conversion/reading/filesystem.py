"""Files of a folder or of S3, seen from a Spark task: through Arrow, so that it needs neither JVM jars nor boto3."""

from __future__ import annotations

import importlib
import io
import zlib
from collections.abc import Iterator
from typing import IO, Any

import pyarrow.fs
from isal import isal_zlib

from personalize_assets.conversion.reading.framer import TruncatedStream

BLOCK_BYTES = 1024 * 1024
# What a block of packed bytes may unpack to before it is handed on: a reader's memory, not a limit of the file.
_UNPACKED_BYTES = 4 * BLOCK_BYTES
# Packed bytes that are unpacked at once: their text is read while it is in the processor's cache.
_PACKED_AT_ONCE = 12 * 1024
_REREAD_BYTES = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_EITHER_HEADER = 15 + 16  # zlib's code for: a gzip header, the largest window


class FileSystem:
    """Opens URIs: ``s3://bucket/key`` or a local path.

    ``s3`` holds what Arrow's ``S3FileSystem`` takes (``endpoint_override``, ``region``, ``scheme``, …); without
    credentials in it, AWS's usual chain is followed.
    ``credentials: boto3`` has boto3 find them, for the ``profile`` named beside it, if any: it knows more ways than
    Arrow (single sign-on; a Glue job's role). They are looked up where they are used and never written down.
    """

    def __init__(self, s3: dict[str, Any] | None = None) -> None:
        self._s3_options = s3 or {}
        self._s3: pyarrow.fs.FileSystem | None = None

    def _of(self, uri: str) -> tuple[pyarrow.fs.FileSystem, str]:
        if uri.startswith("s3://"):
            if self._s3 is None:
                self._s3 = pyarrow.fs.S3FileSystem(**_with_credentials(self._s3_options))
            return self._s3, uri.removeprefix("s3://")
        return pyarrow.fs.LocalFileSystem(), uri

    def open(self, uri: str) -> IO[bytes]:
        """The bytes of a file, from its beginning."""
        filesystem, path = self._of(uri)
        return filesystem.open_input_file(path)  # type: ignore[no-any-return]

    def create(self, uri: str) -> IO[bytes]:
        """A file to write; it is there for others when it is closed. Missing local folders are made."""
        filesystem, path = self._of(uri)
        if isinstance(filesystem, pyarrow.fs.LocalFileSystem):
            filesystem.create_dir(path.rpartition("/")[0], recursive=True)
        return filesystem.open_output_stream(path)  # type: ignore[no-any-return]


    def delete_folder(self, uri: str) -> None:
        """Delete a folder and all files in it; one that is not there is no error."""
        filesystem, path = self._of(uri)
        found = filesystem.get_file_info(pyarrow.fs.FileSelector(path, recursive=True, allow_not_found=True))
        for file in found:
            if file.is_file:
                filesystem.delete_file(file.path)
        if isinstance(filesystem, pyarrow.fs.LocalFileSystem) and found:
            filesystem.delete_dir(path)


def _with_credentials(options: dict[str, Any]) -> dict[str, Any]:
    options = dict(options)
    profile = options.pop("profile", None)
    if options.pop("credentials", None) != "boto3":
        return options
    # By name: the conversion must import where there is no boto3, and only whoever asks for it needs it.
    found = importlib.import_module("boto3.session").Session(profile_name=profile).get_credentials()
    if found is None:
        return options
    keys = found.get_frozen_credentials()
    return {**options, "access_key": keys.access_key, "secret_key": keys.secret_key, "session_token": keys.token}


def is_gzip(file: IO[bytes]) -> bool:
    """Whether a file begins as gzip does; it stands at its beginning afterwards."""
    file.seek(0)
    magic = file.read(len(_GZIP_MAGIC))
    file.seek(0)
    return magic == _GZIP_MAGIC


def unpacked_blocks(file: IO[bytes]) -> Iterator[bytes]:
    """A file's bytes in blocks, unpacked if it is gzip by its first bytes; its name says nothing.

    Several gzip members in a row are one text. Where gzip breaks off, what came before has been handed out and
    ``TruncatedStream`` is raised. Zero bytes after a member are padding, anything else there is a break.
    """
    block = file.read(BLOCK_BYTES)
    while len(block) == 1:  # a pipe-like source may give less than the two bytes that tell
        more = file.read(BLOCK_BYTES)
        if not more:
            break
        block += more
    if not block.startswith(_GZIP_MAGIC):
        while block:
            yield block
            block = file.read(BLOCK_BYTES)
        return
    yield from _gunzip(file, block)


def _gunzip(file: IO[bytes], packed: bytes) -> Iterator[bytes]:
    member = isal_zlib.decompressobj(wbits=_EITHER_HEADER)
    start, given, at = file.tell() - len(packed), 0, 0
    while True:
        if at == len(packed):
            packed, at = file.read(BLOCK_BYTES), 0
            if not packed:
                raise TruncatedStream
        piece = packed[at : at + _PACKED_AT_ONCE]
        try:
            unpacked = member.decompress(piece, _UNPACKED_BYTES)
        except isal_zlib.error:  # type: ignore[misc]
            yield from _before_the_break(file, start, given)
            raise TruncatedStream from None
        given += len(unpacked)
        yield unpacked
        at += len(piece) - len(member.unused_data if member.eof else member.unconsumed_tail)
        if not member.eof:
            continue
        packed, at = packed[at:].lstrip(b"\0") or _after_padding(file), 0
        if not packed:
            return
        start, given = file.tell() - len(packed), 0
        member = isal_zlib.decompressobj(wbits=_EITHER_HEADER)


def _before_the_break(file: IO[bytes], start: int, given: int) -> Iterator[bytes]:
    """What a broken member from ``start`` on holds after the ``given`` bytes: the decoder that failed took it along."""
    file.seek(start)
    member = zlib.decompressobj(wbits=_EITHER_HEADER)
    step = _REREAD_BYTES
    while packed := file.read(step):
        before = member.copy()
        try:
            piece = member.decompress(packed)
        except zlib.error:
            if step == 1:
                return
            file.seek(-len(packed), io.SEEK_CUR)
            member, step = before, 1
            continue
        if len(piece) > given:
            yield piece[given:]
        given = max(given - len(piece), 0)


def _after_padding(file: IO[bytes]) -> bytes:
    while block := file.read(BLOCK_BYTES):
        if rest := block.lstrip(b"\0"):
            return rest
    return b""
