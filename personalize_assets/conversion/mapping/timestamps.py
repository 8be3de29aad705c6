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
from personalize_assets.conversion.export.text_bytes import text_bytes
from personalize_assets.conversion.mapping.values import NUMBER

NANOS = 1_000_000_000
"""Nanoseconds of a second."""
DAY_SECONDS = 86_400

# The form of most events, which Arrow parses with the same result as this module.
_COMMON_ISO = r"^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)$"
# Forms that differ from it only in the mark before the time, and in how UTC is written: as of databases.
_NEARLY_COMMON = r"^(\d{4}-\d\d-\d\d)[T ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?)(?: ?(?:Z|UTC|[+-]00:?00))?$"
_UTC_NANOS = pa.timestamp("ns", "UTC")
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY = date(1970, 1, 1).weekday()
_ZONE = r"(?P<zone>[Zz]|UTC|GMT|[+-]\d\d(?::?\d\d)?)"
_ISO = re.compile(
    r"(?:(?P<year>\d{4})(?P<mark>[-/])(?P<month>\d\d?)(?P=mark)(?P<day>\d\d?)|(?P<basic>\d{8}))"
    r"(?:(?:[Tt]| +)(?:"
    r"(?P<hour>\d\d?):(?P<minute>\d\d?)(?::(?P<second>\d\d?)(?:[.,](?P<fraction>\d+))?)?"
    r"|(?P<time>\d{4}(?:\d\d)?)(?:[.,](?P<basic_fraction>\d+))?)"
    # Go's Time.String adds the zone's name to its offset, and the process's own clock.
    rf"(?: ?{_ZONE}(?: (?P<name>[A-Z]{{3,5}}|[+-]\d\d(?:\d\d)?))?(?: m=[+-]\d+\.\d+)?)?)?",
    re.ASCII,
)
# RFC 2822, section 3.3, with the zones' names of 4.3 and a comment that repeats the zone.
_MAIL = re.compile(
    r"(?:(?P<weekday>mon|tue|wed|thu|fri|sat|sun), *)?(?P<day>\d\d?) +(?P<month>[a-z]{3}) +(?P<year>\d{4}) +"
    r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d))? +(?P<zone>[+-]\d{4}|[a-z]{1,3})(?: +\([^()]*\))?",
    re.ASCII | re.IGNORECASE,
)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MAIL_ZONES = {
    "z": "Z", "ut": "Z", "utc": "Z", "gmt": "Z", "est": "-0500", "edt": "-0400", "cst": "-0600", "cdt": "-0500",
    "mst": "-0700", "mdt": "-0600", "pst": "-0800", "pdt": "-0700",
}  # fmt: skip
# Digits alone are an epoch number, unless they are a day, or a day and a time of day, of these years: 20261001 would be
# a second of August 1970, and 20261001050000 a millisecond of the year 2612.
_COMPACT_YEARS = range(1900, 2200)
_FLOOR = Context(prec=40, rounding=ROUND_FLOOR)  # 20 digits before the point at most
# The size of a number decides its unit: the ranges of seconds, milliseconds and microseconds begin in 1973 and end in
# 5138. Pairs of (upper limit, nanoseconds of the unit).
_NANOS_PER_UNIT: tuple[tuple[int, int], ...] = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3), (10**20, 1))

# Bytes of the texts that ``nanos_of_texts`` reads: 2026-10-01 05:00:00, a fraction of up to nine digits, and a Z.
_SHORTEST_ISO, _LONGEST_ISO = 19, 30
_MARKS = tuple((place, ord(mark)) for place, mark in ((4, "-"), (7, "-"), (13, ":"), (16, ":")))
# Of one unit each, (least, most, nanoseconds of the unit): none is a day, or more than 64 bits hold.
_CERTAIN_NUMBERS = ((10**8, 9 * 10**9, 10**9), (10**11, 9 * 10**12, 10**6), (10**14, 9 * 10**15, 10**3))


