"""The benchmark's peers on Spark, and compared with the whole pipeline, on generated events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyspark.sql import SparkSession

from benchmarks.comparing import compare
from benchmarks.contestants import settings
from benchmarks.data import START, site
from benchmarks.history import NEW_DAY, copy_first_day, link_raw_files
from benchmarks.measuring import REPO
from benchmarks.peers import duckdb_script, pandas_script, plain_spark, polars_script, workshop
from personalize_assets.cli import main
from personalize_assets.storage.destination import Destination
from personalize_assets_tests.helpers.benchmark_events import EVERY_FORM, LISTED, THEIR_ROWS, event, rows, write_raw

SCRIPTS = {"duckdb": duckdb_script.main, "polars": polars_script.main, "pandas": pandas_script.main}


@pytest.fixture
def lenient(spark: SparkSession) -> SparkSession:
    """A session configured as in the scripts, in the JVM of ``spark``."""
    session = spark.newSession()
    session.conf.set("spark.sql.ansi.enabled", "false")
    session.conf.set("spark.sql.legacy.timeParserPolicy", "CORRECTED")
    return session


def test_plain_spark_reads_every_form_that_a_value_takes(lenient: SparkSession, tmp_path: Path) -> None:
    plain_spark.main(lenient, write_raw(tmp_path, *EVERY_FORM), tmp_path / "out.csv")

    assert rows(tmp_path / "out.csv") == THEIR_ROWS


def test_the_workshops_logic_loses_listed_products_and_other_times_and_counts_repeats_twice(
    lenient: SparkSession, tmp_path: Path
) -> None:
    raw = write_raw(
        tmp_path,
        event(),
        event(receivedAt="a repeat"),
        event("Order Completed", messageId="m2", properties=LISTED),
        event(messageId="m3", timestamp="2026-10-01T10:00:00Z"),
        event(messageId="m4", userId=None),
        event("Product Viewed", messageId="m5"),
        "upstream error",
    )

    workshop.main(lenient, raw, tmp_path / "out.csv")

    header, *found = (tmp_path / "out.csv").read_text().splitlines()
    assert header == "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"
    assert sorted(found) == [
        "u1,A,Product Clicked,",
        "u1,A,Product Clicked,1790848800",
        "u1,A,Product Clicked,1790848800",
    ]


def test_the_peers_make_the_same_interactions_of_a_generated_site(spark: SparkSession, tmp_path: Path) -> None:
    raw = site(tmp_path, 4_000, days=3)
    done = CliRunner().invoke(
        main,
        ["run", "--config", str(REPO / "sample_data/segment.yaml"), "--engine", "local"],
        env=settings(raw.folder, tmp_path / "out"),
    )
    assert done.exit_code == 0, done.output

    for name, script in SCRIPTS.items():
        script(raw.folder, tmp_path / f"{name}.csv")
        found = compare(tmp_path / "out/exports/interactions.csv", tmp_path / f"{name}.csv")
        assert (name, found.lost, found.added, found.columns_missing) == (name, 0, 0, ())
        assert found.rows > 1_000


def test_a_history_is_whole_converted_days_that_repeat_nothing(spark: SparkSession, tmp_path: Path) -> None:
    generated = site(tmp_path, 800, days=2)
    raw, out = tmp_path / "raw", tmp_path / "out"
    command = ["run", "--config", str(REPO / "sample_data/segment.yaml"), "--engine", "local", "--days"]
    link_raw_files(generated.folder, raw, 3)
    env = settings(raw, out, "2026-09-29")
    assert CliRunner().invoke(main, [*command, str(START)], env=env).exit_code == 0
    one = json.loads((out / "exports/interactions.manifest.json").read_text())

    copy_first_day(Destination(str(out)), 3)

    done = CliRunner().invoke(main, [*command, str(NEW_DAY)], env=env)
    assert done.exit_code == 0, done.output
    made = Destination(str(out))
    manifest = json.loads((out / "exports/interactions.manifest.json").read_text())
    assert manifest["days"] == ["2026-09-29", "2026-09-30", "2026-10-01", "2026-10-02"]
    kept = {day: commit.kept for day, commit in made.daily_commits("interactions").items()}
    assert kept["2026-09-29"] == kept["2026-09-30"] == one["kept"] > 50
    # Repeats occur within a day, or between a day and the new one; copied days do not repeat each other.
    assert 3 * one["duplicates"] <= manifest["duplicates"] < 3 * one["duplicates"] + kept["2026-10-02"] // 5
    assert len({file.stat().st_ino for file in raw.rglob("*.gz")}) < len(list(raw.rglob("*.gz")))
