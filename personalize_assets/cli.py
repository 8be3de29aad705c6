"""``personalize-assets``: commands, arguments and exit codes. What a command does is imported when it is called.

Exit codes: 0 done, 1 failed with the cause on stderr, 2 wrong arguments, 3 done with `checks: warn` though Personalize
would refuse the export, 130 stopped by Ctrl-C, 143 ended by SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from personalize_assets.commands.deploy import deploy
from personalize_assets.commands.dev import dev
from personalize_assets.commands.forget import forget
from personalize_assets.commands.generate import generate
from personalize_assets.commands.imports import import_
from personalize_assets.commands.init import init
from personalize_assets.commands.options import Group, exit_code_of_errors
from personalize_assets.commands.rejects import rejects
from personalize_assets.commands.report import report
from personalize_assets.commands.run import files, run
from personalize_assets.commands.status import status
from personalize_assets.commands.validate import validate
from personalize_assets.conversion.process import begin_command
from personalize_assets.errors import PersonalizeAssetsError

# Of `personalize_assets.generate`, which is imported only when it is called.
_TARGETS = ("segment", "rudderstack", "firehose", "kinesis", "http")


def program() -> None:
    """The installed command: ``main`` in a process of its own."""
    begin_command()
    signal.signal(signal.SIGTERM, _end)
    try:
        main()
    finally:
        # Python is about to end: an interrupt would change the exit code, and there is nothing left to stop.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end(number: int, frame: object) -> None:
    """Leave all blocks, which take a bar away and end processes; a second signal ends at once."""
    signal.signal(number, signal.SIG_DFL)
    sys.exit(128 + number)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="personalize-assets")
def main() -> None:
    """Turn raw click events into the files Amazon Personalize trains on."""


for _command in (init, validate, run, files, status, rejects, report, dev, import_, forget, deploy, generate):
    main.add_command(_command)


@main.command()
@click.option("--source", required=True, metavar="URI", help="Folder or s3://bucket/prefix of raw files.")
@click.option("--destination", metavar="URI", help="Folder or s3://bucket/prefix to write to.  [default: data/<name>]")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write.  [default: stdout]")
def suggest(source: str, destination: str | None, output: Path | None) -> None:
    """Read raw files and write a commented config that runs."""
    from personalize_assets.suggest import suggest_config

    with exit_code_of_errors():
        if output is not None and output.exists():
            raise PersonalizeAssetsError(f"{output} already exists; name a new file, or remove it first")
        found = suggest_config(source, destination, output.parent if output else None)
    for note in found.notes:
        click.echo(f"Note: {note}", err=True)
    if output is None:
        click.echo(found.text, nl=False)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(found.text, encoding="utf-8")
        click.echo(f"Wrote {output}; read it, then: personalize-assets run --config {output}")


@main.command()
@click.option("--to", required=True, type=click.Choice(_TARGETS), help="What takes the events (docs/how-to/send.md).")
@click.option("--host", metavar="URL", help="RudderStack's data plane; Segment's endpoint of another region; any URL.")
@click.option("--stream", metavar="NAME", help="The stream of Firehose or Kinesis.")
@click.option("--days", type=click.IntRange(min=1), default=7, help="Number of days that the events are of.")
@click.option("--users", type=click.IntRange(min=1), default=300, help="Number of people; events grow with it.")
@click.option("--seed", type=int, default=1, help="The same events as `generate` makes of it.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First day.  [default: so that yesterday is the last]")
@click.option(
    "--run", default="", show_default=False, metavar="ID", help="Put before message ids, to send events again."
)
@click.option("--rate", type=click.IntRange(min=1), default=200, help="Events a second at most.")
@click.option("--one-key", is_flag=True, help="One source for all, instead of web, android, ios and server.")
@click.option("--newline/--no-newline", default=None, help="End records of a stream with it.  [default: in Firehose]")
@click.option(
    "--resume",
    type=click.Path(dir_okay=False, path_type=Path),
    help="State file to go on from, or to begin.  [default: a new sent/<to>.json]",
)
@click.option("--dry-run", is_flag=True, help="Write what would be sent into a folder; send nothing.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="That folder.  [default: sent/<to>]")
@click.option("--yes", is_flag=True, help="Do not ask before Segment gets more than 1,000 tracked users.")
def send(start: date | None, **options: Any) -> None:
    """Send events like those of a real site to a service.

    Write keys are read from SEGMENT_WRITE_KEY_WEB, _ANDROID, _IOS and _SERVER, and RUDDERSTACK_WRITE_KEY_… likewise;
    with --one-key from SEGMENT_WRITE_KEY. Exits with 0 if every event was accepted, else with 1.
    """
    from personalize_assets.generate.senders.command import send_and_report
    from personalize_assets.generate.senders.options import Options

    first_day = start and date(start.year, start.month, start.day)
    sys.exit(send_and_report(Options(start=first_day, **options), os.environ))


if __name__ == "__main__":
    main()
