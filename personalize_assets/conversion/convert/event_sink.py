"""Events as they are read, one by one or many at once, into the books, rows and rejects of a day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.convert.writers import DatasetDay, SourceDay
from personalize_assets.conversion.mapping.batch_mapper import BatchMapper
from personalize_assets.conversion.mapping.batch_rows import BatchRows
from personalize_assets.conversion.mapping.event_mapper import EventMapper
from personalize_assets.conversion.reading.framer import Batch, Reader, WholeEvents
from personalize_assets.conversion.reading.json_value import Event
from personalize_assets.conversion.reading.prefilter import matcher, prefilter
from personalize_assets.conversion.reading.struct_decoder import NoShapeError, Shape

# Events that are converted together: enough that a call a column does not count, few enough to stay in memory.
_EVENTS_AT_ONCE = 8192
_BYTES_AT_ONCE = 16 * 1024 * 1024


class Day(NamedTuple):
    """Where a day's events go. ``latest`` is the last second (UTC since the epoch) that a timestamp may carry."""

    latest: int
    books: SourceDay
    datasets: dict[str, DatasetDay]


class Converter:
    """The datasets of one source: events as they come, by themselves or many at once, into books and rows."""

    def __init__(self, datasets: Sequence[Dataset], make: Sequence[str]) -> None:
        self.made = tuple(dataset for dataset in datasets if dataset.name in make)
        self.may_match = prefilter(datasets)
        self._matchers = [(matcher(dataset), dataset.name) for dataset in datasets]
        self._mappings = {dataset.name: EventMapper(dataset) for dataset in self.made}
        self._columns: dict[str, BatchMapper] = {}
        self.reader: Reader = WholeEvents(self.may_match)
        try:
            shape = Shape(datasets)
        except NoShapeError:
            return
        self.reader = shape
        # Of all datasets, also those that are not made: the books of a day say the same whichever are.
        self._columns = {dataset.name: BatchMapper(dataset, shape) for dataset in datasets}

    def add_event(self, event: Event, file: str, day: Day) -> None:
        if event.fields is None:
            day.books.add_malformed(event, file)
            return
        wanted = False
        for matches, name in self._matchers:
            if matches(event.fields):
                wanted = True
                if name in day.datasets:
                    for row in self._mappings[name].rows(event.fields, day.latest):
                        day.datasets[name].add(row, event, file)
        day.books.add_read(1, int(wanted))

    def add_events(self, events: list[Any], origin: Callable[[int], tuple[bytes, str]], day: Day) -> None:
        """Events as ``reader`` gave them. ``origin`` has each one's bytes and file, by its place."""
        if not self._columns:
            for number, fields in enumerate(events):
                if fields is None:
                    day.books.add_read(1, 0)
                else:
                    raw, file = origin(number)
                    self.add_event(Event(raw, fields), file, day)
            return
        selected: dict[Any, list[BatchRows]] = {}
        for name, columns in self._columns.items():
            if columns.selection not in selected:
                selected[columns.selection] = columns.selection.select(events)
            for rows in selected[columns.selection] if name in day.datasets else ():
                converted = columns.map_rows(rows, day.latest)
                day.datasets[name].add_many(converted.kept)
                for number, reason in converted.rejected:
                    day.datasets[name].add_reject(reason, *origin(number))
        wanted = set().union(*(rows.numbers for each in selected.values() for rows in each))
        day.books.add_read(len(events), len(wanted))


class Waiting:
    """Events of one day on their way, also across files, until they are enough to be converted together."""

    def __init__(self, converter: Converter, day: Day) -> None:
        self._converter = converter
        self._day = day
        self._clear()

    def _clear(self) -> None:
        self._events: list[Any] = []
        self._bytes = 0
        # Where each batch begins among the events, its bytes and its file.
        self._starts: list[int] = []
        self._raws: list[Sequence[bytes]] = []
        self._files: list[str] = []

    def add_event(self, event: Event, file: str) -> None:
        self._converter.add_event(event, file, self._day)

    def add(self, batch: Batch, file: str) -> None:
        self._starts.append(len(self._events))
        self._raws.append(batch.raws)
        self._files.append(file)
        self._events += batch.values
        self._bytes += batch.size
        if len(self._events) >= _EVENTS_AT_ONCE or self._bytes >= _BYTES_AT_ONCE:
            self.convert()

    def convert(self) -> None:
        self._converter.add_events(self._events, self._origin, self._day)
        self._clear()

    def _origin(self, number: int) -> tuple[bytes, str]:
        place = bisect_right(self._starts, number) - 1
        return self._raws[place][number - self._starts[place]], self._files[place]
