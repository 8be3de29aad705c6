"""``personalize-assets deploy``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from personalize_assets.commands.options import (
    ReportingCommand,
    command_display,
    config_option,
    is_confirmed,
    stoppable,
)


@click.command(cls=ReportingCommand)
@config_option
@click.option("--stack", help="Name of the CloudFormation stack.  [default: personalize-assets-<dataset group>]")
@click.option(
    "--parameter", "parameters", metavar="NAME=VALUE", multiple=True, help="A parameter of glue/template.yaml."
)
@click.option("--dry-run", is_flag=True, help="Only print what would be done; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before an update that replaces or deletes resources.")
def deploy(config: Path | None, stack: str | None, parameters: tuple[str, ...], dry_run: bool, yes: bool) -> None:
    """Put the Glue job and its roles into your AWS account, for the engine `glue`."""
    from personalize_assets.aws.stack_tag import default_stack
    from personalize_assets.config import load_config
    from personalize_assets.deploy import stack as deployment

    wrong = [parameter for parameter in parameters if "=" not in parameter]
    if wrong:
        raise click.BadParameter(f"{wrong[0]!r} has no value; write it as NumberOfWorkers=5", param_hint="--parameter")
    env = {**os.environ, "PERSONALIZE_ENGINE": "glue"}
    with stoppable("Stopped. What CloudFormation has begun goes on in AWS; deploy again to see."):
        loaded = load_config(config, env)
        name = stack or default_stack(loaded.dataset_group.name)
        plan = deployment.plan(loaded, name, dict(p.split("=", 1) for p in parameters))
        for line in deployment.describe(plan):
            click.echo(line)
        if dry_run:
            click.echo("\nNothing was changed: this was a dry run.")
            return
        with deployment.agreed_update(plan, loaded.aws, lambda losses: _may_lose(losses, yes=yes)) as update:
            display = command_display()
            click.echo()
            with display.stage("deploy", f"stack {name}"):
                outputs = deployment.apply(plan, loaded.aws, update, display.progress)
    click.echo("Done.")
    for name, value in sorted(outputs.items()):
        click.echo(f"{name:<20} {value}")


def _may_lose(losses: Sequence[str], *, yes: bool) -> bool:
    """Print what an update replaces or deletes, and ask; without an answer it is no."""
    click.echo()
    for loss in losses:
        click.echo(loss)
    return is_confirmed("Replace or delete these?", yes=yes)
