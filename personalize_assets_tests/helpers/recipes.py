"""The recipes of the repository: a sample and a config each, run as a test needs it."""

from __future__ import annotations

import re
from pathlib import Path

from personalize_assets.config import load_config
from personalize_assets.engines import Engine
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.groups import convert, export
from personalize_assets_tests.helpers.samples import SAMPLE_DATA

RECIPES = SAMPLE_DATA / "recipes"
NAMES = tuple(sorted(config.stem for config in RECIPES.glob("*.yaml")))

DAYS, USERS, SEED = 2, 4, 50
"""The arguments with which every sample was generated."""

FOLDERS = {"redshift": "redshift/tracks", "movielens": "movielens/ratings"}
"""The folder of interactions where a recipe has several."""


def config_of(name: str, folder: Path, raw: str, destination: str) -> Path:
    """The recipe's config in a folder, with its raw files below ``raw`` (a folder or a prefix in S3)."""
    text = (RECIPES / f"{name}.yaml").read_text()
    text = re.sub(rf"uri: ({name}[\w/-]*)", rf"uri: {raw}/\1", text)
    text = re.sub(r"uri: \.\./\.\./data/.*", f"uri: {destination}", text)
    file = folder / f"{name}.yaml"
    file.write_text(text)
    return file


def group_of(name: str, folder: Path, raw: Path = RECIPES) -> DatasetGroup:
    """The recipe's dataset group, whose destination is ``out`` in the folder."""
    return DatasetGroup(load_config(config_of(name, folder, str(raw), str(folder / "out"))))


def run(group: DatasetGroup, engine: Engine) -> dict[str, bytes]:
    """The CSV of each dataset after all days were converted."""
    convert(group, engine, list(group.bytes_by_day()))
    export(group, engine)
    return {csv.stem: csv.read_bytes() for csv in Path(group.destination.uri).glob("exports/latest/*.csv")}


def expected(name: str) -> dict[str, bytes]:
    """The CSVs that are committed beside the recipe's sample."""
    return {csv.stem: csv.read_bytes() for csv in (RECIPES / "expected" / name).glob("*.csv")}


def rejected(group: DatasetGroup) -> dict[str, int]:
    """Rejects by dataset and reason, of all days."""
    counts: dict[str, int] = {}
    for day in group.destination.days.all().values():
        for dataset, commit in day.datasets.items():
            for reason, count in commit.rejected.items():
                counts[f"{dataset} {reason}"] = counts.get(f"{dataset} {reason}", 0) + count
        for source in day.sources.values():
            for reason, count in source.malformed.items():
                counts[reason] = counts.get(reason, 0) + count
            if source.unreadable:
                counts["unreadable_file"] = counts.get("unreadable_file", 0) + source.unreadable
    return counts
