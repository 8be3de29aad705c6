"""Engines in this process: what they say of what they cannot read, and what `local` says where there is no Java."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pyspark.sql import SparkSession

from personalize_assets.engines import Engine, make_engine
from personalize_assets.engines.jvm import JavaMissing, check_java
from personalize_assets.engines.local import LocalEngine
from personalize_assets.errors import PersonalizeAssetsError

ADVICE = (
    "Install it (Debian, Ubuntu: apt install openjdk-17-jre-headless; macOS: brew install openjdk@17) "
    "and set JAVA_HOME if it is not on the PATH; or use the engine 'sail', which needs no Java"
)


@pytest.fixture
def context() -> Iterator[dg.AssetExecutionContext]:
    with dg.DagsterInstance.ephemeral() as instance, dg.build_asset_context(instance=instance) as built:
        yield built


def java_that_says(folder: Path, version: str) -> None:
    java = folder / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n")
    java.chmod(0o755)


def test_without_java_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(JavaMissing) as error:
        check_java()

    assert str(error.value) == (
        "engine 'local' runs Spark, which needs Java 17 or newer, but the PATH has no Java. " + ADVICE
    )


def test_a_java_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    java_that_says(tmp_path, "1.8.0_402")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(JavaMissing) as error:
        check_java()

    assert str(error.value) == (
        f"engine 'local' runs Spark, which needs Java 17 or newer, but JAVA_HOME={tmp_path} has Java 8. {ADVICE}"
    )


def test_a_java_home_without_java_is_named_even_if_the_path_has_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(JavaMissing, match=f"JAVA_HOME={tmp_path} has no Java"):
        check_java()


@pytest.mark.parametrize("version", ["17.0.15", "21", "25.0.1"])
def test_java_17_and_newer_will_do(version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    java_that_says(tmp_path, version)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    check_java()


def test_java_is_only_looked_for_when_a_job_runs(
    context: dg.AssetExecutionContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    engine = make_engine("local")

    with pytest.raises(JavaMissing):
        engine.run(context, {})


def test_an_engine_that_is_none_is_refused() -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        make_engine("spork")

    assert str(error.value) == "engine: 'spork' is not an engine; use one of sail, local, glue"


def spec(folder: Path, file: str) -> dict[str, Any]:
    """A job over one file, every event of which is wanted by a dataset that is not made."""
    return {
        "job": "convert",
        "sources": [
            {
                "id": "source",
                "dated": True,
                "files": [{"uri": f"{folder}/{file}", "day": "2026-10-01", "bytes": 1, "framing": "lines"}],
                "datasets": [{"name": "interactions", "columns": [], "where": {}}],
            }
        ],
        "plan": {"run_id": "r", "make": [], "folders": {"rejects": f"{folder}/rejects"}, "now": 0, "s3": {}},
    }


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


def test_a_preparation_that_fails_leaves_it_to_the_run_to_say_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, context: dg.AssetExecutionContext
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    engine = LocalEngine.on_all_cores()
    engine.prepare(0)
    with pytest.raises(JavaMissing):
        engine.run(context, {})
