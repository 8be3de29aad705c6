"""Athena's partition projection: the folders of a layout as columns whose values Athena computes from a day on.

Athena guide, pages "Set up partition projection" and "Supported types for partition projection". A layout whose folders
cannot be computed has no partitions: its table is right, and each query reads all of the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from personalize_assets.key_patterns import Pattern, Token
from personalize_assets.layouts import layout

_DAY_MS = 86_400_000
# The names of Segment's folders are numbers, whose projection needs an end: so many days after the first day.
_PROJECTED_DAYS = 3653
# Codes as in Java's DateTimeFormatter, with and without leading zeros, and the unit of which each is one.
_JAVA: Mapping[str, tuple[str, str, str]] = {
    "Y": ("yyyy", "yyyy", "YEARS"),
    "m": ("MM", "M", "MONTHS"),
    "d": ("dd", "d", "DAYS"),
    "j": ("DDD", "D", "DAYS"),
    "H": ("HH", "H", "HOURS"),
}
_FINER = ("YEARS", "MONTHS", "DAYS", "HOURS")
_LAST = {"m": 12, "d": 31, "j": 366}
_DIGITS = {"m": 2, "d": 2, "j": 3}


@dataclass(frozen=True)
class Partitions:
    """Partition columns by projection: Athena computes them from the keys, and none is registered.

    Attributes:
        columns: ``(name, type)``.
        template: Where a partition's files are, below the table's location; ``${column}`` stands for a value.
        properties: The table properties that describe the values.
    """

    columns: tuple[tuple[str, str], ...] = ()
    template: str = ""
    properties: dict[str, str] = field(default_factory=dict)


class _Place(NamedTuple):
    """A token of a folder's name, and what keys have in its place; nothing for text as it is."""

    token: Token
    found: tuple[str, ...]

    @property
    def is_padded(self) -> bool:
        """Whether numbers have their leading zeros."""
        return self.token.is_strict or all(len(text) > 1 for text in self.found)


class _NotProjected(Exception):
    """Folders that Athena cannot compute."""


def partitions_of(layout_name: str, start: date, keys: Sequence[str]) -> Partitions:
    """The partitions of a layout from a day on.

    Args:
        start: The first day.
        keys: Keys of some files: they show which of a layout's patterns is used, which values folders have that do not
            depend on the day, and whether numbers have leading zeros.
    """
    patterns = layout(layout_name, start).patterns
    if not patterns:
        return Partitions()
    pattern = next((one for key in keys for one in patterns if one.day_of(key)), patterns[0])
    try:
        return _Projection(start).of(pattern, keys)
    except _NotProjected:
        return Partitions()


def kind_of_key(layout_name: str, key: str) -> tuple[str, ...]:
    """Equal for keys that show the same about partitions: of each kind, one is enough for ``partitions_of``."""
    for number, pattern in enumerate(layout(layout_name, date.min).patterns):
        if pattern.day_of(key):
            found = zip(_tokens(pattern), pattern.values(key) or (), strict=False)
            return (str(number), *(text if token.is_star else str(len(text)) for token, text in found))
    return ()


@lru_cache(64)
def _tokens(pattern: Pattern) -> tuple[Token, ...]:
    """The codes and ``*`` of the folders down to the day's."""
    folders = pattern.day_folders or ()
    return tuple(token for folder in folders for token in folder if isinstance(token, Token) and _is_value(token))


def _is_value(token: Token) -> bool:
    return bool(token.code) or token.is_star


def _places(pattern: Pattern, keys: Iterable[str]) -> list[list[_Place]]:
    """The folders down to the day's, token by token; none after ``**``, or if a file's name has the day."""
    folders = pattern.day_folders
    values = [of_key for key in keys if (of_key := pattern.values(key)) is not None]
    at = 0
    places: list[list[_Place]] = []
    for folder in folders or ():
        if isinstance(folder, str):
            return []
        places.append([])
        for token in folder:
            found = tuple(dict.fromkeys(of_key[at] for of_key in values)) if _is_value(token) else ()
            at += _is_value(token)
            places[-1].append(_Place(token, found))
    return places


