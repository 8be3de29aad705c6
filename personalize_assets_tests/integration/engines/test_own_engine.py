"""The example of an engine in docs/how-to/engines.md, run as it is printed."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import dagster as dg
import pytest

from personalize_assets_tests.helpers.dagster_runs import EVENT, latest_metadata, put_raw, small_config
from personalize_assets_tests.helpers.readme import blocks
from personalize_assets_tests.helpers.samples import REPO


def test_the_example_of_the_page_converts_and_exports_and_is_named_by_the_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (text,) = blocks((REPO / "docs/how-to/engines.md").read_text(), "python")
    assert len([line for line in text.splitlines() if line.strip()]) <= 30
    (tmp_path / "own_engine.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    small_config(tmp_path, checks="warn")
    put_raw(tmp_path, EVENT)

    module_spec = spec_from_file_location("own_engine", tmp_path / "own_engine.py")
    assert module_spec is not None
    assert module_spec.loader is not None
    module = module_from_spec(module_spec)
    monkeypatch.setitem(sys.modules, "own_engine", module)
    module_spec.loader.exec_module(module)
    days = {f"dagster/asset_partition_range_{end}": "2026-10-01" for end in ("start", "end")}
    job = module.defs.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        for names, tags in ((["raw_event_catalog", "filtered_interactions"], days), (["interactions_csv"], {})):
            keys = [dg.AssetKey(name) for name in names]
            assert job.execute_in_process(instance=instance, tags=tags, asset_selection=keys).success
        metadata = latest_metadata(instance, "interactions_csv")

    assert metadata["engine"] == "poolengine"
    csv = tmp_path / "out" / "exports" / "latest" / "interactions.csv"
    assert csv.read_text() == "USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1790812801\n"
