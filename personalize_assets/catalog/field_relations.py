"""How the values of two fields go together: whether one determines the other, is the same, or is spelled otherwise.

A name alone does not tell an item's id from a user's, nor an event's name from an attribute of its item; values do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache

from personalize_assets.catalog import field_names as names
from personalize_assets.catalog.observed_fields import Field, Observed
from personalize_assets.conversion.mapping.paths import parse_path

# Of two fields that are the same, so many values agree; a few broken events change nothing.
_AGREE = 0.9
_FEWEST_COMMON = 2
# Values that one field determines: so many groups should be mixed by chance, and so few of them are.
_FEWEST_EXPECTED = 3.0
_MOST_MIXED = 0.1
_FEWEST_SHARED = 0.2


def parent_name(seen: Field) -> str:
    """The name of the object that has a field; empty for the event itself."""
    return parse_path(seen.parent)[-1] if seen.parent else ""


def is_determined_by(observed: Observed, seen: Field, by: Field) -> bool:
    """Whether each value of ``by`` comes with one value of ``seen`` alone, far more often than by chance.

    Then ``seen`` describes what ``by`` names, such as the type of an item or the home shop of a user. Both are outside
    arrays; False where there are too few repeats to know.
    """
    if seen.array or by.array or seen.path == by.path:
        return False
    groups: dict[str, list[str]] = {}
    for number in seen.at & by.at:
        key, value = observed.text(number, by.path), observed.text(number, seen.path)
        if key is not None and value is not None:
            groups.setdefault(key, []).append(value)
    counts = Counter(value for values in groups.values() for value in values)
    shares = [count / counts.total() for count in counts.values()]

    @cache
    def is_mixed_by_chance(size: int) -> float:
        return 1 - sum(share**size for share in shares)

    expected = sum(is_mixed_by_chance(len(values)) for values in groups.values())
    mixed = sum(len(set(values)) > 1 for values in groups.values())
    return expected >= _FEWEST_EXPECTED and mixed <= _MOST_MIXED * expected


def agree(observed: Observed, one: Field, other: Field, fewest: int = _FEWEST_COMMON) -> bool | None:
    """Whether two fields outside arrays have the same value where both have one; None if too few events have both."""
    both = one.at & other.at
    if one.array or other.array or len(both) < fewest:
        return None
    same = sum(observed.text(number, one.path) == observed.text(number, other.path) for number in both)
    return same >= _AGREE * len(both)


def spellings(observed: Observed, best: Field, candidates: Iterable[Field], wanted: set[int]) -> list[Field]:
    """Further fields that hold the same id under another spelling, for events in which ``best`` has none.

    ``userId`` and ``user_id`` of one object are the same id unless their values contradict; those of different
    objects only if their values agree, or the fields have values in common.
    """
    found: list[Field] = []
    covered = best.at & wanted
    for other in candidates:
        if other.path == best.path or other.array != best.array or not (other.at & wanted) - covered:
            continue
        if names.spelling(other.name, parent_name(other)) != names.spelling(best.name, parent_name(best)):
            continue
        if _is_same_id(observed, best, other):
            found.append(other)
            covered |= other.at & wanted
    return found


def _is_same_id(observed: Observed, one: Field, other: Field) -> bool:
    if any(names.aside(step) for step in (*one.steps[:-1], *other.steps[:-1])):
        return False
    agreed = agree(observed, one, other, 1)
    if agreed is not None or one.parent == other.parent:
        return agreed is not False
    return len(one.values.keys() & other.values.keys()) >= _FEWEST_SHARED * min(len(one.values), len(other.values))
