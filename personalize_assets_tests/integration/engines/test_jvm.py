"""Java is found, and new enough, before Spark is started; its needless output is left out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from personalize_assets.engines.jvm import JavaMissing, check_java, starting_jvm

ADVICE = (
    "Install it (Debian, Ubuntu: apt install openjdk-17-jre-headless; macOS: brew install openjdk@17) "
    "and set JAVA_HOME if it is not on the PATH; or use the engine 'arrow', which needs no Java"
)


def java_that_says(folder: Path, version: str) -> None:
    java = folder / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n")
    java.chmod(0o755)


def test_without_java_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(JavaMissing) as error:
        check_java()

    assert str(error.value) == (
        "engine 'local' runs Spark, which needs Java 17 or newer, but the PATH has no Java. " + ADVICE
    )


def test_a_java_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    java_that_says(tmp_path, "1.8.0_402")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(JavaMissing) as error:
        check_java()

    assert str(error.value) == (
        f"engine 'local' runs Spark, which needs Java 17 or newer, but JAVA_HOME={tmp_path} has Java 8. {ADVICE}"
    )


def test_a_java_home_without_java_is_named_even_if_the_path_has_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(JavaMissing, match=f"JAVA_HOME={tmp_path} has no Java"):
        check_java()


@pytest.mark.parametrize("version", ["17.0.15", "21", "25.0.1"])
def test_java_17_and_newer_will_do(version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    java_that_says(tmp_path, version)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    check_java()


def test_ctrl_c_waits_until_java_has_started() -> None:
    reached = []

    def start() -> None:
        with starting_jvm():
            os.kill(os.getpid(), signal.SIGINT)
            reached.append("started")

    with pytest.raises(KeyboardInterrupt):
        start()
    assert reached == ["started"]


def test_one_line_of_javas_stderr_is_left_out() -> None:
    program = (
        "import subprocess, threading\n"
        "from personalize_assets.engines.jvm import starting_jvm\n"
        "with starting_jvm():\n"
        "    child = subprocess.Popen(['sh', '-c', "
        "'echo before >&2; echo WARNING: Using incubator modules: a >&2; echo after >&2'])\n"
        "    child.wait()\n"
        "[thread.join() for thread in threading.enumerate() if thread.daemon]\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stderr == "before\nafter\n"
