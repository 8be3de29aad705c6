"""The exact path: from one event's fields to the typed rows of one dataset.

A row is decided here, while its event is at hand: it comes out complete and typed, or rejected with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping import timestamps, values
from personalize_assets.conversion.mapping.converters import Dropped, RejectedError, cell_converter, text_or_none
from personalize_assets.conversion.mapping.null_words import NullWords
from personalize_assets.conversion.mapping.paths import column_path, elements, getter, is_relative_to_each, parse_path
from personalize_assets.conversion.mapping.where import element_matcher
from personalize_assets.conversion.reading.field_tree import MAX_ELEMENTS

TOO_MANY_ELEMENTS = "too_many_elements"


class Row(NamedTuple):
    """One row of a daily file, or the reason why it was rejected.

    ``values`` are in the order of ``daily_schema``; empty for a rejected row. ``dropped`` are the reasons of the values
    that it lacks because they could not be used.
    """

    values: tuple[Any, ...]
    reason: str | None = None
    dropped: tuple[str, ...] = ()


_ReadCell = Callable[[Any, Any, int], Any]
"""(event, element of ``each`` or None, max_epoch_seconds) -> cell or ``Dropped``. Raises ``RejectedError``."""


class EventMapper:
    """Makes the rows of one dataset from single events that are wanted; of their elements it takes those that are."""

    def __init__(self, dataset: Dataset) -> None:
        """``ValueError`` if a column is to be hashed but has no key."""
        words = NullWords(dataset.nulls)
        self._readers = [_cell_reader(column, words) for column in dataset.columns]
        self._each = parse_path(dataset.each) if dataset.each else None
        self._is_events = dataset.is_events
        self._is_wanted = element_matcher(dataset)
        # What identifies a row among its repeats: an id of its own, or that of the event and the place in it.
        id = dataset.dedupe_by if dataset.is_events else dataset.message_id
        self._get_id = _optional_getter(id, words)
        self._dedupes_elements = bool(id) and is_relative_to_each(id or "")
        self._get_event_time = _optional_getter(dataset.event_time, words)

    def rows(self, event: dict[str, Any], max_epoch_seconds: int) -> Iterator[Row]:
        """Yield a row for every wanted element of ``each``, or one for the event itself where it has no elements.

        An event with more than ``MAX_ELEMENTS`` is one rejected row. ``max_epoch_seconds`` is the last second (UTC)
        that a time may have.
        """
        found = elements(event, self._each) if self._each else []
        if len(found) > MAX_ELEMENTS:
            yield Row((), TOO_MANY_ELEMENTS)
            return
        id = None if self._dedupes_elements else text_or_none(self._get_id(event))
        nanos = None if self._is_events else self._event_nanos(event, max_epoch_seconds)
        for position, element in enumerate(found or [None]):
            if self._is_wanted is not None and not self._is_wanted(element):
                continue
            extra: tuple[Any, ...]
            if not self._is_events:
                extra = (nanos, id)
            elif self._dedupes_elements:
                extra = (text_or_none(self._get_id(element)), 0)
            else:
                extra = (id, position)
            yield self._row(event, element, max_epoch_seconds, extra)

    def _row(self, event: dict[str, Any], element: Any, max_epoch_seconds: int, extra: tuple[Any, ...]) -> Row:
        try:
            cells = [read(event, element, max_epoch_seconds) for read in self._readers]
        except RejectedError as rejected:
            return Row((), rejected.reason)
        dropped = tuple(cell.reason for cell in cells if type(cell) is Dropped)
        if dropped:
            cells = [cell.cell if type(cell) is Dropped else cell for cell in cells]
        return Row((*cells, *extra), dropped=dropped)

    def _event_nanos(self, event: dict[str, Any], max_epoch_seconds: int) -> int | None:
        """Nanoseconds since the epoch; None, which counts as the oldest, without a readable time in range."""
        nanos = timestamps.epoch_nanos(self._get_event_time(event))
        if nanos is None or not timestamps.is_in_range(nanos // timestamps.NANOS, max_epoch_seconds):
            return None
        return nanos


def _cell_reader(column: Column, words: NullWords) -> _ReadCell:
    paths = [(column_path(path), column.needs_event_time(path)) for path in column.paths]
    getters = [(path.in_element, getter(path.steps), is_ranged) for path, is_ranged in paths]
    is_constant_ranged = column.needs_event_time(None)
    convert_cell = cell_converter(column)

    def read(event: Any, element: Any, max_epoch_seconds: int) -> Any:
        for in_element, get, is_ranged in getters:
            value = get(element if in_element else event)
            if words:
                value = words.without(value)
            if not values.is_null(value):
                return convert_cell(value, max_epoch_seconds if is_ranged else None)
        return convert_cell(column.constant, max_epoch_seconds if is_constant_ranged else None)

    return read


def _optional_getter(path: str | None, words: NullWords) -> Callable[[Any], Any]:
    if not path:
        return lambda event: None
    get = getter(column_path(path).steps)
    return (lambda event: words.without(get(event))) if words else get
