"""raw_events: an external asset with a partition for each arrival day."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from personalize_assets.config import load_config
from personalize_assets.orchestration.assets.raw_events import raw_events
from personalize_assets.orchestration.group import GroupDefs
from personalize_assets_tests.helpers.dagster_runs import small_config
from personalize_assets_tests.helpers.warehouse import config


def test_it_names_the_folder_and_the_layout_of_the_raw_files(tmp_path: Path) -> None:
    spec = raw_events(GroupDefs.of(small_config(tmp_path)))

    assert (spec.key, spec.group_name) == (dg.AssetKey("raw_events"), "raw")
    assert spec.metadata == {"uri": dg.MetadataValue.path(f"{tmp_path}/raw"), "layout": "hive"}
    assert "in the key layout `hive`" in (spec.description or "")


@pytest.mark.parametrize(("uri", "kind"), [("raw", "file"), ("s3://bucket/raw", "s3")])
def test_its_kind_says_where_the_files_are(uri: str, kind: str) -> None:
    loaded = load_config(env={"PERSONALIZE__SOURCE__URI": uri, "PERSONALIZE__DESTINATION__URI": "s3://bucket/out"})

    assert raw_events(GroupDefs.of(loaded)).kinds == {kind, "json"}


def test_of_a_warehouse_it_is_the_rows_of_the_tables(tmp_path: Path) -> None:
    spec = raw_events(GroupDefs.of(config(tmp_path)))

    assert (spec.group_name, spec.kinds) == ("raw", {"redshift"})
    assert spec.metadata == {
        "warehouse": "analytics",
        "database": "prod",
        "tables": "website.product_viewed, website.order_completed",
    }
    assert "the day of `received_at`" in (spec.description or "")
