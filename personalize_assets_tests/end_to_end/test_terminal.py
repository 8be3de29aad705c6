"""The command on a terminal: a bar while it works, the lines of a log afterwards, and one sentence after Ctrl-C."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import pytest

from personalize_assets.generate import generate
from personalize_assets_tests.helpers.import_world import ImportWorld, titles
from personalize_assets_tests.helpers.personalize_emulator import Course, PersonalizeEmulator
from personalize_assets_tests.helpers.samples import SAMPLE_DATA
from personalize_assets_tests.helpers.terminal import CTRL_C, OnTerminal, is_cursor_shown, screen_of

COMMAND = Path(sys.executable).with_name("personalize-assets")
BAR = "━"
# So many that a bar is drawn before it ends.
GENERATE = ("generate", "--layout", "hive", "--days", "2")


def command(folder: Path, *arguments: str, **env: str) -> OnTerminal:
    return OnTerminal([COMMAND, *arguments], {"PERSONALIZE__DESTINATION__URI": str(folder / "data"), **env}, folder)


def has_bar(output: str) -> bool:
    return BAR in output


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw files that are worth processes, which take a while to start."""
    folder = tmp_path_factory.mktemp("raw")
    generate(folder, layout="hive", days=2, users=4000, seed=1)
    return folder


def test_what_stays_after_the_end_is_what_a_log_has(tmp_path: Path) -> None:
    terminal = command(tmp_path, *GENERATE, "--users", "400", "raw")

    assert terminal.end() == 0, terminal.output

    stage, written, config, *_ = screen_of(terminal.output)
    assert re.fullmatch(r"generate 2 days, 2026-10-01 to 2026-10-02 \(\d+\.\d s\)", stage)
    assert re.match(r"[\d,]+ events of 2 days in", written)
    assert config.startswith("Name it in a config: source: {uri: ")
    assert is_cursor_shown(terminal.output)


def test_ctrl_c_takes_the_bar_away_and_leaves_a_sentence(tmp_path: Path) -> None:
    terminal = command(tmp_path, *GENERATE, "--users", "200000", "raw")
    terminal.read_until(has_bar)

    terminal.type(CTRL_C)

    assert terminal.end() == 130
    assert [line.removeprefix("^C") for line in screen_of(terminal.output)] == [
        "generate 2 days, 2026-10-01 to 2026-10-02",
        "Stopped. raw is not complete; remove it before you generate again.",
    ]
    assert is_cursor_shown(terminal.output)


def test_ctrl_c_stops_a_run_with_a_bar(raw: Path, tmp_path: Path) -> None:
    source = {"PERSONALIZE__SOURCE__URI": str(raw), "PERSONALIZE__SOURCE__LAYOUT": "hive"}
    terminal = command(tmp_path, "run", "--config", str(SAMPLE_DATA / "segment.yaml"), **source)
    terminal.read_until(lambda output: has_bar(output.partition("convert  2 days")[2]))

    terminal.type(CTRL_C)

    assert terminal.end() == 130
    *_, convert, sentence = screen_of(terminal.output)
    assert convert == "convert  2 days, 2026-10-01 to 2026-10-02"
    assert sentence.removeprefix("^C") == "Stopped. What was current before is unchanged; run again to finish."
    assert not has_bar("".join(screen_of(terminal.output)))
    assert is_cursor_shown(terminal.output)


def test_ctrl_c_ends_the_wait_for_an_import_job(bucket: str, personalize: PersonalizeEmulator, tmp_path: Path) -> None:
    world = ImportWorld(bucket, tmp_path, personalize)
    world.export(items=titles("a"))
    personalize.plan("dataset-import-job", Course(stuck_at="CREATE IN_PROGRESS"))
    terminal = OnTerminal([COMMAND, "import", "--config", world.path, "--datasets", "items", "--yes"], {}, tmp_path)
    terminal.read_until(lambda output: "0 of 1 datasets" in output)

    terminal.type(CTRL_C)

    assert terminal.end() == 130
    sentence = screen_of(terminal.output)[-1].removeprefix("^C")
    assert sentence == "Stopped waiting. Import jobs that have begun go on in AWS; import again to see."
    assert is_cursor_shown(terminal.output)


def test_an_error_takes_the_bar_away_and_has_its_text(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from personalize_assets.commands.options import stoppable\n"
        "from personalize_assets.errors import PersonalizeAssetsError\n"
        "from personalize_assets.local_run.display import choose_display\n"
        "with stoppable('Stopped.'), choose_display().stage('import', 'users'):\n"
        "    sys.stdin.readline()\n"
        "    raise PersonalizeAssetsError('import: no right')\n"
    )
    terminal = OnTerminal([sys.executable, "-c", program], {}, tmp_path)
    terminal.read_until(has_bar)

    terminal.type(b"\n")

    assert terminal.end() == 1
    assert [line for line in screen_of(terminal.output) if not has_bar(line)][-2:] == [
        "import   users",
        "Error: import: no right",
    ]
    assert is_cursor_shown(terminal.output)


def test_sigterm_takes_the_bar_away(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from personalize_assets import cli\n"
        "from personalize_assets.local_run.display import choose_display\n"
        "def work():\n"
        "    with choose_display().stage('import', 'users'):\n"
        "        sys.stdin.readline()\n"
        "cli.main = work\n"
        "cli.program()\n"
    )
    terminal = OnTerminal([sys.executable, "-c", program], {}, tmp_path)
    terminal.read_until(has_bar)

    terminal.signal(signal.SIGTERM)

    assert terminal.end() == 143
    assert screen_of(terminal.output) == ["import   users"]
    assert is_cursor_shown(terminal.output)


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_without_colours_there_are_none(tmp_path: Path, env: dict[str, str]) -> None:
    terminal = command(tmp_path, *GENERATE, "--users", "10", "raw", **env)

    assert terminal.end() == 0
    assert not re.search(r"\x1b\[[\d;]*m", terminal.output)
    assert ("\x1b" in terminal.output) == ("NO_COLOR" in env)


def test_quietly_there_is_nothing_to_see(tmp_path: Path) -> None:
    terminal = command(tmp_path, *GENERATE, "-q", "--users", "4000", "raw")

    assert terminal.end() == 0
    assert terminal.output == ""


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    terminal = OnTerminal(["sh", "-c", "sleep 600; true"], {}, tmp_path)

    with pytest.raises(TimeoutError):
        terminal.end(seconds=0.1)
