"""Paths into an event: ``properties.products``, ``traits.`Favorite Departments```."""

from __future__ import annotations

import re

Path = tuple[str, ...]

EACH = "each"
_STEP = re.compile(r"`((?:[^`]|``)+)`|([^`.\s]+)")


def parse_path(text: str) -> Path:
    """The names along a path, outermost first.

    A name that holds a dot, a space or another mark is quoted with backticks; a backtick inside it is doubled. Raises
    ``ValueError`` with the place where the path stops making sense.
    """
    steps: list[str] = []
    at = 0
    while True:
        step = _STEP.match(text, at)
        if step is None:
            raise ValueError(
                f"{text!r} is not a path: expected a name at position {at + 1}"
                " (names are joined by dots; quote one that holds a dot or a space with backticks)"
            )
        quoted, plain = step.groups()
        steps.append(plain if quoted is None else quoted.replace("``", "`"))
        at = step.end()
        if at == len(text):
            return tuple(steps)
        if text[at] != ".":
            raise ValueError(f"{text!r} is not a path: expected a dot at position {at + 1}, found {text[at]!r}")
        at += 1


def is_relative_to_each(text: str) -> bool:
    """Whether a column's path starts at the element of ``each`` (``each.sku``) and not at the event."""
    steps = parse_path(text)
    return len(steps) > 1 and steps[0] == EACH and not text.startswith("`")
