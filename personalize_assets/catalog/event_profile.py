"""Profile of an arrival day: which events it has, which of them name an item, and how they look.

It answers what one would otherwise ask in Athena before choosing ``where`` and ``columns``. It is made from the heads
of the files in the day's catalog, without Spark.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from personalize_assets.catalog import field_roles
from personalize_assets.catalog.file_heads import sample_events
from personalize_assets.catalog.item_ids import item_candidates, items
from personalize_assets.catalog.observed_fields import Field, Observed
from personalize_assets.conversion.mapping.masking import MASK, Mask
from personalize_assets.conversion.mapping.paths import Path, leads_into, parse_path
from personalize_assets.storage.manifests import CatalogFile
from personalize_assets.storage.raw_files import RawFiles

_MAX_KINDS = 100
_MAX_PATHS = 50
_MAX_VALUES = 5
_MAX_SAMPLES = 20
_VALUE_CHARS = 100


class EventKind(msgspec.Struct, frozen=True):
    """The sampled events of one name.

    Attributes:
        name: None for events without a name; masked if its path is.
        events: Their number.
        share: Of all sampled events, rounded to 4 digits.
        items: How many of them have a value, by the path of an item field; paths without any are left out.
    """

    name: str | None
    events: int
    share: float
    items: dict[str, int]


class ItemField(msgspec.Struct, frozen=True):
    """A field that could be an item's id.

    Attributes:
        path: As a column names it; ``each.…`` for a field of the elements of ``each_of``.
        each_of: Path of the array, or None.
        events: Sampled events with a value.
        values: Number of values.
        distinct: Number of distinct values.
        samples: The most frequent values, shortened to 100 characters; ``***`` if masked.
    """

    path: str
    each_of: str | None
    events: int
    values: int
    distinct: int
    samples: tuple[str, ...]


class EventProfile(msgspec.Struct, frozen=True):
    """The profile of a day.

    Attributes:
        day: ISO, UTC.
        files: Number of files in the day's catalog.
        sampled_events: Number of events that everything here is made from.
        event_field: Path of the field that names events; None if there is none.
        events: By name, the most frequent first.
        item_fields: The likeliest first.
        samples: One event of each kind, masked; the most frequent first.
    """

    day: str
    files: int
    sampled_events: int
    event_field: str | None
    events: tuple[EventKind, ...]
    item_fields: tuple[ItemField, ...]
    samples: tuple[dict[str, Any], ...]


def day_profile(
    day: date, sources: Mapping[str, RawFiles], files: Sequence[CatalogFile], masked: Sequence[str] = ()
) -> EventProfile:
    """Profile a day (UTC); ``files`` are those of its catalog. Values at ``masked`` paths become ``***``."""
    events = sample_events(sources, files).events
    observed = Observed(events)
    mask = Mask(masked)
    choice = field_roles.event_names(observed, items(observed))
    path = choice.paths[0] if choice else None
    candidates = item_candidates(observed)[:_MAX_PATHS]
    named = [observed.text(number, path) if path else None for number in range(len(events))]
    frequent = [name for name, _ in Counter(named).most_common(_MAX_KINDS)]
    hidden = [parse_path(one) for one in masked]
    return EventProfile(
        day=day.isoformat(),
        files=len(files),
        sampled_events=len(events),
        event_field=path,
        events=tuple(_event_kind(name, named, candidates, path in masked) for name in frequent),
        item_fields=tuple(_item_field(field, hidden) for field in candidates),
        samples=tuple(mask.event(dict(events[named.index(name)])) for name in frequent[:_MAX_SAMPLES]),
    )


def _event_kind(
    name: str | None, named: Sequence[str | None], candidates: Sequence[Field], is_masked: bool
) -> EventKind:
    at = {number for number, its in enumerate(named) if its == name}
    items = {field.column_path: len(field.at & at) for field in candidates}
    return EventKind(
        name=MASK if is_masked and name else name,
        events=len(at),
        share=round(len(at) / len(named), 4),
        items={path: count for path, count in items.items() if count},
    )


def _item_field(field: Field, hidden: Sequence[Path]) -> ItemField:
    is_hidden = any(leads_into(path, field.steps) for path in hidden)
    samples = (text[:_VALUE_CHARS] for text, _ in field.values.most_common(_MAX_VALUES))
    return ItemField(
        path=field.column_path,
        each_of=field.array,
        events=len(field.at),
        values=field.values.total(),
        distinct=len(field.values),
        samples=(MASK,) if is_hidden else tuple(samples),
    )


def encode(profile: EventProfile) -> bytes:
    """A profile as indented JSON, which people read too."""
    return as_text(msgspec.to_builtins(profile)).encode()


def as_text(event: Mapping[str, Any]) -> str:
    """An event as indented JSON, with every character as it is."""
    # Not msgspec's: it refuses integers of more than 64 bits, which events may have.
    return json.dumps(event, indent=1, ensure_ascii=False)
