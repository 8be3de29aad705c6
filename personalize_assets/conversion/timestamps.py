"""Points in time, in any of the forms that events carry, as nanoseconds since 1970-01-01T00:00:00Z."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_FLOOR, Context, Decimal
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.values import NUMBER

NANOS = 1_000_000_000
DAY_SECONDS = 86_400

# 1990-01-01T00:00:00Z: no event is older than the web; times near the epoch come from broken clocks.
EARLIEST_SECONDS = 631_152_000

_UTC_NANOS = pa.timestamp("ns", "UTC")
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?"
    r"(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?)?",
    re.ASCII,
)
_FLOOR = Context(prec=40, rounding=ROUND_FLOOR)  # 20 digits before the point at most
# Size tells the unit: these many seconds, milliseconds or microseconds all lie in the years 1973 to 5138.
_NANOS_PER_UNIT: tuple[tuple[int, int], ...] = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3), (10**20, 1))


def epoch_nanos(value: Any) -> int | None:
    """Nanoseconds since the epoch, rounded down; None for null and for what is no point in time.

    Takes ISO 8601 text (with or without fraction; ``Z``, an offset, or nothing, which means UTC; a date alone is its
    midnight) and epoch seconds, milliseconds, microseconds or nanoseconds as number or text, told apart by size.
    """
    kind = type(value)
    if kind is str:
        return _text_nanos(value)
    if kind is int:
        return _number_nanos(value)
    if kind is float:
        return _number_nanos(Decimal(repr(value)))
    return None


def plain_nanos(values: Sequence[Any]) -> pa.Array | None:
    """``epoch_nanos`` of many texts (or None) at once, if all are of the most usual form: ``2026-10-01T12:30:00.123Z``.

    None if Arrow cannot read one of them, which says nothing about any: then each must be asked by itself.
    """
    try:
        texts = pa.array(values, pa.string())
        # Arrow would also read an hour without minutes.
        if pc.all(pc.match_like(texts, "_____________:%")).as_py() is False:
            return None
        return texts.cast(_UTC_NANOS).cast(pa.int64())
    except pa.ArrowException:
        return None


# Interactions, users and items of one event ask for the same text one after another.
@lru_cache(maxsize=1024)
def _text_nanos(text: str) -> int | None:
    text = text.strip()
    iso = _ISO.fullmatch(text)
    if iso:
        return _iso_nanos(*iso.groups())
    return _number_nanos(Decimal(text)) if NUMBER.fullmatch(text) else None


def latest_seconds(day: date) -> int:
    """The last second that an event which arrived on ``day`` may carry: the end of that day (UTC) and one day more."""
    return (day.toordinal() - _EPOCH_DAY + 2) * DAY_SECONDS


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
