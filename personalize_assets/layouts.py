"""The key of a raw file <-> its arrival day.

Pure functions on text: nothing here lists, opens or writes a file. Keys use `/` and are relative to `source.uri`. A
`day` is always the UTC day on which a file arrived, never the time of an event in it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

LAYOUTS: tuple[str, ...] = ("segment", "rudderstack", "firehose", "hive", "flat")

_EPOCH = date(1970, 1, 1)
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Layout(ABC):
    """How the keys of one source carry the arrival day. Made by `layout`.

    Attributes:
        name: As in the config.
        example: A pattern of its keys, for people.
        start_date: The first arrival day. Only `flat` uses it, as the one day of all its files.
    """

    name: ClassVar[str]
    example: ClassVar[str]

    start_date: date

    def day_of(self, key: str) -> date | None:
        """The arrival day of a key, also one before `start_date`; None if it is no key of this layout.

        Folder markers, hidden files and marks that tools leave are keys of no layout.
        """
        return None if is_mark(key) or key.startswith("/") else self._day(key.split("/"))

    @abstractmethod
    def prefixes(self, day: date) -> tuple[str, ...]:
        """All prefixes below which files of a day may be: each ends in `/`, or is `""` for the whole source.

        One folder in a prefix may be `*`, which matches any one name. Empty if the layout cannot hold the day.
        """

    @abstractmethod
    def key(self, day: date, name: str, *, source: str = "website-prod", hour: int = 0) -> str:
        """The key that a producer gives to the file `name`, written in the UTC hour `hour` of the day.

        Source and hour are ignored by layouts whose keys have none.
        """

    @abstractmethod
    def _day(self, parts: Sequence[str]) -> date | None: ...


def layout(name: str, start_date: date) -> Layout:
    """The layout called `name`.

    Raises:
        ValueError: `name` is not one of `LAYOUTS`.
    """
    if name not in _CLASSES:
        raise ValueError(f"layout: {name!r} is not a layout; use one of {', '.join(LAYOUTS)}")
    return _CLASSES[name](start_date)


class _Segment(Layout):
    """Segment's S3 destinations, whose keys hold the first millisecond of the day.

    A key with another millisecond of the day has that day as well, but `prefixes` does not cover it.
    """

    name = "segment"
    example = "segment-logs/<source>/<day at 00:00 UTC in ms>/<file>"

    def prefixes(self, day: date) -> tuple[str, ...]:
        return (f"segment-logs/*/{_midnight_ms(day)}/",)

    def key(self, day: date, name: str, *, source: str = "website-prod", hour: int = 0) -> str:
        return f"segment-logs/{source}/{_midnight_ms(day)}/{name}"

    def _day(self, parts: Sequence[str]) -> date | None:
        match parts:
            case ["segment-logs", _, ms, _] if _is_number(ms) and len(ms) < 20:
                return _day_at(int(ms))
        return None


class _RudderStack(Layout):
    """RudderStack's S3 destination; older installs write the month first."""

    name = "rudderstack"
    example = "rudder-logs/<source>/<YYYY-MM-DD>/<file>"

    def prefixes(self, day: date) -> tuple[str, ...]:
        iso = day.isoformat()
        return (f"rudder-logs/*/{iso}/", f"rudder-logs/*/{iso[5:]}-{iso[:4]}/")

    def key(self, day: date, name: str, *, source: str = "website-prod", hour: int = 0) -> str:
        return f"rudder-logs/{source}/{day.isoformat()}/{name}"

    def _day(self, parts: Sequence[str]) -> date | None:
        match parts:
            case ["rudder-logs", _, text, _]:
                year_last = text[6:] + "-" + text[:5]
                return _iso_date(text) or (_iso_date(year_last) if text[5:6] == "-" else None)
        return None


class _Firehose(Layout):
    """Amazon Data Firehose with its default prefix, which is in UTC, or with one that ends at the day."""

    name = "firehose"
    example = "<YYYY>/<MM>/<DD>/<HH>/<file>"

    def prefixes(self, day: date) -> tuple[str, ...]:
        return (day.isoformat().replace("-", "/") + "/",)

    def key(self, day: date, name: str, *, source: str = "website-prod", hour: int = 0) -> str:
        return f"{self.prefixes(day)[0]}{hour:02d}/{name}"

    def _day(self, parts: Sequence[str]) -> date | None:
        match parts:
            case [year, month, day, _]:
                return _iso_date(f"{year}-{month}-{day}")
            case [year, month, day, hour, _] if _is_number(hour) and len(hour) == 2 and int(hour) < 24:
                return _iso_date(f"{year}-{month}-{day}")
        return None


class _Hive(Layout):
    """Folders named `column=value`, as Spark, Glue and Athena write them."""

    name = "hive"
    example = "day=<YYYY-MM-DD>/<file>"

    def prefixes(self, day: date) -> tuple[str, ...]:
        year = f"year={day.year:04d}"
        months = dict.fromkeys((f"month={day.month:02d}", f"month={day.month}"))
        days = dict.fromkeys((f"day={day.day:02d}", f"day={day.day}"))
        whole = tuple(f"{column}={day.isoformat()}/" for column in ("day", "dt", "date"))
        return whole + tuple(f"{year}/{month}/{number}/" for month in months for number in days)

    def key(self, day: date, name: str, *, source: str = "website-prod", hour: int = 0) -> str:
        return f"day={day.isoformat()}/{name}"

    def _day(self, parts: Sequence[str]) -> date | None:
        folders = [tuple(part.split("=", 1)) for part in parts[:-1]]
        match folders:
            case [("year", year), ("month", month), ("day", day), *below] if _are_padded_or_not(month, day):
                found = _iso_date(f"{year}-{month:0>2}-{day:0>2}")
            case [("day" | "dt" | "date", text), *below]:
                found = _iso_date(text)
            case _:
                return None
        return found if all(len(folder) == 2 for folder in below) else None


class _Flat(Layout):
    """Files in any folders, whose keys hold no day: all of them belong to `start_date`."""

    name = "flat"
    example = "<any folders>/<file>"

    def prefixes(self, day: date) -> tuple[str, ...]:
        return ("",) if day == self.start_date else ()

    def key(self, day: date, name: str, *, source: str = "website-prod", hour: int = 0) -> str:
        return name

    def _day(self, parts: Sequence[str]) -> date | None:
        return self.start_date


_CLASSES: dict[str, type[Layout]] = {c.name: c for c in (_Segment, _RudderStack, _Firehose, _Hive, _Flat)}


def is_mark(key: str) -> bool:
    """Whether a key is a folder marker, hidden, a mark that a tool left, or Segment's test of the bucket.

    A folder may have an empty name, as in ``logs//2026``.
    """
    parts = key.split("/")
    return (
        parts[-1] == ""
        or any(part[:1] in (".", "_") for part in parts)
        or parts[-1] == "dummy-object.txt"
        or parts[-1].endswith("_$folder$")
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _are_padded_or_not(*numbers: str) -> bool:
    return all(_is_number(number) and len(number) <= 2 for number in numbers)


def _iso_date(text: str) -> date | None:
    """The date of a text YYYY-MM-DD; None for anything else, other forms of ISO 8601 included."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight_ms(day: date) -> int:
    return (day - _EPOCH).days * _DAY_MS


def _day_at(ms: int) -> date | None:
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=ms // _DAY_MS)).date()
    except OverflowError:
        return None
