"""Does an event match a dataset's ``where``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.paths import getter, parse_path
from personalize_assets.conversion.mapping.values import to_text


def matcher(dataset: Dataset) -> Callable[[dict[str, Any]], bool]:
    """Make a function that checks whether an event's fields match: each named field equals one of its values as text.

    An array, an object and null equal nothing.
    """
    tests = [(getter(parse_path(field)), frozenset(allowed)) for field, allowed in dataset.where.items()]

    def matches(fields: dict[str, Any]) -> bool:
        for get, allowed in tests:  # noqa: SIM110 - a generator would cost more than the test
            if not is_one_of(get(fields), allowed):
                return False
        return True

    return matches


def is_one_of(value: Any, allowed: frozenset[str]) -> bool:
    """Whether a value, as text, is among those allowed."""
    if type(value) is not str:
        if value is None or type(value) in (list, dict):
            return False
        try:
            value = to_text(value)
        except ValueError:  # a number beyond every type
            return False
    return value in allowed
