"""What `generate` prints; which events it writes is tested in unit/generate/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from personalize_assets import generate as events
from personalize_assets.generate import Generated, Written
from personalize_assets_tests.helpers.command import invoke


def test_a_log_has_the_stage_what_was_written_and_what_to_put_into_a_config(tmp_path: Path) -> None:
    done = invoke("generate", "--layout", "hive", "--days", "2", "--users", "10", str(tmp_path / "raw"))

    stage, written, config = done.output.splitlines()
    assert re.fullmatch(r"generate 2 days, 2026-10-01 to 2026-10-02 \(\d+\.\d s\)", stage)
    assert re.fullmatch(rf"[\d,]+ events of 2 days in [\d,]+ files \([\d,]+ bytes\) in {tmp_path}/raw", written)
    assert config.startswith("Name it in a config: source: {uri: ")


def test_a_folder_that_is_not_empty_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").touch()

    done = invoke("generate", "--layout", "hive", "--days", "1", str(tmp_path))

    assert done.exit_code == 1
    assert done.stderr == f"Error: out: {tmp_path} is not an empty folder; remove it or name a new one\n"
    assert done.stdout == "generate 1 day, 2026-10-01\n"


def test_days_beyond_the_calendar_are_a_wrong_argument(tmp_path: Path) -> None:
    done = invoke("generate", "--layout", "hive", "--days", "9999999", str(tmp_path / "raw"))

    assert done.exit_code == 2
    assert "Error: 9999999 days from 2026-10-01 end after the year 9999" in done.stderr


def test_a_log_has_a_line_about_what_takes_more_than_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter((0.0, 5.0, 20.0))
    monkeypatch.setattr("personalize_assets.commands.generate._clock", lambda: next(times))

    def generate(out: Path, **options: object) -> Generated:
        assert callable(options["on_progress"])
        options["on_progress"](Written(100, 1000, 600, 50_000))
        options["on_progress"](Written(500, 1000, 3000, 250_000))
        return Generated("hive", options["start"], 7, 1, 6000, 500_000, 0, 0, 0)  # type: ignore[arg-type]

    monkeypatch.setattr(events, "generate", generate)

    lines = invoke("generate", "--layout", "hive", "out").output.splitlines()

    assert lines[:2] == [
        "generate 7 days, 2026-10-01 to 2026-10-07",
        "  generate: 500 of 1,000 visits, 0.2 MB, 3,000 events, 150 events/s after 20 s, about 20 s left",
    ]


def test_ctrl_c_says_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def generate(out: Path, **_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(events, "generate", generate)

    done = invoke("generate", "--layout", "hive", "out")

    assert done.exit_code == 130
    assert done.stderr == "Stopped. out is not complete; remove it before you generate again.\n"
