"""Which field means what: the user, the item, the kind of event, its time, its id and its value, each with the reason.

A field's name speaks first (`names`); what stands in it must fit, and where several could be meant, how often it is
there, how deep it lies and what its values look like decide. Everything that was weighed is told, for people to judge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from personalize_assets.catalog import field_names as names
from personalize_assets.catalog.observed_fields import Field, Observed
from personalize_assets.conversion.mapping.paths import parse_path

# More kinds of events than this are no kinds: it is free text, or a page's title.
_MOST_EVENT_NAMES = 300
_DEPTH = 5
# What trackers repeat about the user and the device on every event, beside what the event itself says.
_CONTEXT = 20
# A second id that names variants (sizes, colours) of what the first one names: people are recommended the first.
_VARIANTS = 1.3
_MOST_ALTERNATIVES = 3
# What has less of a score than this share of the best is no alternative to it.
_NOT_WORTH_A_WORD = 0.4


@dataclass
class Choice:
    """What was chosen for one meaning, why, and what else was possible (paths as a column names them)."""

    paths: tuple[str, ...]
    why: str
    others: tuple[str, ...] = ()


@dataclass
class Items:
    """Where events name items: a field of the event, a field of the elements of an array, or both."""

    event: Field | None
    element: Field | None
    why: str
    others: tuple[str, ...] = ()
    at: set[int] = field(default_factory=set)

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(found.column_path for found in (self.element, self.event) if found)

    @property
    def each(self) -> str | None:
        return self.element.array if self.element else None

    @property
    def parents(self) -> tuple[str, ...]:
        """The paths of the objects that tell of an item: the array's first."""
        return tuple(found.parent for found in (self.element, self.event) if found)


def event_names(observed: Observed) -> Choice | None:
    """The field that says what happened; None where no field does."""

    def score(seen: Field) -> float:
        name = names.event(seen.name)
        if not name or seen.array or set(seen.kinds) != {str} or len(seen.values) > _MOST_EVENT_NAMES:
            return 0
        return name + 10 * _share(seen, observed) - _depth(seen)

    ranked = _ranked(observed, score)
    if not ranked:
        return None
    best = ranked[0]
    why = f"{_count(len(best.values), 'kind')} of events, in {_share(best, observed):.0%} of them"
    return Choice((best.path,), why, _others(ranked))


def item_candidates(observed: Observed) -> list[Field]:
    """Every field that could be an item's id, the likeliest first."""
    return _ranked(observed, lambda seen: _item_score(seen, observed), least=0)


def items(observed: Observed) -> Items | None:
    """Where the items are. A field of the event and one of an array's elements belong together by name and values."""
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
    why = f"{_count(len(first.values), 'value')}, as {_shown(first)}; in {len(at) / len(observed.events):.0%} of events"
    rest = [seen for seen in candidates if seen not in chosen]
    return Items(event, element, why, tuple(seen.column_path for seen in rest[:_MOST_ALTERNATIVES]), at)


def user(observed: Observed, wanted: set[int]) -> Choice | None:
    """The field that names the person, as far as the wanted events have one."""

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
    """The field that says when it happened; its values are points in time."""

    def score(seen: Field) -> float:
        name = names.time(seen.name)
        if not name or seen.array or not seen.is_time:
            return 0
        return name + 60 * _share_of(seen, wanted) - 2 * _depth(seen)

    ranked = _ranked(observed, score)
    if not ranked:
        return None
    best = ranked[0]
    return Choice((best.path,), f"a time, as {_shown(best)}", _others(ranked))


def unreadable_times(observed: Observed) -> list[str]:
    """Fields that are called like a time, each with a value that is none."""
    return [f"{seen.path}: {_shown(seen)!r}" for seen in observed if names.time(seen.name) >= 80 and seen.is_scalar]


def message(observed: Observed, wanted: set[int]) -> Choice | None:
    """The field that tells a repeated event from another one: (nearly) every event has its own value."""

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
    """The number that weighs an event, beside the item: a price, a rating, a value. Element and event by one name."""

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
    return Choice(paths, f"a number, as {_shown(ranked[0])}", others[:_MOST_ALTERNATIVES])


def _item_score(seen: Field, observed: Observed) -> float:
    name = names.item(seen.name, _parent_name(seen))
    if not name or not seen.is_scalar or len(seen.values) < 2 or _is_address(seen):
        return 0
    score = name + 10 * _share(seen, observed) - _depth(seen)
    is_generic = name <= 60
    if is_generic and len(seen.values) >= 0.95 * seen.values.total() and seen.values.total() > 50:
        return 0  # each event has its own: the event's id, and not an item's
    return max(score - _VARIANT_PENALTY * _names_variants(seen, observed), 1)


_VARIANT_PENALTY = 30


def _names_variants(seen: Field, observed: Observed) -> bool:
    """Whether another field beside an SKU names fewer things: the products that the SKUs are variants of."""
    if names.folded(seen.name) not in ("sku", "variantid", "productvariantid"):
        return False
    beside = (other for other in observed if other.parent == seen.parent and other.path != seen.path)
    return any(
        names.item(other.name, "") >= 90 and len(other.at) >= 0.9 * len(seen.at)
        and len(seen.values) > _VARIANTS * len(other.values) > 1
        for other in beside
    )  # fmt: skip


def _kinship(event: Field, element: Field) -> float:
    """How much speaks for two fields to hold the same ids."""
    common = len(event.values.keys() & element.values.keys()) / min(len(event.values), len(element.values))
    same_name = names.folded(event.name) == names.folded(element.name)
    return 50 * same_name + 50 * common if same_name or common >= 0.2 else 0


def _is_address(seen: Field) -> bool:
    return sum(count for text, count in seen.values.items() if "/" in text or " " in text) > 0.5 * seen.values.total()


def _ranked(observed: Observed, score: Callable[[Field], float], least: float = _NOT_WORTH_A_WORD) -> list[Field]:
    """The fields with a score, the best first; those far behind the best are left out."""
    scored = sorted(((score(seen), seen) for seen in observed), key=lambda pair: (-pair[0], pair[1].path))
    return [seen for number, seen in scored if number > least * scored[0][0] and number > 0]


def _others(ranked: list[Field]) -> tuple[str, ...]:
    return tuple(seen.column_path for seen in ranked[1 : 1 + _MOST_ALTERNATIVES])


def _parent_name(seen: Field) -> str:
    return parse_path(seen.parent)[-1] if seen.parent else ""


def _depth(seen: Field) -> float:
    steps = seen.steps
    return _DEPTH * (len(steps) - 1) + (_CONTEXT if steps[0] == "context" else 0)


def _share(seen: Field, observed: Observed) -> float:
    return len(seen.at) / len(observed.events)


def _share_of(seen: Field, wanted: set[int]) -> float:
    return len(seen.at & wanted) / len(wanted) if wanted else 0.0


def _count(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def _shown(seen: Field) -> str:
    """The most frequent value, short enough for a comment."""
    text = seen.values.most_common(1)[0][0].replace("\n", " ")
    return text if len(text) <= 40 else text[:39] + "…"
