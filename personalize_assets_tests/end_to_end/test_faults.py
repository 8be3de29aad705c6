"""``make faults`` in a short form, and that its judge finds what it is to find."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.faults.judge import leftovers, problems
from personalize_assets_tests.helpers.faults.world import World, group_of, make_world
from personalize_assets_tests.helpers.format_faults import WRITERS
from personalize_assets_tests.helpers.samples import REPO


def test_no_fault_loses_or_invents_anything_and_none_leaves_anything() -> None:
    command = [sys.executable, "-m", "personalize_assets_tests.helpers.faults", "--share", "0.012"]

    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    counts = [re.split(r"  +", line)[:7] for line in done.stdout.splitlines()[1:]]
    assert {name for name, *_ in counts} == {
        "kills at a write, folder", "full disks", "damaged files, on every path", "overlaps", "kills at a write, S3",
        "S3 with faults", *(f"damaged files, {name}" for name in WRITERS),
    }  # fmt: skip
    assert [numbers[2:] for numbers in counts] == [["0"] * 5] * (6 + len(WRITERS))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("faults") / "world")


def of(group: DatasetGroup, pattern: str) -> Path:
    """The first file of the destination with such a key."""
    return next(Path(group.destination.uri).glob(pattern))


def lead_nowhere(group: DatasetGroup) -> None:
    """Let the link to the latest export lead to none."""
    link = of(group, "exports/latest")
    link.unlink()
    link.symlink_to("nowhere")


FAULTS: dict[str, tuple[Callable[[DatasetGroup], object], str]] = {
    "another CSV": (lambda group: of(group, "exports/*/users.csv").write_text("a"), "wrong current state: the CSVs"),
    "no schema": (lambda group: of(group, "exports/*/users.avsc").unlink(), "half visible: the schema of users is"),
    "a daily file": (lambda group: of(group, "user_traits/day=*/*").unlink(), "is named and missing"),
    "a table": (lambda group: of(group, "users/*.parquet").unlink(), "is named and missing"),
    "half an object": (lambda group: of(group, "days/day=*").write_text("{"), "half visible: "),
    "another link": (
        lambda group: lead_nowhere(group),
        "half visible: the link exports/latest leads to no complete export",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_judge_finds_what_is_wrong(world: World, fault: str) -> None:
    damage, wanted = FAULTS[fault]
    group = group_of(world.begin("before", "before"))
    right = world.answers["before"]
    assert problems(group, [right]) == []

    damage(group)

    assert any(wanted in problem for problem in problems(group, [right]))


@pytest.mark.parametrize(
    "key", ["users/20261001T000000-aaaaaa-00000.parquet", "exports/.latest.json.12345678", "_parts/x/0.csv"]
)
def test_the_judge_finds_what_is_left(world: World, key: str) -> None:
    group = group_of(world.begin("before", "before"))
    assert leftovers(group) == []
    path = Path(group.destination.uri) / key
    path.parent.mkdir(parents=True, exist_ok=True)

    path.touch()

    assert leftovers(group) == [key]


def test_an_older_state_is_a_wrong_one(world: World) -> None:
    group = group_of(world.begin("before", "late file"))
    shutil.rmtree(world.folder / "place/raw.new", ignore_errors=True)

    assert problems(group, [world.answers["late file"]]) == ["wrong current state: the CSVs are none of the right ones"]