def epoch_nanos(value: Any) -> int | None:
    """Convert a value to nanoseconds since the epoch, rounded down; None for null and for what is no time.

    Takes calendar dates of ISO 8601, extended or basic, with or without a time of day and its fraction; also with ``/``
    for ``-``, without leading zeros, and with 24:00. The zone is ``Z``, ``UTC``, ``GMT``, an offset (which a name may
    follow, as Go writes it), or none, which means UTC; a date alone is its midnight. Takes RFC 2822, and epoch seconds,
    milliseconds, microseconds or nanoseconds, as number or text, whose unit follows from their size. A form whose day
    and month could be exchanged, as ``01/02/2026``, is no time. The result may exceed 64 bits.
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
    if not texts.null_count and (nanos := nanos_of_texts(texts)) is not None:
        return nanos
    texts = _in_common_form(texts)
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


def nanos_of_times(times: pa.Array) -> pa.Array | None:
    """Times of Arrow as nanoseconds since the epoch; None if one is outside the years 1677 to 2262."""
    try:
        return times.cast(pa.timestamp("ns", times.type.tz)).cast(pa.int64())
    except pa.ArrowException:
        return None


def nanos_of_texts(texts: pa.Array) -> pa.Array | None:
    """``many_nanos`` of texts that are all ISO 8601 of one zone, or all epoch numbers of one unit; None of any others.

    Zones are UTC, as ``Z``, or none.
    """
    present = texts.drop_null() if texts.null_count else texts
    if not len(present):
        return None
    try:
        found = _nanos_of_digits(present) if len(present[0].as_py()) < _SHORTEST_ISO else _nanos_of_iso(present)
    except pa.ArrowException:  # another character, or a day that does not exist, as 2026-02-30
        return None
    if found is None or not texts.null_count:
        return found
    return pc.replace_with_mask(pa.nulls(len(texts), pa.int64()), texts.is_valid(), found)


def _nanos_of_digits(texts: pa.Array) -> pa.Array | None:
    if text_bytes(texts).to_pybytes().translate(None, b"0123456789"):
        return None
    return _nanos_of_numbers(texts.cast(pa.int64()))


def _nanos_of_iso(texts: pa.Array) -> pa.Array | None:
    """Arrow's parser takes more forms, with other results: so the marks are looked at; it finds the digits itself."""
    lengths = pc.binary_length(texts).to_numpy()
    if lengths.min() < _SHORTEST_ISO or lengths.max() > _LONGEST_ISO:
        return None
    ends = np.cumsum(lengths)
    starts = ends - lengths
    characters = np.frombuffer(text_bytes(texts), np.uint8)
    is_utc = characters[ends - 1] == ord("Z")
    has_zone = bool(is_utc[0])
    if not (is_utc == has_zone).all():
        return None
    digits = lengths - (_SHORTEST_ISO + has_zone + 1)  # of the fraction; -1 without one
    before_time = characters[starts + 10]
    if not ((before_time == ord("T")) | (before_time == ord(" "))).all() or (digits == 0).any():
        return None
    if any((characters[starts + place] != mark).any() for place, mark in _MARKS):
        return None
    if (characters[starts[digits > 0] + _SHORTEST_ISO] != ord(".")).any():
        return None
    return texts.cast(_UTC_NANOS if has_zone else pa.timestamp("ns")).cast(pa.int64())


def _nanos_of_numbers(numbers: pa.Array) -> pa.Array | None:
    """Epoch numbers as nanoseconds; None if one of them could be a day, or is beyond 64 bits as nanoseconds."""
    for least, most, nanos in _CERTAIN_NUMBERS:
        if pc.all(pc.and_(pc.greater_equal(numbers, least), pc.less_equal(numbers, most))).as_py():
            return pc.multiply(numbers, nanos)
    return None


def _in_common_form(texts: pa.Array) -> pa.Array:
    """The texts, those of ``_NEARLY_COMMON`` rewritten; the first text decides whether it is worth looking."""
    first = texts[0].as_py() if len(texts) else None
    if first is not None and not re.match(_COMMON_ISO, first) and re.match(_NEARLY_COMMON, first):
        return pc.replace_substring_regex(texts, _NEARLY_COMMON, r"\1T\2Z")
    return texts


def _nanos_or_none(value: Any) -> int | None:
    nanos = epoch_nanos(value)
    return nanos if nanos is not None and -(2**63) <= nanos < 2**63 else None


# The datasets of a source convert the same text one after another.
@lru_cache(maxsize=1024)
def _text_nanos(text: str) -> int | None:
    text = text.strip()
    if NUMBER.fullmatch(text):
        return _number_nanos(Decimal(text))
    if iso := _ISO.fullmatch(text):
        return _iso_nanos(iso)
    if mail := _MAIL.fullmatch(text):
        return _mail_nanos(mail)
    return None


