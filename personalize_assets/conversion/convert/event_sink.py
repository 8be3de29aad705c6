"""Takes the events of an arrival day, singly or in batches, into rows, rejects and counts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.convert.day_counts import DatasetDayCounts, SourceDayCounts
from personalize_assets.conversion.mapping.batch_mapper import BatchMapper
from personalize_assets.conversion.mapping.batch_rows import RowCollector, RowSelection, selection_key
from personalize_assets.conversion.mapping.column_rows import ColumnSelection
from personalize_assets.conversion.mapping.event_mapper import EventMapper
from personalize_assets.conversion.mapping.where import matcher
from personalize_assets.conversion.reading.batches import Batch, Batches, whole_events
from personalize_assets.conversion.reading.event_source import Found
from personalize_assets.conversion.reading.field_tree import NoShapeError
from personalize_assets.conversion.reading.formats.row_columns import RowColumns
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.conversion.reading.framer import Framer
from personalize_assets.conversion.reading.json_value import Event
from personalize_assets.conversion.reading.prefilter import prefilter
from personalize_assets.conversion.reading.struct_decoder import StructDecoder
from personalize_assets.conversion.reading.struct_unwrapper import StructUnwrapper
from personalize_assets.conversion.spec import TaskDay

# Events that are mapped together: enough that the calls per column cost little, few enough to fit into memory.
_EVENTS_AT_ONCE = 8192
_BYTES_AT_ONCE = 16 * 1024 * 1024
# Events whose values are read together: few enough that they are still in the processor's cache.
_EVENTS_IN_CACHE = 256


class DayOutput(NamedTuple):
    """Where a day's events go. ``max_epoch_seconds`` is the last second (UTC) that a timestamp may have."""

    max_epoch_seconds: int
    source: SourceDayCounts
    datasets: dict[str, DatasetDayCounts]


class SourceMappers:
    """The mappers of all datasets of one source, for both paths. Made once per task.

    Attributes:
        written: The datasets to write.
        may_match: The prefilter of all datasets, for the ``Framer``.
        column_names: The columns of tables that any path leads to.
        column_selections: Each kind of rows of tables, and the names of the datasets to write that are made of them.
    """

    def __init__(self, datasets: Sequence[Dataset], write: Sequence[str]) -> None:
        """Take all datasets of the source, and the names of those to write."""
        self.written = tuple(dataset for dataset in datasets if dataset.name in write)
        self.may_match = prefilter(datasets)
        self.matchers = [(dataset.name, matcher(dataset)) for dataset in datasets]
        self.event_mappers = {dataset.name: EventMapper(dataset) for dataset in self.written}
        self.batch_mappers = {dataset.name: BatchMapper(dataset) for dataset in self.written}
        # Of all datasets, not only of those to write: the counts of a day do not depend on which are written.
        alike: dict[Hashable, list[Dataset]] = {}
        for dataset in datasets:
            alike.setdefault(selection_key(dataset), []).append(dataset)
        names = [tuple(one.name for one in group if one.name in self.batch_mappers) for group in alike.values()]
        self.column_selections = list(zip(map(ColumnSelection, alike.values()), names, strict=True))
        self.column_names = frozenset(name for selection, _ in self.column_selections for name in selection.names)
        self._selections: list[tuple[RowSelection, tuple[str, ...]]] = []
        self._decoder: StructDecoder | None = None
        with suppress(NoShapeError):
            decoder = StructDecoder(datasets)
            self._selections = [
                (RowSelection(group, decoder), made) for group, made in zip(alike.values(), names, strict=True)
            ]
            self._decoder = decoder

    def read(self, framer: Framer) -> Iterator[Batch | Event]:
        """Yield the events of a file: in batches where they are plain, singly where the exact path is needed."""
        if self._decoder is None:
            return whole_events(framer, self.may_match)
        return iter(Batches(framer, self._decoder))

    def shortcut(self, format: SourceFormat) -> StructUnwrapper | None:
        """Unwraps the events of a source as structs; None where only the exact path can."""
        with suppress(NoShapeError):
            return StructUnwrapper(self._decoder, format) if self._decoder else None
        return None

    def collectors(self) -> list[tuple[RowCollector, tuple[str, ...]]]:
        """A collector for each kind of rows, and the names of the datasets to write that are made of them."""
        return [(selection.collector(), names) for selection, names in self._selections]


