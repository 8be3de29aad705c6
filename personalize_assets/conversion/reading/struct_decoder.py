"""Decodes only the fields that paths ask for, as msgspec structs. No dict is built of the other fields.

From the paths of all datasets of a source a ``StructDecoder`` defines nested structs; msgspec decodes an event into
them at the cost of walking over it. It takes events of the plain shape only: objects where a path goes on, an array or
object of them where ``each`` leads. All other events take the exact path (``framer``, ``event_mapper``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Annotated, Any

import msgspec
import numpy as np

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.paths import Path, Pick, column_path, getter, parse_path
from personalize_assets.conversion.reading.json_value import MAX_DEPTH, REFUSALS, is_utf8, may_be_deep

MAX_ELEMENTS = 100_000
"""The most rows that ``each`` makes of one event. An order has tens of products, an event of Segment at most 32 KB."""

_LINE_END = ord("\n")
_BRACE = ord("{")

Getter = Callable[[Sequence[Any]], list[Any]]
"""Reads one path of many structs; None for null or missing."""


class NoShapeError(Exception):
    """A path asks for a field's value and another path for a field inside it: only the exact path can give both."""


class _Node:
    """A field that paths lead to or through."""

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.is_value = False
        self.element: _Node | None = None

    def descend(self, path: Path) -> _Node:
        """The node at the end of a path without picks, created if needed."""
        node = self
        for step in path:
            node = node.children.setdefault(step, _Node())
        return node

    def attributes(self, path: Path) -> str:
        """The attributes of the structs that a path goes through, as ``attrgetter`` takes them."""
        node, names = self, []
        for step in path:
            names.append(f"f{list(node.children).index(step)}")
            node = node.children[step]
        return ".".join(names)


class StructDecoder:
    """Decodes events into the fields that some datasets, made of the same events, ask for. See ``batches.Reader``."""

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        """Raise ``NoShapeError`` if no structs can hold what the paths of ``datasets`` ask for."""
        self._root = _Node()
        for dataset in datasets:
            each = parse_path(dataset.each) if dataset.each else None
            if each and _until_pick(each) != each:
                raise NoShapeError
            if each:
                node = self._root.descend(each)
                node.element = node.element or _Node()
            for text in _paths(dataset):
                steps, in_element = column_path(text)
                if not (each and in_element):
                    self._root.descend(_until_pick(parse_path(text))).is_value = True
                elif node.element is not None:
                    if steps and not _until_pick(steps):
                        raise NoShapeError
                    node.element.descend(_until_pick(steps)).is_value = True
        decoder = msgspec.json.Decoder(_struct(self._root))
        self._decode = decoder.decode
        self._decode_lines = decoder.decode_lines

    def decode_lines(self, text: bytes) -> list[Any] | None:
        """Decode a text in which each line is one plain event; None if a line is not."""
        try:
            found = self._decode_lines(text)
        except REFUSALS:
            return None
        characters = np.frombuffer(text, np.uint8)
        # An event takes at least one line: if there are as many events as lines, each has its own.
        if len(found) != np.count_nonzero(characters == _LINE_END) + 1:
            return None
        # msgspec skips fields without a look at their depth and their UTF-8. The brackets of the whole text, less one
        # of each other line, bound the depth of any line; { and [ differ only in bit 0x20.
        if np.count_nonzero(characters | 0x20 == _BRACE) - len(found) >= MAX_DEPTH or not is_utf8(text):
            return None
        return found

    def decode_many(self, raws: Sequence[bytes], is_text: bool) -> list[Any]:
        """Decode one plain event from each of these bytes, up to the first that is none."""
        found: list[Any] = []
        with suppress(*REFUSALS):
            found.extend(map(self._decode, raws))  # what comes before a refusal is in the list
        if len(found) < len(raws):
            raws = raws[: len(found)]
        # msgspec skips fields without a look at their depth and their UTF-8.
        refused = [number for number, raw in enumerate(raws) if len(raw) > 2 * MAX_DEPTH and may_be_deep(raw)]
        if not is_text:
            refused += [number for number, raw in enumerate(raws) if not is_utf8(raw)]
        return found[: min(refused)] if refused else found

    def of_event(self, path: Path) -> Getter:
        """Reads a path of decoded events."""
        return _getter_of(self._root, path)

    def of_element(self, each: Path, path: Path) -> Getter:
        """Reads a path of decoded elements of ``each``; None for an element that is None. No step: the elements."""
        element = self._root.descend(each).element
        assert element is not None
        get = _getter_of(element, path)

        def values(elements: Sequence[Any]) -> list[Any]:
            if None not in elements:
                return get(elements)
            found = iter(get([element for element in elements if element is not None]))
            return [None if element is None else next(found) for element in elements]

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
            # A missing object is read as one without fields, so that one call can follow a whole path.
            kind, default = inner | None, inner()
        elif child.element is not None:
            if child.element.is_value and child.element.children:
                raise NoShapeError
            element: Any = _struct(child.element) if child.element.children else Any
            # An event with more elements is not for this reader: the exact path rejects it.
            few = msgspec.Meta(max_length=MAX_ELEMENTS)
            kind = Annotated[list[element], few] | Annotated[dict[str, element], few] | None
        fields.append((f"f{number}", kind, default))
    names = {f"f{number}": name for number, name in enumerate(node.children)}
    return msgspec.defstruct("Fields", fields, rename=names, frozen=True, gc=False)


def _until_pick(path: Path) -> Path:
    """The steps before the first pick: what is there is decoded as it is."""
    return path[: next((at for at, step in enumerate(path) if type(step) is Pick), len(path))]


def _getter_of(node: _Node, path: Path) -> Getter:
    """Reads a path that begins at the structs of a node."""
    if not path:
        return list
    before = _until_pick(path)
    get = _getter(node.attributes(before))
    if before == path:
        return get
    pick = getter(path[len(before) :])
    return lambda structs: [None if value is None else pick(value) for value in get(structs)]


def _getter(attributes: str) -> Getter:
    whole = attrgetter(attributes)
    steps = [attrgetter(step) for step in attributes.split(".")]

    def values(structs: Sequence[Any]) -> list[Any]:
        try:
            return list(map(whole, structs))
        except AttributeError:  # an object on the way is null
            found: list[Any] = list(structs)
            for step in steps:
                found = [None if value is None else step(value) for value in found]
            return found

    return values
