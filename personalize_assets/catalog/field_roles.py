"""Finds the fields for the user, the item, the event's name, its time, its id and its value, each with the reason.

A field's name gives the first score (``field_names``) and its values must fit. Between several fields, the share of
events with a value, the depth of the path and the values decide. Reasons and alternatives are returned for people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from personalize_assets.catalog import field_names as names
from personalize_assets.catalog.observed_fields import Field, Observed
from personalize_assets.conversion.mapping.paths import parse_path

# A field with more values is free text or a page's title, not the name of an event.
_MAX_EVENT_NAMES = 300
_DEPTH_PENALTY = 5
# For fields below `context`, which trackers repeat on every event.
_CONTEXT_PENALTY = 20
# An SKU with this many times the values of another id names variants (sizes, colours); products are recommended.
_VARIANTS_PER_ITEM = 1.3
_VARIANT_PENALTY = 30
_MAX_ALTERNATIVES = 3
# Fields below this share of the best score are not named as alternatives.
_MIN_SHARE_OF_BEST = 0.4


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


@dataclass
class Items:
    """The fields chosen for the item's id: one of the event, one of an array's elements, or both.

    Attributes:
        event: The field of the event, or None.
        element: The field of the array's elements, or None.
        why: The reason, for people.
        others: Paths of the next best fields.
        at: Numbers of the events that have either.
    """

    event: Field | None
    element: Field | None
    why: str
    others: tuple[str, ...] = ()
    at: set[int] = field(default_factory=set)

    @property
    def paths(self) -> tuple[str, ...]:
        """As a column needs them, the element's first."""
        return tuple(found.column_path for found in (self.element, self.event) if found)

    @property
    def each(self) -> str | None:
        """Path of the array for ``each``; None without one."""
        return self.element.array if self.element else None

    @property
    def parents(self) -> tuple[str, ...]:
        """Paths of the objects that have the ids: the array's first."""
        return tuple(found.parent for found in (self.element, self.event) if found)


def event_names(observed: Observed) -> Choice | None:
    """The field with the name of the event; None if there is none."""

    def score(seen: Field) -> float:
        name = names.event(seen.name)
        if not name or seen.array or set(seen.kinds) != {str} or len(seen.values) > _MAX_EVENT_NAMES:
            return 0
        return name + 10 * _share(seen, observed) - _depth(seen)

    ranked = _ranked(observed, score)
    if not ranked:
        return None
    best = ranked[0]
    why = f"{_count(len(best.values), 'kind')} of events, in {_share(best, observed):.0%} of them"
    return Choice((best.path,), why, _others(ranked))


def item_candidates(observed: Observed) -> list[Field]:
    """All fields that could be an item's id, the likeliest first."""
    return _ranked(observed, lambda seen: _item_score(seen, observed), least=0)


def items(observed: Observed) -> Items | None:
    """The fields of the item's id; None if there is none.

    A field of the event and one of an array's elements are chosen together if they share the name or values.
    """
    candidates = item_candidates(observed)
    if not candidates:
        return None
    scores = {seen.path: _item_score(seen, observed) for seen in candidates}
    of_events: list[Field | None] = [seen for seen in candidates if seen.array is None]
    of_elements: list[Field | None] = [seen for seen in candidates if seen.array is not None]
    best: tuple[float, Field | None, Field | None] = (0.0, None, None)
    for event in of_events or [None]:
        for element in [None, *of_elements] if event else of_elements:
            score = max(scores[seen.path] for seen in (event, element) if seen)
            if event and element:
                kin = _kinship(event, element)
                if kin <= 0:
                    continue
                score += kin
            if score > best[0]:
                best = (score, event, element)
    _, event, element = best
    chosen = [seen for seen in (element, event) if seen]
    at = set().union(*(seen.at for seen in chosen))
    first = event or element
    assert first is not None
    why = (
        f"{_count(len(first.values), 'value')}, as {_example(first)}; in {len(at) / len(observed.events):.0%} of events"
    )
    rest = [seen for seen in candidates if seen not in chosen]
    return Items(event, element, why, tuple(seen.column_path for seen in rest[:_MAX_ALTERNATIVES]), at)


def user(observed: Observed, wanted: set[int]) -> Choice | None:
    """The field of the user's id in the wanted events, given by number; None if there is none."""

    def score(seen: Field) -> float:
        name = names.user(seen.name, _parent_name(seen))
        if not name or seen.array or not seen.is_scalar or not seen.at & wanted:
            return 0
        return name + 20 * _share_of(seen, wanted) - _depth(seen)

    ranked = _ranked(observed, score)
    if not ranked:
        return None
    best = ranked[0]
    share = _share_of(best, wanted)
    why = f"{_count(len(best.values), 'user')}; in {share:.0%} of the wanted events"
    if share < 0.95:
        why += ", the rest become rejects (missing:USER_ID)"
    return Choice((best.path,), why, _others(ranked))


