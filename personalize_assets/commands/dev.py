"""``personalize-assets dev``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from personalize_assets.commands.options import Command, config_option, exit_code_of_errors


@click.command(cls=Command)
@config_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address that the UI listens on.")
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Its port.")
def dev(config: Path | None, host: str, port: int) -> None:
    """Open Dagster's UI on the config, until Ctrl-C.

    It shows the project of workspace.yaml in the working folder; without one, or with a config that is named, the
    dataset group alone. It needs the extra `ui`. The history of runs is kept in .dagster/<dataset group>/ of the
    working folder, unless DAGSTER_HOME names another one.
    """
    from personalize_assets.config import load_config
    from personalize_assets.local_run.ui import check_free, check_installed, command, serve, variables

    with exit_code_of_errors():
        check_installed()
        loaded = load_config(config, os.environ)
        check_free(host, port)
        env = variables(loaded.dataset_group.name, config, os.environ, Path.cwd())
    click.echo(f"The UI: http://{host}:{port} (Ctrl-C stops it)")
    code = serve(command(host, port, Path.cwd(), is_named="PERSONALIZE_CONFIG" in env), env)
    if code == 130:
        click.echo("Stopped. The history of runs is kept; `personalize-assets dev` shows it again.", err=True)
    sys.exit(code)
