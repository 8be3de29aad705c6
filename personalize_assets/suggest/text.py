"""The suggestion as commented YAML: what a person would write, with the reasons beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

_WIDTH = 118


def inline(value: Any) -> str:
    """A value on one line, quoted only where YAML needs it."""
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")


def clean(text: str) -> str:
    """A text that cannot leave its comment, nor hold what YAML takes nowhere: one line of printable characters."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())


def comment(text: str, indent: int = 0) -> Iterator[str]:
    """Lines of a comment, wrapped."""
    line = " " * indent + "#"
    for word in clean(text).split():
        if len(line) + 1 + len(word) > _WIDTH and not line.endswith("#"):
            yield line
            line = " " * indent + "#"
        line += f" {word}"
    yield line


def keyed(key: str, value: Any, indent: int, note: str = "") -> Iterator[str]:
    """``key: value``, with a note behind it or, where that would be too long, above it."""
    line = f"{' ' * indent}{inline(key)}: {inline(value)}"
    note = clean(note)
    if not note:
        yield line
    elif len(line) + 4 + len(note) <= _WIDTH:
        yield f"{line}  # {note}"
    else:
        yield from comment(note, indent)
        yield line


def column(paths: Iterable[str], marks: Mapping[str, object]) -> Any:
    """A column as the config takes it, in the shortest way."""
    found = list(paths)
    path: Any = found[0] if len(found) == 1 else found
    return {"path": path, **marks} if marks else path


def where(values: Mapping[str, list[str]], indent: int) -> Iterator[str]:
    """``where`` on one line, or a value a line where that would be too long."""
    line = f"{' ' * indent}where: {inline(dict(values))}"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"{' ' * indent}where:"
    for path, wanted in values.items():
        yield f"{' ' * indent}  {inline(path)}:"
        for value in wanted:
            yield f"{' ' * indent}    - {inline(value)}"