def time(observed: Observed, wanted: set[int]) -> Choice | None:
    """The field of the event's time, whose values can be read as times; None if there is none."""

    def score(seen: Field) -> float:
        name = names.time(seen.name)
        if not name or seen.array or not seen.is_time:
            return 0
        return name + 60 * _share_of(seen, wanted) - 2 * _depth(seen)

    ranked = _ranked(observed, score)
    if not ranked:
        return None
    best = ranked[0]
    return Choice((best.path,), f"a time, as {_example(best)}", _others(ranked))


def unreadable_times(observed: Observed) -> list[str]:
    """Fields whose name is that of a time, each with its most frequent value, for an error text."""
    return [f"{seen.path}: {_example(seen)!r}" for seen in observed if names.time(seen.name) >= 80 and seen.is_scalar]


def message(observed: Observed, wanted: set[int]) -> Choice | None:
    """The field of the event's own id, of which (nearly) every event has another value; None if there is none."""

    def score(seen: Field) -> float:
        name = names.message(seen.name)
        if not name or seen.array or not seen.is_scalar or _share_of(seen, wanted) < 0.95:
            return 0
        return name - _depth(seen) if len(seen.values) >= 0.9 * len(seen.at) and len(seen.at) > 1 else 0

    ranked = _ranked(observed, score)
    if not ranked:
        return None
    repeats = len(ranked[0].at) - len(ranked[0].values)
    found = f"{_count(repeats, 'repeat')} among the events looked at" if repeats else "no event has another's"
    return Choice((ranked[0].path,), found, _others(ranked))


def value(observed: Observed, found: Items, wanted: set[int]) -> Choice | None:
    """The numbers beside the item that weigh an event (price, rating, value), of one name; None if there is none."""

    def score(seen: Field) -> float:
        name = names.value(seen.name)
        return name if name and seen.is_numeric and seen.at & wanted and seen.parent in found.parents else 0

    ranked = _ranked(observed, score)
    if not ranked:
        return None
    name = names.folded(ranked[0].name)
    same = [seen for parent in found.parents for seen in ranked if seen.parent == parent]
    paths = tuple(seen.column_path for seen in same if names.folded(seen.name) == name)
    others = tuple(seen.column_path for seen in ranked if seen.column_path not in paths)
    return Choice(paths, f"a number, as {_example(ranked[0])}", others[:_MAX_ALTERNATIVES])


def _item_score(seen: Field, observed: Observed) -> float:
    name = names.item(seen.name, _parent_name(seen))
    if not name or not seen.is_scalar or len(seen.values) < 2 or _is_address(seen):
        return 0
    score = name + 10 * _share(seen, observed) - _depth(seen)
    is_generic = name <= 60
    if is_generic and len(seen.values) >= 0.95 * seen.values.total() and seen.values.total() > 50:
        return 0  # another value in each event: the event's id, not an item's
    return max(score - _VARIANT_PENALTY * _names_variants(seen, observed), 1)


def _names_variants(seen: Field, observed: Observed) -> bool:
    """Whether the field is an SKU, and another id beside it has fewer values: the product of which it is a variant."""
    if names.folded(seen.name) not in ("sku", "variantid", "productvariantid"):
        return False
    beside = (other for other in observed if other.parent == seen.parent and other.path != seen.path)
    return any(
        names.item(other.name, "") >= 90 and len(other.at) >= 0.9 * len(seen.at)
        and len(seen.values) > _VARIANTS_PER_ITEM * len(other.values) > 1
        for other in beside
    )  # fmt: skip


def _kinship(event: Field, element: Field) -> float:
    """Score how likely two fields have the same ids."""
    common = len(event.values.keys() & element.values.keys()) / min(len(event.values), len(element.values))
    same_name = names.folded(event.name) == names.folded(element.name)
    return 50 * same_name + 50 * common if same_name or common >= 0.2 else 0


def _is_address(seen: Field) -> bool:
    return sum(count for text, count in seen.values.items() if "/" in text or " " in text) > 0.5 * seen.values.total()


def _ranked(observed: Observed, score: Callable[[Field], float], least: float = _MIN_SHARE_OF_BEST) -> list[Field]:
    """The fields with a score, the best first, down to the share ``least`` of the best score."""
    scored = sorted(((score(seen), seen) for seen in observed), key=lambda pair: (-pair[0], pair[1].path))
    return [seen for number, seen in scored if number > least * scored[0][0] and number > 0]


def _others(ranked: list[Field]) -> tuple[str, ...]:
    return tuple(seen.column_path for seen in ranked[1 : 1 + _MAX_ALTERNATIVES])


def _parent_name(seen: Field) -> str:
    return parse_path(seen.parent)[-1] if seen.parent else ""


def _depth(seen: Field) -> float:
    steps = seen.steps
    return _DEPTH_PENALTY * (len(steps) - 1) + (_CONTEXT_PENALTY if steps[0] == "context" else 0)


def _share(seen: Field, observed: Observed) -> float:
    return len(seen.at) / len(observed.events)


def _share_of(seen: Field, wanted: set[int]) -> float:
    return len(seen.at & wanted) / len(wanted) if wanted else 0.0


def _count(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def _example(seen: Field) -> str:
    """The most frequent value, at most 40 characters long."""
    text = seen.values.most_common(1)[0][0].replace("\n", " ")
    return text if len(text) <= 40 else text[:39] + "…"
