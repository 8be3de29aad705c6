"""The engine `local` on a machine without Java."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from personalize_assets.conversion.spec import ExportSpec
from personalize_assets.engines import make_engine
from personalize_assets.engines.jvm import JavaMissing
from personalize_assets.engines.local import LocalEngine

NOTHING = ExportSpec(exports=(), s3={})


@pytest.fixture
def context() -> Iterator[dg.AssetExecutionContext]:
    with dg.DagsterInstance.ephemeral() as instance, dg.build_asset_context(instance=instance) as built:
        yield built


def test_java_is_only_looked_for_when_a_job_runs(
    context: dg.AssetExecutionContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    engine = make_engine("local")

    with pytest.raises(JavaMissing):
        engine.run(context, NOTHING)


def test_a_preparation_that_fails_leaves_it_to_the_run_to_say_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, context: dg.AssetExecutionContext
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    engine = LocalEngine.on_all_cores()
    engine.prepare(0)
    with pytest.raises(JavaMissing):
        engine.run(context, NOTHING)
