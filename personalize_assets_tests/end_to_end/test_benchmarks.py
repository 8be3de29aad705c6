"""The benchmark's peers on Spark, and compared with the whole pipeline, on generated events."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from pyspark.sql import SparkSession

from benchmarks.comparing import compare
from benchmarks.contestants import settings
from benchmarks.data import site
from benchmarks.event_shapes import FEATURES, shares
from benchmarks.history import history
from benchmarks.large import large
from benchmarks.measuring import REPO
from benchmarks.peers import duckdb_script, pandas_script, plain_spark, polars_script, workshop
from benchmarks.table_formats import CONTESTANTS, FORMATS, measured
from personalize_assets.cli import main
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
        found = compare(tmp_path / "out/exports/latest/interactions.csv", tmp_path / f"{name}.csv")
        assert (name, found.lost, found.added, found.columns_missing) == (name, 0, 0, ())
        assert found.rows > 1_000


def test_large_data_gives_the_same_interactions_here_and_in_duckdb(tmp_path: Path) -> None:
    measured = large(tmp_path, 3_000, 1, engines=["arrow"], only=["arrow", "duckdb_script"])

    arrow, duckdb = measured["contestants"]
    assert arrow["content"] == duckdb["content"]
    assert arrow["content"][0] > 500
    assert duckdb["same"]
    assert arrow["runs"][0]["disk_bytes"] > 0


def test_one_more_day_is_added_to_a_whole_history(tmp_path: Path) -> None:
    short, long = history(tmp_path, 300, ["arrow"], [1, 3])["rows"]

    assert (short["days"], long["days"]) == (1, 3)
    for row in (short, long):
        assert set(row["stages"]) == {"catalog", "convert", "export", "schemas"}
        assert row["again_seconds"] > 0


def test_each_way_to_reach_a_value_keeps_every_event(tmp_path: Path) -> None:
    assert shares(300, 1, tmp_path).keys() == FEATURES.keys()


def test_csv_and_parquet_give_the_rows_that_duckdb_reads(tmp_path: Path) -> None:
    found = measured(2_000, 1, tmp_path)  # compares the rows
    assert {format: times.keys() for format, times in found.items()} == dict.fromkeys(FORMATS, CONTESTANTS.keys())
