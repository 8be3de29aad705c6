"""README says what is so: its commands exist, its examples load, its output is what comes out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner

from personalize_assets.cli import main
from personalize_assets.config import load_config
from personalize_assets.config.loading import DEFAULT, PREFIX
from personalize_assets.layouts import LAYOUTS, layout
from personalize_assets_tests.helpers.samples import REPO

README = (REPO / "README.md").read_text()
BIN = Path(sys.executable).parent


def section(title: str) -> str:
    """The text under a heading of the second level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"README has no section {title!r}"
    return found[1]


def blocks(text: str, language: str = "") -> list[str]:
    """The code blocks of a language, without their indentation."""
    found = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [dedent(block) for _, name, block in found if name == language]


def table(text: str, header: str) -> list[list[str]]:
    """The rows of the table whose first header cell is `header`; a cell's backticks are taken off."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith(f"| {header} |"):
            break
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def numbers(output: str) -> list[list[str]]:
    """The rows of the table that `run` ends with, without the files: these depend on where it ran."""
    return [line.split()[:6] for line in output.splitlines() if re.match(r"(interactions|users|items) +\d", line)]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **more}


def test_every_target_of_make_is_in_the_makefile() -> None:
    named = {
        target
        for page in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", ".env.example")
        for target in re.findall(r"(?:`|^|=\S+ )make ([a-z][a-z0-9-]*)", (REPO / page).read_text(), re.MULTILINE)
    }
    targets = set(re.findall(r"^([a-z0-9-]+):", (REPO / "Makefile").read_text(), re.MULTILINE))

    assert {"demo", "dev"} <= named
    assert named - targets == set()


def test_every_file_linked_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)

    assert links
    assert [link for link in links if not (REPO / link).exists()] == []


def test_the_environment_variables_are_those_that_are_read() -> None:
    named = [row[0] for row in table(section("Environment variables"), "name")]
    example = (REPO / ".env.example").read_text()
    code = "\n".join(file.read_text() for file in sorted((REPO / "personalize_assets").rglob("*.py")))

    assert PREFIX + "…" in named
    own = [name for name in named if name != PREFIX + "…"]
    assert [name for name in own if not re.search(rf"^# {name}=", example, re.MULTILINE)] == []
    # AWS's are read by boto3 and Arrow.
    assert [name for name in own if not name.startswith("AWS_") and f'"{name}"' not in code] == []


def test_the_environment_example_sets_nothing_until_a_line_is_taken() -> None:
    lines = (REPO / ".env.example").read_text().splitlines()

    assert [line for line in lines if line and not line.startswith("# ")] == []


@pytest.mark.parametrize(
    "line", re.findall(r"^# (PERSONALIZE__\S+)$", (REPO / ".env.example").read_text(), re.MULTILINE)
)
def test_an_override_of_the_environment_example_is_taken(line: str) -> None:
    name, _, value = line.partition("=")
    _, place, key = name.split("__")

    config = load_config(env={name: value})

    assert getattr(getattr(config, place.lower()), key.lower()) == value


def test_the_default_config_is_the_one_named() -> None:
    rows = {row[0]: row[1] for row in table(section("Environment variables"), "name")}

    assert rows["PERSONALIZE_CONFIG"] == DEFAULT


def test_the_config_example_is_the_sample_in_short(tmp_path: Path) -> None:
    (example,) = blocks(section("The config file"), "yaml")
    sample = load_config(REPO / "sample_data" / "segment.yaml", {})
    # Beside the sample, so that the same relative folders are meant.
    (tmp_path / "sample_data" / "segment").mkdir(parents=True)
    (tmp_path / "sample_data" / "personalize.yaml").write_text(example)

    config = load_config(tmp_path / "sample_data" / "personalize.yaml", {})

    assert config.datasets == sample.datasets
    assert config.dataset_group == sample.dataset_group
    assert config.destination.uri == str(tmp_path / "data" / "segment")
    assert config.source.model_dump(exclude={"uri"}) == sample.source.model_dump(exclude={"uri"})


def test_the_layouts_are_as_the_code_has_them() -> None:
    rows = {row[0]: row[1] for row in table(section("The config file"), "layout")}
    start = load_config(env={}).source.start_date

    assert tuple(rows) == LAYOUTS
    for name, keys in rows.items():
        assert layout(name, start).example in keys


def test_the_options_of_the_command_line_are_there() -> None:
    (usage,) = blocks(section("Command line"))
    for line in usage.splitlines():
        command = line.split()[1]
        told = set(re.findall(r"--[a-z]+", line))
        known = set(re.findall(r"--[a-z]+", CliRunner().invoke(main, [command, "--help"]).output))
        assert told
        assert told - known == set()


@pytest.mark.slow
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


@pytest.mark.slow
def test_your_own_events_in_ten_minutes_works_as_written(tmp_path: Path) -> None:
    text = section("Your own events in ten minutes")
    (config,) = blocks(text, "yaml")
    *commands, last = blocks(text, "bash")
    assert last == "PERSONALIZE_CONFIG=personalize.yaml make dev\n"
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(BIN)
    (tmp_path / "personalize.yaml").write_text(config)

    done = subprocess.run(
        ["bash", "-euc", "\n".join(commands)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    ((_, kept, *_, exported),) = (row[:5] for row in numbers(done.stdout))
    assert int(kept.replace(",", "")) >= int(exported.replace(",", "")) >= 1000
    assert '"reason":"missing:USER_ID"' in done.stdout
    assert (tmp_path / "data" / "mine" / "exports" / "interactions.csv").exists()
    assert (tmp_path / "data" / "mine" / "schemas" / "interactions.avsc").exists()
    assert (tmp_path / "data" / "mine" / "catalog" / "day=2026-10-01.json").exists()
