"""Engines in this process: errors about files that they cannot read or write, and the start of Java."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from pyspark.sql import SparkSession

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.spec import ConvertSpec, Plan, RawFile, RawFileSet
from personalize_assets.engines import Engine
from personalize_assets.engines.local import LocalEngine
from personalize_assets.errors import PersonalizeAssetsError


@pytest.fixture
def context() -> Iterator[dg.AssetExecutionContext]:
    with dg.DagsterInstance.ephemeral() as instance, dg.build_asset_context(instance=instance) as built:
        yield built


def spec(folder: Path, file: str) -> ConvertSpec:
    """A job over one file, every event of which is wanted by a dataset that is not made."""
    raw = RawFile(f"{folder}/{file}", date(2026, 10, 1), bytes=1, framing="lines")
    source = RawFileSet("source", dated=True, files=(raw,), datasets=(Dataset("interactions", columns=(), where={}),))
    plan = Plan("r", make=(), folders={"rejects": f"{folder}/rejects"}, now=0, s3={})
    return ConvertSpec(sources=(source,), plan=plan)


def test_a_file_that_is_gone_is_named_with_what_to_do(
    engine: Engine, context: dg.AssetExecutionContext, tmp_path: Path
) -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        engine.run(context, spec(tmp_path, "gone.json"))

    assert str(error.value).startswith(f"{tmp_path}/gone.json cannot be read: ")
    assert str(error.value).endswith("; if the file is gone, materialize raw_event_catalog again")


def test_a_folder_that_cannot_be_written_is_not_taken_for_an_unreadable_file(
    engine: Engine, context: dg.AssetExecutionContext, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text("broken")
    (tmp_path / "rejects").write_text("a file in the way")

    with pytest.raises(Exception, match="rejects") as error:
        engine.run(context, spec(tmp_path, "a.json"))

    assert "cannot be read" not in str(error.value)


def test_java_is_started_while_other_things_are_done() -> None:
    LocalEngine.on_all_cores().prepare(0)
    for thread in threading.enumerate():
        if thread.name == "starting Java":
            thread.join()
    started = SparkSession._instantiatedSession
    assert started is not None
    assert LocalEngine.on_all_cores().session() is started
