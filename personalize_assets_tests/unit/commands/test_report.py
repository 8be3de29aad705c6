"""Arguments of `report`."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from personalize_assets_tests.helpers.command import invoke
from personalize_assets_tests.helpers.dagster_runs import small_config


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    small_config(tmp_path)
    return tmp_path


def test_the_page_is_in_the_destination_and_its_path_is_printed(folder: Path) -> None:
    result = invoke("report")

    assert (result.exit_code, result.stdout) == (0, "out/report.html\n")
    assert (folder / "out/report.html").is_file()


def test_another_file_can_be_named(folder: Path) -> None:
    result = invoke("report", "--output", "shop.html")

    assert (result.exit_code, result.stdout) == (0, "shop.html\n")
    assert not (folder / "out").exists()


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
    assert not (folder / "out").exists()


def test_an_error_is_printed_and_exits_with_1(folder: Path) -> None:
    (folder / "out/days").mkdir(parents=True)
    (folder / "out/days/day=2026-10-01.json").write_text("{")

    result = invoke("report")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
