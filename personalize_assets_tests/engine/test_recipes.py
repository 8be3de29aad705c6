"""Each recipe of the repository gives the rows that are committed beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personalize_assets.engines import Engine
from personalize_assets_tests.helpers.recipes import NAMES, expected, group_of, rejected, run

BEFORE_LOGIN = {"interactions missing:USER_ID": 2}
REJECTED = {"posthog": {}, "movielens": {}, "shopify": {}}
"""What is rejected of recipes where it is not two events before login."""


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_gives_its_rows(name: str, tmp_path: Path, engine: Engine) -> None:
    group = group_of(name, tmp_path)

    assert run(group, engine) == expected(name)
    assert rejected(group) == REJECTED.get(name, BEFORE_LOGIN)
    lines = [file.read_text().splitlines() for file in (tmp_path / "out/rejects").rglob("*.jsonl")]
    assert all(json.loads(json.loads(line)["raw"]) for of_file in lines for line in of_file)