def to_epoch_seconds(value: Any) -> int | None:
    """Convert a value to seconds since the epoch, rounded down; None for empty text, ``ValueError`` for no time."""
    if value == "":
        return None
    nanos = epoch_nanos(value)
    if nanos is None:
        raise ValueError("not a time")
    return nanos // NANOS


def many_seconds(nanos: pa.Array) -> pa.Array:
    """Nanoseconds as whole seconds since the epoch, rounded down; null stays null."""
    towards_zero = pc.divide(nanos, NANOS)
    is_rounded_up = pc.less(nanos, pc.multiply(towards_zero, NANOS))
    return pc.subtract(towards_zero, is_rounded_up.cast(pa.int64()))


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
    if (compact := _compact_nanos(number)) is not None:
        return compact
    size = number if number >= 0 else -number
    for limit, nanos in _NANOS_PER_UNIT:
        if size < limit:
            if isinstance(number, int):
                return number * nanos
            return int(_FLOOR.multiply(number, nanos).to_integral_value(ROUND_FLOOR))
    return None


def _compact_nanos(number: int | Decimal) -> int | None:
    """The time of a number whose digits are a day (20261001) or a day and a time of day (20261001050000), else None."""
    if 10**7 < number < 10**8:
        scale = 10**4
    elif 10**13 < number < 10**14:
        scale = 10**10
    else:
        return None
    if number // scale not in _COMPACT_YEARS or number != int(number):
        return None
    digits = str(int(number))
    seconds = _seconds(digits[:4], digits[4:6], digits[6:8], *(digits[at : at + 2] for at in range(8, len(digits), 2)))
    return None if seconds is None else seconds * NANOS


def _iso_nanos(iso: re.Match[str]) -> int | None:
    year, month, day, basic = iso["year"], iso["month"], iso["day"], iso["basic"]
    if basic:
        year, month, day = basic[:4], basic[4:6], basic[6:]
    hour, minute, second, fraction = iso["hour"], iso["minute"], iso["second"], iso["fraction"]
    if time := iso["time"]:
        hour, minute, second, fraction = time[:2], time[2:4], time[4:], iso["basic_fraction"]
        if fraction and not second:
            return None  # of a minute
    seconds = _seconds(year, month, day, hour, minute, second)
    offset = _offset_seconds(iso["zone"])
    if seconds is None or offset is None or (offset and iso["name"] in ("UTC", "GMT")):
        return None
    nanos = int(fraction[:9].ljust(9, "0")) if fraction else 0
    if nanos and hour == "24":
        return None
    return (seconds - offset) * NANOS + nanos


def _mail_nanos(mail: re.Match[str]) -> int | None:
    month, zone, weekday = mail["month"].lower(), mail["zone"], mail["weekday"]
    zone = zone if zone[0] in "+-" else _MAIL_ZONES.get(zone.lower())
    if month not in _MONTHS or zone is None:
        return None
    seconds = _seconds(
        mail["year"], str(_MONTHS.index(month) + 1), mail["day"], mail["hour"], mail["minute"], mail["second"]
    )
    offset = _offset_seconds(zone)
    if seconds is None or offset is None:
        return None
    if weekday and (seconds // DAY_SECONDS + _EPOCH_WEEKDAY) % 7 != _WEEKDAYS.index(weekday.lower()):
        return None  # the day or the weekday is wrong
    return (seconds - offset) * NANOS


def _seconds(
    year: str, month: str, day: str, hour: str | None = None, minute: str | None = None, second: str | None = None
) -> int | None:
    """Seconds since the epoch of a day and a time of day without a zone; None if there is no such time."""
    midnight = _day_seconds(int(year), int(month), int(day))
    hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
    if midnight is None or minutes > 59 or seconds > 60:  # 60: a leap second, which Unix time counts as the next one
        return None
    if hours > 23 and (hours, minutes, seconds) != (24, 0, 0):  # 24:00 is the end of the day
        return None
    return midnight + hours * 3600 + minutes * 60 + seconds


def _offset_seconds(zone: str | None) -> int | None:
    """Seconds that a zone is ahead of UTC; 0 without a zone; None for an offset that does not exist."""
    if zone is None or zone[0] not in "+-":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        return None
    offset = hours * 3600 + minutes * 60
    return -offset if zone[0] == "-" else offset


@lru_cache(maxsize=4096)
def _day_seconds(year: int, month: int, day: int) -> int | None:
    try:
        return (date(year, month, day).toordinal() - _EPOCH_DAY) * DAY_SECONDS
    except ValueError:
        return None
