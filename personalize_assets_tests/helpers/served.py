"""The UI as `make dev` starts it: web server, daemon and runs in separate processes, driven by the GraphQL API."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from personalize_assets_tests.helpers.dagster_services import Service, free_port

LOCATION = {"repositoryLocationName": "personalize_assets", "repositoryName": "__repository__"}
ENDED = ("SUCCESS", "FAILURE", "CANCELED")


def wait_until(condition: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.5)


class Ui:
    """A running web server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}/graphql",
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

    def last_ends(self) -> str:
        """Wait for the run that was launched last; returns how it ended."""
        runs = self.ask("{ runsOrError(limit: 1) { ... on Runs { results { runId } } } }")["runsOrError"]["results"]
        return self.ends(runs[0]["runId"])

    def launch_days(self, assets: Sequence[str], days: Sequence[str]) -> str:
        """Start a backfill of days as the assets' "Materialize" dialog does; returns its id."""
        launched = self.ask(
            "mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) "
            "{ __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }",
            p={"assetSelection": [{"path": [name]} for name in assets], "partitionNames": list(days)},
        )["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        backfill_id: str = launched["backfillId"]
        return backfill_id

    def backfill_status(self, backfill_id: str) -> str:
        status: str = self.ask(
            "query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }",
            id=backfill_id,
        )["partitionBackfillOrError"]["status"]
        return status

    def ends(self, run_id: str) -> str:
        """Wait for a run; returns how it ended."""
        wait_until(lambda: self.status(run_id) in ENDED)
        return self.status(run_id)

    def days_end(self, backfill_id: str) -> str:
        """Wait for a backfill; returns how it ended."""
        wait_until(lambda: self.backfill_status(backfill_id) not in ("REQUESTED", "CANCELING"))
        return self.backfill_status(backfill_id)


@contextmanager
def served(folder: Path, env: Mapping[str, str]) -> Iterator[Ui]:
    """Run `dg dev` on a free port, with its history and log in ``folder``; it is always stopped."""
    home = folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\nnux: {enabled: false}\n")
    port = free_port()
    server = Service(
        [Path(sys.executable).with_name("dg"), "dev", "--host", "127.0.0.1", "--port", str(port)],
        {"DAGSTER_HOME": str(home), **env},
        folder / "server.log",
    )
    try:
        ui = Ui(f"http://127.0.0.1:{port}")
        server.wait_until(ui.is_up)
        yield ui
    finally:
        server.stop()
