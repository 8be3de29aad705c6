"""`personalize-assets dev`: the UI is there, and Ctrl-C ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from personalize_assets_tests.helpers.dagster_runs import small_config
from personalize_assets_tests.helpers.dagster_services import free_port, is_listening

ASSETS = {"query": "{assetNodes {assetKey {path}}}"}


def test_the_ui_shows_the_assets_of_the_config_until_ctrl_c(tmp_path: Path) -> None:
    small_config(tmp_path)
    port = free_port()
    # Only the command itself is interrupted here: it has to end what it started.
    log = (tmp_path / "log").open("w")
    running = subprocess.Popen(
        [sys.executable, "-m", "personalize_assets", "dev", "--port", str(port)],
        env={name: value for name, value in os.environ.items() if not name.startswith(("DAGSTER_", "PERSONALIZE_"))},
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=log,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not is_listening(port):
            assert running.poll() is None, (tmp_path / "log").read_text()[-5000:]
            assert time.monotonic() < deadline
            time.sleep(0.2)
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/graphql", json.dumps(ASSETS).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            nodes = json.load(answer)["data"]["assetNodes"]

        running.send_signal(signal.SIGINT)
        running.wait(60)
    finally:
        log.close()
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)

    assert ["filtered_interactions"] in [node["assetKey"]["path"] for node in nodes]
    assert running.returncode == 130
    assert (tmp_path / "log").read_text().splitlines()[-1].startswith("Stopped. The history of runs is kept")
    assert not is_listening(port)
    assert (tmp_path / ".dagster/shop/dagster.yaml").is_file()
