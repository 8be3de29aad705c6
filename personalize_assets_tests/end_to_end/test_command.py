"""The installed command `personalize-assets`: Ctrl-C, and a machine without Java."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from personalize_assets_tests.helpers.command import hashes, run_sample
from personalize_assets_tests.helpers.samples import SAMPLE_DATA

COMMAND = Path(sys.executable).with_name("personalize-assets")


@pytest.mark.parametrize(
    ("engine", "after", "seconds"),
    [("arrow", "catalog", 0.0), ("arrow", "convert", 0.0), ("local", "catalog", 0.5)],
)
def test_ctrl_c_stops_a_run_with_one_line_and_leaves_what_was_there(
    engine: str, after: str, seconds: float, tmp_path: Path
) -> None:
    """Also while Java is starting, which then ends with the run."""
    run_sample("segment", tmp_path / "data")
    before = hashes(tmp_path / "data")
    running = subprocess.Popen(
        [COMMAND, "run", "--force", "--engine", engine, "--config", SAMPLE_DATA / "segment.yaml"],
        env={**os.environ, "PERSONALIZE__DESTINATION__URI": str(tmp_path / "data")},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    while not running.stdout.readline().startswith(after):
        pass
    time.sleep(seconds)

    os.killpg(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=60)

    assert running.returncode == 130, errors
    assert "Stopped. What was current before is unchanged; run again to finish." in errors
    assert "Traceback" not in errors
    assert hashes(tmp_path / "data") == before


def test_ctrl_c_after_the_end_of_a_command_does_not_change_its_exit_code() -> None:
    program = (
        "import atexit, os, signal, sys\n"
        "from personalize_assets.cli import program\n"
        "atexit.register(os.kill, os.getpid(), signal.SIGINT)\n"
        "sys.argv = ['personalize-assets', '--version']\n"
        "program()\n"
    )
    assert subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL).returncode == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc, which only Linux has")
def test_no_process_is_left_of_a_run_that_is_killed(tmp_path: Path) -> None:
    """SIGKILL, as the system sends it when memory runs out: nothing in the command can react to it."""
    deadline = time.monotonic() + 120
    os.mkfifo(tmp_path / "pipe")  # a worker that opens it waits
    program = (
        "import sys\n"
        "from personalize_assets.engines.process_pool import processes\n"
        "with processes(lambda: 2) as spread:\n"
        "    spread(open, [sys.argv[1]] * 2, 1 << 30)\n"
    )
    running = subprocess.Popen([sys.executable, "-c", program, tmp_path / "pipe"], start_new_session=True)
    while len(_of_session(running.pid) - {running.pid}) < 3:  # two, and one or more that track them
        time.sleep(0.05)

    running.kill()
    running.wait()

    while left := _of_session(running.pid):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def _of_session(session: int) -> set[int]:
    """The processes of a session that have not ended."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,sess=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return {int(pid) for pid, its, state in rows if int(its) == session and not state.startswith("Z")}


def test_without_java_the_default_engine_runs(tmp_path: Path) -> None:
    commands = tmp_path / "bin"
    commands.mkdir()
    env = {**os.environ, "PATH": str(commands), "PERSONALIZE__DESTINATION__URI": str(tmp_path / "data")}
    env.pop("JAVA_HOME", None)

    done = subprocess.run(
        [COMMAND, "run", "--config", SAMPLE_DATA / "segment.yaml"], env=env, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
