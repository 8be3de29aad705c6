"""Opens and creates files of a local folder or of S3 through Arrow, which needs neither JVM jars nor boto3."""

from __future__ import annotations

import importlib
from typing import IO, Any

import pyarrow.fs


class UnreadableFile(Exception):
    """A raw file that cannot be opened or read; the text names it and is for the user."""


class UnreadableDailyFile(UnreadableFile):
    """A daily file that is missing or damaged: its rows never count as none. The text says what to do."""


class FileSystem:
    """Opens URIs: ``s3://bucket/key`` or a local path."""

    def __init__(self, s3: dict[str, Any] | None = None) -> None:
        """Take keyword arguments of Arrow's ``S3FileSystem`` (``endpoint_override``, ``region``, ``scheme``, …).

        By default Arrow searches AWS's usual chain of credentials. ``credentials: boto3`` makes boto3 search, for the
        ``profile`` beside it if there is one: boto3 supports more kinds than Arrow (single sign-on, the role of a Glue
        job). They are looked up on first use and never written down.
        """
        self._s3_options = s3 or {}
        self._s3: pyarrow.fs.FileSystem | None = None

    def open(self, uri: str) -> IO[bytes]:
        """Open a file for reading; it can seek. Raises ``OSError``, which names the file."""
        filesystem, path = self._resolve(uri)
        return filesystem.open_input_file(path)  # type: ignore[no-any-return]

    def create(self, uri: str) -> IO[bytes]:
        """Create a file for writing, which others see once it is closed. Missing local folders are created."""
        filesystem, path = self._resolve(uri)
        if isinstance(filesystem, pyarrow.fs.LocalFileSystem):
            filesystem.create_dir(path.rpartition("/")[0], recursive=True)
        # Arrow would compress by default what has a name like ``a.gz``.
        return filesystem.open_output_stream(path, compression=None)  # type: ignore[no-any-return]

    def _resolve(self, uri: str) -> tuple[pyarrow.fs.FileSystem, str]:
        if uri.startswith("s3://"):
            if self._s3 is None:
                self._s3 = pyarrow.fs.S3FileSystem(**_with_credentials(self._s3_options))
            return self._s3, uri.removeprefix("s3://")
        return pyarrow.fs.LocalFileSystem(), uri

    def delete_local_folder(self, uri: str) -> None:
        """Delete a local folder with all that is in it; one that does not exist is no error.

        Does nothing on S3: Arrow leaves empty objects in place of what it deletes.
        """
        filesystem, path = self._resolve(uri)
        if isinstance(filesystem, pyarrow.fs.LocalFileSystem):
            filesystem.delete_dir_contents(path, missing_dir_ok=True)
            if filesystem.get_file_info(path).type == pyarrow.fs.FileType.Directory:
                filesystem.delete_dir(path)


def _with_credentials(options: dict[str, Any]) -> dict[str, Any]:
    options = dict(options)
    profile = options.pop("profile", None)
    if options.pop("credentials", None) != "boto3":
        return options
    # Imported by name and only here: the conversion must work where boto3 is not installed.
    found = importlib.import_module("boto3.session").Session(profile_name=profile).get_credentials()
    if found is None:
        return options
    keys = found.get_frozen_credentials()
    return {**options, "access_key": keys.access_key, "secret_key": keys.secret_key, "session_token": keys.token}
