"""What the UI shows of an import, from its outcome alone."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from personalize_assets.aws.personalize import Job
from personalize_assets.orchestration.import_metadata import import_metadata
from personalize_assets.pipeline.importing.comparison import Comparison
from personalize_assets.pipeline.importing.dataset_setup import Ready
from personalize_assets.pipeline.importing.import_results import Decision, ImportOutcome
from personalize_assets.storage.manifests import ExportManifest

READY = Ready("group", "dataset", "schema", (), 0.0, 0.0)
EXPORT = ExportManifest(
    dataset="items",
    columns=("ITEM_ID",),
    rows=20,
    kept=20,
    duplicates=0,
    bytes=2000,
    sha256="d" * 64,
    path="exports/2/items.csv",
    run="2",
    days=("2026-10-01", "2026-10-02"),
)


def shown(outcome: ImportOutcome, compared: Comparison | None = None) -> dict[str, Any]:
    return {name: getattr(value, "value", value) for name, value in import_metadata(outcome, compared).items()}


def outcome(**changes: Any) -> ImportOutcome:
    sent = Decision("INCREMENTAL", "5 rows are new or changed", 5, 500, "exports/increments/items.csv")
    job = Job("arn:job", "shop-items-1", "ACTIVE", 1.0, 2.0, "INCREMENTAL")
    values: dict[str, Any] = {
        "dataset": "items",
        "export": EXPORT,
        "held": EXPORT,
        "job": job,
        "sent": (sent,),
        "pending": 0,
        "why": "Personalize holds the rows of the current export",
        "seconds": 3.0,
        "ready": READY,
        "console": "https://console",
        **changes,
    }
    return ImportOutcome(**values)


def test_rows_held_sent_and_pending_are_numbers() -> None:
    found = shown(outcome())

    assert {name: found[name] for name in ("dagster/row_count", "rows_sent", "bytes_sent", "size_sent", "mode")} == {
        "dagster/row_count": 20,
        "rows_sent": 5,
        "bytes_sent": 500,
        "size_sent": "500 bytes",
        "mode": "INCREMENTAL",
    }
    assert (found["import_job_arn"], found["holds_export"], found["arrival_days_held"]) == (
        "arn:job",
        "exports/2/items.csv",
        2,
    )


def test_an_import_that_sent_nothing_says_why() -> None:
    found = shown(outcome(sent=(), held=replace(EXPORT, rows=15), pending=5, why="5 rows wait for more"))

    assert (found["mode"], found["why"], found["pending_rows"], found["dagster/row_count"]) == (
        "nothing was sent",
        "5 rows wait for more",
        5,
        15,
    )


def test_columns_that_are_not_trained_on_name_the_solutions() -> None:
    found = shown(outcome(untrained={"GENRE": 1.0}, solutions=("similar",)))

    assert found["not yet trained on: GENRE"] == "column GENRE is imported; similar are older"


def test_a_comparison_adds_both_numbers() -> None:
    found = shown(outcome(), Comparison(20, 19))

    assert (found["rows_exported"], found["rows_in_personalize"]) == (20, 19)
