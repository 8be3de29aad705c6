"""Finds the fields for the user, the event's name, its time, its id and its value, each with the reason.

A field's name gives the first score (``field_names``) and its values must fit. Between several fields, the share of
events with a value, the depth of the path and the values decide. Reasons and alternatives are returned for people.
The item's id is found by ``item_ids``.
"""

from __future__ import annotations

from dataclasses import dataclass

from personalize_assets.catalog import field_names as names
from personalize_assets.catalog.field_ranking import count_of, depth_penalty, example, ranked, share, share_of
from personalize_assets.catalog.field_relations import agree, is_determined_by, parent_name, spellings
from personalize_assets.catalog.item_ids import Items
from personalize_assets.catalog.observed_fields import Field, Observed

# A field with more values is free text or a page's title, not the name of an event.
_MAX_EVENT_NAMES = 300
# Values of an event's name repeat; those of a document's number do not.
_MOST_DISTINCT_NAMES = 0.5
_FEWEST_NAMED = 20
_FEWEST_NAMED_BY_GUESS = 6
_KINDS_THAT_COUNT = 5
# For a field with one value among events that name an item, or that few of them have.
_CONSTANT_PENALTY = 50
_NOT_VERBAL_PENALTY = 20
_MAX_ALTERNATIVES = 3
_NEARLY_ALL = 0.95
# An id of accounts that fewer of the wanted events have gives way to the id of devices.
_FEWEST_WITH_ACCOUNT = 0.1
_RARE_ACCOUNT_PENALTY = 60
# A day without a time of day orders nothing.
_DAY_PENALTY = 40
_MOST_CONFLICTS = 0.1
_VERBS = names.listed(
    "view viewed views click clicked clicks tap tapped select selected add added remove removed order ordered purchase "
    "purchased buy bought checkout play played start started watch watched listen listened read like liked rate rated "
    "rating review reviewed share shared save saved favorite favorited favourite bookmark download downloaded open "
    "opened search searched impression complete completed finish finished visit visited submit submitted cart "
    "wishlist subscribe subscribed follow followed unlike skip skipped pause scroll"
)


@dataclass
class Choice:
    """The fields chosen for one role.

    Attributes:
        paths: As a column needs them.
        why: The reason, for people.
        others: Paths of the next best fields.
    """

    paths: tuple[str, ...]
    why: str
    others: tuple[str, ...] = ()


def event_names(observed: Observed, found: Items | None = None) -> Choice | None:
    """The field with the name of the event; None if there is none.

    Args:
        found: The item's id. The name must tell events that have one apart: a field with several kinds among them is
            preferred to a constant, and none that merely describes the item is taken.
    """
    carrying = found.at if found else set()
    id_fields = [seen for seen in (found.fields if found else ()) if seen.array is None]
    id_fields += _user_fields(observed, carrying)[:1]

    def score(seen: Field) -> float:
        name = names.event(seen.name, parent_name(seen))
        if not name or seen.array or set(seen.kinds) != {str} or len(seen.values) > _MAX_EVENT_NAMES:
            return 0
        total = seen.values.total()
        fewest = _FEWEST_NAMED if name > names.GUESS else _FEWEST_NAMED_BY_GUESS
        if total >= fewest and len(seen.values) > _MOST_DISTINCT_NAMES * total:
            return 0
        kinds = _kinds(observed, seen, carrying)
        result = name + 10 * share(seen, observed) + 2 * min(kinds, _KINDS_THAT_COUNT) - depth_penalty(seen)
        if name <= names.GUESS:
            if any(is_determined_by(observed, seen, by) for by in id_fields):
                return 0
            result -= _NOT_VERBAL_PENALTY * (not _are_verbal(seen))
        if kinds == 1 or (carrying and share_of(seen.at, carrying) < 0.5):
            result -= _CONSTANT_PENALTY
        return max(result, 1)

    candidates = ranked(observed, score)
    if not candidates:
        return None
    best = candidates[0]
    why = f"{count_of(len(best.values), 'kind')} of events, in {share(best, observed):.0%} of them"
    return Choice((best.path,), why, _others(candidates))


def user(observed: Observed, wanted: set[int]) -> Choice | None:
    """The field of the user's id in the wanted events, given by number; None if there is none."""
    candidates = _user_fields(observed, wanted)
    if not candidates:
        return None
    best = _nearest_of_equal(observed, candidates, wanted)
    fields = [best, *spellings(observed, best, candidates, wanted)]
    words = frozenset().union(*(seen.null_words for seen in fields))
    at = set().union(*(_at_with_id(observed, seen) for seen in fields))
    count = len(set().union(*(seen.values for seen in fields)) - words)
    is_device = names.device(best.name)
    why = f"{count_of(count, 'id')} of devices or visits, not of persons" if is_device else count_of(count, "user")
    why += f"; in {share_of(at, wanted):.0%} of the wanted events"
    if share_of(at, wanted) < _NEARLY_ALL:
        why += ", the rest become rejects (missing:USER_ID)"
    return Choice(_paths(fields), why, _others(candidates, fields))


