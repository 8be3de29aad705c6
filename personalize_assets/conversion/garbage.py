"""Python's garbage collector in a process that ends with its job."""

from __future__ import annotations

import atexit
import gc

# Of what is allocated here next to nothing is garbage in cycles; Python's own 700 would look at all of it for that.
_THRESHOLDS = (50_000, 20, 20)


def collect_seldom() -> None:
    """Look for garbage seldom, and at the process's end not at all.

    What Dagster, Spark and Arrow load are half a million objects that stay. To go through them while they are loaded
    and again, several times, before the process may end takes a second; memory that is freed at the end anyway.
    """
    gc.set_threshold(*_THRESHOLDS)
    atexit.register(gc.freeze)
