"""Sizes as people read them."""

from __future__ import annotations

import pytest

from personalize_assets.sizes import format_size


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 KB"), (12_345_678, "12.3 MB"), (10**9, "1.0 GB")],
)
def test_a_size_has_the_unit_that_is_read_most_easily(size: int, text: str) -> None:
    assert format_size(size) == text
