"""Which event names go into ``where``: those that show interest in an item.

Personalize learns from positive interactions alone (guide, page ``interactions-datasets``): what was removed, refunded,
merely displayed or measured would teach it the wrong thing. A click on an item and the view that it opens are one
interest; the click is kept, for views also come from reloads and shared links.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from personalize_assets.catalog import field_names
from personalize_assets.catalog.item_ids import Items
from personalize_assets.catalog.observed_fields import Observed

_NEGATIVE = field_names.listed(
    "removed remove refunded refund cancelled canceled cancel deleted delete disliked dislike unliked unlike "
    "unfollowed unfollow unsubscribed skipped skip hidden hide blocked reported returned return downvoted "
    "downvote dismissed dismiss abandoned abandon rejected"
)
_DISPLAYED = field_names.listed(
    "impression impressions served shown displayed filtered searched search ad ads advert promotion"
)
_MEASURED = field_names.listed(
    "buffer buffering seek error failed quality heartbeat ping paused pause resumed resume playing progress "
    "scroll scrolled hover interrupted exited updated"
)
_VIEWS = frozenset(("view", "viewed", "views", "viewing"))
_CLICKS = frozenset(("click", "clicked", "clicks", "tap", "tapped", "select", "selected"))
_LISTS = frozenset(("list", "cart", "category", "collection"))
# Distinct event types and metadata columns of interactions together may be 10 (guide, page `limits`).
_MOST_NAMES = 9
# An event names items if at least this share of it does: a few broken ones change nothing.
_CARRIES_ITEMS = 0.5


@dataclass(frozen=True)
class EventChoice:
    """The wanted events.

    Attributes:
        kept: The names of the wanted events, the most frequent first. Empty if events have no name: then all events
            with an item are wanted.
        left_out: Names of other events that carry items, each with the reason.
        counts: How many events have each name.
        at: The numbers of the wanted events in the sample.
    """

    kept: list[str]
    left_out: Mapping[str, str]
    counts: Mapping[str, int]
    at: set[int]


def event_name(observed: Observed, number: int, paths: Sequence[str]) -> str | None:
    """The name of an event, given by number: the first at these paths; None if it has none."""
    return next((name for path in paths if (name := observed.text(number, path)) is not None), None)


def choose_events(observed: Observed, event_paths: Sequence[str], items: Items) -> EventChoice:
    """The names at ``event_paths`` (none: events have no name) that show interest in one of ``items``.

    If a reason speaks against every name, all names that carry items are kept.
    """
    if not event_paths:
        return EventChoice([], {}, {}, set(items.at))
    by_name: dict[str, set[int]] = {}
    for number in range(len(observed.events)):
        name = event_name(observed, number, event_paths)
        if name is not None:
            by_name.setdefault(name, set()).add(number)
    carrying = [name for name, at in by_name.items() if len(at & items.at) >= _CARRIES_ITEMS * len(at)]
    carrying.sort(key=lambda name: (-len(by_name[name]), name))
    reasons = {name: why for name in carrying if (why := _objection(name) or _opened_by(name, carrying))}
    candidates = [name for name in carrying if name not in reasons] or carrying
    kept = candidates[:_MOST_NAMES]
    for name in candidates[_MOST_NAMES:]:
        reasons[name] = f"rarer than {_MOST_NAMES} others; Personalize takes 10 kinds at most"
    return EventChoice(
        kept,
        {name: why for name, why in reasons.items() if name not in kept},
        {name: len(at) for name, at in by_name.items()},
        set().union(*(by_name[name] for name in kept)),
    )


def _objection(name: str) -> str | None:
    """Why an event of this name shows no interest; None if nothing in the name speaks against it."""
    found = set(field_names.words(name))
    if found & _NEGATIVE:
        return "the user did not want the item"
    if found & _DISPLAYED or (found & _LISTS and found & _VIEWS):
        return "items were displayed, none was chosen"
    if found & _MEASURED:
        return "a measurement, it would count one interest again and again"
    return None


def _opened_by(name: str, names: Sequence[str]) -> str | None:
    """Why a view is left out: there are clicks on the same thing, which open it."""
    found = set(field_names.words(name))
    if not found & _VIEWS:
        return None
    for other in names:
        clicked = set(field_names.words(other))
        if clicked & _CLICKS and clicked - _CLICKS == found - _VIEWS:
            return f"mostly the page that {other} opens, which is counted already"
    return None
