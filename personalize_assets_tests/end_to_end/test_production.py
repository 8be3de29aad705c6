"""The set-up of production/ and docs/how-to/production.md on a real Postgres: its processes may die."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from personalize_assets_tests.helpers import postgres
from personalize_assets_tests.helpers.dagster_services import (
    Service,
    automated_config,
    drop,
    free_port,
    is_listening,
    today,
)
from personalize_assets_tests.helpers.samples import REPO
from personalize_assets_tests.helpers.served import Ui

BIN = Path(sys.executable).parent
PAGE = (REPO / "docs/how-to/production.md").read_text()


class Production:
    """The three services, each started by the command that the page gives."""

    def __init__(self, folder: Path, database: str) -> None:
        home = folder / "home"
        home.mkdir()
        (home / "dagster.yaml").write_text((REPO / "production/dagster.yaml").read_text())
        self._folder = folder
        self._code_port, self._ui_port = free_port(), free_port()
        self._env = {
            "DAGSTER_HOME": str(home),
            "DAGSTER_POSTGRES_URL": database,
            "DAGSTER_CODE_HOST": "127.0.0.1",
            "DAGSTER_CODE_PORT": str(self._code_port),
            "PERSONALIZE_CONFIG": str(automated_config(folder, export="daily")),
        }
        self.ui = Ui(f"http://127.0.0.1:{self._ui_port}")
        self.services: dict[str, Service] = {}
        self._all: list[Service] = []

    def start(self, name: str) -> None:
        (command,) = re.findall(rf"^{name} .*$", PAGE, re.MULTILINE)
        for variable, value in {"$DAGSTER_CODE_PORT": str(self._code_port), "3000": str(self._ui_port)}.items():
            command = command.replace(variable, value)
        program, *arguments = command.split()
        self.services[name] = Service([BIN / program, *arguments], self._env, self._folder / f"{name}.log")
        self._all.append(self.services[name])

    def start_all(self) -> None:
        self.start("dagster code-server start")
        self.services["dagster code-server start"].wait_until(lambda: is_listening(self._code_port))
        self.start("dagster-webserver")
        self.start("dagster-daemon")
        self.services["dagster-webserver"].wait_until(self.ui.is_up)

    def kill(self, name: str) -> None:
        self.services[name].kill()

    def wait_for_runs(self, *statuses: str) -> None:
        self.services["dagster-daemon"].wait_until(lambda: self.runs() == list(statuses), seconds=180)

    def runs(self) -> list[str]:
        """The statuses of all runs, newest first."""
        runs = self.ui.ask("{ runsOrError { ... on Runs { results { status } } } }")["runsOrError"]["results"]
        return [run["status"] for run in runs]

    def stop(self) -> None:
        for service in self._all:
            service.stop()


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Production]:
    with postgres.running() as database:
        running = Production(tmp_path, database)
        try:
            running.start_all()
            yield running
        finally:
            running.stop()


def test_a_killed_daemon_and_a_killed_web_server_lose_no_run_and_start_none_twice(
    production: Production, tmp_path: Path
) -> None:
    state = tmp_path / f"out/days/day={today()}.json"
    drop(tmp_path, "a.json", user="ann")
    production.wait_for_runs("STARTED")

    production.kill("dagster-daemon")
    production.kill("dagster-webserver")
    production.start("dagster-webserver")
    production.start("dagster-daemon")
    production.services["dagster-webserver"].wait_until(production.ui.is_up)

    production.wait_for_runs("SUCCESS")
    assert json.loads(state.read_text())["datasets"]["interactions"]["kept"] == 1
    drop(tmp_path, "b.json", user="bob")
    production.wait_for_runs("SUCCESS", "SUCCESS")
    assert json.loads(state.read_text())["datasets"]["interactions"]["kept"] == 2
