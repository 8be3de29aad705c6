"""What commands print with ``--json``."""

from __future__ import annotations

import click
import msgspec


def print_json(found: msgspec.Struct) -> None:
    """Print a struct as one JSON object; it has all keys each time, and null for what there is not."""
    click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
