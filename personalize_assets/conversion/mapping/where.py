"""Does an event match a dataset's ``where``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.paths import getter, parse_path
from personalize_assets.conversion.mapping.values import to_text

# What the config's YAML takes for a number: 01234 and 1e5 are text in it.
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?")


class AllowedValues(NamedTuple):
    """The values that a field may have.

    Attributes:
        texts: As written in the config; an event's text must be one of them.
        of_others: The texts of numbers and booleans that are allowed: a number has no spelling, so 0.5 is ``0.50`` too.
    """

    texts: frozenset[str]
    of_others: frozenset[str]

    @classmethod
    def of(cls, written: Sequence[str]) -> AllowedValues:
        """The values of a list in ``where``."""
        others = set(written)
        for text in written:
            if number := _PLAIN_NUMBER.fullmatch(text):
                whole = int(Decimal(text))
                others.add((to_text(float(text)) if number[1] and whole != Decimal(text) else str(whole)) or text)
        return cls(frozenset(written), frozenset(others))


def matcher(dataset: Dataset) -> Callable[[dict[str, Any]], bool]:
    """Make a function that checks whether an event's fields match: each named field equals one of its values as text.

    An array, an object and null equal nothing.
    """
    tests = [(getter(parse_path(field)), AllowedValues.of(allowed)) for field, allowed in dataset.where.items()]

    def matches(fields: dict[str, Any]) -> bool:
        for get, allowed in tests:  # noqa: SIM110 - a generator would cost more than the test
            if not is_one_of(get(fields), allowed):
                return False
        return True

    return matches


def is_one_of(value: Any, allowed: AllowedValues) -> bool:
    """Whether a value is among those allowed."""
    if type(value) is str:
        return value in allowed.texts
    if value is None or type(value) in (list, dict):
        return False
    try:
        return to_text(value) in allowed.of_others
    except ValueError:  # a number beyond every type
        return False