class EventBuffer:
    """Events of batches, also of several files, until their rows are enough to be mapped together.

    Attributes:
        events: Number of events.
        collectors: The rows of these events; see ``SourceMappers.collectors``.
    """

    def __init__(self, mappers: SourceMappers) -> None:
        """Begin without events."""
        self.events = 0
        self.collectors = mappers.collectors()
        self._bytes = 0
        # Events whose rows are not collected yet.
        self._pending: list[Any] = []
        # Per batch: the place of its first event, its bytes and its file.
        self._starts: list[int] = []
        self._raws: list[Sequence[bytes]] = []
        self._files: list[str] = []

    @property
    def is_full(self) -> bool:
        """Whether the rows should be mapped now."""
        return self.events >= _EVENTS_AT_ONCE or self._bytes >= _BYTES_AT_ONCE

    def add(self, batch: Batch, file: str) -> None:
        """Append a batch that was read from ``file``."""
        self._starts.append(self.events)
        self._raws.append(batch.raws)
        self._files.append(file)
        self._pending += batch.values
        self.events += len(batch.values)
        self._bytes += batch.size
        if len(self._pending) >= _EVENTS_IN_CACHE:
            self.collect()

    def collect(self) -> None:
        """Collect the rows of all events that were added."""
        for collector, _ in self.collectors:
            collector.add(self._pending, self.events - len(self._pending))
        self._pending = []

    def origin(self, number: int) -> tuple[bytes, str]:
        """The bytes of an event by its place in the buffer, and its file."""
        batch = bisect_right(self._starts, number) - 1
        return self._raws[batch][number - self._starts[batch]], self._files[batch]


class EventSink:
    """Takes all events of one source and arrival day. The one place where the fast and the exact path part."""

    def __init__(self, mappers: SourceMappers, day: DayOutput) -> None:
        """Send rows, rejects and counts to ``day``, which ``close`` closes."""
        self._mappers = mappers
        self._day = day
        self._buffer = EventBuffer(mappers)

    def accept(self, found: Found, file: str) -> None:
        """Take what was found in ``file``: a single event and rows of a table at once, a batch with others."""
        if isinstance(found, Event):
            self._map_event(found, file)
            return
        if isinstance(found, RowColumns):
            self._map_table(found, file)
            return
        self._buffer.add(found, file)
        if self._buffer.is_full:
            self._map_buffer()

    def end_text(self, skipped: int) -> None:
        """Count the events of a file, or of a member of one, that the prefilter skipped."""
        self._day.source.add_read(skipped, 0)

    def close(self) -> TaskDay:
        """Map what is buffered, close all files of the day and return its counts."""
        self._map_buffer()
        return TaskDay(
            source=self._day.source.close(),
            datasets={name: dataset.close() for name, dataset in self._day.datasets.items()},
        )

    def _map_event(self, event: Event, file: str) -> None:
        if event.fields is None:
            self._day.source.add_malformed(event, file)
            return
        is_wanted = False
        for name, matches in self._mappers.matchers:
            if matches(event.fields):
                is_wanted = True
                if name in self._day.datasets:
                    for row in self._mappers.event_mappers[name].rows(event.fields, self._day.max_epoch_seconds):
                        self._day.datasets[name].add(row, event, file)
        self._day.source.add_read(1, int(is_wanted))

    def _map_table(self, table: RowColumns, file: str) -> None:
        self._map_buffer()  # rows stay in their order
        wanted = np.zeros(len(table), bool)
        rejected: dict[int, list[tuple[str, str]]] = {}
        for selection, names in self._mappers.column_selections:
            rows = selection.rows(table)
            if rows is None:
                continue
            wanted[slice(None) if len(rows) == len(table) else np.asarray(rows.numbers)] = True
            for name in names:
                mapped = self._mappers.batch_mappers[name].map_rows(rows, self._day.max_epoch_seconds)
                self._day.datasets[name].add_many(mapped.kept, mapped.dropped)
                for number, reason in mapped.rejected:
                    rejected.setdefault(number, []).append((name, reason))
        if rejected:
            numbers = sorted(rejected)
            for number, raw in zip(numbers, table.raws(numbers), strict=True):
                for name, reason in rejected[number]:
                    self._day.datasets[name].add_reject(reason, raw, file)
        self._day.source.add_read(len(table), int(np.count_nonzero(wanted)))

    def _map_buffer(self) -> None:
        if not self._buffer.events:
            return
        buffer, self._buffer = self._buffer, EventBuffer(self._mappers)
        buffer.collect()
        wanted: set[int] = set()
        for collector, names in buffer.collectors:
            for rows in collector.rows():
                wanted.update(rows.numbers)
                for name in names:
                    mapped = self._mappers.batch_mappers[name].map_rows(rows, self._day.max_epoch_seconds)
                    self._day.datasets[name].add_many(mapped.kept, mapped.dropped)
                    for number, reason in mapped.rejected:
                        self._day.datasets[name].add_reject(reason, *buffer.origin(number))
        self._day.source.add_read(buffer.events, len(wanted))
