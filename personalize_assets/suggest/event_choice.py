"""Which events say that somebody was interested in an item, and which do not, told by the names of events.

Personalize learns from positive interactions alone (reference: its guide, `interactions-datasets`): what was removed,
refunded, merely shown or measured would teach it the wrong thing. A click on an item and the view that it opens are one
interest; the click is kept, for views also come from reloads and shared links.
"""

from __future__ import annotations

from dataclasses import dataclass

from personalize_assets.catalog import field_names as names
from personalize_assets.catalog.field_roles import Items
from personalize_assets.catalog.observed_fields import Observed

_UNWILLING = names.listed(
    "removed remove refunded refund cancelled canceled cancel deleted delete disliked dislike unliked unlike "
    "unfollowed unfollow unsubscribed skipped skip hidden hide blocked reported returned return downvoted "
    "downvote dismissed dismiss abandoned abandon rejected"
)
_SHOWN = names.listed("impression impressions served shown displayed filtered searched search ad ads advert promotion")
_MEASURED = names.listed(
    "buffer buffering seek error failed quality heartbeat ping paused pause resumed resume playing progress "
    "scroll scrolled hover interrupted exited updated"
)
_VIEWS = frozenset(("view", "viewed", "views", "viewing"))
_CLICKS = frozenset(("click", "clicked", "clicks", "tap", "tapped", "select", "selected"))
_SEVERAL_SHOWN = frozenset(("list", "cart", "category", "collection"))
# Distinct event types and metadata columns of interactions together may be 10 (guide, page `limits`).
_MOST = 9
# An event names items if this share of it does; a few broken ones change nothing.
_CARRIES = 0.5


@dataclass
class Wanted:
    """``kept``: the names of the events that are wanted, the most frequent first; ``left_out``: others, each with why.

    ``at`` are the numbers of the wanted events. Without a field for names, ``kept`` is empty and all events with an
    item are wanted.
    """

    kept: list[str]
    left_out: dict[str, str]
    counts: dict[str, int]
    at: set[int]


def wanted(observed: Observed, event_path: str | None, items: Items) -> Wanted:
    if event_path is None:
        return Wanted([], {}, {}, set(items.at))
    by_name: dict[str, set[int]] = {}
    for number in observed.fields[event_path].at:
        name = observed.text(number, event_path)
        if name is not None:
            by_name.setdefault(name, set()).add(number)
    carrying = [name for name, at in by_name.items() if len(at & items.at) >= _CARRIES * len(at)]
    carrying.sort(key=lambda name: (-len(by_name[name]), name))
    left_out: dict[str, str] = {}
    for name in carrying:
        why = _unfit(name) or _seen_already(name, carrying)
        if why:
            left_out[name] = why
    kept = [name for name in carrying if name not in left_out] or carrying
    for name in kept[_MOST:]:
        left_out[name] = f"rarer than {_MOST} others; Personalize takes 10 kinds at most"
    kept = kept[:_MOST]
    left_out = {name: why for name, why in left_out.items() if name not in kept}
    counts = {name: len(at) for name, at in by_name.items()}
    return Wanted(kept, left_out, counts, set().union(*(by_name[name] for name in kept)))


def _unfit(name: str) -> str | None:
    found = set(names.words(name))
    if found & _UNWILLING:
        return "says that it was not wanted"
    if found & _SHOWN or (found & _SEVERAL_SHOWN and found & _VIEWS):
        return "items were shown, nobody chose one"
    if found & _MEASURED:
        return "a measurement, it would count one interest again and again"
    return None


def _seen_already(name: str, all_names: list[str]) -> str | None:
    found = set(names.words(name))
    if not found & _VIEWS:
        return None
    for other in all_names:
        clicked = set(names.words(other))
        if clicked & _CLICKS and clicked - _CLICKS == found - _VIEWS:
            return f"mostly the page that {other} opens, which is counted already"
    return None
