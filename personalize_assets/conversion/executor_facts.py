"""What a Spark executor's Python has and sees. Imports nothing that it may lack: only the standard library."""

from __future__ import annotations

import os
import pickle
import platform
import socket
from importlib.util import find_spec
from typing import NamedTuple


class ExecutorFacts(NamedTuple):
    """One Python worker of one executor.

    Attributes:
        host: The name of its machine.
        python: Its version, as ``3.11.7``.
        missing: Modules that it cannot import, of those asked for.
        unseen: Paths that it does not see, of those asked for.
    """

    host: str
    python: str
    missing: tuple[str, ...]
    unseen: tuple[str, ...]


def look(modules: tuple[str, ...], paths: tuple[str, ...], _: object = None) -> ExecutorFacts:
    """The facts of the process that runs this."""
    return ExecutorFacts(
        socket.gethostname(),
        platform.python_version(),
        tuple(module for module in modules if not _is_found(module)),
        tuple(path for path in paths if not os.path.exists(path)),  # noqa: PTH110 - a path may be unreadable, too
    )


def packed_look(modules: tuple[str, ...], paths: tuple[str, ...]) -> bytes:
    """The facts as a pickled tuple."""
    return pickle.dumps(tuple(look(modules, paths)))


def _is_found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # the package that a dotted name begins with is missing
        return False
