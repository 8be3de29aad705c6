"""The UI as `make dev` starts it, driven by its GraphQL API: web server, daemon and runs in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.generate import generate

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parent.parent
DAYS = ["2026-10-01", "2026-10-02"]
DAILY = ["raw_event_catalog", "filtered_interactions", "user_traits", "item_details"]


class Ui:
    """A running web server."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self._url}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer: dict[str, Any] = json.load(response)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def is_up(self) -> bool:
        try:
            return bool(self.ask("{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }"))
        except OSError:
            return False

    def launch(self, job: str, day: str | None = None) -> str:
        """Start a job as the button "Materialize all" does; returns the run's id."""
        tags = [{"key": "dagster/partition", "value": day}] if day else []
        launched = self.ask(
            "mutation($p: ExecutionParams!) { launchPipelineExecution(executionParams: $p) "
            "{ __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }",
            p={
                "selector": {**LOCATION, "pipelineName": job},
                "mode": "default",
                "executionMetadata": {"tags": tags},
            },
        )["launchPipelineExecution"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run_id: str = launched["run"]["runId"]
        return run_id

    def status(self, run_id: str) -> str:
        status: str = self.ask("query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }", id=run_id)[
            "runOrError"
        ]["status"]
        return status


LOCATION = {"repositoryLocationName": "personalize_assets", "repositoryName": "__repository__"}


def wait_until(condition: Any, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ui")


@pytest.fixture(scope="module")
def ui(out: Path) -> Iterator[Ui]:
    """`dg dev` on a small site's two days, as `make dev` starts it."""
    generate(out / "raw", layout="segment", days=2, users=30, seed=5, start=date(2026, 10, 1))
    home = out / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (out / "server.log").open("w") as log:
        server = subprocess.Popen(
            [Path(sys.executable).with_name("dg"), "dev", "--host", "127.0.0.1", "--port", str(port)],
            cwd=REPOSITORY,
            env={
                **os.environ,
                "DAGSTER_HOME": str(home),
                "PERSONALIZE__SOURCE__URI": str(out / "raw"),
                "PERSONALIZE__DESTINATION__URI": str(out / "data"),
                "PERSONALIZE__CHECKS": "warn",
            },
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Ui(f"http://127.0.0.1:{port}")
    try:
        wait_until(lambda: running.is_up() or server.poll() is not None)
        assert server.poll() is None, (out / "server.log").read_text()
        yield running
    finally:
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


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
    backfill = ui.ask(
        "mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) "
        "{ __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }",
        p={"assetSelection": [{"path": [name]} for name in DAILY], "partitionNames": DAYS},
    )["launchPartitionBackfill"]
    assert backfill["__typename"] == "LaunchBackfillSuccess", backfill

    def backfill_status() -> str:
        status: str = ui.ask(
            "query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }",
            id=backfill["backfillId"],
        )["partitionBackfillOrError"]["status"]
        return status

    wait_until(lambda: backfill_status() not in ("REQUESTED", "CANCELING"))
    assert backfill_status() == "COMPLETED_SUCCESS"
    runs = ui.ask("{ runsOrError { ... on Runs { results { runId } } } }")["runsOrError"]["results"]
    assert len(runs) == 1, "a range of days is a single run"

    export = ui.launch("export")
    wait_until(lambda: ui.status(export) in ("SUCCESS", "FAILURE"))
    assert ui.status(export) == "SUCCESS"
    assert sorted(file.name for file in (out / "data/exports").iterdir()) == [
        "interactions.csv",
        "interactions.manifest.json",
        "items.csv",
        "items.manifest.json",
        "users.csv",
        "users.manifest.json",
    ]


def test_one_partition_of_the_daily_assets_is_materialised_from_the_ui(ui: Ui) -> None:
    run = ui.launch("convert", DAYS[0])

    wait_until(lambda: ui.status(run) in ("SUCCESS", "FAILURE"))

    assert ui.status(run) == "SUCCESS"