class _Projection:
    """Collects the columns of one table."""

    def __init__(self, start: date) -> None:
        self._start = start
        self._columns: dict[str, str] = {}
        self._properties: dict[str, str] = {}
        self._template = ""
        self._waiting: list[list[_Place]] = []

    def of(self, pattern: Pattern, keys: Sequence[str]) -> Partitions:
        """The partitions of a pattern. Raises ``_NotProjected``."""
        places = _places(pattern, keys)
        if not places:
            raise _NotProjected
        for folder in places:
            self._add(folder, is_midnight=pattern.is_midnight)
        self._flush()
        return Partitions(tuple(self._columns.items()), self._template, self._properties)

    def _add(self, folder: list[_Place], *, is_midnight: bool) -> None:
        codes = [place.token.code for place in folder if place.token.code]
        stars = [place for place in folder if place.token.is_star]
        if codes == ["Q"] and is_midnight and len(folder) == 1:
            self._flush()
            self._epochs()
        elif stars and (codes or len(stars) > 1):
            raise _NotProjected
        elif stars:
            self._flush()
            self._values(folder, stars[0].found)
        elif not set(codes) <= set(_JAVA):
            raise _NotProjected
        elif codes and (column := _column_name(folder)):
            self._flush()
            self._template += folder[0].token.text
            if len(folder) == 2:
                self._number(column, folder[1])
            else:
                self._dates(column, [folder[1:]])
            self._template += "/"
        elif codes or self._waiting:
            self._waiting.append(folder)
        else:
            self._template += _text(folder) + "/"

    def _flush(self) -> None:
        """Make one column of dates of the folders that wait: they follow each other and are named by numbers alone."""
        if not self._waiting:
            return
        folders, self._waiting = self._waiting, []
        if not any(place.token.code for place in folders[-1]):
            raise _NotProjected  # a folder without a number, between those of a day and others
        first, last = folders[0], folders[-1]
        before, after = "", ""
        if not first[0].token.code:
            before, folders[0] = first[0].token.text, first[1:]
        if not last[-1].token.code:
            after, folders[-1] = last[-1].token.text, folders[-1][:-1]
        self._template += before
        self._dates("day", folders)
        self._template += after + "/"

    def _column(self, name: str, type: str = "string") -> str:
        """A new column of a name that no other has, put into the template."""
        own, number = name, 2
        while own in self._columns:
            own, number = f"{name}_{number}", number + 1
        self._columns[own] = type
        self._template += f"${{{own}}}"
        return own

    def _describe(self, column: str, **properties: str) -> None:
        for name, value in properties.items():
            self._properties[f"projection.{column}.{name.replace('_', '.')}"] = value

    def _epochs(self) -> None:
        first = (self._start - date(1970, 1, 1)) // timedelta(days=1) * _DAY_MS
        column = self._column("day_ms", "bigint")
        last = first + _PROJECTED_DAYS * _DAY_MS
        self._describe(column, type="integer", range=f"{first},{last}", interval=str(_DAY_MS))
        self._template += "/"

    def _values(self, folder: list[_Place], values: Sequence[str]) -> None:
        """A column of the values that keys have."""
        if any(not value or "," in value for value in values):
            raise _NotProjected
        for place in folder:
            if place.token.is_star:
                column = self._column(_column_name(folder) or "source")
                self._describe(column, type="enum", values=",".join(sorted(values)))
            else:
                self._template += place.token.text
        self._template += "/"

    def _number(self, name: str, place: _Place) -> None:
        code = place.token.code
        column = self._column(name)
        last = _LAST.get(code, 23)
        numbers = f"{self._start.year},{self._start.year + 10}" if code == "Y" else f"{int(code != 'H')},{last}"
        self._describe(column, type="integer", range=numbers)
        if code != "Y" and place.is_padded:
            self._describe(column, digits=str(_DIGITS.get(code, 2)))

    def _dates(self, name: str, folders: Sequence[Sequence[_Place]]) -> None:
        codes = [place.token.code for folder in folders for place in folder if place.token.code]
        unit = max((_JAVA[code][2] for code in codes), key=_FINER.index)
        form = "/".join("".join(map(_java, folder)) for folder in folders)
        first = "/".join("".join(self._first(place) for place in folder) for folder in folders)
        column = self._column(name)
        self._describe(column, type="date", format=form, range=f"{first},NOW", interval="1", interval_unit=unit)

    def _first(self, place: _Place) -> str:
        code = place.token.code
        if code == "Y":
            return f"{self._start.year:04d}"
        text = self._start.strftime(f"%{code}") if code else place.token.text
        return text if place.is_padded or not code else str(int(text))


def _java(place: _Place) -> str:
    if place.token.code:
        return _JAVA[place.token.code][not place.is_padded]
    text = place.token.text
    return "'" + text.replace("'", "''") + "'" if re.search(r"[A-Za-z'\[\]{}#]", text) else text


def _text(folder: list[_Place]) -> str:
    return "".join(place.token.text for place in folder)


def _column_name(folder: list[_Place]) -> str | None:
    """The column of a folder named ``column=value``, as Athena may call it."""
    name = folder[0].token.text if not folder[0].token.code else ""
    return re.sub(r"[^a-z0-9_]", "_", name[:-1].lower()) if name.endswith("=") and len(name) > 1 else None
