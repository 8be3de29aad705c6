"""Times in any of the forms that events carry, as nanoseconds or seconds since 1970-01-01T00:00:00Z.

Each function for one value has a twin for an Arrow array; both give the same result for the same value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_FLOOR, Context, Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.contract import MIN_EPOCH_SECONDS
from personalize_assets.conversion.mapping.values import NUMBER

NANOS = 1_000_000_000
"""Nanoseconds of a second."""
DAY_SECONDS = 86_400

# The form of most events, which Arrow parses with the same result as this module.
_COMMON_ISO = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$"
_UTC_NANOS = pa.timestamp("ns", "UTC")
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?"
    r"(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?)?",
    re.ASCII,
)
_FLOOR = Context(prec=40, rounding=ROUND_FLOOR)  # 20 digits before the point at most
# The size of a number decides its unit: the ranges of seconds, milliseconds and microseconds begin in 1973 and end in
# 5138. Pairs of (upper limit, nanoseconds of the unit).
_NANOS_PER_UNIT: tuple[tuple[int, int], ...] = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3), (10**20, 1))


def epoch_nanos(value: Any) -> int | None:
    """Convert a value to nanoseconds since the epoch, rounded down; None for null and for what is no time.

    Takes ISO 8601 text (with or without a fraction; ``Z``, an offset, or no zone, which means UTC; a date alone is its
    midnight) and epoch seconds, milliseconds, microseconds or nanoseconds, as number or text, whose unit follows from
    their size. The result may exceed 64 bits.
    """
    kind = type(value)
    if kind is str:
        return _text_nanos(value)
    if kind is int:
        return _number_nanos(value)
    if kind is float:
        return _number_nanos(Decimal(repr(value)))
    return None


def many_nanos(values: Sequence[Any], texts: pa.Array | None = None) -> pa.Array:
    """Return ``epoch_nanos`` of each value as int64; null also outside the years 1677 to 2262.

    ``texts`` are the same values as an Arrow string array, if the caller has it already.
    """
    if texts is None:
        texts = pa.array([value if type(value) is str else None for value in values], pa.string())
    is_common = pc.fill_null(pc.match_substring_regex(texts, _COMMON_ISO), False)
    try:
        nanos = pc.if_else(is_common, texts, None).cast(_UTC_NANOS).cast(pa.int64())
    except pa.ArrowException:  # a day that does not exist, as 2026-02-30
        return pa.array(map(_nanos_or_none, values), pa.int64())
    others = np.flatnonzero(~is_common.to_numpy(zero_copy_only=False)).tolist()
    if not others:
        return nanos
    converted = pa.array([_nanos_or_none(values[place]) for place in others], pa.int64())
    return pc.replace_with_mask(nanos, pc.invert(is_common), converted)


def _nanos_or_none(value: Any) -> int | None:
    nanos = epoch_nanos(value)
    return nanos if nanos is not None and -(2**63) <= nanos < 2**63 else None


# The datasets of a source convert the same text one after another.
@lru_cache(maxsize=1024)
def _text_nanos(text: str) -> int | None:
    text = text.strip()
    iso = _ISO.fullmatch(text)
    if iso:
        return _iso_nanos(*iso.groups())
    return _number_nanos(Decimal(text)) if NUMBER.fullmatch(text) else None


def to_epoch_seconds(value: Any) -> int | None:
    """Convert a value to seconds since the epoch, rounded down; None for empty text, ``ValueError`` for no time."""
    if value == "":
        return None
    nanos = epoch_nanos(value)
    if nanos is None:
        raise ValueError("not a time")
    return nanos // NANOS


def many_seconds(nanos: pa.Array) -> pa.Array:
    """Nanoseconds as whole seconds since the epoch; null stays null."""
    # This rounds towards zero, which differs from rounding down before 1970 only, and that is out of range either way.
    return pc.divide(nanos, NANOS)


def max_epoch_seconds_of(day: date) -> int:
    """Return the last second that an event which arrived on ``day`` may carry: the end (UTC) of the day after it."""
    return (day.toordinal() - _EPOCH_DAY + 2) * DAY_SECONDS


def is_in_range(seconds: int, max_epoch_seconds: int) -> bool:
    """Whether a time is between 1990 and ``max_epoch_seconds``, both included."""
    return MIN_EPOCH_SECONDS <= seconds <= max_epoch_seconds


def are_in_range(seconds: pa.Array, max_epoch_seconds: int) -> pa.Array:
    """Return ``is_in_range`` of each time; false for null."""
    within = pc.and_(pc.greater_equal(seconds, MIN_EPOCH_SECONDS), pc.less_equal(seconds, max_epoch_seconds))
    return pc.fill_null(within, False)


def _number_nanos(number: int | Decimal) -> int | None:
    size = number if number >= 0 else -number
    for limit, nanos in _NANOS_PER_UNIT:
        if size < limit:
            if isinstance(number, int):
                return number * nanos
            return int(_FLOOR.multiply(number, nanos).to_integral_value(ROUND_FLOOR))
    return None


def _iso_nanos(
    day: str, hour: str | None, minute: str | None, second: str | None, fraction: str | None, zone: str | None
) -> int | None:
    midnight = _day_seconds(day)
    if midnight is None:
        return None
    hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
    if hours > 23 or minutes > 59 or seconds > 60:  # 60: a leap second, which Unix time counts as the next one
        return None
    total = midnight + hours * 3600 + minutes * 60 + seconds
    if zone and zone not in "Zz":
        offset_hours, offset_minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
        if offset_hours > 23 or offset_minutes > 59:
            return None
        offset = offset_hours * 3600 + offset_minutes * 60
        total += offset if zone[0] == "-" else -offset
    return total * NANOS + (int(fraction[:9].ljust(9, "0")) if fraction else 0)


@lru_cache(maxsize=4096)
def _day_seconds(text: str) -> int | None:
    try:
        return (date.fromisoformat(text).toordinal() - _EPOCH_DAY) * DAY_SECONDS
    except ValueError:
        return None
