"""The cores and the memory that this process may use, under cgroups of both versions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from personalize_assets.engines import machine
from personalize_assets.engines.machine import heap_bytes, memory_bytes, workers

GB = 1024**3
PHYSICAL = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def memory(folder: Path, membership: str, limits: Mapping[str, str]) -> int:
    """The memory of a process with this ``/proc/self/cgroup``, and limits by file below ``/sys/fs/cgroup``."""
    (folder / "proc/self").mkdir(parents=True)
    (folder / "proc/self/cgroup").write_text(membership)
    for name, text in limits.items():
        file = folder / "cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return memory_bytes(folder / "proc", folder / "cgroup")


def test_without_cgroups_there_is_the_memory_of_the_machine(tmp_path: Path) -> None:
    assert memory_bytes(tmp_path, tmp_path) == PHYSICAL


def test_a_container_of_cgroup_v2_has_the_memory_of_its_limit(tmp_path: Path) -> None:
    assert memory(tmp_path, "0::/\n", {"memory.max": "1073741824\n"}) == GB


def test_the_least_limit_of_the_cgroups_above_counts(tmp_path: Path) -> None:
    limits = {"pods/memory.max": "536870912", "pods/a/memory.max": "max", "pods/a/b/memory.max": "1073741824"}

    assert memory(tmp_path, "0::/pods/a/b\n", limits) == GB // 2


def test_a_container_of_cgroup_v1_has_the_memory_of_its_limit(tmp_path: Path) -> None:
    membership = "5:devices:/x\n4:cpu,memory:/docker/abc\n0::/\n"

    assert memory(tmp_path, membership, {"memory/docker/abc/memory.limit_in_bytes": "1073741824\n"}) == GB


def test_a_path_that_only_the_host_has_leads_to_the_top_one_of_the_container(tmp_path: Path) -> None:
    assert memory(tmp_path, "4:memory:/docker/abc\n", {"memory/memory.limit_in_bytes": "1073741824\n"}) == GB


@pytest.mark.parametrize("limits", [{"memory.max": "max\n"}, {"memory/memory.limit_in_bytes": "9223372036854771712\n"}])
def test_no_limit_is_none(tmp_path: Path, limits: Mapping[str, str]) -> None:
    assert memory(tmp_path, "4:memory:/\n0::/\n", limits) == PHYSICAL


@pytest.mark.parametrize(("cores", "memory", "count"), [(1, 64, 1), (8, 64, 8), (8, 2, 2), (2, 0.25, 1)])
def test_as_many_processes_work_as_there_are_cores_and_memory_for(
    monkeypatch: pytest.MonkeyPatch, cores: int, memory: float, count: int
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: cores)
    monkeypatch.setattr(machine, "memory_bytes", lambda: int(memory * GB))

    assert workers() == count


@pytest.mark.parametrize(("memory", "heap"), [(64, 2), (4, 2), (2, 1), (0.5, 0.5)])
def test_a_heap_is_half_of_the_memory_and_at_most_two_gigabytes(
    monkeypatch: pytest.MonkeyPatch, memory: float, heap: float
) -> None:
    monkeypatch.setattr(machine, "memory_bytes", lambda: int(memory * GB))

    assert heap_bytes() == heap * GB


def test_a_machine_of_one_core_is_asked_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    machine.cores.cache_clear()
    monkeypatch.setattr("os.cpu_count", lambda: 1)

    assert machine.cores() == 1
    machine.cores.cache_clear()
