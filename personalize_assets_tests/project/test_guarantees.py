"""docs/reference/guarantees.md names tests that exist."""

from __future__ import annotations

import re

import pytest

from personalize_assets_tests.helpers.samples import REPO

TEXT = (REPO / "docs/reference/guarantees.md").read_text()
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", TEXT)


def test_each_guarantee_names_a_test() -> None:
    rows = [row for row in TEXT.splitlines() if row.startswith("| ") and not row.startswith(("| ---", "| guarantee"))]

    assert [row for row in rows if "::" not in row] == []
    assert len(rows) <= len(NAMED)


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    code = (REPO / "personalize_assets_tests" / file).read_text()

    assert re.search(rf"^ *(def {name}\(|{name} = )", code, re.MULTILINE)
