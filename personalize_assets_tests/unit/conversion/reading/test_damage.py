"""Limits of unpacking, and the texts of what is not read."""

from __future__ import annotations

from personalize_assets.conversion.reading.damage import Allowance, UnreadableFormat, max_unpacked_bytes


def test_a_larger_file_may_unpack_to_a_multiple_of_its_size() -> None:
    stored = 10 * 1024 * 1024 * 1024

    assert max_unpacked_bytes(stored) == 200 * stored
    assert max_unpacked_bytes(1000) == 1024 * 1024 * 1024
    assert Allowance(stored).left == 200 * stored


def test_an_unreadable_format_is_described_with_its_size_and_what_to_do() -> None:
    error = UnreadableFormat("tar archive", 10240, "unpack it")

    assert (error.reason, error.text) == ("unreadable_file", "tar archive of 10,240 bytes: unpack it")
