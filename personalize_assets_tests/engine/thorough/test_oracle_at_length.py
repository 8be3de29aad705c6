"""The comparison with the oracle on larger shops and many more seeds than ``engine/test_oracle.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets.engines import Engine
from personalize_assets.generate import generate
from personalize_assets.layouts import LAYOUTS
from personalize_assets_tests.helpers.adversary import Adversary
from personalize_assets_tests.helpers.oracle_check import CONFIGS, check


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_larger_shop_with_each_mapping(layout: str, config: str, engine: Engine, tmp_path: Path) -> None:
    generate(tmp_path / "raw", layout=layout, days=4, users=300, seed=len(config))

    check(engine, tmp_path, layout, CONFIGS[config])


@pytest.mark.parametrize("seed", range(100, 120))
def test_many_adversaries(seed: int, engine: Engine, tmp_path: Path) -> None:
    Adversary(seed).write(tmp_path / "raw")

    check(engine, tmp_path, "hive", list(CONFIGS.values())[seed % 3])
