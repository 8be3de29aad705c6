"""Java for the engines `local` and `spark`: found, new enough, started without orphans and needless output."""

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
# Printed by every Java that Spark 4 starts, before logging is set up; nothing to act on.
_NOISE = b"WARNING: Using incubator modules"


class JavaMissing(PersonalizeAssetsError):
    """No Java was found for Spark, or only one that is too old."""


def check_java(engine: str = "local") -> None:
    """Raise ``JavaMissing`` unless the Java of ``JAVA_HOME``, or of the ``PATH`` if that is unset, is new enough."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    found = _java_version(java) if java else None
    if found is not None and found >= OLDEST_JAVA:
        return
    where = f"JAVA_HOME={home}" if home else "the PATH"
    state = f"{where} has no Java" if found is None else f"{where} has Java {found}"
    raise JavaMissing(
        f"engine {engine!r} runs Spark, which needs Java {OLDEST_JAVA} or newer, but {state}. Install it "
        f"(Debian, Ubuntu: apt install openjdk-{OLDEST_JAVA}-jre-headless; macOS: brew install openjdk@{OLDEST_JAVA}) "
        "and set JAVA_HOME if it is not on the PATH; or use the engine 'arrow', which needs no Java"
    )


def _java_version(java: str) -> int | None:
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r'version "(?:1\.)?(\d+)', answer)
    return int(version[1]) if version else None


def use_this_python() -> None:
    """Make Spark's workers use this interpreter and its packages, and not the ``python3`` of the ``PATH``."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


@contextmanager
def starting_jvm() -> Iterator[None]:
    """Wrap the start of a session: Ctrl-C is delayed until Java runs, else a half-started Java would stay behind."""
    logging.getLogger().addFilter(_is_not_lost_connection)
    with _delayed_interrupts(), _without_noise():
        yield


def _is_not_lost_connection(record: logging.LogRecord) -> bool:
    """False for the traceback of a lost connection, which Py4J logs besides raising it (Ctrl-C stops Java too)."""
    return record.msg != "Exception while sending command."


@contextmanager
def _delayed_interrupts() -> Iterator[None]:
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
def _without_noise() -> Iterator[None]:
    """Give a Java started here a stderr that a thread forwards without the useless line, until Java ends."""
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
            if not line.startswith(_NOISE):
                out.write(line)
