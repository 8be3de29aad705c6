"""Which tests run: `slow` is set by folder, and a test that is skipped says why."""

from __future__ import annotations

import re
import tomllib

from personalize_assets_tests.helpers.samples import REPO

TESTS = REPO / "personalize_assets_tests"


def files_with(pattern: str) -> set[str]:
    return {str(file.relative_to(TESTS)) for file in TESTS.rglob("*.py") if re.search(pattern, file.read_text())}


def test_no_test_is_marked_slow_by_hand() -> None:
    assert files_with(r"@?pytest\.mark\.slow\b") == set()


def test_every_skip_has_a_reason_and_pytest_prints_it() -> None:
    options = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["addopts"]

    assert "-ra" in options.split()
    assert files_with(r"mark\.skip(\(\))?\n") == set()
