"""A local file that cannot be written: which, why, and what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from personalize_assets.conversion.reading.file_errors import UnwritableFile
from personalize_assets.conversion.reading.local_output import LocalOutput, explained


@pytest.fixture
def full(tmp_path: Path) -> str:
    """A file on a device that has no room."""
    (tmp_path / "full").symlink_to("/dev/full")
    return str(tmp_path / "full")


def test_all_bytes_of_any_buffer_are_written(tmp_path: Path) -> None:
    with LocalOutput(str(tmp_path / "new/a")) as file:
        assert [file.write(data) for data in (b"ab", pa.py_buffer(b"cd"), memoryview(b"ef"))] == [2, 2, 2]

    assert (tmp_path / "new/a").read_bytes() == b"abcdef"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o640), (0o077, 0o600), (0, 0o640)])
def test_other_users_of_the_machine_get_no_right_to_a_file(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        LocalOutput(str(tmp_path / "a")).close()
    finally:
        os.umask(before)

    assert (tmp_path / "a").stat().st_mode & 0o777 == mode


def test_a_full_disk_is_named_with_what_to_do(full: str) -> None:
    with pytest.raises(UnwritableFile) as error, LocalOutput(full) as file:
        file.write(b"a")

    assert str(error.value) == f"{full} cannot be written: No space left on device; free some space there"


def test_arrow_passes_the_error_on(full: str) -> None:
    table = pa.table({"a": [1]})

    with pytest.raises(UnwritableFile, match="free some space there"), LocalOutput(full) as file:
        pq.write_table(table, file)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.EDQUOT, "Disk quota exceeded; free some space there"),
        (errno.EROFS, "Read-only file system; mount it for writing, or correct the uri in the config"),
        (errno.EACCES, "Permission denied; give the user who runs this access to it, or correct the uri in the config"),
        (errno.EIO, "Input/output error; the disk reports an error: check it, or correct the uri in the config"),
    ],
)
def test_each_error_of_the_system_says_what_to_do(number: int, text: str) -> None:
    with pytest.raises(UnwritableFile) as error, explained("/out/a"):
        raise OSError(number, os.strerror(number))

    assert str(error.value) == f"/out/a cannot be written: {text}"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")

    with pytest.raises(
        UnwritableFile, match=rf"{tmp_path}/a/b cannot be written: .* a file is where a folder is wanted"
    ):
        LocalOutput(str(tmp_path / "a/b"))
