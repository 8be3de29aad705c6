"""The pipeline against an oracle, which is written from the definition of the data alone: same bytes, same counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets.engines import Engine
from personalize_assets.generate import generate
from personalize_assets_tests.helpers.adversary import Adversary
from personalize_assets_tests.helpers.oracle_check import CONFIGS, check

QUICK = {"segment": "sample", "rudderstack": "whole events", "firehose": "strict", "hive": "sample", "flat": "strict"}


@pytest.mark.parametrize(("layout", "config"), list(QUICK.items()))
def test_a_shop_in_each_layout(layout: str, config: str, engine: Engine, tmp_path: Path) -> None:
    generate(tmp_path / "raw", layout=layout, days=3, users=60, seed=len(layout))

    check(engine, tmp_path, layout, CONFIGS[config])


@pytest.mark.parametrize(
    ("config", "seeds"), [("sample", [1, 2]), ("whole events", [3, 4]), ("strict", [5]), ("actions", [6, 7])]
)
def test_adversaries(config: str, seeds: list[int], engine: Engine, tmp_path: Path) -> None:
    for seed in seeds:
        Adversary(seed).write(tmp_path / "raw")

    check(engine, tmp_path, "hive", CONFIGS[config])
