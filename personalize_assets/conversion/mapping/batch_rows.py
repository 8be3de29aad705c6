"""The fast path: which of many events a dataset wants, and the rows that they make."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, compress, repeat
from operator import not_
from typing import Any, TypeVar

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.paths import parse_path
from personalize_assets.conversion.mapping.where import is_one_of
from personalize_assets.conversion.reading.struct_decoder import StructDecoder

_T = TypeVar("_T")

_TEXT_OR_NULL = {str, type(None)}


@dataclass(frozen=True)
class BatchRows:
    """Rows of many events: either of the events themselves, or of the elements of their ``each``.

    All lists have one entry per row.

    Attributes:
        numbers: The index of the row's event among the events that were given.
        events: The row's event, as the struct decoder returned it.
        elements: The row's element of ``each``; None if the rows are of the events themselves.
        positions: The index of the element in its array; None as ``elements``.
    """

    numbers: list[int]
    events: list[Any]
    elements: list[Any] | None = None
    positions: list[int] | None = None
    _cache: dict[Hashable, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.events)

    def cached(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """Return what ``make`` returned for this key the first time: datasets made of the same rows share results."""
        if key not in self._cache:
            self._cache[key] = make()
        made: _T = self._cache[key]
        return made


class RowSelection:
    """Which events a dataset wants, and how many rows each makes.

    Selections of datasets with the same ``where`` and ``each`` are equal, so that one result serves all of them.
    """

    def __init__(self, dataset: Dataset, decoder: StructDecoder) -> None:
        """``decoder`` has decoded the events that will be selected from."""
        self._key = (tuple(dataset.where.items()), dataset.each)
        self._tests = [
            (decoder.of_event(parse_path(path)), frozenset(allowed)) for path, allowed in dataset.where.items()
        ]
        self._elements = decoder.of_event(parse_path(dataset.each)) if dataset.each else None

    def __eq__(self, other: object) -> bool:
        """Whether both select the same rows of the same events."""
        return isinstance(other, RowSelection) and self._key == other._key

    def __hash__(self) -> int:
        """As ``__eq__``."""
        return hash(self._key)

    def select(self, events: list[Any]) -> list[BatchRows]:
        """Return the rows of the wanted events: those of events without elements first, then those of elements."""
        numbers, wanted = list(range(len(events))), events
        for get, allowed in self._tests:
            found = get(wanted)
            if set(map(type, found)) <= _TEXT_OR_NULL:
                hits = list(map(allowed.__contains__, found))
            else:
                hits = [is_one_of(value, allowed) for value in found]
            numbers, wanted = list(compress(numbers, hits)), list(compress(wanted, hits))
        arrays = self._elements(wanted) if self._elements else []
        if not any(arrays):
            return [BatchRows(numbers, wanted)] if numbers else []
        lacks_elements = list(map(not_, arrays))
        selected = []
        if any(lacks_elements):
            selected.append(BatchRows(list(compress(numbers, lacks_elements)), list(compress(wanted, lacks_elements))))
        sizes = list(map(len, filter(None, arrays)))
        selected.append(
            BatchRows(
                list(_repeated(compress(numbers, arrays), sizes)),
                list(_repeated(compress(wanted, arrays), sizes)),
                list(chain.from_iterable(filter(None, arrays))),
                list(chain.from_iterable(map(range, sizes))),
            )
        )
        return selected


def _repeated(values: Iterable[_T], times: Iterable[int]) -> Iterator[_T]:
    return chain.from_iterable(map(repeat, values, times))
