"""`personalize-assets` as a user meets it: what it prints, what it leaves, and what it says when something is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from personalize_assets_tests.helpers.command import invoke


def test_generate_writes_events_and_says_how_to_name_them(tmp_path: Path) -> None:
    result = invoke(
        "generate", "--layout", "hive", "--days", "2", "--users", "20", "--seed", "3", str(tmp_path / "raw")
    )

    assert result.exit_code == 0, result.output
    assert "events of 2 days" in result.stdout
    assert f"source: {{uri: {tmp_path}/raw, layout: hive, start_date: 2026-10-01}}" in result.stdout
    assert sorted(folder.name for folder in (tmp_path / "raw").iterdir()) == ["day=2026-10-01", "day=2026-10-02"]


def test_generate_writes_the_keys_of_a_pattern_and_names_it_as_yaml_needs_it(tmp_path: Path) -> None:
    result = invoke("generate", "--layout", "%Y/%j/*", "--days", "1", "--users", "20", str(tmp_path / "raw"))

    assert result.exit_code == 0, result.output
    assert f'source: {{uri: {tmp_path}/raw, layout: "%Y/%j/*", start_date: 2026-10-01}}' in result.stdout
    assert [path.name for path in (tmp_path / "raw/2026").iterdir()] == ["274"]


def test_a_layout_that_is_none_is_a_wrong_command(tmp_path: Path) -> None:
    result = invoke("generate", "--layout", "s3", str(tmp_path / "raw"))

    assert result.exit_code == 2
    assert "'s3' is not a layout; use one of segment, rudderstack, firehose, hive, flat, or a pattern" in result.stderr


def test_generate_writes_the_shape_of_a_source_and_names_its_recipe(tmp_path: Path) -> None:
    result = invoke("generate", "--shape", "ga4", "--days", "1", "--users", "20", str(tmp_path / "raw"))

    assert result.exit_code == 0, result.output
    assert result.stdout.endswith(
        f"A config for them: the recipe ga4 (docs/how-to/sources.md), with {tmp_path}/raw in place of its folder ga4; "
        f"or have one written: personalize-assets init --source {tmp_path}/raw\n"
    )
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["events_20261001"]


def test_generate_writes_a_format_and_says_what_a_config_needs_for_it(tmp_path: Path) -> None:
    where = str(tmp_path / "raw")
    result = invoke("generate", "--layout", "hive", "--format", "csv", "--days", "1", "--users", "20", where)

    assert result.exit_code == 0, result.output
    assert "layout: hive, start_date: 2026-10-01, parse: [properties, traits]}" in result.stdout
    assert {path.suffix for path in (tmp_path / "raw/day=2026-10-01").iterdir()} == {".csv"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give --layout or --shape, one of the two"),
        (["--layout", "hive", "--shape", "ga4"], "give --layout or --shape, one of the two"),
        (["--shape", "ga4", "--format", "csv"], "--shape ga4 has a format of its own; give --format with --layout"),
        (["--shape", "matomo"], "'matomo' is not one of 'amplitude', 'cloudwatch', 'eventbridge'"),
    ],
)
def test_a_wrong_shape_is_a_wrong_command(arguments: list[str], message: str, tmp_path: Path) -> None:
    result = invoke("generate", *arguments, str(tmp_path / "raw"))

    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "raw").exists()


def test_generate_refuses_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")

    result = invoke("generate", "--layout", "flat", str(tmp_path))

    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert result.stderr.startswith("Error: ")


def test_the_command_does_not_look_for_garbage_before_it_ends() -> None:
    program = (
        "import atexit, gc, sys\n"
        "from personalize_assets.cli import program\n"
        "atexit.register(lambda: print(gc.get_threshold()[0], gc.get_freeze_count() > 1000))\n"
        "sys.argv = ['personalize-assets', '--version']\n"
        "program()"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "50000 True"


def test_the_package_is_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "personalize_assets", "--version"], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("python -m personalize_assets, version ")
