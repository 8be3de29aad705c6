"""The cores of a process that may use only some of the machine's."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from personalize_assets_tests.helpers.samples import REPO

_COUNTS = "from personalize_assets.engines.machine import cores, workers; print(cores(), workers())"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system gives a process all cores")
def test_a_process_that_is_bound_to_one_core_works_with_one() -> None:
    one = min(os.sched_getaffinity(0))

    done = subprocess.run(
        ["taskset", "--cpu-list", str(one), sys.executable, "-c", _COUNTS],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "1 1\n"


def test_a_limit_of_the_user_counts() -> None:
    environment = {**os.environ, "LOKY_MAX_CPU_COUNT": "1"}

    done = subprocess.run(
        [sys.executable, "-c", _COUNTS], cwd=REPO, env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout == "1 1\n"
