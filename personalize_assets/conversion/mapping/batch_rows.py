"""The fast path: which of many events a dataset wants, the rows that they make, and the values that its columns need.

Values are read soon after the events were decoded, while these are in the processor's cache; the events are not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, compress, repeat
from operator import not_
from typing import Any, TypeVar

import pyarrow as pa

from personalize_assets.conversion.contract import Condition, Dataset, Wanted
from personalize_assets.conversion.mapping.paths import ColumnPath, column_path, is_relative_to_each, parse_path
from personalize_assets.conversion.mapping.where import AllowedValues, is_one_of, value_test
from personalize_assets.conversion.reading.struct_decoder import Getter, StructDecoder

_T = TypeVar("_T")

TEXT_OR_NULL: set[type] = {str, type(None)}
# Python takes True for 1. Values of these types are equal only if every test has the same result for them.
_EQUAL_ONLY_IF_ALIKE: set[type] = {str, int, float, type(None)}


@dataclass(frozen=True)
class BatchRows:
    """Rows of many events: either of the events themselves, or of the elements of their ``each``.

    All lists have one entry per row.

    Attributes:
        numbers: The index of the row's event among the events that were given.
        values: By path, the values that the rows have there, as the struct decoder returned them. Rows of the events
            themselves have no paths of elements.
        positions: The index of the element in its array; None if the rows are of the events themselves.
        columns: By path, the same values as Arrow has them, of the types of ``row_columns.values_of``. Empty unless the
            rows are of tables.
    """

    numbers: Sequence[int]
    values: Mapping[ColumnPath, list[Any]]
    positions: list[int] | None = None
    columns: Mapping[ColumnPath, pa.Array] = field(default_factory=dict)
    _cache: dict[Hashable, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.numbers)

    def cached(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """Return what ``make`` returned for this key the first time: datasets made of the same rows share results."""
        if key not in self._cache:
            self._cache[key] = make()
        made: _T = self._cache[key]
        return made


def selection_key(dataset: Dataset) -> Hashable:
    """Equal for datasets that are made of the same rows of the same events."""
    return tuple(dataset.where.items()), dataset.each


class RowSelection:
    """Which events some datasets want, how many rows each makes, and which values of them are read."""

    def __init__(self, datasets: Sequence[Dataset], decoder: StructDecoder) -> None:
        """Take datasets of the same ``selection_key``. ``decoder`` will have decoded the events."""
        where, each = datasets[0].where, datasets[0].each
        self._tests = [
            (decoder.of_event(parse_path(path)), _hits(wanted))
            for path, wanted in where.items()
            if not is_relative_to_each(path)
        ]
        self._element_tests = [
            (decoder.of_element(parse_path(each or ""), column_path(path).steps), _hits(wanted))
            for path, wanted in where.items()
            if is_relative_to_each(path)
        ]
        self._wants_plain = wants_plain(where)
        self._elements = decoder.of_event(parse_path(each)) if each else None
        self._of_event: dict[ColumnPath, Getter] = {}
        self._of_element: dict[ColumnPath, Getter] = {}
        for path in chain.from_iterable(map(paths_of, datasets)):
            if not path.in_element:
                self._of_event[path] = decoder.of_event(path.steps)
            elif each:
                self._of_element[path] = decoder.of_element(parse_path(each), path.steps)

    def collector(self) -> RowCollector:
        """A collector without rows."""
        return RowCollector(self)

    def _wanted(self, events: Sequence[Any], first: int) -> tuple[Sequence[int], Sequence[Any]]:
        """The wanted events, and the number of each, counted from ``first``."""
        numbers: Sequence[int] = range(first, first + len(events))
        for get, test in self._tests:
            hits = test(get(events))
            numbers, events = list(compress(numbers, hits)), list(compress(events, hits))
        return numbers, events

    def _arrays(self, events: Sequence[Any]) -> list[Any]:
        """The elements of each event's ``each``; None or an empty list where there are none."""
        arrays = self._elements(events) if self._elements else []
        if dict not in set(map(type, arrays)):
            return arrays
        return [list(array.values()) if type(array) is dict else array for array in arrays]

    def _wanted_elements(self, found: Sequence[Any]) -> list[bool]:
        """Which of these elements are wanted."""
        wanted = [True] * len(found)
        for get, test in self._element_tests:
            wanted = [former and hit for former, hit in zip(wanted, test(get(found)), strict=True)]
        return wanted


