"""README and the pages on variables and mapping match the code: targets, variables and layouts exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from personalize_assets.config import load_config
from personalize_assets.config.loading import DEFAULT, PREFIX, PROJECT
from personalize_assets.layouts import LAYOUTS, layout
from personalize_assets_tests.helpers.pages import PAGES
from personalize_assets_tests.helpers.readme import README, blocks, table
from personalize_assets_tests.helpers.samples import REPO

VARIABLES = (REPO / "docs/reference/environment.md").read_text()
MAPPING = (REPO / "docs/reference/mapping.md").read_text()


def test_every_target_of_make_is_in_the_makefile() -> None:
    named = {
        target
        for page in (*PAGES, "CONTRIBUTING.md", "CHANGELOG.md", ".env.example")
        for target in re.findall(r"(?:`|^|=\S+ )make ([a-z][a-z0-9-]*)", (REPO / page).read_text(), re.MULTILINE)
    }
    targets = set(re.findall(r"^([a-z0-9-]+):", (REPO / "Makefile").read_text(), re.MULTILINE))

    assert {"demo", "dev"} <= named
    assert named - targets == set()


def test_it_is_one_screen_and_a_half() -> None:
    assert len(README.splitlines()) <= 75


def test_the_environment_variables_are_those_that_are_read() -> None:
    named = [row[0] for row in table(VARIABLES, "name")]
    example = (REPO / ".env.example").read_text()
    code = "\n".join(file.read_text() for file in sorted((REPO / "personalize_assets").rglob("*.py")))

    assert PREFIX + "…" in named
    own = [name for name in named if name != PREFIX + "…"]
    assert [name for name in own if not re.search(rf"^# {name}=", example, re.MULTILINE)] == []
    # AWS's are read by boto3 and Arrow.
    assert [name for name in own if not name.startswith("AWS_") and f'"{name}"' not in code] == []


def test_the_environment_example_sets_nothing_until_a_line_is_taken() -> None:
    lines = (REPO / ".env.example").read_text().splitlines()

    assert [line for line in lines if line and not line.startswith("# ")] == []


@pytest.mark.parametrize(
    "line", re.findall(r"^# (PERSONALIZE__\S+)$", (REPO / ".env.example").read_text(), re.MULTILINE)
)
def test_an_override_of_the_environment_example_is_taken(line: str) -> None:
    name, _, value = line.partition("=")
    _, place, key = name.split("__")

    config = load_config(env={name: value})

    assert getattr(getattr(config, place.lower()), key.lower()) == value


def test_the_default_config_is_the_one_named() -> None:
    rows = {row[0]: row[1] for row in table(VARIABLES, "name")}

    assert rows["PERSONALIZE_CONFIG"] == f"{PROJECT}`, else `{DEFAULT}"


def test_the_config_example_is_the_sample_in_short(tmp_path: Path) -> None:
    (example,) = blocks(MAPPING, "yaml")[:1]
    sample = load_config(REPO / "sample_data" / "segment.yaml", {})
    # Beside the sample, so that the same relative folders are meant.
    (tmp_path / "sample_data" / "segment").mkdir(parents=True)
    (tmp_path / "sample_data" / "personalize.yaml").write_text(example)

    config = load_config(tmp_path / "sample_data" / "personalize.yaml", {})

    assert config.datasets == sample.datasets
    assert config.dataset_group == sample.dataset_group
    assert config.destination.uri == str(tmp_path / "data" / "segment")
    assert config.source.model_dump(exclude={"uri"}) == sample.source.model_dump(exclude={"uri"})


def test_the_layouts_are_as_the_code_has_them() -> None:
    rows = {row[0]: row[1] for row in table(MAPPING, "layout")}
    start = load_config(env={}).source.start_date

    assert tuple(rows) == LAYOUTS
    for name, keys in rows.items():
        assert layout(name, start).example in keys
