"""Finds the fields of the item's id: one of the event, one of an array's elements, or both, in all their spellings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from personalize_assets.catalog import field_names as names
from personalize_assets.catalog.field_ranking import count_of, depth_penalty, example, ranked, share
from personalize_assets.catalog.field_relations import agree, is_determined_by, parent_name, spellings
from personalize_assets.catalog.observed_fields import Field, Observed

# An SKU with this many times the values of another id names variants (sizes, colours); products are recommended.
_VARIANTS_PER_ITEM = 1.3
_VARIANT_PENALTY = 30
_MAX_ALTERNATIVES = 3
# What is beside the items that an event is about (recommended, similar): chosen only if nothing else is there.
_ASIDE_SCORE = 1.0
# Of so many values that all differ, none is an item's id, if its name is a noun for items, or less.
_FEWEST_VALUES, _FEWEST_OF_ANY_NAME = 50, 10


@dataclass
class Items:
    """The fields chosen for the item's id: one of the event, one of an array's elements, or both.

    Attributes:
        event: The field of the event, or None.
        element: The field of the array's elements, or None.
        why: The reason, for people.
        others: Paths of the next best fields.
        at: Numbers of the events that have any of them.
        also: Other spellings of the same id.
    """

    event: Field | None
    element: Field | None
    why: str
    others: tuple[str, ...] = ()
    at: set[int] = field(default_factory=set)
    also: tuple[Field, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        """All of them, those of the array's elements first."""
        found = [seen for seen in (self.element, self.event, *self.also) if seen]
        return tuple(sorted(found, key=lambda seen: seen.array is None))

    @property
    def paths(self) -> tuple[str, ...]:
        """As a column needs them, the element's first."""
        return tuple(found.column_path for found in self.fields)

    @property
    def each(self) -> str | None:
        """Path of the array for ``each``; None without one."""
        return self.element.array if self.element else None

    @property
    def parents(self) -> tuple[str, ...]:
        """Paths of the objects that have the ids: the array's first."""
        return tuple(dict.fromkeys(found.parent for found in self.fields))


def among(found: Items, wanted: set[int]) -> Items:
    """The same without the fields that none of the wanted events has; as it is if none has any."""
    kept = [seen for seen in found.fields if seen.at & wanted]
    if not kept:
        return found
    element = next((seen for seen in kept if seen.array is not None), None)
    event = next((seen for seen in kept if seen.array is None), None)
    return replace(
        found,
        element=element,
        event=event,
        at=set().union(*(seen.at for seen in kept)),
        also=tuple(seen for seen in kept if seen not in (element, event)),
    )


def item_candidates(observed: Observed) -> list[Field]:
    """All fields that could be an item's id, the likeliest first."""
    users = _users(observed)
    return ranked(observed, lambda seen: _item_score(seen, observed, users), least=0)


def items(observed: Observed) -> Items | None:
    """The fields of the item's id; None if there is none.

    A field of the event and one of an array's elements are chosen together if they share the name or values.
    """
    candidates = item_candidates(observed)
    if not candidates:
        return None
    users = _users(observed)
    scores = {seen.path: _item_score(seen, observed, users) for seen in candidates}
    of_events: list[Field | None] = [seen for seen in candidates if seen.array is None]
    of_elements: list[Field | None] = [seen for seen in candidates if seen.array is not None]
    best: tuple[float, Field | None, Field | None] = (0.0, None, None)
    for event in [*of_events, None]:
        for element in [None, *of_elements] if event else of_elements:
            score = max(scores[seen.path] for seen in (event, element) if seen)
            if event and element:
                kin = _kinship(event, element)
                if kin <= 0 or _ASIDE_SCORE in (scores[event.path], scores[element.path]):
                    continue
                score += kin
            if score > best[0]:
                best = (score, event, element)
    _, event, element = best
    chosen = [seen for seen in (element, event) if seen]
    main = [seen for seen in candidates if scores[seen.path] > _ASIDE_SCORE]
    all_events = set(range(len(observed.events)))
    also = tuple(other for seen in chosen for other in spellings(observed, seen, main, all_events))
    at = set().union(*(seen.at for seen in (*chosen, *also)))
    first = event or element
    assert first is not None
    part = len(at) / len(observed.events)
    why = f"{count_of(len(first.values), 'value')}, as {example(first)}; in {part:.0%} of events"
    rest = [seen for seen in candidates if seen not in chosen and seen not in also]
    return Items(event, element, why, tuple(seen.column_path for seen in rest[:_MAX_ALTERNATIVES]), at, also)


def _users(observed: Observed) -> list[Field]:
    """Fields that are called like a user's id, outside arrays, the likeliest first."""
    return ranked(
        observed,
        lambda seen: (
            0
            if seen.array or not seen.is_scalar
            else names.user(seen.name, parent_name(seen)) + 20 * share(seen, observed) - depth_penalty(seen)
            if names.user(seen.name, parent_name(seen))
            else 0
        ),
    )


def _item_score(seen: Field, observed: Observed, users: list[Field]) -> float:
    name = names.item(seen.name, parent_name(seen))
    if not name or names.user(seen.name, parent_name(seen)):
        return 0
    if not seen.is_scalar or len(seen.values) < 2 or _is_address(seen):
        return 0
    if any(map(names.aside, seen.steps)):
        return _ASIDE_SCORE
    fewest = _FEWEST_OF_ANY_NAME if name < names.GUESS else _FEWEST_VALUES
    if name <= names.GUESS and not _is_confirmed(seen, observed, users, fewest):
        return 0
    score = name + 10 * share(seen, observed) - depth_penalty(seen)
    return max(score - _VARIANT_PENALTY * _names_variants(seen, observed), _ASIDE_SCORE + 1)


def _is_confirmed(seen: Field, observed: Observed, users: list[Field], fewest: int) -> bool:
    """Whether the values of a field do not contradict that it is an item's id, which its name only suggests."""
    if len(seen.values) >= 0.95 * seen.values.total() and seen.values.total() > fewest:
        return False  # another value in each event: the event's id, not an item's
    # The user's id under another name, or something that each user has one of.
    return not any(agree(observed, seen, user) or is_determined_by(observed, seen, user) for user in users[:1])


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
