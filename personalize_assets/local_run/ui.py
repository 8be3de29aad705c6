"""Dagster's UI and daemon on a user's machine, as ``personalize-assets dev`` starts them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run.history import history_folder

_SECONDS_TO_END = 30


def check_installed() -> None:
    """Raise ``PersonalizeAssetsError`` if the UI is not installed."""
    if find_spec("dagster_webserver") is None:
        raise PersonalizeAssetsError(
            "the UI needs dagster-webserver, which is not installed; pip install 'personalize-assets[ui]'"
        )


def variables(dataset_group: str, config: Path | None, env: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of the UI: the config by its absolute path, and the folder of its history.

    Args:
        dataset_group: The name of the config's group.
        config: As given; None leaves the choice to ``env`` and the working folder.
        env: What to add to.
        folder: The working folder, in which ``.dagster`` is made unless ``env`` has a DAGSTER_HOME.
    """
    named = {"PERSONALIZE_CONFIG": str(config.expanduser().absolute())} if config else {}
    home = env.get("DAGSTER_HOME") or str(history_folder(dataset_group, folder / ".dagster"))
    return {**env, **named, "DAGSTER_HOME": home}


def command(host: str, port: int) -> list[str]:
    """The command that shows this package's definitions."""
    shown = ["-m", "personalize_assets.definitions"]
    return [sys.executable, "-m", "dagster", "dev", *shown, "--host", host, "--port", str(port)]


def serve(host: str, port: int, env: Mapping[str, str], arguments: Sequence[str] | None = None) -> int:
    """Run the UI until it ends; returns its exit code, 130 after Ctrl-C.

    Args:
        arguments: Another command, for tests.
    """
    process = subprocess.Popen(arguments or command(host, port), env=dict(env))
    try:
        return process.wait()
    except KeyboardInterrupt:
        _end(process)
        return 130


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that a terminal's Ctrl-C may have reached, too; a second Ctrl-C ends it at once."""
    try:
        process.send_signal(signal.SIGINT)
        process.wait(_SECONDS_TO_END)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        process.kill()
        process.wait()
