"""Which of many events a dataset wants, and the rows that they give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, compress, repeat
from operator import not_
from typing import Any, TypeVar

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.paths import parse_path
from personalize_assets.conversion.mapping.where import is_one_of
from personalize_assets.conversion.reading.struct_decoder import StructDecoder

_T = TypeVar("_T")

TEXTS = {str, type(None)}


@dataclass(frozen=True)
class Rows:
    """Rows that events give: either of the events themselves, or of elements of their ``each``.

    Attributes:
        numbers: The place of each row's event among those that were given.
        events: Each row's event.
        elements: Each row's element of ``each``, or None: the rows are of the events themselves.
        positions: The elements' places in their arrays.
    """

    numbers: list[int]
    events: list[Any]
    elements: list[Any] | None = None
    positions: list[int] | None = None
    _once: dict[Any, Any] = field(default_factory=dict)

    def once(self, key: Any, make: Callable[[], _T]) -> _T:
        """What several datasets ask of the same rows is made for the first of them."""
        if key not in self._once:
            self._once[key] = make()
        made: _T = self._once[key]
        return made


class Selection:
    """Which events a dataset wants, and into which rows they go. Equal ones are asked once for all datasets."""

    def __init__(self, dataset: Dataset, shape: StructDecoder) -> None:
        self._key = (tuple(dataset.where.items()), dataset.each)
        self._tests = [
            (shape.of_event(parse_path(field)), frozenset(allowed)) for field, allowed in dataset.where.items()
        ]
        self._each = shape.of_event(parse_path(dataset.each)) if dataset.each else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selection) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def rows(self, events: list[Any]) -> list[Rows]:
        """The rows of the wanted ones among these events; those of events without elements apart from the others."""
        numbers, wanted = list(range(len(events))), events
        for get, allowed in self._tests:
            found = get(wanted)
            if set(map(type, found)) <= TEXTS:
                hits = list(map(allowed.__contains__, found))
            else:
                hits = [is_one_of(value, allowed) for value in found]
            numbers, wanted = list(compress(numbers, hits)), list(compress(wanted, hits))
        arrays = self._each(wanted) if self._each else []
        if not any(arrays):
            return [Rows(numbers, wanted)] if numbers else []
        plain = list(map(not_, arrays))
        rows = [Rows(list(compress(numbers, plain)), list(compress(wanted, plain)))] if any(plain) else []
        sizes = list(map(len, filter(None, arrays)))
        rows.append(
            Rows(
                list(_repeated(compress(numbers, arrays), sizes)),
                list(_repeated(compress(wanted, arrays), sizes)),
                list(chain.from_iterable(filter(None, arrays))),
                list(chain.from_iterable(map(range, sizes))),
            )
        )
        return rows


def _repeated(values: Iterable[_T], times: Iterable[int]) -> Iterator[_T]:
    return chain.from_iterable(map(repeat, values, times))
