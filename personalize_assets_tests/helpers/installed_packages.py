"""What a requirement brings along, as it is installed in this environment."""

from __future__ import annotations

import re
from importlib.metadata import distribution, requires

from packaging.requirements import Requirement


def normal_name(requirement: str) -> str:
    """A requirement's name as pip compares it: `types_PyYAML[x]>=6` is `types-pyyaml`."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def packages_of(requirement: str) -> set[str]:
    """The names of a requirement, of what it needs, and so on; each has to be installed here."""
    waiting = [Requirement(requirement)]
    found: dict[str, set[str]] = {}
    while waiting:
        asked = waiting.pop()
        seen = found.setdefault(normal_name(asked.name), set())
        extras = {"", *asked.extras} - seen
        seen |= extras
        for line in (requires(asked.name) or ()) if extras else ():
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(needed)
    return set(found)


def size_of(name: str) -> int:
    """The bytes of an installed package's files, bytecode left out."""
    files = distribution(name).files or ()
    return sum(file.size or 0 for file in files if file.suffix != ".pyc")
