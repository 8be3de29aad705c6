"""Does an event match a dataset's ``where``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from personalize_assets.conversion.contract import Condition, Dataset, Wanted
from personalize_assets.conversion.mapping.paths import column_path, elements, getter, is_relative_to_each, parse_path
from personalize_assets.conversion.mapping.timestamps import epoch_nanos
from personalize_assets.conversion.mapping.values import NUMBER, is_null, to_text

# What the config's YAML takes for a number: 01234 and 1e5 are text in it.
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?")


_MOST_DIGITS = 400


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


Matches = Callable[[Any], bool]
"""Whether an event, or an element of ``each``, passes its tests."""


def matcher(dataset: Dataset) -> Matches:
    """Make a function that checks whether an event is wanted: each named field passes its ``value_test``.

    If fields of an element of ``each`` are named, an element must pass these; an event without elements must pass them
    as one whose element has no fields.
    """
    of_event, of_element = _event_matcher(dataset), element_matcher(dataset)
    if of_element is None:
        return of_event
    each = parse_path(dataset.each or "")
    return lambda fields: of_event(fields) and any(map(of_element, elements(fields, each) or [None]))


def element_matcher(dataset: Dataset) -> Matches | None:
    """Make a function that checks whether an element of ``each`` is wanted; None if every one is."""
    tests = [
        (getter(column_path(field).steps), value_test(wanted))
        for field, wanted in dataset.where.items()
        if is_relative_to_each(field)
    ]
    return _all_of(tests) if tests else None


def _event_matcher(dataset: Dataset) -> Matches:
    return _all_of(
        [
            (getter(parse_path(field)), value_test(wanted))
            for field, wanted in dataset.where.items()
            if not is_relative_to_each(field)
        ]
    )


def _all_of(tests: Sequence[tuple[Callable[[Any], Any], Callable[[Any], bool]]]) -> Matches:
    def matches(fields: Any) -> bool:
        for get, is_wanted in tests:  # noqa: SIM110 - a generator would cost more than the test
            if not is_wanted(get(fields)):
                return False
        return True

    return matches


def value_test(wanted: Wanted) -> Callable[[Any], bool]:
    """Make a function that checks a field's value: it equals one of the wanted values as text, or meets a condition.

    An array, an object and null equal nothing, and are neither number nor time.
    """
    if isinstance(wanted, Condition):
        return _condition_test(wanted)
    allowed = AllowedValues.of(wanted)
    return lambda value: is_one_of(value, allowed)


def _condition_test(condition: Condition) -> Callable[[Any], bool]:
    tests: list[Callable[[Any], bool]] = []
    if condition.none_of:
        refused = AllowedValues.of(condition.none_of)
        tests.append(lambda value: not is_one_of(value, refused))
    if condition.exists is not None:
        exists = condition.exists
        tests.append(lambda value: is_null(value) is not exists)
    if condition.min is not None:
        least, read_least = bound(condition.min)
        tests.append(lambda value: (found := read_least(value)) is not None and found >= least)
    if condition.max is not None:
        most, read_most = bound(condition.max)
        tests.append(lambda value: (found := read_most(value)) is not None and found <= most)
    if len(tests) == 1:
        return tests[0]

    def meets(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would cost more than the test
            if not test(value):
                return False
        return True

    return meets


def bound(text: str) -> tuple[int | float, Callable[[Any], int | float | None]]:
    """A ``min`` or ``max`` as a number, and how values become comparable with it; None for one that cannot be compared.

    Of a time both are nanoseconds since the epoch. Raises ``ValueError`` for a text that is neither.
    """
    number = _number(text)
    if number is not None:
        return number, _number
    nanos = epoch_nanos(text)
    if nanos is None:
        raise ValueError(f"{text!r} is neither a number nor a time")
    return nanos, epoch_nanos


def _number(value: Any) -> int | float | None:
    if type(value) is str and NUMBER.fullmatch(value.strip()):
        whole = value.strip()
        # Python reads no more than 4,300 digits as an int; of so many, a double is as good to compare as any other.
        return int(whole) if len(whole) <= _MOST_DIGITS and whole.lstrip("+-").isdigit() else float(whole)
    return value if type(value) in (int, float) else None


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