class RowCollector:
    """The rows of events that are given a few at a time."""

    def __init__(self, selection: RowSelection) -> None:
        """Begin without rows. ``RowSelection.collector`` makes it."""
        self._selection = selection
        self._plain_numbers: list[int] = []
        self._plain: dict[ColumnPath, list[Any]] = {path: [] for path in selection._of_event}
        self._numbers: list[int] = []
        self._positions: list[int] = []
        self._values: dict[ColumnPath, list[Any]] = {
            path: [] for path in (*selection._of_event, *selection._of_element)
        }

    def add(self, events: Sequence[Any], first: int) -> None:
        """Add the rows of events, the first of which has the number ``first``."""
        numbers, wanted = self._selection._wanted(events, first)
        arrays = self._selection._arrays(wanted)
        if not any(arrays):
            self._add_plain(numbers, wanted)
            return
        lacks_elements = list(map(not_, arrays))
        self._add_plain(list(compress(numbers, lacks_elements)), list(compress(wanted, lacks_elements)))
        self._add_elements(list(compress(numbers, arrays)), list(compress(wanted, arrays)), list(filter(None, arrays)))

    def rows(self) -> list[BatchRows]:
        """The rows of the events without elements, if there are any, and then those of elements."""
        found = []
        if self._plain_numbers:
            found.append(BatchRows(self._plain_numbers, self._plain))
        if self._numbers:
            found.append(BatchRows(self._numbers, self._values, self._positions))
        return found

    def _add_plain(self, numbers: Sequence[int], events: Sequence[Any]) -> None:
        if not events or not self._selection._wants_plain:
            return
        self._plain_numbers += numbers
        for path, get in self._selection._of_event.items():
            self._plain[path] += get(events)

    def _add_elements(self, numbers: Sequence[int], events: Sequence[Any], arrays: Sequence[list[Any]]) -> None:
        sizes = list(map(len, arrays))
        elements = list(chain.from_iterable(arrays))
        wanted = self._selection._wanted_elements(elements) if self._selection._element_tests else None

        def kept(of_rows: Iterable[_T]) -> Iterable[_T]:
            return of_rows if wanted is None else compress(of_rows, wanted)

        self._numbers += kept(_repeated(numbers, sizes))
        self._positions += kept(chain.from_iterable(map(range, sizes)))
        for path, get in self._selection._of_event.items():
            self._values[path] += kept(_repeated(get(events), sizes))
        for path, get in self._selection._of_element.items():
            self._values[path] += kept(get(elements))


def _hits(wanted: Wanted) -> Callable[[list[Any]], list[bool]]:
    """Makes ``value_test`` of many values; texts are looked up together."""
    if isinstance(wanted, Condition):
        is_wanted = value_test(wanted)

        def hits_of_condition(found: list[Any]) -> list[bool]:
            if set(map(type, found)) <= _EQUAL_ONLY_IF_ALIKE:
                hit_of = {value: is_wanted(value) for value in set(found)}
                return list(map(hit_of.__getitem__, found))
            return list(map(is_wanted, found))

        return hits_of_condition
    allowed = AllowedValues.of(wanted)

    def hits(found: list[Any]) -> list[bool]:
        if set(map(type, found)) <= TEXT_OR_NULL:
            return list(map(allowed.texts.__contains__, found))
        return [is_one_of(value, allowed) for value in found]

    return hits


def wants_plain(where: Mapping[str, Wanted]) -> bool:
    """Whether an event without elements can be wanted: it has no fields of one."""
    return all(value_test(wanted)(None) for path, wanted in where.items() if is_relative_to_each(path))


def paths_of(dataset: Dataset) -> Iterator[ColumnPath]:
    """The paths of the values that a dataset's rows are made of."""
    for column in dataset.columns:
        yield from map(column_path, column.paths)
    for text in filter(None, (dataset.dedupe_by, dataset.event_time, dataset.message_id)):
        yield column_path(text)


def _repeated(values: Iterable[_T], times: Iterable[int]) -> Iterator[_T]:
    return chain.from_iterable(map(repeat, values, times))
