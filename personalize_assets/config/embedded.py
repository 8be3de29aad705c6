"""A config, or parts of one, within another YAML file, read as in a file of its own.

The program that the file is for may read it as YAML 1.1, in which ``on`` is ``True``, ``12:30`` is 750 and ``0123`` is
83.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from personalize_assets.config.errors import ConfigError, Location
from personalize_assets.config.loading import Constructor, yaml_problems, yaml_reader

_PLAIN = re.compile(r"(?:[A-Za-z]|\.{0,2}/)(?:[A-Za-z0-9./_-]|:(?=[A-Za-z0-9./_-]))*")
_WORDS = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")


def embedded_value(text: str, name: str, keys: Sequence[str], line: int, *, is_dotted: bool = False) -> Any:
    """The value at some keys of a YAML text, of which some is text as written where a config keeps its spelling.

    Args:
        text: One YAML document or several.
        name: What errors call the text.
        keys: They lead to the value.
        line: That of the last key, from 1 on: several documents may have these keys.
        is_dotted: Whether the value's own keys are dotted locations: ``source.uri`` for ``uri`` in ``source``.

    Raises:
        ConfigError: For a key that is there twice, an unknown alias and other faults of YAML.
    """
    reader = yaml_reader()
    with yaml_problems(text, name):
        found = [pair for root in reader.compose_all(text) if (pair := _pair(root, keys))]
        node = next((value for key, value in found if key.start_mark.line + 1 == line), None)
        if node is None:
            raise ConfigError([f"{name}: line {line}: no {'.'.join(keys)} is there; write it as plain keys"])
        constructor: Constructor = reader.constructor
        if not is_dotted or not isinstance(node, MappingNode):
            return constructor.construct_at(node, ())
        constructor.construct_at(node, ())  # refuses a key that is there twice
        return {
            str(key.value): constructor.construct_at(value, location_of(str(key.value)))
            for key, value in node.value
            if isinstance(key, ScalarNode)
        }


def location_of(dotted: str) -> Location:
    """The keys in a dotted text. What follows ``where`` is one key: a path into an event, which has dots itself."""
    keys = dotted.split(".")
    if "where" in keys[:-1]:
        at = keys.index("where") + 1
        return (*keys[:at], ".".join(keys[at:]))
    return tuple(keys)


def leaves(values: Mapping[str, Any], location: Location = ()) -> Iterator[tuple[Location, Any]]:
    """Each value that is no mapping, or an empty one, with the keys that lead to it; outer keys may be dotted."""
    for key, value in values.items():
        inner = (*location, key) if location else location_of(key)
        if isinstance(value, Mapping) and value:
            yield from leaves(value, inner)
        else:
            yield inner, value


def _pair(node: Node | None, keys: Sequence[str]) -> tuple[Node, Node] | None:
    """The last key and its value."""
    pair = None
    for wanted in keys:
        if not isinstance(node, MappingNode):
            return None
        pair = next(((key, value) for key, value in node.value if key.value == wanted), None)
        node = pair[1] if pair else None
    return pair


def as_scalar(text: str) -> str:
    """A text as a YAML scalar, in quotes where a reader of YAML, even of 1.1, could take it for something else."""
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def with_values(text: str, values: Mapping[tuple[str, ...], str]) -> str:
    """A YAML text with other scalars at some keys, which must be there; comments and all else stay.

    Args:
        text: One YAML document.
        values: Keys that lead to a scalar, and the text that replaces it.
    """
    root = yaml_reader().compose(text)
    found = [(pair[1], value) for keys, value in values.items() if (pair := _pair(root, keys))]
    for node, value in sorted(found, key=lambda each: each[0].start_mark.index, reverse=True):
        start, end = node.start_mark.index, node.end_mark.index
        written = as_scalar(value)
        width = len(written) - (end - start)
        after = text[end:]
        if width > 0 and (spaces := len(after) - len(after.lstrip(" "))) > 1:  # keep a comment where it is
            after = after[min(width, spaces - 1) :]
        text = text[:start] + written + after
    return text
