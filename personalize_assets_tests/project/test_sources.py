"""docs/how-to/sources.md, the recipes and the generator's shapes are of the same sources."""

from __future__ import annotations

import re

import pytest
import yaml
from click.testing import CliRunner

from personalize_assets import cli
from personalize_assets.commands.generate import FORMAT_NAMES, SHAPE_NAMES
from personalize_assets.generate import FORMATS, SHAPES
from personalize_assets_tests.helpers.recipes import NAMES, RECIPES
from personalize_assets_tests.helpers.samples import REPO

PAGE = (REPO / "docs/how-to/sources.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if line.startswith("| ")]
RECIPE_OF = {re.search(r"recipes\.md#([\w-]+)", row[4])[1]: row for row in ROWS[2:]}  # type: ignore[index]


def test_every_recipe_is_in_the_table_and_back() -> None:
    assert tuple(sorted(RECIPE_OF)) == NAMES
    assert len(ROWS[2:]) == len(NAMES) == 16


@pytest.mark.parametrize("name", NAMES)
def test_the_table_has_the_layout_of_the_recipe(name: str) -> None:
    config = yaml.safe_load((RECIPES / f"{name}.yaml").read_text())

    assert RECIPE_OF[name][2] == f"`{config['source']['layout']}`"
    assert config["dataset_group"]["name"] == name
    assert config["destination"]["uri"] == f"../../data/recipes/{name}"
    assert config["source"]["uri"].split("/")[0] == name


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_has_a_sample_and_the_rows_of_its_datasets(name: str) -> None:
    config = yaml.safe_load((RECIPES / f"{name}.yaml").read_text())
    made = {file.stem for file in (RECIPES / "expected" / name).iterdir()}

    assert made == set(config["datasets"])
    sizes = [file.stat().st_size for file in (RECIPES / name).rglob("*") if file.is_file()]
    assert 0 < sum(sizes) < 20_000


def test_the_command_offers_every_shape_and_format() -> None:
    printed = CliRunner().invoke(cli.main, ["generate", "--help"]).output.replace("\n", " ")

    assert tuple(SHAPES) == SHAPE_NAMES == NAMES
    assert FORMATS == FORMAT_NAMES
    assert all(name in printed for name in SHAPES)


def test_the_readme_links_to_the_page() -> None:
    assert "(docs/how-to/sources.md)" in (REPO / "README.md").read_text()
