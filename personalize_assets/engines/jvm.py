"""Java for the engine `local`: that it is there, and that it starts without orphans and without chatter."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from personalize_assets.errors import PersonalizeAssetsError

# Spark 4 runs on Java 17 and newer (Spark's page "Overview").
OLDEST_JAVA = 17
# Printed by every Java that Spark 4 starts, before any logging is set up, and of no use to anybody.
_CHATTER = b"WARNING: Using incubator modules"


class JavaMissing(PersonalizeAssetsError):
    """There is no Java for Spark to run on, or one that is too old."""


def check_java() -> None:
    """Raise ``JavaMissing`` unless ``JAVA_HOME`` or the ``PATH`` has a Java that Spark runs on."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    found = _java_version(java) if java else None
    if found is not None and found >= OLDEST_JAVA:
        return
    where = f"JAVA_HOME={home}" if home else "the PATH"
    state = f"{where} has no Java" if found is None else f"{where} has Java {found}"
    raise JavaMissing(
        f"engine 'local' runs Spark, which needs Java {OLDEST_JAVA} or newer, but {state}. Install it "
        f"(Debian, Ubuntu: apt install openjdk-{OLDEST_JAVA}-jre-headless; macOS: brew install openjdk@{OLDEST_JAVA}) "
        "and set JAVA_HOME if it is not on the PATH; or use the engine 'sail', which needs no Java"
    )


def _java_version(java: str) -> int | None:
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r'version "(?:1\.)?(\d+)', answer)
    return int(version[1]) if version else None


def use_this_python() -> None:
    """Let tasks run in this interpreter with its packages, and not in whatever ``python3`` the ``PATH`` has."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


@contextmanager
def starting_jvm() -> Iterator[None]:
    """Around the start of a session: Ctrl-C waits until Java is up, for a half-started one would be left behind."""
    logging.getLogger().addFilter(_is_not_raised_too)
    with _interrupts_later(), _without_chatter():
        yield


def _is_not_raised_too(record: logging.LogRecord) -> bool:
    """Py4J prints the traceback of a lost connection (Ctrl-C stops Java too) beside raising it."""
    return record.msg != "Exception while sending command."


@contextmanager
def _interrupts_later() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # Python interrupts only the main thread
        return
    interrupted: list[tuple[int, FrameType | None]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: interrupted.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupted and callable(before):
        before(*interrupted[-1])


@contextmanager
def _without_chatter() -> Iterator[None]:
    """A Java started here writes its errors through a thread that leaves out one line, for as long as it lives."""
    errors = os.dup(2)
    reading, writing = os.pipe()
    threading.Thread(target=_forward, args=(reading, errors), daemon=True).start()
    os.dup2(writing, 2)
    os.close(writing)
    try:
        yield
    finally:
        os.dup2(errors, 2)


def _forward(reading: int, errors: int) -> None:
    with os.fdopen(reading, "rb") as lines, os.fdopen(errors, "wb", buffering=0) as out:
        for line in lines:
            if not line.startswith(_CHATTER):
                out.write(line)
