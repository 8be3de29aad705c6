"""Files of a local folder . Those of S3: integration/conversion/test_filesystem.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from personalize_assets.conversion.reading.filesystem import FileSystem


def test_a_file_is_created_with_the_folders_above_it(tmp_path: Path) -> None:
    path = tmp_path / "rejects" / "day=2026-10-01" / "a.jsonl"
    with FileSystem().create(str(path)) as file:
        file.write(b"{}\n")
    assert path.read_bytes() == b"{}\n"


def test_bytes_are_written_and_read_as_they_are_whatever_the_name(tmp_path: Path) -> None:
    with FileSystem().create(str(tmp_path / "a.gz")) as file:
        file.write(b"{}")
    assert (tmp_path / "a.gz").read_bytes() == b"{}"
    with FileSystem().open(str(tmp_path / "a.gz")) as file:
        assert file.read() == b"{}"


def test_a_file_is_opened_at_its_beginning_and_can_seek(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with FileSystem().open(str(tmp_path / "a")) as file:
        assert file.read(1) == b"a"
        file.seek(2)
        assert file.read() == b"c"


def test_a_range_of_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abcdef")

    assert FileSystem().read_range(str(tmp_path / "a"), 2, 4) == b"cd"


def test_a_missing_file_is_an_os_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nothing-here"):
        FileSystem().open(str(tmp_path / "nothing-here"))


def test_a_pipe_is_an_error_at_once_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(OSError, match="pipe is not a regular file; remove it, or replace it by one"):
        FileSystem().open(str(tmp_path / "pipe"))
