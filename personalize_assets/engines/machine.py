"""What this process may use of its machine: cores and memory, in a container those of the container."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# A process that sorts a piece of an export (`export.interactions.MAX_PIECE_ROWS`) takes this much.
_BYTES_PER_PROCESS = 768 * 1024 * 1024
# Spark's JVM plans and moves batches; rows are in its Python workers.
_MOST_HEAP, _LEAST_HEAP = 2 * 1024**3, 512 * 1024**2
# cgroup v1 writes "no limit" as a number of about 2^63, v2 as the word max.
_NO_LIMIT = 2**60


@cache
def cores() -> int:
    """How many cores this process may use: fewer than the machine has under a CPU limit, affinity or quota."""
    if os.cpu_count() in (1, None):
        return 1
    # Imported here, because it takes 50 ms.
    import loky

    found: int = loky.cpu_count()
    return found


def memory_bytes(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """How much memory this process may use: that of the machine, or the least limit of its cgroups (v1 and v2)."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([machine, *_limits(proc / "self" / "cgroup", cgroups)])


def workers() -> int:
    """How many processes work at the same time: one a core, but only as many as have room in memory."""
    return max(1, min(cores(), memory_bytes() // _BYTES_PER_PROCESS))


def heap_bytes() -> int:
    """The heap of a JVM in this process's container: half of its memory, and at most 2 GB."""
    return max(_LEAST_HEAP, min(_MOST_HEAP, memory_bytes() // 2))


def _limits(membership: Path, cgroups: Path) -> Iterator[int]:
    """The limits of the cgroups that a process is in, and of those above them.

    Within a container the path may be that on the host, which is not there: its own cgroup is then the top one.
    """
    try:
        lines = membership.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            top, name = cgroups, "memory.max"
        elif "memory" in controllers.split(","):
            top, name = cgroups / "memory", "memory.limit_in_bytes"
        else:
            continue
        here = top / path.strip("/")
        for folder in (here, *here.parents):
            if not folder.is_relative_to(top):
                break
            limit = _limit(folder / name)
            if limit is not None:
                yield limit


def _limit(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() and int(text) < _NO_LIMIT else None
