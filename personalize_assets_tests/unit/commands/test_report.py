"""Arguments of `report`."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.manifests import DayCommit
from personalize_assets_tests.helpers.command import invoke
from personalize_assets_tests.helpers.dagster_runs import small_config
from personalize_assets_tests.helpers.stored import put_day


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One converted day."""
    monkeypatch.chdir(tmp_path)
    destination = DatasetGroup(small_config(tmp_path)).destination
    put_day(destination, "2026-10-01", {"interactions": DayCommit(run="r", mapping="m", rows=1, kept=1)})
    return tmp_path


def test_the_page_is_in_the_destination_and_its_path_is_printed(folder: Path) -> None:
    result = invoke("report")

    assert (result.exit_code, result.stdout) == (0, "out/report.html\n")
    assert (folder / "out/report.html").is_file()


def test_another_file_can_be_named(folder: Path) -> None:
    result = invoke("report", "--output", "shop.html")

    assert (result.exit_code, result.stdout) == (0, "shop.html\n")
    assert [file.name for file in (folder / "out").iterdir()] == ["days"]


def test_the_page_can_be_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(click, "launch", opened.append)

    assert invoke("report", "--open").exit_code == 0
    assert opened == [str(folder / "out/report.html")]


def test_a_page_in_a_bucket_is_not_opened(folder: Path) -> None:
    small_config(folder, destination={"uri": "s3://events/out"})

    result = invoke("report", "--open")

    assert result.exit_code == 2
    assert "the report is in s3://events/out; give --output FILE" in " ".join(result.stderr.split())


def test_json_is_printed_and_nothing_is_written(folder: Path) -> None:
    result = invoke("report", "--json")

    found = json.loads(result.stdout)
    assert (found["dataset_group"], found["verdict"], found["imports"]) == ("shop", "none", {})
    assert [file.name for file in (folder / "out").iterdir()] == ["days"]


@pytest.mark.parametrize("other", [["--output", "shop.html"], ["--open"]])
def test_json_and_a_file_exclude_each_other(folder: Path, other: list[str]) -> None:
    result = invoke("report", "--json", *other)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "--json prints and writes no file: leave out --output and --open, or --json" in result.stderr
    assert not (folder / "shop.html").exists()


def test_a_mistyped_destination_is_an_error_and_stays_empty(folder: Path) -> None:
    small_config(folder, destination={"uri": "owt"})

    result = invoke("report")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "owt has no converted day" in result.stderr
    assert not (folder / "owt").exists()


def test_an_error_is_printed_and_exits_with_1(folder: Path) -> None:
    (folder / "out/days/day=2026-10-01.json").write_text("{")

    result = invoke("report")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
