"""The key of a raw file <-> its arrival day.

Pure functions on text: nothing here lists, opens or writes a file. Keys use `/` and are relative to `source.uri`. A
`day` is always the UTC day on which a file arrived, never the time of an event in it. What a pattern may hold, and what
its codes mean, is in `key_patterns`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from personalize_assets.key_patterns import Pattern
from personalize_assets.pattern_syntax import parse_pattern

LAYOUTS: tuple[str, ...] = ("segment", "rudderstack", "firehose", "hive", "flat")
WHAT_TO_WRITE = f"one of {', '.join(LAYOUTS)}, or a pattern of keys as 'year=%Y/month=%m/day=%d/**'"


@dataclass(frozen=True)
class Layout:
    """How the keys of one source carry the arrival day. Made by `layout`.

    Attributes:
        name: As in the config: a name, or a pattern.
        start_date: The first arrival day. Only `flat` uses it, as the one day of all its files.
        patterns: A key follows one of them; producers write the first. None for `flat`.
        example: A pattern of its keys, for people.
    """

    name: str
    start_date: date
    patterns: tuple[Pattern, ...]
    example: str

    @property
    def is_dated(self) -> bool:
        """Whether keys carry their day: in all layouts but `flat`."""
        return True

    def day_of(self, key: str) -> date | None:
        """The arrival day of a key, also one before `start_date`; None if it is no key of this layout.

        Folder markers, hidden files and marks that tools leave are keys of no layout.
        """
        if is_mark(key) or key.startswith("/"):
            return None
        for pattern in self.patterns:
            if (day := pattern.day_of(key)) is not None:
                return day
        return None

    def listed_day_of(self, key: str) -> date | None:
        """As `day_of`, but None for a key that a listing of its day does not find: in `segment`, one of no midnight."""
        if is_mark(key) or key.startswith("/"):
            return None
        for pattern in self.patterns:
            if (day := pattern.listed_day_of(key)) is not None:
                return day
        return None

    def day_above(self, key: str) -> date | None:
        """The day in whose folder a key is that does not fit, at any depth; None if it is in none."""
        for pattern in self.patterns:
            found = pattern.day_above(key)
            if found and not is_mark(found[1] + "any-name"):
                return found[0]
        return None

    def prefixes(self, day: date) -> tuple[str, ...]:
        """All prefixes below which files of a day may be; `""` is the whole source, and none is needed twice.

        A folder in a prefix may have `*`, which matches any text within its name; what follows the last slash is the
        beginning of a name. Empty if the layout cannot hold the day.
        """
        return tuple(dict.fromkeys(prefix for pattern in self.patterns for prefix in pattern.prefixes(day)))

    def key(self, day: date, name: str, *, source: str = "website-prod", hour: int = 0) -> str:
        """The key that a producer gives to the file `name`, written in the UTC hour `hour` of the day.

        Source and hour are ignored by layouts whose keys have none.
        """
        return self.patterns[0].key(day, name, source=source, hour=hour)

    @cached_property
    def days_share_prefixes(self) -> bool:
        """Whether every listing of a day has the keys of all: the day is behind a `**`, or a `*` in a file's name."""
        return self.is_dated and self.prefixes(date(2000, 1, 1)) == self.prefixes(date(2026, 10, 12))

    @property
    def has_sources(self) -> bool:
        """Whether files of several sources are in folders of their own."""
        return any(pattern.has_sources for pattern in self.patterns[:1])

    @property
    def has_hours(self) -> bool:
        """Whether keys carry the hour, so that no file holds events of several."""
        return any(pattern.has_hours for pattern in self.patterns[:1])

    def example_of(self, key: str) -> str:
        """The pattern that a key of this layout follows, for people."""
        for number, pattern in enumerate(self.patterns):
            if number and pattern.day_of(key) is not None:
                return pattern.example
        return self.example


class _Flat(Layout):
    """Files in any folders, whose keys hold no day: all of them belong to `start_date`."""

    @property
    def is_dated(self) -> bool:
        return False

    def day_of(self, key: str) -> date | None:
        return None if is_mark(key) or key.startswith("/") else self.start_date

    def listed_day_of(self, key: str) -> date | None:
        return self.day_of(key)

    def day_above(self, key: str) -> date | None:
        folder, slash, _ = key.partition("/")
        return self.day_of(f"{folder}/any-name") if slash else None

    def prefixes(self, day: date) -> tuple[str, ...]:
        return ("",) if day == self.start_date else ()

    def key(self, day: date, name: str, *, source: str = "website-prod", hour: int = 0) -> str:
        return name

    def example_of(self, key: str) -> str:
        return self.example


_PATTERNS: Mapping[str, tuple[Pattern, ...]] = {
    # The first millisecond of the day. A key with another one has that day as well, but no listing finds it.
    "segment": (parse_pattern("segment-logs/*/%Q/*", is_midnight=True),),
    # Older installs write the month first.
    "rudderstack": tuple(
        parse_pattern(f"rudder-logs/*/{day}/*", is_padded=True) for day in ("%Y-%m-%d", "%m-%d-%Y")
    ),
    # Amazon Data Firehose with its default prefix, which is in UTC, or with one that ends at the day.
    "firehose": tuple(parse_pattern(text, is_padded=True) for text in ("%Y/%m/%d/%H/*", "%Y/%m/%d/*")),
    # Folders named `column=value`, as Spark, Glue and Athena write them.
    "hive": (
        *(parse_pattern(f"{column}=%Y-%m-%d/**", is_padded=True, below_are_columns=True)
          for column in ("day", "dt", "date")),
        parse_pattern("year=%Y/month=%m/day=%d/**", below_are_columns=True),
    ),
    "flat": (),
}  # fmt: skip
_EXAMPLES = {
    "segment": "segment-logs/<source>/<day at 00:00 UTC in ms>/<file>",
    "rudderstack": "rudder-logs/<source>/<YYYY-MM-DD>/<file>",
    "flat": "<any folders>/<file>",
}


def layout(name: str, start_date: date) -> Layout:
    """The layout called `name`, or the one whose keys follow the pattern `name`.

    Raises:
        ValueError: `name` is none of `LAYOUTS` and no pattern; the text says what to write.
    """
    if name == "flat":
        return _Flat(name, start_date, (), _EXAMPLES[name])
    patterns = _PATTERNS.get(name) or (_own_pattern(name),)
    return Layout(name, start_date, patterns, _EXAMPLES.get(name, patterns[0].example))


def _own_pattern(text: str) -> Pattern:
    if not {"%", "/", "*"} & set(text):
        raise ValueError(f"{text!r} is not a layout; use {WHAT_TO_WRITE}")
    return parse_pattern(text)


def is_mark(key: str) -> bool:
    """Whether a key is a folder marker, hidden, a mark that a tool left, or Segment's test of the bucket.

    A mark is also the list of its files that UNLOAD of Redshift writes beside them (``<prefix>manifest``).

    A folder may have an empty name, as in ``logs//2026``.
    """
    parts = key.split("/")
    return (
        parts[-1] == ""
        or any(part[:1] in (".", "_") for part in parts)
        or parts[-1] == "dummy-object.txt"
        or parts[-1].endswith(("_$folder$", "_manifest", "-manifest"))
        or parts[-1] == "manifest"
    )
