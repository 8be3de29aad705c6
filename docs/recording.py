"""Records what a terminal shows of the first commands, in docs/tutorial/first_hour.txt. ``make recording``.

The commands run one after another in an empty folder, on a pseudo-terminal. Below a command is its screen at the end;
where it showed bars, the screen with the one that says most comes first, and ``MEANWHILE`` stands between the two.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyte

from personalize_assets_tests.helpers.terminal import OnTerminal, empty_screen, lines_of

COLUMNS, LINES = 110, 50
COMMANDS = (
    "personalize-assets generate --layout segment --users 8000 shop/events",
    "cd shop",
    "personalize-assets init --source events",
    "personalize-assets validate",
    "personalize-assets run",
    "personalize-assets rejects --limit 1",
    "personalize-assets status",
)
RECORDING = Path(__file__).parent / "tutorial" / "first_hour.txt"
MEANWHILE = "  ⋮"
_PROMPT = "$ "
_BAR = "━"
_REDRAWS = re.compile(r"(?=\x1b\[\d*A)")  # the cursor goes up
_VARYING = [
    (re.compile(r"\d+(?:\.\d+)? (?:ms|s|min|h)\b(?: \d+ s)?"), "<duration>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?UTC|Z|\+00:00)?"), "<moment>"),
    (re.compile(r"\d\d:\d\d(?::\d\d)?"), "<time>"),
    (re.compile(r"\d{8}T\d{6}[0-9A-Za-z-]*"), "<run>"),
    (re.compile(r" {2,}"), "  "),  # columns are as wide as what varies
]


@dataclass(frozen=True)
class Scene:
    """A command, the screen at its end, and one with a bar; both without trailing spaces and empty lines."""

    command: str
    screen: Sequence[str]
    meanwhile: Sequence[str] = ()

    def lines(self) -> Iterator[str]:
        """The scene as it is written."""
        yield f"{_PROMPT}{self.command}"
        if self.meanwhile:
            yield from self.meanwhile
            yield MEANWHILE
        yield from self.screen


def record(commands: Sequence[str], folder: Path) -> list[Scene]:
    """Run commands in a folder, which has to be empty; ``cd`` changes it for those that follow.

    The folder is shown as ``~``. Raises ``RuntimeError`` if a command fails.
    """
    scenes = []
    home = folder
    for command in commands:
        name, *arguments = command.split()
        if name == "cd":
            folder /= arguments[0]
            scenes.append(Scene(command, ()))
        else:
            scenes.append(_run(command, [_program(name), *arguments], folder, home))
    return scenes


def text(scenes: Sequence[Scene]) -> str:
    """The recording: the scenes, an empty line between them."""
    return "\n\n".join("\n".join(scene.lines()) for scene in scenes) + "\n"


def comparable(recording: str) -> list[str]:
    """The lines of a recording, without screens that have a bar, and with a word for each duration and time."""
    lines: list[str] = []
    begin = 0
    for line in recording.splitlines():
        if line.startswith(_PROMPT):
            begin = len(lines) + 1
        if line == MEANWHILE:
            del lines[begin:]
            continue
        for pattern, word in _VARYING:
            line = pattern.sub(word, line)
        lines.append(line)
    return lines


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _run(shown: str, command: Sequence[str], folder: Path, home: Path) -> Scene:
    env = {"HOME": str(home)}
    terminal = OnTerminal(command, env, folder, inherited=_environment(), size=(LINES, COLUMNS))
    code = terminal.end()
    screen = empty_screen(COLUMNS)
    stream = pyte.Stream(screen)
    bars: list[list[str]] = []
    for drawn in _REDRAWS.split(terminal.output.replace(str(home), "~")):
        stream.feed(drawn)
        now = lines_of(screen)
        if any(_BAR in line for line in now):
            bars.append(now)
    if code:
        raise RuntimeError(f"{shown} ended with exit code {code}:\n" + "\n".join(lines_of(screen)))
    return Scene(shown, lines_of(screen), max(bars, key=_facts, default=()))


def _facts(lines: Sequence[str]) -> int:
    """How much a screen's bar says: the letters beside it."""
    return max(len(line.replace(_BAR, "")) for line in lines if _BAR in line)


def _environment() -> dict[str, str]:
    """This environment without the settings of any of the command's programs."""
    own = ("AWS_", "DAGSTER_", "PERSONALIZE_")
    shape = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    return {name: value for name, value in os.environ.items() if not name.startswith(own) and name not in shape}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as empty:
        RECORDING.write_text(text(record(COMMANDS, Path(empty))), encoding="utf-8")
