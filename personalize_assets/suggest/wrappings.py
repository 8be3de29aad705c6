"""In what events may be wrapped: settings of a source that take them out, and what a sample then holds.

Nothing is decided here: a wrapping is proposed because of its form, and taken only if its events have an item, a user
and a time, or more of them have an item (``suggest``).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from personalize_assets.catalog import field_names as names
from personalize_assets.catalog.event_shapes import UnmappedPlace, unmapped_places
from personalize_assets.catalog.field_stats import path_of
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.conversion.reading.unwrapping import Unwrapper
from personalize_assets.suggest.user_columns import is_user_object

Events = Sequence[Mapping[str, Any]]

_NEARLY_ALL = 0.95
_MOST_TEXTS_IN_TEXTS = 3
_MOST_ARRAYS = 4
_MAX_DEPTH = 4


def unwrapped(events: Events, format: SourceFormat) -> Events | None:
    """The events in a sample of objects; None if too much of it would become rejects."""
    unwrapper = Unwrapper(format)
    if not unwrapper:
        return events
    found = [event for fields in events for event in unwrapper.unwrap(b"", copy.deepcopy(dict(fields)))]
    kept = [event.fields for event in found if event.fields is not None]
    return kept if kept and len(kept) >= _NEARLY_ALL * len(found) else None


def texts_of_items(places: Sequence[UnmappedPlace], without: set[int]) -> SourceFormat | None:
    """Settings that decode texts with ids of items in events that have none elsewhere; None if there are none."""
    paths = [
        place.path
        for place in places
        if place.is_text
        and place.at & without
        and any(names.item(name, place.path.rpartition(".")[2]) for name in place.names)
    ]
    return SourceFormat(parse=tuple(paths)) if paths else None


def texts_of_users(events: Events, parsed: Sequence[str] = ()) -> tuple[str, ...]:
    """Paths of texts at the top of events that hold an object and are called like one of a user's traits.

    ``parsed``: those that are decoded already.
    """
    found: dict[str, None] = {}
    for event in events:
        for name, value in event.items():
            if type(value) is str and value.lstrip()[:1] == "{" and is_user_object(name):
                found[path_of("", name)] = None
    return tuple(path for path in found if path not in parsed)


def wrappings(events: Events) -> Iterator[SourceFormat]:
    """Settings that may take events out of objects that are none: with all texts decoded, and each likely array."""
    parse: tuple[str, ...] = ()
    objects = events
    for _ in range(_MOST_TEXTS_IN_TEXTS):
        more = tuple(place.path for place in unmapped_places(objects) if place.is_text and place.path not in parse)
        decoded = unwrapped(events, SourceFormat(parse=(*parse, *more))) if more else None
        if decoded is None:
            break
        parse, objects = (*parse, *more), decoded
    if parse:
        yield SourceFormat(parse=parse)
    for path in _arrays(objects):
        yield SourceFormat(parse=parse, events=path)


def _arrays(objects: Events) -> list[str]:
    """Paths of arrays of objects that nearly all objects have; those with the most elements first."""
    counts: dict[str, list[int]] = {}
    for one in objects:
        for path, count in _arrays_in(one, "", 0):
            counts.setdefault(path, []).append(count)
    common = {path: sum(found) for path, found in counts.items() if len(found) >= _NEARLY_ALL * len(objects)}
    return sorted(common, key=lambda path: (-common[path], path))[:_MOST_ARRAYS]


def _arrays_in(value: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[str, int]]:
    for name, child in value.items():
        if not name or depth > _MAX_DEPTH:
            continue
        child_path = path_of(path, name)
        if type(child) is dict:
            yield from _arrays_in(child, child_path, depth + 1)
        elif type(child) is list and all(type(element) is dict for element in child):
            yield child_path, len(child)
