"""Decodes only the fields that paths ask for, as msgspec structs. No dict is built of the other fields.

From the paths of all datasets of a source a ``StructDecoder`` defines nested structs; msgspec decodes an event into
them at the cost of walking over it. It takes events of the plain shape only: objects where a path goes on, an array or
object of them where ``each`` leads. All other events take the exact path (``framer``, ``event_mapper``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.paths import Path, Pick, column_path, getter, parse_path
from personalize_assets.conversion.reading.brackets import is_nested_deeper
from personalize_assets.conversion.reading.field_tree import Field, NoShapeError
from personalize_assets.conversion.reading.json_value import MAX_DEPTH, REFUSALS, is_utf8

_LINE_END = ord("\n")
_BRACE, _CLOSING = b"{}"

Getter = Callable[[Sequence[Any]], list[Any]]
"""Reads one path of many structs; None for null or missing."""


class StructReader:
    """Decodes events into a msgspec type. See ``batches.Reader``."""

    def __init__(self, kind: Any, max_depth: int = MAX_DEPTH) -> None:
        """Take events that are nested up to ``max_depth``."""
        decoder = msgspec.json.Decoder(kind)
        self._decode = decoder.decode
        self._decode_lines = decoder.decode_lines
        self._max_depth = max_depth

    def decode_lines(self, text: bytes) -> list[Any] | None:
        """Decode a text in which each line is one plain event; None if a line is not."""
        try:
            found = self._decode_lines(text)
        except REFUSALS:
            return None
        characters = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(characters == _LINE_END)
        # An event takes at least one line: if there are as many events as lines, each has its own.
        if len(found) != len(ends) + 1:
            return None
        # msgspec skips fields without a look at their depth and their UTF-8. { and [ differ only in bit 0x20.
        if self._may_be_deep(characters, ends) and self._is_deep(text):
            return None
        return found if is_utf8(text) else None

    def decode_many(self, raws: Sequence[bytes], is_text: bool) -> list[Any]:
        """Decode one plain event from each of these bytes, up to the first that is none."""
        found: list[Any] = []
        with suppress(*REFUSALS):
            found.extend(map(self._decode, raws))  # what comes before a refusal is in the list
        if len(found) < len(raws):
            raws = raws[: len(found)]
        # msgspec skips fields without a look at their depth and their UTF-8.
        shortest = 2 * self._max_depth
        refused = [number for number, raw in enumerate(raws) if len(raw) > shortest and self._is_deep(raw)]
        if not is_text:
            refused += [number for number, raw in enumerate(raws) if not is_utf8(raw)]
        return found[: min(refused)] if refused else found

    def _may_be_deep(self, characters: npt.NDArray[np.uint8], ends: npt.NDArray[np.intp]) -> bool:
        """Whether an event may be too deep, by the brackets of lines that are as many as the events."""
        is_bracket = characters | 0x20 == _BRACE
        # The brackets of all lines, less one of each other line, bound the depth of any event.
        if np.count_nonzero(is_bracket) - len(ends) <= self._max_depth:
            return False
        # No line end in an event can follow } and come before {. A text may end with a line end.
        after = characters[np.minimum(ends + 1, len(characters) - 1)]
        if not ((characters[ends - 1] == _CLOSING) & (after == _BRACE)).all():
            return True
        edges = np.concatenate(([0], ends, [len(characters)]))
        if (edges[1:] - edges[:-1]).max() <= 2 * self._max_depth:  # a level takes two bytes
            return False
        before = np.searchsorted(np.flatnonzero(is_bracket), edges)
        return bool((before[1:] - before[:-1]).max() > self._max_depth)

    def _is_deep(self, text: bytes) -> bool:
        return is_nested_deeper(text, 0, len(text), self._max_depth)


class StructDecoder(StructReader):
    """Decodes events into the fields that some datasets, made of the same events, ask for.

    Attributes:
        root: The event, with all fields that are asked for.
    """

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        """Raise ``NoShapeError`` if no structs can hold what the paths of ``datasets`` ask for."""
        self.root = Field()
        for dataset in datasets:
            each = parse_path(dataset.each) if dataset.each else None
            if each and _until_pick(each) != each:
                raise NoShapeError
            if each:
                node = self.root.descend(each)
                node.element = node.element or Field()
            for text in _paths(dataset):
                steps, in_element = column_path(text)
                if not (each and in_element):
                    _ask(self.root, parse_path(text))
                elif node.element is not None:
                    if steps and not _until_pick(steps):
                        raise NoShapeError
                    _ask(node.element, steps)
        super().__init__(self.root.struct())

    def of_event(self, path: Path) -> Getter:
        """Reads a path of decoded events."""
        return _getter_of(self.root, path)

    def of_element(self, each: Path, path: Path) -> Getter:
        """Reads a path of decoded elements of ``each``; None for an element that is None. No step: the elements."""
        element = self.root.descend(each).element
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


def _ask(field: Field, path: Path) -> None:
    before = _until_pick(path)
    value = field.descend(before)
    value.is_value = True
    value.is_picked |= before != path


def _until_pick(path: Path) -> Path:
    """The steps before the first pick: what is there is decoded as it is."""
    return path[: next((at for at, step in enumerate(path) if type(step) is Pick), len(path))]


def _getter_of(node: Field, path: Path) -> Getter:
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
