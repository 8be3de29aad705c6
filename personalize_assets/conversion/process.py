"""A process that does nothing but tasks, and should be there in a moment."""

from __future__ import annotations

import signal
import sys
from importlib.abc import MetaPathFinder
from typing import Any

from personalize_assets.conversion.garbage import collect_seldom


class _NoPandas(MetaPathFinder):
    """PyArrow would load pandas, a third of a second, for nothing but to ask if a list is a Series."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("pandas is not for tasks", name=name)


def begin() -> None:
    """Leave Ctrl-C to the parent, pandas where it is, and garbage be."""
    collect_seldom()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.meta_path.insert(0, _NoPandas())


def load() -> None:
    """What tasks import, before the first of them is there."""
    import personalize_assets.conversion.convert.task  # noqa: F401 - to be there
