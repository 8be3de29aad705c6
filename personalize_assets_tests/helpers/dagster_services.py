"""Dagster's processes, started as users start them: on free ports, in separate process groups, always stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from personalize_assets_tests.helpers.samples import REPO


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class Service:
    """One process. If it dies or does not get ready, the assertion shows the end of its output."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str], log: Path, cwd: Path = REPO) -> None:
        self._log = log
        with log.open("a") as output:
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, **env},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until(self, condition: Callable[[], bool], seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert self._process.poll() is None, self._log.read_text()[-5000:]
            assert time.monotonic() < deadline, f"not within {seconds} s:\n{self._log.read_text()[-5000:]}"
            time.sleep(0.2)

    def kill(self) -> None:
        """Kill this process without clean-up, as in a crash of its machine; child processes stay."""
        self._process.kill()
        self._process.wait(30)

    def stop(self) -> None:
        for sign in (signal.SIGINT, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, sign)
                self._process.wait(30)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue
            else:
                return


def today() -> date:
    return datetime.now(UTC).date()


def automated_config(folder: Path, export: str, first: date | None = None) -> Path:
    """A dataset group with ``automation: on``; its source is an empty folder, and days settle at once.

    ``first`` is its first day, by default today.
    """
    (folder / "raw").mkdir()
    file = folder / "personalize.yaml"
    file.write_text(
        f"source: {{uri: raw, layout: hive, start_date: {first or today()}}}\n"
        "destination: {uri: out}\n"
        "checks: warn\n"  # there are fewer than the required 1,000 events
        "dataset_group: {name: shop}\n"
        "datasets: {interactions: {columns: {USER_ID: user, ITEM_ID: item, TIMESTAMP: time}}}\n"
        f"automation: {{on: true, settle_minutes: 0.01, interval_seconds: 2, export: {export}}}\n"
    )
    return file


def drop(folder: Path, name: str, user: str, of: date | None = None) -> None:
    """Put a raw file of today, or another day, with one event, in one step."""
    day = folder / "raw" / f"day={of or today()}"
    day.mkdir(exist_ok=True)
    (day / f".{name}").write_text(f'{{"user": "{user}", "item": "i", "time": "2026-10-01T00:00:00Z"}}\n')
    (day / f".{name}").rename(day / name)
