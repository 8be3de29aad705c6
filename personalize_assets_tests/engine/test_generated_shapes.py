"""Events generated in a shape, converted with its recipe's config, give the rows that the shop stands for."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from personalize_assets.config import load_config
from personalize_assets.engines import Engine, make_engine
from personalize_assets.generate import FORMATS, SHAPES, generate
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.csv_reader import read_csv
from personalize_assets_tests.helpers.generated_truth import TRUTHS, Delivered, delivered, tables
from personalize_assets_tests.helpers.recipes import NAMES, group_of, run
from personalize_assets_tests.helpers.samples import SAMPLE_DATA

DAYS, USERS, SEED = 3, 150, 7


@pytest.fixture(scope="module")
def engine() -> Engine:
    """The default one, whatever ``--engine`` says: the generator is what is tested here, and recipes are elsewhere."""
    return make_engine("arrow")


@pytest.fixture(scope="module")
def shop() -> list[Delivered]:
    """Three days of a shop, with repeats and late events."""
    return list(delivered(DAYS, USERS, SEED))


def test_every_shape_has_a_recipe_and_a_truth() -> None:
    assert tuple(SHAPES) == NAMES == tuple(sorted(TRUTHS))


@pytest.mark.parametrize("name", NAMES)
def test_a_shape_gives_the_rows_of_the_shop(name: str, shop: list[Delivered], tmp_path: Path, engine: Engine) -> None:
    generate(tmp_path / "raw" / name, shape=name, days=DAYS, users=USERS, seed=SEED)
    truth = tables(name, shop)

    group = group_of(name, tmp_path, tmp_path / "raw")
    made = run(group, engine)

    for dataset, rows in truth._asdict().items():
        if rows is None:
            assert dataset not in made
            continue
        _, found = read_csv(Path(group.destination.uri) / f"exports/latest/{dataset}.csv")
        assert len(rows) > 30
        assert sorted(map(str, map(tuple, found))) == sorted(map(str, rows)), dataset
    shutil.rmtree(tmp_path)


def test_every_format_of_a_layout_gives_the_bytes_of_json(tmp_path: Path, engine: Engine) -> None:
    config = re.sub(r"source:\n(  .*\n)+", "", (SAMPLE_DATA / "segment.yaml").read_text())
    made = {}
    for format in FORMATS:
        folder = tmp_path / format
        generate(folder / "raw", layout="hive", format=format, days=DAYS, users=USERS, seed=SEED)
        parse = "[properties, traits]" if format == "csv" else "[]"
        source = f"source: {{uri: raw, layout: hive, start_date: 2026-10-01, parse: {parse}}}\n"
        (folder / "personalize.yaml").write_text(source + config.replace("../data/segment", "out"))
        made[format] = run(DatasetGroup(load_config(folder / "personalize.yaml")), engine)

    assert made["json"]["interactions"].count(b"\n") > 200
    assert made["csv"] == made["json"]
    assert made["parquet"] == made["json"]
