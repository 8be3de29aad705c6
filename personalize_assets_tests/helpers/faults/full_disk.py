"""A run on a file system that becomes full: a real one in memory, of a chosen size."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import time
from pathlib import Path

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets_tests.helpers.faults.child import run, run_here
from personalize_assets_tests.helpers.faults.judge import leftovers, problems
from personalize_assets_tests.helpers.faults.world import World, group_of

_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_REMOUNT = 32
_PLENTY = 256 * 1024**2


class NoMount(AssertionError):
    """This machine lets nobody mount a file system in memory."""


def _mount(at: Path, size: int, *, again: bool = False) -> None:
    """A file system in memory of so many bytes, which only this process sees; or another size for the one there."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not again:
        at.mkdir(parents=True)
        if libc.unshare(_NEW_MOUNTS) and libc.unshare(_NEW_MOUNTS | _NEW_USER):
            raise NoMount(f"unshare: {os.strerror(ctypes.get_errno())}")
    options = f"size={size}".encode()
    if libc.mount(b"tmpfs", bytes(at), b"tmpfs", _REMOUNT if again else 0, options):
        raise NoMount(f"mount: {os.strerror(ctypes.get_errno())}")


def _trial(world: World, config: Path, size: int, answer: Path) -> None:
    """Run with so many bytes, look, and run twice with plenty; writes what was found."""
    out = world.out
    _mount(out, _PLENTY)
    shutil.copytree(world.folder / "before/out", out, symlinks=True, dirs_exist_ok=True)
    used = shutil.disk_usage(out).used
    _mount(out, used + size, again=True)
    error = ""
    try:
        run_here(config, {})
    except PersonalizeAssetsError as failure:
        error = str(failure)
    group = group_of(config)
    right = world.answers["late file"]
    found = problems(group, [right, world.answers["before"]])
    if error and not ("No space left" in error and str(out) in error and "free" in error):
        found.append(f"the error does not name the full disk, the file and what to do: {error}")
    needed = shutil.disk_usage(out).used - used
    _mount(out, _PLENTY, again=True)
    real = time.time
    for day in (1, 2):
        time.time = lambda hours=26 * day: real() + 3600 * hours  # type: ignore[misc]
        run_here(config, {})
    found += problems(group, [right])
    found += [f"leftover: {key}" for key in leftovers(group)]
    answer.write_text(json.dumps({"found": found, "error": error, "needed": needed}))


def full_disk(world: World, size: int) -> tuple[str, int, list[str]]:
    """A run with so many bytes left; returns its error, the bytes it took, and what was wrong."""
    config = world.begin(None, "late file")
    answer = world.folder / "place/answer.json"
    assert run(_trial, world, config, size, answer) == 0, "the runs on a full disk did not end; see the error above"
    said = json.loads(answer.read_text())
    return said["error"], said["needed"], [f"{size} bytes left: {problem}" for problem in said["found"]]


def full_disks(world: World, count: int) -> tuple[int, list[str]]:
    """So many sizes between nothing and what the run needs; returns how many runs failed, and what was wrong."""
    _, needed, found = full_disk(world, _PLENTY)
    failed = 0
    for number in range(count):
        error, _, problems_found = full_disk(world, needed * number // count)
        failed += bool(error)
        found += problems_found
    return failed, found
