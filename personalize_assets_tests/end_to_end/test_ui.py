"""The UI as `make dev` starts it, driven by its GraphQL API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from personalize_assets.generate import generate
from personalize_assets_tests.helpers.served import Ui, served

DAYS = ["2026-10-01", "2026-10-02"]
DAILY = ["raw_event_catalog", "filtered_interactions", "user_traits", "item_details"]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ui")


@pytest.fixture(scope="module")
def ui(out: Path) -> Iterator[Ui]:
    """`dg dev` on a small site's two days, as `make dev` starts it."""
    generate(out / "raw", layout="segment", days=2, users=30, seed=5, start=date(2026, 10, 1))
    env = {
        "PERSONALIZE__SOURCE__URI": str(out / "raw"),
        "PERSONALIZE__DESTINATION__URI": str(out / "data"),
        "PERSONALIZE__CHECKS": "warn",
    }
    with served(out, env) as running:
        yield running


def test_the_graph_is_shown(ui: Ui) -> None:
    nodes = ui.ask("{ assetNodes { assetKey { path } groupName isPartitioned dependencyKeys { path } } }")["assetNodes"]

    assert {node["assetKey"]["path"][0]: (node["groupName"], node["isPartitioned"]) for node in nodes} == {
        "raw_events": ("raw", True),
        "raw_event_catalog": ("catalog", True),
        "event_profile": ("catalog", True),
        "filtered_interactions": ("datasets", True),
        "user_traits": ("datasets", True),
        "item_details": ("datasets", True),
        "users": ("datasets", False),
        "items": ("datasets", False),
        "interactions_csv": ("exports", False),
        "users_csv": ("exports", False),
        "items_csv": ("exports", False),
        "interactions_schema": ("schemas", False),
        "users_schema": ("schemas", False),
        "items_schema": ("schemas", False),
    }


def test_days_and_then_the_exports_are_materialised_from_the_ui(ui: Ui, out: Path) -> None:
    assert ui.days_end(ui.launch_days(DAILY, DAYS)) == "COMPLETED_SUCCESS"
    runs = ui.ask("{ runsOrError { ... on Runs { results { runId } } } }")["runsOrError"]["results"]
    assert len(runs) == 1, "a range of days is a single run"

    assert ui.ends(ui.launch("export")) == "SUCCESS"
    assert sorted(file.name for file in (out / "data/exports/latest").iterdir()) == [
        *(f"{name}.{kind}" for name in ("interactions", "items") for kind in ("avsc", "csv")),
        "manifest.json",
        *(f"users.{kind}" for kind in ("avsc", "csv")),
    ]


def test_one_partition_of_the_daily_assets_is_materialised_from_the_ui(ui: Ui) -> None:
    assert ui.ends(ui.launch("convert", DAYS[0])) == "SUCCESS"
