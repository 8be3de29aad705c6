"""Dagster's UI and daemon on a user's machine, as ``personalize-assets dev`` starts them."""

from __future__ import annotations

import signal
import socket
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


def check_free(host: str, port: int) -> None:
    """Raise ``PersonalizeAssetsError`` if another program listens there: the UI would start without being reached."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the web server does, or a port rests a minute
        try:
            trial.bind((host, port))
        except OSError as error:
            raise PersonalizeAssetsError(
                f"the UI cannot listen on {host}:{port}: {error.strerror}; name another port with --port"
            ) from None


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


def command(host: str, port: int, folder: Path, *, is_named: bool) -> list[str]:
    """The command that shows the project in a folder, or this package's definitions.

    Args:
        folder: What its ``workspace.yaml`` lists is shown.
        is_named: Whether a config is named, which the project may not read: then the package's definitions are shown.
    """
    is_project = not is_named and (folder / "workspace.yaml").is_file()
    shown = ["-w", "workspace.yaml"] if is_project else ["-m", "personalize_assets.definitions"]
    return [sys.executable, "-m", "dagster", "dev", *shown, "--host", host, "--port", str(port)]


def serve(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    """Run the command of the UI until it ends; returns its exit code, 130 after Ctrl-C."""
    process = subprocess.Popen(arguments, env=dict(env))
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
