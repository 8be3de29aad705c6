"""Counts by day as bars of a time axis: a bar a day, a week or a month, so that years fit on a phone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

_MOST_BARS = 100


class Timeline(NamedTuple):
    """Bars without gaps.

    Attributes:
        unit: ``day``, ``week`` (from Monday on) or ``month``.
        bars: By the first day of each, as ISO; of months as ``2026-10``.
    """

    unit: str
    bars: Mapping[str, int]


def timeline(days: Mapping[str, int]) -> Timeline:
    """Rows by day (ISO) as bars; days without rows have bars of 0."""
    if not days:
        return Timeline("day", {})
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    count = (last - first).days + 1
    if count <= _MOST_BARS:
        return _bars("day", [first + timedelta(days=number) for number in range(count)], days)
    monday = first - timedelta(days=first.weekday())
    weeks = (last - monday).days // 7 + 1
    if weeks <= _MOST_BARS:
        return _bars("week", [monday + timedelta(weeks=number) for number in range(weeks)], days)
    month = first.year * 12 + first.month - 1
    months = last.year * 12 + last.month - month
    return _bars("month", [date(number // 12, number % 12 + 1, 1) for number in range(month, month + months)], days)


def _bars(unit: str, starts: list[date], days: Mapping[str, int]) -> Timeline:
    rows: Counter[str] = Counter({_label(unit, start): 0 for start in starts})
    for day, count in days.items():
        rows[_label(unit, _start(unit, date.fromisoformat(day)))] += count
    return Timeline(unit, dict(rows))


def _start(unit: str, day: date) -> date:
    return day - timedelta(days=day.weekday()) if unit == "week" else day


def _label(unit: str, start: date) -> str:
    return start.isoformat()[:7] if unit == "month" else start.isoformat()