def time(observed: Observed, wanted: set[int]) -> Choice | None:
    """The field of the event's time, whose values can be read as times; None if there is none."""

    def score(seen: Field) -> float:
        name = names.time(seen.name, parent_name(seen))
        if not name or seen.array or not seen.is_time:
            return 0
        return name + 60 * share_of(seen.at, wanted) - 2 * depth_penalty(seen) - _DAY_PENALTY * seen.is_day

    candidates = ranked(observed, score)
    if not candidates:
        return None
    best = candidates[0]
    fields = [best, *spellings(observed, best, candidates, wanted)]
    why = f"a time, as {example(best)}"
    if best.is_day:
        why = f"a day without a time, as {example(best)}: the order of a day's events is unknown"
    elif names.receiving(best.name):
        why += ", at which the event was sent or received"
    part = share_of(set().union(*(seen.at for seen in fields)), wanted)
    if part < _NEARLY_ALL:
        why += f"; in {part:.0%} of the wanted events, the rest become rejects (missing:TIMESTAMP)"
    return Choice(_paths(fields), why, _others(candidates, fields))


def unreadable_times(observed: Observed) -> list[str]:
    """Fields whose name is that of a time, each with its most frequent value, for an error text."""
    return [
        f"{seen.path}: {example(seen)!r}"
        for seen in observed
        if names.time(seen.name, parent_name(seen)) >= 80 and seen.is_scalar and not seen.is_time
    ]


def message(observed: Observed, wanted: set[int]) -> Choice | None:
    """The field of the event's own id, of which (nearly) every event has another value; None if there is none."""
    people = _user_fields(observed, wanted)[:1]

    def score(seen: Field) -> float:
        name = names.message(seen.name, parent_name(seen))
        if not name or seen.array or not seen.is_scalar or share_of(seen.at, wanted) < _NEARLY_ALL:
            return 0
        if len(seen.values) < 0.9 * len(seen.at) or len(seen.at) < 2 or _is_counter(observed, seen, people):
            return 0
        return name - depth_penalty(seen)

    candidates = ranked(observed, score)
    if not candidates:
        return None
    repeats = len(candidates[0].at) - len(candidates[0].values)
    found = f"{count_of(repeats, 'repeat')} among the events looked at" if repeats else "no event has another's"
    return Choice((candidates[0].path,), found, _others(candidates))


def value(observed: Observed, found: Items, wanted: set[int]) -> Choice | None:
    """The numbers beside the item that weigh an event (price, rating, value), of one name; None if there is none."""

    def score(seen: Field) -> float:
        name = names.value(seen.name)
        return name if name and seen.is_numeric and seen.at & wanted and seen.parent in found.parents else 0

    candidates = ranked(observed, score)
    if not candidates:
        return None
    name = names.folded(candidates[0].name)
    same = [seen for parent in found.parents for seen in candidates if seen.parent == parent]
    fields = [seen for seen in same if names.folded(seen.name) == name]
    return Choice(_paths(fields), f"a number, as {example(candidates[0])}", _others(candidates, fields))


def _user_fields(observed: Observed, wanted: set[int]) -> list[Field]:
    def score(seen: Field) -> float:
        name = names.user(seen.name, parent_name(seen))
        if not name or seen.array or not seen.is_scalar or not seen.at & wanted:
            return 0
        part = share_of(seen.at, wanted)
        is_rare = part < _FEWEST_WITH_ACCOUNT and not names.device(seen.name)
        return max(name + 20 * part - depth_penalty(seen) - _RARE_ACCOUNT_PENALTY * is_rare, 1)

    return ranked(observed, score)


def _nearest_of_equal(observed: Observed, candidates: list[Field], wanted: set[int]) -> Field:
    """The best field, or one nearer to the top that has the same ids and in no fewer of the wanted events."""
    best = candidates[0]
    for other in candidates[1:]:
        is_nearer = depth_penalty(other) < depth_penalty(best) and best.at & wanted <= other.at
        if is_nearer and not names.device(other.name) and agree(observed, best, other):
            best = other
    return best


def _at_with_id(observed: Observed, seen: Field) -> set[int]:
    """The events in which a field has more than a word for a missing value."""
    words = seen.null_words
    return {number for number in seen.at if observed.text(number, seen.path) not in words} if words else seen.at


def _kinds(observed: Observed, seen: Field, carrying: set[int]) -> int:
    """How many values a field has among events that name an item; among all events if that is not known."""
    if not carrying & seen.at:
        return len(seen.values)
    return len({observed.text(number, seen.path) for number in carrying & seen.at})


def _are_verbal(seen: Field) -> bool:
    """Whether half of the values hold a word for what people do."""
    verbal = sum(bool(_VERBS.intersection(names.words(text))) for text in seen.values)
    return 2 * verbal >= len(seen.values)


def _is_counter(observed: Observed, seen: Field, people: list[Field]) -> bool:
    """Whether events of different users share values, as the numbers that each device gives its own events."""
    users: dict[str | None, set[str | None]] = {}
    for number in seen.at:
        key = observed.text(number, seen.path)
        users.setdefault(key, set()).update(observed.text(number, one.path) for one in people)
    repeated = len(seen.at) - len(seen.values)
    return sum(len(found) - 1 for found in users.values() if found) > _MOST_CONFLICTS * repeated


def _paths(fields: list[Field]) -> tuple[str, ...]:
    return tuple(seen.column_path for seen in fields)


def _others(candidates: list[Field], chosen: list[Field] | None = None) -> tuple[str, ...]:
    rest = [seen for seen in candidates if seen not in (chosen or candidates[:1])]
    return tuple(seen.column_path for seen in rest[:_MAX_ALTERNATIVES])
