"""The machine on which a measurement was made."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from benchmarks.measuring import REPO

_LIBRARIES = ["dagster", "pyspark", "pyarrow", "duckdb", "polars", "pandas"]


def machine() -> dict[str, Any]:
    """Processor, memory, versions, the time (UTC), and the load average of the last minute, earlier parts included."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": _output("git", "rev-parse", "--short", "HEAD"),
        "cpu": _cpu(),
        "cores": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "load": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "java": _java(),
        "libraries": {name: version for name in _LIBRARIES if (version := _version(name))},
    }


def summary(found: dict[str, Any]) -> str:
    """The same in one line of text."""
    libraries = ", ".join(f"{name} {version}" for name, version in found["libraries"].items())
    return (
        f"{found['date']}, commit {found['commit'] or 'unknown'}: {found['cores']} cores ({found['cpu']}), "
        f"{found['memory_bytes'] / 2**30:.0f} GiB, load {found['load']} before; {found['system']}, "
        f"Python {found['python']}, Java {found['java'] or 'none'}, {libraries}"
    )


def _cpu() -> str:
    try:
        names = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        names = []
    return str(names[0]) if names else platform.processor() or platform.machine()


def _java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    printed = _output(str(Path(home, "bin", "java")) if home else "java", "-version")
    version = re.search(r'version "([^"]+)"', printed or "")
    return version[1] if version else None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return (done.stdout or done.stderr).strip()
