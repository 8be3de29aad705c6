"""Paths into an event, as ``properties.products`` or ``traits.`Favorite Departments```: parsed, and followed.

Paths stay text in configs and job specs. ``parse_path`` and ``column_path`` cache their results, so that
each text is parsed once in a process, however many modules need it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from personalize_assets.conversion.mapping.values import to_text

Path = tuple[str, ...]
"""The steps along a path, outermost first; at least one. A step is a name, or a ``Pick``."""


class Pick(str):
    """A step into one element of an array of objects: the first whose field ``key`` has a value.

    As text it is written as in a path: ``[key=item_id]``. Of an object its values are the elements.
    """

    __slots__ = ("key", "value")

    def __new__(cls, key: str, value: str) -> Pick:
        """``value`` is compared with the field's value as text."""
        made = super().__new__(cls, f"[{key}={value}]")
        made.key = key
        made.value = value
        return made

    key: str
    value: str

    def all_of(self, value: Any) -> list[dict[str, Any]]:
        """Every element that has the value."""
        return [element for element in _elements_of(value) if type(element) is dict and self._is(element.get(self.key))]

    def of(self, value: Any) -> Any:
        """The first element that has the value; None without one."""
        for element in _elements_of(value):
            if type(element) is dict and self._is(element.get(self.key)):
                return element
        return None

    def _is(self, value: Any) -> bool:
        if type(value) is str or value is None:
            return value == self.value
        try:
            return to_text(value) == self.value
        except ValueError:
            return False


def _elements_of(value: Any) -> Iterable[Any]:
    return value if type(value) is list else value.values() if type(value) is dict else ()


EVERY = "[*=*]"
"""A pick of every element of an array, and of every value of an object; for masks."""


def leads_into(path: Path, steps: Path) -> bool:
    """Whether names from the event on lead to the end of a path, or further; a pick may be any name, or none."""
    if not path:
        return True
    if type(path[0]) is Pick:
        return leads_into(path[1:], steps) or (bool(steps) and leads_into(path[1:], steps[1:]))
    return bool(steps) and path[0] == steps[0] and leads_into(path[1:], steps[1:])


def names_of(path: Path) -> Path:
    """A path without its picks: where its values are, whatever element they are in."""
    return tuple(step for step in path if type(step) is not Pick)


EACH = "each"
"""The first name of a column's path that starts at an element of ``each``; alone, it is the element itself."""

_PICK = re.compile(r"\[([^\[\]=`]+)=(?:`((?:[^`]|``)*)`|([^\[\]`]*))\]")
_PICKED_VALUE = re.compile(r"(=(?:`(?:[^`]|``)*`|[^\[\]`]*)\])")
# A name ends where a pick begins: `a[0]` is a name, `a[key=b]` a name and a pick.
_STEP = re.compile(rf"`((?:[^`]|``)+)`|((?:(?!{_PICK.pattern})[^`.\s])+)")
_PARSED_PATHS = 4096


class ColumnPath(NamedTuple):
    """A column's path: where it starts, and the names from there.

    Attributes:
        steps: The names, outermost first, without the ``each`` that marks a path of an element; none for the element.
        in_element: Whether it starts at an element of ``each`` and not at the event.
    """

    steps: Path
    in_element: bool = False


@lru_cache(maxsize=_PARSED_PATHS)
def parse_path(text: str) -> Path:
    """Parse a path into its steps.

    A name that holds a dot, a space or a backtick is quoted with backticks; a backtick inside it is doubled. After a
    name, ``[key=value]`` picks an element of the array there; a value that holds a bracket is quoted likewise. Raises
    ``ValueError`` with the position at which the text stops being a path.
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
        quoted, plain = step.group(1), step.group(2)
        steps.append(plain if quoted is None else quoted.replace("``", "`"))
        at = step.end()
        while pick := _PICK.match(text, at):
            key, quoted, plain = pick.groups()
            steps.append(Pick(key, plain if quoted is None else quoted.replace("``", "`")))
            at = pick.end()
        if at == len(text):
            return tuple(steps)
        if text[at] != ".":
            raise ValueError(f"{text!r} is not a path: expected a dot at position {at + 1}, found {text[at]!r}")
        at += 1


@lru_cache(maxsize=_PARSED_PATHS)
def column_path(text: str) -> ColumnPath:
    """Parse a column's path, which may start at an element of ``each``. Raises ``ValueError`` as ``parse_path`` does.

    A quoted `` `each` `` is the name of a field of the event.
    """
    steps = parse_path(text)
    if steps[0] == EACH and not text.startswith("`"):
        return ColumnPath(steps[1:], in_element=True)
    return ColumnPath(steps)


def is_relative_to_each(text: str) -> bool:
    """Whether a column's path starts at an element of ``each`` (``each.sku``, ``each``) and not at the event."""
    return column_path(text).in_element


def lookup(value: Any, path: Path) -> Any:
    """Return the value at the end of a path; None where a step is missing or leads into a scalar.

    A step into an array goes into each of its elements: the result is then a list with one entry for each, None
    included.
    """
    for at, step in enumerate(path):
        if type(step) is Pick:
            value = step.of(value)
        elif type(value) is dict:
            value = value.get(step)
        elif type(value) is list:
            found = []
            for element in value:  # no comprehension: one frame a level, however deeply arrays are nested
                found.append(lookup(element, path[at:]))
            return found
        else:
            return None
    return value


def lower_names(text: str) -> str:
    """A path with its names in lower case; the values of its picks stay as they are."""
    return "".join(part if number % 2 else part.lower() for number, part in enumerate(_PICKED_VALUE.split(text)))


def elements(value: Any, each: Path) -> list[Any]:
    """The elements of the array at the end of a path, or the values of an object there; none for anything else.

    Where the path goes on in an array, those of each of its elements come one after another.
    """
    for at, step in enumerate(each):
        if type(step) is Pick:
            value = step.of(value)
        elif type(value) is dict:
            value = value.get(step)
        elif type(value) is list:
            found = []
            for element in value:  # no comprehension: one frame a level, however deeply arrays are nested
                found += elements(element, each[at:])
            return found
        else:
            return []
    if type(value) is dict:
        return list(value.values())
    return value if type(value) is list else []


def getter(path: Path) -> Callable[[Any], Any]:
    """Return ``lookup`` of one path, faster for the usual short ones. No step leads to the value itself."""
    if not path:
        return lambda value: value
    first, *rest = path
    if any(type(step) is Pick for step in path):
        return lambda value: lookup(value, path)
    if not rest:
        return lambda value: value.get(first) if type(value) is dict else lookup(value, path)
    if len(rest) > 1:
        return lambda value: lookup(value, path)
    (second,) = rest

    def get(value: Any) -> Any:
        if type(value) is dict:
            inner = value.get(first)
            if type(inner) is dict:
                return inner.get(second)
        return lookup(value, path)

    return get
