"""docs/how-to/warehouses.md matches the code: its configs load, its statement is run, its rights suffice."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from personalize_assets.aws import redshift_data
from personalize_assets.config import Config, load_config
from personalize_assets.config.redshift import Redshift
from personalize_assets.pipeline.unload_sql import unloads
from personalize_assets_tests.helpers.samples import REPO

PAGE = (REPO / "docs/how-to/warehouses.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


WHOLE, SQL, *SOURCES = blocks("yaml")


def loaded(folder: Path, text: str) -> Config:
    file = folder / "personalize.yaml"
    file.write_text(text)
    return load_config(file)


def test_the_config_loads_and_its_first_statement_is_on_the_page(tmp_path: Path) -> None:
    redshift = loaded(tmp_path, WHOLE).source.redshift
    assert redshift is not None

    of_day = [unload.sql for unload in unloads(redshift, [date(2026, 10, 1)])]

    assert of_day[1] in PAGE


def test_every_key_is_explained() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", PAGE, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert {field.alias or name for name, field in Redshift.model_fields.items()} - named == set()


def test_the_query_can_be_put_into_the_config(tmp_path: Path) -> None:
    _, schema, rest = WHOLE.partition("    schema: ")
    tables = schema + rest[: rest.index("    role: ")]
    assert tables in WHOLE

    assert loaded(tmp_path, WHOLE.replace(tables, SQL)).source.redshift is not None


@pytest.mark.parametrize("source", SOURCES)
def test_the_sources_of_other_warehouses_load(tmp_path: Path, source: str) -> None:
    written = yaml.safe_load(WHOLE) | yaml.safe_load(source)
    del written["automation"]
    written["source"]["start_date"] = "2026-10-01"

    assert loaded(tmp_path, yaml.safe_dump(written)).source.uris[0].startswith("s3://shop-events/")


def test_the_policies_have_every_right_that_is_needed() -> None:
    unload_role, runner = ([s["Action"] for s in json.loads(block)["Statement"]] for block in blocks("json"))

    assert {f"redshift-data:{action}" for action in redshift_data._ACTIONS} <= {one for of in runner for one in of}
    granted = {one for of in unload_role for one in of}
    assert {"s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:ListBucket"} <= granted
