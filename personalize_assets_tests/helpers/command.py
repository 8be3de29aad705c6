"""The command `personalize-assets`, run in this process, and the files that it leaves."""

from __future__ import annotations

import hashlib
from pathlib import Path

from click.testing import CliRunner, Result

from personalize_assets.cli import main
from personalize_assets_tests.helpers.samples import SAMPLE_DATA


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def run_sample(name: str, out: Path, *options: str) -> str:
    """Run a committed sample into ``out``, which must succeed; returns what was printed."""
    env = {"PERSONALIZE__DESTINATION__URI": str(out)}
    done = CliRunner().invoke(main, ["run", "--config", str(SAMPLE_DATA / f"{name}.yaml"), *options], env=env)
    assert done.exit_code == 0, done.output
    return done.stdout


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of each CSV and schema in a destination folder, by file name."""
    files = sorted(folder.glob("exports/latest/*.csv")) + sorted(folder.glob("exports/latest/*.avsc"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
