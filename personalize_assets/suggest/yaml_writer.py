"""What was found of a source, written down as a config with the reasons beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from personalize_assets.catalog import field_roles as fields
from personalize_assets.catalog.observed_fields import Observed
from personalize_assets.suggest import entity_columns as entities
from personalize_assets.suggest.event_choice import Wanted
from personalize_assets.suggest.layout_detection import Place
from personalize_assets.suggest.text import clean, column, comment, inline, keyed, where


@dataclass
class Found:
    """All that is needed to write the config of a source."""

    place: Place
    files: int
    observed: Observed
    event: fields.Choice | None
    items: fields.Items
    wanted: Wanted
    user: fields.Choice
    time: fields.Choice
    message: fields.Choice | None
    value: fields.Choice | None
    users: entities.Entity | None
    about_items: entities.Entity | None


def lines(found: Found, name: str, source: str, destination: str, start_date: str) -> Iterator[str]:
    """The config, line by line. ``source`` and ``destination`` are URIs as they are to stand there."""
    events = len(found.observed.events)
    yield from comment(
        f"Suggested by `personalize-assets suggest` from {events:,} events at the beginnings of {found.files:,} files. "
        "Read the reasons, correct what is wrong, then: personalize-assets run --config THIS_FILE"
    )
    yield "# Relative URIs start at the folder of this file."
    yield ""
    yield "source:"
    yield from keyed("uri", source, 2)
    yield from keyed("layout", found.place.layout, 2, found.place.why)
    if found.place.others:
        yield from comment(f"Other files look like: {'; '.join(found.place.others)}", 2)
    yield f"  start_date: {start_date}  # first arrival day (UTC)"
    yield ""
    yield "destination:"
    yield from keyed("uri", destination, 2)
    yield ""
    yield "dataset_group:"
    yield from keyed("name", name, 2)
    yield "  domain: custom                # custom | ECOMMERCE | VIDEO_ON_DEMAND"
    yield ""
    yield "datasets:"
    yield from _interactions(found)
    if found.users:
        yield ""
        yield from _entity("users", found.users, {"USER_ID": found.user.paths}, found.users.where, None)
    else:
        yield from comment("users: nothing was found that is told of users. The dataset is optional.", 2)
    if found.about_items:
        yield ""
        own = found.about_items.where
        kept = None if own else _wanted_events(found)
        yield from _entity("items", found.about_items, {"ITEM_ID": found.items.paths}, own, found.items.each, kept)
    else:
        yield from comment("items: nothing was found that is told of items. The dataset is optional.", 2)


def _interactions(found: Found) -> Iterator[str]:
    yield "  interactions:"
    kept = _wanted_events(found)
    if kept:
        counts = found.wanted.counts
        told = ", ".join(f"{name} ({counts[name]:,})" for name in found.wanted.kept)
        yield from comment(f"These events name an item: {told}.", 4)
        for event, why in found.wanted.left_out.items():
            yield from comment(f"Left out: {event} ({counts[event]:,}): {why}.", 4)
        yield from where(kept, 4)
    if found.items.each:
        yield from keyed("each", found.items.each, 4, "one row per element where the array is there")
    if found.message:
        yield from keyed("dedupe_by", found.message.paths[0], 4, found.message.why)
    else:
        yield from comment("dedupe_by: no field has a value of its own for every event; equal rows count once.", 4)
    yield "    columns:"
    chosen: list[tuple[str, fields.Choice | fields.Items | None, dict[str, object]]] = [
        ("USER_ID", found.user, {}),
        ("ITEM_ID", found.items, {}),
        ("EVENT_TYPE", found.event, {}),
        ("EVENT_VALUE", found.value, {"type": "float"}),
        ("TIMESTAMP", found.time, {}),
    ]
    for name, choice, marks in chosen:
        if choice is None:
            continue
        note = choice.why + (f"; or {', '.join(choice.others)}" if choice.others else "")
        yield from keyed(name, column(choice.paths, marks), 6, note)


def _wanted_events(found: Found) -> dict[str, list[str]]:
    return {found.event.paths[0]: found.wanted.kept} if found.event and found.wanted.kept else {}


def _entity(
    name: str,
    entity: entities.Entity,
    ids: Mapping[str, Sequence[str]],
    own: tuple[str, str] | None,
    each: str | None,
    events: Mapping[str, list[str]] | None = None,
) -> Iterator[str]:
    yield f"  {name}:"
    if entity.why:
        yield from comment(entity.why, 4)
    if own:
        yield from where({own[0]: [own[1]]}, 4)
    elif events:
        yield from where(dict(events), 4)
    if each:
        yield from keyed("each", each, 4)
    yield "    columns:"
    for column_name, paths in ids.items():
        yield from keyed(column_name, column(paths, {}), 6)
    for column_name, (paths, marks) in entity.columns.items():
        yield from keyed(column_name, column(paths, marks), 6)
    for column_name, (paths, marks, why) in entity.optional.items():
        # One line, however long: to take the column, only the first mark has to go.
        yield f"      # {inline(column_name)}: {inline(column(paths, marks))}  # {clean(why)}"
    if entity.personal:
        yield from comment(f"Left out as personal data: {', '.join(entity.personal)}.", 6)
