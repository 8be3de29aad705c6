"""What a user can do about an error with a file."""

from __future__ import annotations

import errno

import pytest

from personalize_assets.conversion.reading.file_errors import what_to_do

ACCESS = "give the user who runs this access to it, or correct the uri in the config"


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "free some space there"),
        (errno.EDQUOT, "free some space there"),
        (errno.EACCES, ACCESS),
        (errno.EIO, "check the disk"),
    ],
)
def test_each_error_has_what_to_do_and_a_caller_may_know_more(number: int, advice: str) -> None:
    assert what_to_do(OSError(number, "text"), {errno.EIO: "check the disk"}) == advice


def test_an_error_without_a_number_may_be_a_missing_right() -> None:
    assert what_to_do(OSError("text"), {}) == ACCESS
