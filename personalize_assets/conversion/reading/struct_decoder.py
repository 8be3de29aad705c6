"""The needed fields straight out of an event's bytes: no dictionary is built of those that nobody asks for.

From the paths of all datasets of a source a ``Shape`` makes nested structs, into which msgspec decodes an event at the
price of walking over it. Only events of the plain shape go in: objects where paths lead on, arrays of objects where
``each`` leads in. Whatever else is refused, and read by the exact path (``parsing``, ``mapping``) instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.paths import Path, is_relative_to_each, parse_path
from personalize_assets.conversion.reading.framer import REFUSALS
from personalize_assets.conversion.reading.json_value import MAX_DEPTH, is_utf8, may_be_deep

_LINE_END = ord("\n")
_BRACE = ord("{")

Getter = Callable[[Sequence[Any]], list[Any]]


class NoShapeError(Exception):
    """The paths ask for a field as a value and also for what lies in it; only the exact path can give both."""


class _Node:
    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.is_value = False
        self.element: _Node | None = None

    def at(self, path: Path) -> _Node:
        node = self
        for step in path:
            node = node.children.setdefault(step, _Node())
        return node

    def attributes(self, path: Path) -> str:
        """Where ``path`` lies in the structs, as ``attrgetter`` takes it."""
        node, names = self, []
        for step in path:
            names.append(f"f{list(node.children).index(step)}")
            node = node.children[step]
        return ".".join(names)


class Shape:
    """What the paths of some datasets, made from the same events, have in common."""

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self._root = _Node()
        for dataset in datasets:
            each = parse_path(dataset.each) if dataset.each else None
            if each:
                node = self._root.at(each)
                node.element = node.element or _Node()
            for text in _paths(dataset):
                path = parse_path(text)
                if not (each and is_relative_to_each(text)):
                    self._root.at(path).is_value = True
                elif node.element is not None:
                    node.element.at(path[1:]).is_value = True
        decoder = msgspec.json.Decoder(_struct(self._root))
        self._decode = decoder.decode
        self._decode_lines = decoder.decode_lines

    def lines(self, text: bytes) -> list[Any] | None:
        """As ``framing.Reader`` says."""
        try:
            found = self._decode_lines(text)
        except REFUSALS:
            return None
        characters = np.frombuffer(text, np.uint8)
        # A value takes a line at least: if there are as many, each has its own.
        if len(found) != np.count_nonzero(characters == _LINE_END) + 1:
            return None
        # What the decoder only walks over may be nested deeper than an event may be, or be no UTF-8. All that opens
        # (this bit is all that { and [ do not share), but for one in each other line, might do so in the same line.
        if np.count_nonzero(characters | 0x20 == _BRACE) - len(found) >= MAX_DEPTH or not is_utf8(text):
            return None
        return found

    def many(self, raws: Sequence[bytes], is_text: bool) -> list[Any]:
        """As ``framing.Reader`` says."""
        found: list[Any] = []
        with suppress(*REFUSALS):
            found.extend(map(self._decode, raws))  # what came before a refusal is in the list
        if len(found) < len(raws):
            raws = raws[: len(found)]
        # What the decoder only walks over may be nested deeper than an event may be, or be no UTF-8.
        refused = [number for number, raw in enumerate(raws) if len(raw) > 2 * MAX_DEPTH and may_be_deep(raw)]
        if not is_text:
            refused += [number for number, raw in enumerate(raws) if not is_utf8(raw)]
        return found[: min(refused)] if refused else found

    def of_event(self, path: Path) -> Getter:
        """The values at a path of events."""
        return _getter(self._root.attributes(path))

    def of_element(self, each: Path, path: Path) -> Getter:
        """The values at a path of elements of ``each``; None for None."""
        element = self._root.at(each).element
        assert element is not None
        get = _getter(element.attributes(path))

        def values(elements: Sequence[Any]) -> list[Any]:
            if None not in elements:
                return get(elements)
            there = iter(get([element for element in elements if element is not None]))
            return [None if element is None else next(there) for element in elements]

        return values


def _paths(dataset: Dataset) -> Iterator[str]:
    yield from dataset.where
    for column in dataset.columns:
        yield from column.paths
    yield from filter(None, (dataset.dedupe_by, dataset.event_time, dataset.message_id))


def _struct(node: _Node) -> type[msgspec.Struct]:
    fields = []
    for number, child in enumerate(node.children.values()):
        if sum((child.is_value, bool(child.children), child.element is not None)) > 1:
            raise NoShapeError
        kind: Any = Any
        default: Any = None
        if child.children:
            inner = _struct(child)
            # A missing object is one without fields, so that a whole path can be followed in one call.
            kind, default = inner | None, inner()
        elif child.element is not None:
            kind = list[_struct(child.element)] | None if child.element.children else list[Any] | None  # type: ignore[misc]
        fields.append((f"f{number}", kind, default))
    names = {f"f{number}": name for number, name in enumerate(node.children)}
    return msgspec.defstruct("Fields", fields, rename=names, frozen=True, gc=False)


def _getter(attributes: str) -> Getter:
    whole = attrgetter(attributes)
    steps = [attrgetter(step) for step in attributes.split(".")]

    def values(structs: Sequence[Any]) -> list[Any]:
        try:
            return list(map(whole, structs))
        except AttributeError:  # a null on the way
            found: list[Any] = list(structs)
            for step in steps:
                found = [None if value is None else step(value) for value in found]
            return found

    return values
