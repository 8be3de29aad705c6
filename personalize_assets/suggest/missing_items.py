"""Which events carry no item, how many, and why: what a run would reject, and what it would not look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from personalize_assets.catalog import field_names
from personalize_assets.catalog.event_shapes import UnmappedPlace
from personalize_assets.catalog.field_relations import parent_name
from personalize_assets.catalog.item_ids import Items
from personalize_assets.catalog.observed_fields import Field, Observed
from personalize_assets.conversion.mapping.paths import lookup, parse_path
from personalize_assets.suggest.event_choice import EventChoice, event_name

_MOST_REASONS = 3
_MOST_NAMES = 8


@dataclass(frozen=True)
class WithoutItem:
    """The events of one name that carry no item.

    Attributes:
        name: None if events have no name.
        events: How many carry none; ``of`` how many have the name.
        reasons: Why, each with the number of events, the most frequent first.
        is_wanted: Whether the config wants events of this name, so that these become rejects.
        has_place: Whether something in them looks like an item that the config does not reach.
    """

    name: str | None
    events: int
    of: int
    reasons: tuple[tuple[str, int], ...]
    is_wanted: bool
    has_place: bool

    @property
    def why(self) -> str:
        """The reasons as one clause, with their numbers if there are several."""
        if len(self.reasons) == 1:
            return self.reasons[0][0]
        return "; ".join(f"{why} ({count:,})" for why, count in self.reasons[:_MOST_REASONS])


def events_without_item(
    observed: Observed,
    event_paths: Sequence[str],
    items: Items,
    chosen: EventChoice,
    candidates: Sequence[Field],
    places: Sequence[UnmappedPlace],
) -> list[WithoutItem]:
    """The names whose events carry no item, wanted ones first, then by number; names that were left out are not here.

    Args:
        candidates: Fields that could be an item's id, chosen or not; ``places`` where others are.
    """
    by_name: dict[str | None, set[int]] = {}
    for number in range(len(observed.events)):
        by_name.setdefault(event_name(observed, number, event_paths), set()).add(number)
    wants_all = len(event_paths) != 1  # `where` takes one path
    found: list[WithoutItem] = []
    others = [seen for seen in candidates if seen not in items.fields]
    for name, at in by_name.items():
        without = at - items.at
        if not without or (name is not None and name in chosen.left_out):
            continue
        reasons: Counter[str] = Counter()
        has_place = False
        for number in without:
            why, is_place = _why(observed, number, items, others, places)
            reasons[why] += 1
            has_place = has_place or is_place
        is_wanted = wants_all or name in chosen.kept
        ordered = tuple(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))
        found.append(WithoutItem(name, len(without), len(at), ordered, is_wanted, has_place))
    return sorted(found, key=lambda one: (not one.is_wanted, -one.events, one.name or ""))


def _why(
    observed: Observed, number: int, items: Items, others: Sequence[Field], places: Sequence[UnmappedPlace]
) -> tuple[str, bool]:
    """Why an event carries no item, and whether something in it looks like one that the config does not reach."""
    for place in places:
        if number in place.at:
            return place.why, True
    for seen in others:
        if number in seen.at and field_names.item(seen.name, parent_name(seen)) > field_names.GUESS:
            where = f"`{seen.path}`" if seen.array is None else f"`{seen.name}` in the elements of `{seen.array}`"
            return f"they have {where} instead", True
    event = observed.events[number]
    if items.each:
        value = lookup(event, parse_path(items.each))
        if value == []:
            return f"`{items.each}` is empty", False
        if isinstance(value, list):
            return f"no element of `{items.each}` has `{items.fields[0].name}`", False
        if value is not None:
            return f"`{items.each}` is no array", False
    for seen in items.fields:
        if seen.array is None and _has_field(event, seen):
            return f"`{seen.path}` is empty", False
    return "none of the item's fields is there", False


def _has_field(event: object, seen: Field) -> bool:
    *above, last = seen.steps
    parent = lookup(event, tuple(above)) if above else event
    return isinstance(parent, dict) and last in parent


def elements_without_item(observed: Observed, items: Items, wanted: set[int]) -> str | None:
    """A sentence on elements of ``each`` without an id, of their own or of their event; None if all have one."""
    if items.each is None:
        return None
    array = parse_path(items.each)
    of_elements = [seen.steps[len(array) :] for seen in items.fields if seen.array is not None]
    of_events = [seen.path for seen in items.fields if seen.array is None]
    total = without = 0
    for number in wanted:
        elements = lookup(observed.events[number], array)
        if not isinstance(elements, list):
            continue
        total += len(elements)
        if not any(observed.text(number, path) for path in of_events):
            without += sum(not any(_is_there(lookup(one, path)) for path in of_elements) for one in elements)
    if not without:
        return None
    ids = " or ".join(seen.column_path for seen in items.fields if seen.array is not None)
    return f"No {ids} in {without:,} of {total:,} elements of `{items.each}`: they become rejects (missing:ITEM_ID)."


def _is_there(value: object) -> bool:
    return value is not None and bool(str(value).strip())


def comments(found: Sequence[WithoutItem], wanted_paths: str) -> list[str]:
    """What is found, as sentences for a config: a sentence for each wanted name, and one for all others.

    Args:
        wanted_paths: The item's paths, for people.
    """
    lines = [
        f"No item in {one.events:,} of {one.of:,} {f'events called {one.name}' if one.name is not None else 'events'}: "
        f"{one.why}; they become rejects (missing:ITEM_ID)."
        for one in found
        if one.is_wanted
    ]
    rest = [one for one in found if not one.is_wanted]
    lines += [f"No item in {_named(one)}: {one.why}. They are not wanted." for one in rest if one.has_place]
    plain = [one for one in rest if not one.has_place]
    if plain:
        more = f" and {len(plain) - _MOST_NAMES} more" if len(plain) > _MOST_NAMES else ""
        lines.append(f"No item at {wanted_paths} in {', '.join(map(_named, plain[:_MOST_NAMES]))}{more}: not wanted.")
    return lines


def _named(one: WithoutItem) -> str:
    count = f"{one.events:,}" if one.events == one.of else f"{one.events:,} of {one.of:,}"
    return f"{one.name} ({count})" if one.name is not None else f"events without a name ({count})"
