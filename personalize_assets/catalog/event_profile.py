"""What a day's events are like, told from the heads of its files: the questions one would ask in Athena, answered.

Which events are there and how often; which of them carry an item, at which path, with which values; and what one of
each looks like. From it a user chooses ``where`` and ``columns``. No Spark; the files are those of the day's catalog.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from personalize_assets.catalog import field_roles as fields
from personalize_assets.catalog.day_catalog import describe, heads, sample_size
from personalize_assets.catalog.observed_fields import Field, Observed
from personalize_assets.conversion.mapping.masking import MASK, Mask
from personalize_assets.conversion.mapping.paths import Path, parse_path
from personalize_assets.storage.object_store import StoredFile
from personalize_assets.storage.raw_files import RawFiles

# A heads' worth of events has this many kinds at most, or it is no field of kinds.
_MOST_EVENTS = 100
_MOST_PATHS = 50
_SAMPLES = 5
_SHOWN_EVENTS = 20
_VALUE_CHARS = 100


class _Sample:
    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []

    def add(self, fields: Mapping[str, Any], /) -> None:
        self.events.append(fields)


def day_profile(
    day: date, sources: Mapping[str, RawFiles], files: Sequence[Mapping[str, Any]], masked: Sequence[str] = ()
) -> dict[str, Any]:
    """The profile of a day. ``files`` are those of its catalog; values at ``masked`` paths are shown as ``***``.

    - ``event_field``: the path that says what happened, or null where none does.
    - ``events``: ``name``, ``events``, ``share``, and ``items``: how many of them have a value, by path.
    - ``item_fields``: every path that could be an item's id, the likeliest first, as a column names it (``each`` being
      the array ``each_of``): ``events`` and ``values`` with one, how many are ``distinct``, and ``samples``.
    - ``samples``: one event of each kind, the frequent first.
    """
    sample = _Sample()
    jobs = [(file["source"], StoredFile(file["key"], file["bytes"], 0.0)) for file in files]
    for _, file, head in heads(sources, jobs):
        describe(head, file.bytes, sample, sample_size(len(jobs)))
    observed = Observed(sample.events)
    mask = Mask(masked)
    choice = fields.event_names(observed)
    path = choice.paths[0] if choice else None
    candidates = fields.item_candidates(observed)[:_MOST_PATHS]
    named = [observed.text(number, path) if path else None for number in range(len(sample.events))]
    frequent = [name for name, _ in Counter(named).most_common(_MOST_EVENTS)]
    hidden = [parse_path(one) for one in masked]
    return {
        "day": day.isoformat(),
        "files": len(jobs),
        "sampled_events": len(sample.events),
        "event_field": path,
        "events": [_event(name, named, candidates, path in masked) for name in frequent],
        "item_fields": [_item_field(seen, hidden) for seen in candidates],
        "samples": [mask.event(dict(sample.events[named.index(name)])) for name in frequent[:_SHOWN_EVENTS]],
    }


def _event(
    name: str | None, named: Sequence[str | None], candidates: Sequence[Field], is_masked: bool
) -> dict[str, Any]:
    at = {number for number, its in enumerate(named) if its == name}
    items = {seen.column_path: len(seen.at & at) for seen in candidates}
    return {
        "name": MASK if is_masked and name else name,
        "events": len(at),
        "share": round(len(at) / len(named), 4),
        "items": {path: count for path, count in items.items() if count},
    }


def _item_field(seen: Field, hidden: Sequence[Path]) -> dict[str, Any]:
    is_hidden = any(seen.steps[: len(path)] == path for path in hidden)
    samples = [text[:_VALUE_CHARS] for text, _ in seen.values.most_common(_SAMPLES)]
    return {
        "path": seen.column_path,
        "each_of": seen.array,
        "events": len(seen.at),
        "values": seen.values.total(),
        "distinct": len(seen.values),
        "samples": [MASK] if is_hidden else samples,
    }


def as_text(event: Mapping[str, Any]) -> str:
    """An event for people to read."""
    return json.dumps(event, indent=1, ensure_ascii=False)
