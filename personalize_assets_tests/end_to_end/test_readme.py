"""README's commands do what it says: they are run as they are printed there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from personalize_assets_tests.helpers.readme import README, blocks
from personalize_assets_tests.helpers.samples import REPO

BIN = Path(sys.executable).parent


def numbers(output: str) -> list[list[str]]:
    """The rows of the table that `run` ends with, without the files: these depend on where it ran."""
    return [line.split()[:6] for line in output.splitlines() if re.match(r"(interactions|users|items) +\d", line)]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **more}


def test_the_output_shown_is_what_comes_out(tmp_path: Path) -> None:
    shown = next(block for block in blocks(README) if block.startswith("$ personalize-assets run"))
    command = shown.splitlines()[0].removeprefix("$ ").split()

    done = subprocess.run(
        [BIN / command[0], *command[1:]],
        cwd=REPO,
        env=environment(PERSONALIZE__DESTINATION__URI=str(tmp_path)),
        capture_output=True,
        text=True,
        check=True,
    )

    assert numbers(done.stdout) == numbers(shown)
    (rejected,) = re.findall(r"^Rejected: .*;", shown, re.MULTILINE)
    assert rejected in done.stdout
