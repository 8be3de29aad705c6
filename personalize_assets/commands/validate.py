"""x"""

import click

from personalize_assets.commands.options import Command


@click.command(cls=Command)
def validate() -> None:
    """x"""
