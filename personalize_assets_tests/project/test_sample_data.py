"""The committed samples: what their command gives, small, and enough for Personalize."""

import io
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet
import pytest

from personalize_assets.config.loading import parse_yaml
from personalize_assets.generate import generate
from personalize_assets_tests.helpers.raw_files import (
    WANTED,
    arrived,
    files_in,
    unzipped,
)
from personalize_assets_tests.helpers.recipes import DAYS, NAMES, RECIPES, SEED, USERS
from personalize_assets_tests.helpers.samples import SAMPLE_DATA


@pytest.mark.parametrize(("name", "days", "users"), [("segment", 7, 300), ("firehose", 2, 750)])
def test_the_committed_sample_is_what_its_command_gives(name: str, days: int, users: int, tmp_path: Path) -> None:
    generate(tmp_path / name, layout=name, days=days, users=users, seed=1)

    made = {key: unzipped(content) for key, content in files_in(tmp_path / name).items()}
    assert made == {key: unzipped(content) for key, content in files_in(SAMPLE_DATA / name).items()}


@pytest.mark.parametrize(("name", "days", "users"), [("segment", 7, 300), ("firehose", 2, 750)])
def test_the_readme_of_the_sample_names_its_command(name: str, days: int, users: int) -> None:
    command = f"generate --layout {name} --days {days} --users {users} --seed 1 sample_data/{name}\n"

    assert command in (SAMPLE_DATA / "README.md").read_text()


def test_the_sample_data_is_smaller_than_two_megabytes() -> None:
    assert sum(map(len, files_in(SAMPLE_DATA).values())) < 2_000_000


@pytest.mark.parametrize("name", ["segment", "firehose"])
def test_a_sample_satisfies_the_minimums_of_personalize(name: str) -> None:
    unique = {
        event["messageId"]: str(event["userId"])
        for _, _, event in arrived(SAMPLE_DATA / name, name)
        if event.get("event") in WANTED and event.get("userId") and event["properties"].get("sku")
    }

    assert len(unique) >= 1000
    assert sum(count >= 2 for count in Counter(unique.values()).values()) >= 25


@pytest.mark.parametrize("name", ["segment", "firehose"])
def test_the_config_of_a_sample_points_at_it(name: str) -> None:
    config = parse_yaml((SAMPLE_DATA / f"{name}.yaml").read_text(), name)

    assert config["source"] == {"uri": name, "layout": name, "start_date": "2026-10-01"}
    assert config["destination"] == {"uri": f"../data/{name}"}


def held(content: bytes) -> Any:
    """What a file holds, whatever the versions of the libraries that packed it."""
    if content.startswith(b"\x1f\x8b"):
        return held(unzipped(content))
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: held(archive.read(name)) for name in archive.namelist()}
    if content.startswith(b"PAR1"):
        return pa.parquet.read_table(io.BytesIO(content)).to_pylist()
    return list(fastavro.reader(io.BytesIO(content))) if content.startswith(b"Obj") else content


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_of_a_recipe_is_what_its_command_gives(name: str, tmp_path: Path) -> None:
    generate(tmp_path / name, shape=name, days=DAYS, users=USERS, seed=SEED)

    made = {key: held(content) for key, content in files_in(tmp_path / name).items()}
    assert made == {key: held(content) for key, content in files_in(RECIPES / name).items()}


def test_the_readme_of_the_samples_names_the_command_of_the_recipes() -> None:
    command = f"generate --shape NAME --days {DAYS} --users {USERS} --seed {SEED} sample_data/recipes/NAME\n"

    assert command in (SAMPLE_DATA / "README.md").read_text()
