"""The committed samples, run by the command line: files, schemas, manifests, output and Dagster's history."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from personalize_assets.orchestration import metadata
from personalize_assets.quality.accounting import ACCOUNTED, EXPORTED
from personalize_assets_tests.helpers.command import hashes, run_sample
from personalize_assets_tests.helpers.csv_reader import read_csv, records


@pytest.fixture(scope="module", params=["segment", "firehose"])
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A sample of the repository, run from the command line; its destination and what was printed."""
    out = tmp_path_factory.mktemp("sample") / "data"
    return out, run_sample(request.param, out)


def test_a_run_ends_with_three_csvs_that_fit_their_schemas(sample: tuple[Path, str]) -> None:
    out, _ = sample

    for name, least in (("interactions", 1000), ("users", 25), ("items", 25)):
        header, rows = read_csv(out / f"exports/latest/{name}.csv")
        schema = json.loads((out / f"exports/latest/{name}.avsc").read_text())
        assert header == [field["name"] for field in schema["fields"]]
        assert len(records(schema, rows)) == len(rows) >= least


def test_the_interactions_suffice_for_a_training(sample: tuple[Path, str]) -> None:
    header, rows = read_csv(sample[0] / "exports/latest/interactions.csv")
    users = [row[header.index("USER_ID")] for row in rows]

    assert len({tuple(row) for row in rows}) >= 1000
    assert sum(users.count(user) >= 2 for user in set(users)) >= 25


def test_a_manifest_tells_the_truth_about_its_csv(sample: tuple[Path, str]) -> None:
    out, _ = sample

    for name in ("interactions", "users", "items"):
        manifest = json.loads((out / "exports/latest.json").read_text())["datasets"][name]
        data = (out / f"exports/latest/{name}.csv").read_bytes()
        assert manifest["bytes"] == len(data)
        assert manifest["sha256"] == hashlib.sha256(data).hexdigest()
        assert manifest["rows"] == data.count(b"\n") - 1
        assert manifest["columns"] == read_csv(out / f"exports/latest/{name}.csv")[0]
        assert manifest["kept"] == manifest["rows"] + manifest["duplicates"]


def test_a_run_prints_a_line_a_stage_and_then_a_table(sample: tuple[Path, str]) -> None:
    _, printed = sample
    lines = printed.splitlines()

    assert [line.split()[0] for line in lines[:4]] == ["catalog", "convert", "export", "schemas"]
    assert lines[4] == ""
    assert lines[5].split() == ["dataset", "kept", "rejected", "duplicates", "exported", "bytes", "file"]
    assert [line.split()[0] for line in lines[6:9]] == ["interactions", "users", "items"]
    assert lines[6].endswith("/exports/latest/interactions.csv")
    assert any(line.startswith("Rejected: ") for line in lines)


def test_run_twice_and_in_pieces_the_bytes_are_the_same(tmp_path: Path) -> None:
    run_sample("segment", tmp_path / "data")
    once = hashes(tmp_path / "data")
    assert len(once) == 6

    run_sample("segment", tmp_path / "data")
    assert hashes(tmp_path / "data") == once

    shutil.rmtree(tmp_path / "data")
    run_sample("segment", tmp_path / "data", "--days", "2026-10-04..2026-10-07")
    run_sample("segment", tmp_path / "data", "--days", "2026-10-01..2026-10-03")
    assert hashes(tmp_path / "data") == once


def test_a_run_is_kept_in_the_instance_of_dagster_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))

    run_sample("firehose", tmp_path / "data")

    with dg.DagsterInstance.from_config(str(tmp_path / "home")) as instance:
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.SUCCESS] * 4
        keys = [
            dg.AssetCheckKey(dg.AssetKey("filtered_interactions"), ACCOUNTED.name),
            dg.AssetCheckKey(dg.AssetKey("interactions_csv"), EXPORTED.name),
        ]
        for record in instance.event_log_storage.get_asset_check_summary_records(keys).values():
            assert record.last_check_execution_record is not None
            assert record.last_check_execution_record.status.value == "SUCCEEDED"
        for name in ("filtered_interactions", "interactions_csv"):
            event = instance.get_latest_materialization_event(dg.AssetKey(name))
            assert event is not None
            assert event.asset_materialization is not None
            assert any(key.startswith("chart: ") for key in event.asset_materialization.metadata)


def test_no_chart_is_drawn_without_a_ui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    drawn: list[Any] = []
    monkeypatch.setattr(metadata, "day_charts", lambda *profile: drawn.append(profile))
    monkeypatch.setattr(metadata, "export_charts", drawn.append)

    run_sample("firehose", tmp_path / "data")

    assert drawn == []
