"""The commands of the pages, run as they are printed there, each page in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from personalize_assets_tests.helpers.pages import PAGES, to_run, without_comment
from personalize_assets_tests.helpers.readme import blocks
from personalize_assets_tests.helpers.samples import REPO

BIN = Path(sys.executable).parent


def run_page(page: str, folder: Path) -> str:
    """Run the lines of a page one after the other, with its config and the samples; returns what they printed.

    A sample of few events ends with 3: ``checks: warn`` exports what Personalize would refuse.
    """
    (folder / "sample_data").symlink_to(REPO / "sample_data")
    for block in blocks((REPO / page).read_text(), "yaml"):
        if "destination:" in block and "columns:" in block:
            (folder / "personalize.yaml").write_text(block)
    done = subprocess.run(
        [
            "bash",
            "-euc",
            "\n".join(f"{{ {command}; }} || (($? == 3))" for command in map(without_comment, to_run(page))),
        ],
        cwd=folder,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("page", [page for page in PAGES if to_run(page) and not page.startswith("docs/tutorial/")])
def test_the_commands_of_a_page_succeed(page: str, tmp_path: Path) -> None:
    run_page(page, tmp_path)


def test_the_tutorial_shows_what_comes_out(tmp_path: Path) -> None:
    printed = run_page("docs/tutorial/sample.md", tmp_path)

    tables = [block for block in blocks((REPO / "docs/tutorial/sample.md").read_text()) if block.startswith("dataset")]
    assert len(tables) == 2
    assert [table for table in tables if table not in printed] == []


def test_events_of_ones_own_become_interactions_and_rejects(tmp_path: Path) -> None:
    printed = run_page("docs/tutorial/own_events.md", tmp_path)

    rows = [line.split() for line in printed.splitlines() if line.startswith("interactions ")]
    _of_validate, of_run, of_rejects = rows
    kept, exported = (int(of_run[n].replace(",", "")) for n in (1, 4))
    assert kept >= exported >= 1000
    assert of_rejects[2] == "missing:USER_ID"
    (shown,) = blocks((REPO / "docs/tutorial/own_events.md").read_text(), "yaml")
    assert shown in (tmp_path / "personalize.yaml").read_text()
    assert (tmp_path / "data/my-events/exports/latest/interactions.avsc").exists()
    assert (tmp_path / "data/my-events/catalog/day=2026-10-01.json").exists()
