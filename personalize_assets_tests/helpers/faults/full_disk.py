"""A run on a file system that becomes full: a real one in memory, of a chosen size."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import time
from pathlib import Path

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets_tests.helpers.faults.child import Conditions, run, run_here
from personalize_assets_tests.helpers.faults.judge import problems, two_days_later
from personalize_assets_tests.helpers.faults.world import World, group_of

_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_REMOUNT = 32
_PLENTY = 256 * 1024**2
# About as many writes as the run has.
_WRITES = 100


class NoMount(AssertionError):
    """This machine does not allow to mount a file system in memory: then writes fail by plan, from one of them on."""


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
    try:
        _mount(out, _PLENTY)
    except NoMount as problem:
        answer.write_text(json.dumps({"no_mount": str(problem)}))
        return
    shutil.copytree(world.folder / "before/out", out, symlinks=True, dirs_exist_ok=True)
    used = shutil.disk_usage(out).used
    _mount(out, used + size, again=True)
    found, error = _judged(world, config)
    needed = shutil.disk_usage(out).used - used
    _mount(out, _PLENTY, again=True)
    real = time.time

    def again(hours: float) -> int:
        time.time = lambda: real() + 3600 * hours
        run_here(config, {})
        return 0

    found += two_days_later(group_of(config), world.answers["late file"], again)
    answer.write_text(json.dumps({"found": found, "error": error, "needed": needed}))


def _judged(world: World, config: Path) -> tuple[list[str], str]:
    """Run on the full disk; what was wrong, and the run's error."""
    error = ""
    try:
        run_here(config, {})
    except PersonalizeAssetsError as failure:
        error = str(failure)
    found = problems(group_of(config), [world.answers["late file"], world.answers["before"]])
    if error and not ("No space left" in error and str(world.out) in error and "free" in error):
        found.append(f"the error does not name the full disk, the file and what to do: {error}")
    return found, error


def full_disk(world: World, size: int) -> tuple[str, int, list[str]]:
    """A run with so many bytes left; returns its error, the bytes it took, and what was wrong. Raises ``NoMount``."""
    config = world.begin(None, "late file")
    answer = world.folder / "place/answer.json"
    assert run(_trial, world, config, size, answer) == 0, "the runs on a full disk did not end; see the error above"
    said = json.loads(answer.read_text())
    if "no_mount" in said:
        raise NoMount(said["no_mount"])
    return said["error"], said["needed"], [f"{size} bytes left: {problem}" for problem in said["found"]]


def _planned(config: Path, world: World, answer: Path) -> None:
    found, error = _judged(world, config)
    answer.write_text(json.dumps({"found": found, "error": error}))


def planned_full_disk(world: World, write: int) -> tuple[str, list[str]]:
    """A run of which every write from one on fails; returns its error, and what was wrong."""
    config = world.begin("before", "late file")
    answer = world.folder / "place/answer.json"
    conditions = Conditions(full_at=write, below=str(world.out))
    assert run(_planned, config, world, answer, conditions=conditions) == 0
    said = json.loads(answer.read_text())
    found = said["found"] + two_days_later(
        group_of(config),
        world.answers["late file"],
        lambda hours: run(run_here, config, {}, conditions=Conditions(hours=hours)),
    )
    return said["error"], [f"full at write {write}: {problem}" for problem in found]


def full_disks(world: World, count: int) -> tuple[str, list[str]]:
    """So many sizes between nothing and what the run needs; returns how it was done, and what was wrong."""
    failed = 0
    try:
        _, needed, found = full_disk(world, _PLENTY)
    except NoMount as problem:
        found = []
        for number in range(count):
            error, problems_found = planned_full_disk(world, 1 + number * _WRITES // count)
            failed += bool(error)
            found += problems_found
        return f"{failed} runs failed; by plan, because of {problem}", found
    for number in range(count):
        error, _, problems_found = full_disk(world, needed * number // count)
        failed += bool(error)
        found += problems_found
    return f"{failed} runs failed; on a file system in memory", found
