"""The recording in the tutorial: what a terminal shows of the first commands is what is printed there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from docs.recording import COMMANDS, RECORDING, Scene, comparable, record, text


def test_the_first_commands_show_what_the_recording_has(tmp_path: Path) -> None:
    assert comparable(text(record(COMMANDS, tmp_path))) == comparable(RECORDING.read_text(encoding="utf-8"))


def test_a_screen_with_a_bar_is_recorded_before_the_last_one_and_not_compared(tmp_path: Path) -> None:
    bar = "print('convert'); print('━━━━ 50 %'); print('\\x1b[A\\x1b[2Kconvert done in 1.5 s')"
    (tmp_path / "show.py").write_text(bar)
    (scene,) = record([f"{Path(sys.executable).name} show.py"], tmp_path)

    assert scene.meanwhile == ["convert", "━━━━ 50 %"]
    assert scene.screen == ["convert", "convert done in 1.5 s"]
    assert comparable(text([Scene("x", ["before"]), scene])) == [
        "$ x",
        "before",
        "",
        f"$ {Path(sys.executable).name} show.py",
        "convert",
        "convert done in <duration>",
    ]


def test_a_command_that_fails_ends_the_recording_with_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"ended with exit code 1:\nError: missing\.yaml: no such file"):
        record(["personalize-assets run --config missing.yaml"], tmp_path)
