"""Patterns of keys: text with the codes of ``strftime``, ``*`` and ``**``, from which a day can be read and listed.

========  ==============================================================================================
``%Y``    the year, four digits
``%m``    the month, ``%d`` the day of the month; without a leading zero too where no digit can touch them
``%j``    the day of the year, three digits
``%s``    seconds since 1970, ``%Q`` milliseconds: any of the day
``%H``    the hour, ``%M`` the minute, ``%S`` the second: they are read over, since keys are found by day
``%%``    a percent sign
``*``     any text within a path segment, none included
``**``    any number of path segments, none included; at the end, everything below
========  ==============================================================================================

All days and times are UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import product
from typing import NamedTuple

_EPOCH = date(1970, 1, 1)
_DAY_SECONDS = 86_400


class Token(NamedTuple):
    """A part of a segment: a code of one letter, a ``*``, or text as it is.

    Attributes:
        is_strict: Whether a number has its leading zeros: where another digit can touch it, it could be read in two
            ways without them.
    """

    code: str = ""
    text: str = ""
    is_strict: bool = True

    @property
    def is_star(self) -> bool:
        """Whether any text may stand here."""
        return not self.code and self.text == "*"

    @property
    def is_of_the_day(self) -> bool:
        """Whether the day decides what stands here."""
        return self.code in OF_THE_DAY if self.code else not self.is_star


_STAR = Token(text="*")
DEEP = "**"
Segment = tuple[Token, ...] | str
"""The tokens between two slashes; as text only ``**``."""

# By code: strict form, and the form without a leading zero.
FORMS: Mapping[str, tuple[str, str]] = {
    "Y": (r"[0-9]{4}", r"[0-9]{4}"),
    "m": (r"0[1-9]|1[0-2]", r"0?[1-9]|1[0-2]"),
    "d": (r"0[1-9]|[12][0-9]|3[01]", r"0?[1-9]|[12][0-9]|3[01]"),
    "j": (r"[0-3][0-9]{2}", r"[0-3][0-9]{2}"),
    "H": (r"[01][0-9]|2[0-3]", r"[01]?[0-9]|2[0-3]"),
    "M": (r"[0-5][0-9]", r"[0-5]?[0-9]"),
    "S": (r"[0-5][0-9]|60", r"[0-5]?[0-9]|60"),
    "s": (r"0|[1-9][0-9]{0,17}", r"0|[1-9][0-9]{0,17}"),
    "Q": (r"0|[1-9][0-9]{0,17}", r"0|[1-9][0-9]{0,17}"),
}
_ANY = "x"  # begins the names of the groups that stand for `*`
UNITS = {"s": 1, "Q": 1000}
# Epochs are listed by their leading digits: blocks of 100,000 s (28 hours), so that a day takes two prefixes.
_BLOCK_SECONDS = 100_000
OF_THE_DAY = "YmdjsQ"
_PEOPLE = {
    "Y": "<YYYY>", "m": "<MM>", "d": "<DD>", "j": "<day of year>", "H": "<HH>", "M": "<minute>", "S": "<second>",
    "s": "<seconds since 1970>", "Q": "<ms since 1970>",
}  # fmt: skip


@dataclass(frozen=True)
class Pattern:
    """A pattern that was checked: it says one day, and says it once. Made by ``pattern_syntax.parse_pattern``.

    Attributes:
        text: As in the config.
        segments: Its path segments, each a row of tokens, or ``**``.
        is_midnight: Whether an epoch is the first instant of its day. ``day_of`` takes any; only that one is listed.
        below_are_columns: Whether ``**`` stands for folders named ``column=value`` and a file.
    """

    text: str
    segments: tuple[Segment, ...]
    is_midnight: bool = False
    below_are_columns: bool = False

    # -- keys -> days

    def day_of(self, key: str) -> date | None:
        """The day of a key; None if the key does not fit."""
        found = self._whole.fullmatch(key)
        return _day(found.groupdict()) if found else None

    def day_above(self, key: str) -> tuple[date, str] | None:
        """The day whose files are listed with a key, and the beginning that says so; the key need not fit."""
        found = self._head.match(key)
        day = _day(found.groupdict()) if found and self._is_prefix(found) else None
        return (day, found[0]) if found and day else None

    def values(self, key: str) -> list[str] | None:
        """What a key has in place of each code and ``*``, in order; None if the key does not fit."""
        found = self._whole.fullmatch(key)
        return [text for text in found.groups() if text is not None] if found else None

    def listed_day_of(self, key: str) -> date | None:
        """As ``day_of``, but None for a key that does not begin with a prefix of its day."""
        found = self._whole.fullmatch(key)
        return _day(found.groupdict()) if found and self._is_prefix(found) else None

    def _is_prefix(self, found: re.Match[str]) -> bool:
        """Whether an epoch, if there is one, is spelled as a day's prefixes are."""
        if not self.is_midnight:
            return True
        epochs = [(name[0], int(text)) for name, text in found.groupdict().items() if name[0] in UNITS]
        return all(number % (_DAY_SECONDS * UNITS[code]) == 0 for code, number in epochs)

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        return re.compile("".join(self._expressions(self.segments)))

    @cached_property
    def _head(self) -> re.Pattern[str]:
        """Matches at the beginning of keys of a day's folder, whatever follows."""
        head = self._head_segments
        expression = "".join(self._expressions(head))
        if self._is_folder(len(head) - 1, head[-1]):
            return re.compile(expression + "/")
        # A number at the end of a pattern ends where it can be seen.
        return re.compile(expression + "(?![0-9])" if head[-1] == self.segments[-1] else expression)

    def _expressions(self, segments: Sequence[Segment]) -> Iterator[str]:
        """The regular expressions of segments, with the slashes between them; each code's group has its own name."""
        number = 0
        for index, segment in enumerate(segments):
            is_last = index == len(segments) - 1
            if isinstance(segment, str):
                if self.below_are_columns:
                    yield r"(?:[^/]*=[^/]*/)*[^/]+"
                else:
                    yield r"(?:[^/]*/)*[^/]+" if is_last else r"(?:[^/]*/)*?"
                continue
            for token in segment:
                if token.code or token.is_star:
                    number += 1
                    form = FORMS[token.code][not token.is_strict] if token.code else r"[^/]*?"
                    yield f"(?P<{token.code or _ANY}{number}>{form})"
                else:
                    yield re.escape(token.text)
            if not is_last:
                yield "/"

    # -- days -> what to list

    @cached_property
    def _head_segments(self) -> tuple[Segment, ...]:
        """The segments that say the day, the last one up to where it is known, and what is literal behind that.

        If folders must be listed to find the last one, its name goes on with a ``*``.
        """
        seen: set[str] = set()
        head: list[Segment] = []
        for index, segment in enumerate(self.segments):
            if isinstance(segment, str):
                head.append(segment)
                continue
            for at, token in enumerate(segment):
                seen.add(token.code)
                if says_the_day(seen):
                    end = at + 1
                    while end < len(segment) and not segment[end].code and not segment[end].is_star:
                        end += 1
                    known = segment[:end]
                    is_found = index < len(self.segments) - 1 and any(not one.is_of_the_day for one in known)
                    return (*head, (*known, _STAR) if is_found and known != segment else known)
            head.append(segment)
        raise AssertionError(self.text)

    def _is_folder(self, index: int, segment: Segment) -> bool:
        """Whether a segment of the head is the name of a folder, and not the beginning of a name."""
        return index < len(self.segments) - 1 and (segment == self.segments[index] or segment[-1] == _STAR)

    @property
    def day_folders(self) -> tuple[Segment, ...] | None:
        """The folders down to the first one that holds nothing but files of its day; None if there is none."""
        count = len(self._head_segments)
        return self.segments[:count] if count < len(self.segments) else None

    def prefixes(self, day: date) -> tuple[str, ...]:
        """The prefixes below which all keys of a day are, each once; empty if the pattern cannot hold the day.

        A folder in a prefix may have ``*`` for any text in its name, and its name is whole then. What follows the last
        slash is the beginning of a name. Where the pattern has ``**``, or ``*`` in a file's name, before the day, the
        prefix ends there: then more is listed than the day's keys.
        """
        if day < _EPOCH and any(code in UNITS for code in self.codes):
            return ()
        found = [""]
        for index, segment in enumerate(self._head_segments):
            if isinstance(segment, str):
                break
            is_folder = self._is_folder(index, segment)
            texts, is_cut = _spellings(segment, day, is_folder=is_folder, is_midnight=self.is_midnight)
            found = [before + text for before, text in product(found, texts)]
            if is_cut or not is_folder:
                break
            found = [before + "/" for before in found]
        return tuple(dict.fromkeys(found))

    @cached_property
    def codes(self) -> str:
        """Its codes, in order."""
        return "".join(token.code for segment in self.segments if not isinstance(segment, str) for token in segment)

    @property
    def has_hours(self) -> bool:
        """Whether keys carry the hour."""
        return "H" in self.codes or (not self.is_midnight and not set(UNITS).isdisjoint(self.codes))

    @property
    def has_sources(self) -> bool:
        """Whether a folder has any name."""
        folders = [segment for segment in self.segments[:-1] if not isinstance(segment, str)]
        return any(token.is_star for folder in folders for token in folder)

    @property
    def extension(self) -> str | None:
        """What follows the first ``*`` of a file's name; None if there is none, and so one file a day or hour."""
        last = self.segments[-1]
        if isinstance(last, str):
            return ""
        stars = [at for at, token in enumerate(last) if token.is_star]
        return "".join(token.text for token in last[stars[0] + 1 :] if not token.is_star) if stars else None

    @cached_property
    def example(self) -> str:
        """Its keys, for people: ``<YYYY>/<MM>/<DD>/<file>``."""
        parts = []
        for index, segment in enumerate(self.segments):
            is_last = index == len(self.segments) - 1
            if isinstance(segment, str):
                parts.append(
                    "<file>" if self.below_are_columns else "<any folders>/<file>" if is_last else "<any folders>"
                )
                continue
            star = "<file>" if is_last and len(segment) == 1 else "<any>"
            text = "".join(_PEOPLE[token.code] if token.code else token.text.replace("*", star) for token in segment)
            parts.append(text.replace("<YYYY>-<MM>-<DD>", "<YYYY-MM-DD>").replace("<YYYY><MM><DD>", "<YYYYMMDD>"))
        return "/".join(parts)

    def key(self, day: date, name: str, *, source: str, hour: int) -> str:
        """The key of the file ``name`` written in the UTC hour ``hour`` of a day.

        ``source`` is put in place of each ``*`` of a folder, ``name`` in place of the first one of the last segment.
        """
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        at = midnight if self.is_midnight else midnight + timedelta(hours=hour)
        parts = []
        for index, segment in enumerate(self.segments):
            is_last = index == len(self.segments) - 1
            if isinstance(segment, str):
                parts += [name] if is_last else []
                continue
            stars = iter([name, *[""] * len(segment)] if is_last else [source] * len(segment))
            parts.append("".join(next(stars) if token.is_star else _written(token, at) for token in segment))
        return "/".join(parts)


def _written(token: Token, at: datetime) -> str:
    if token.code in UNITS:
        return str((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * UNITS[token.code])
    if token.code == "Y":
        return f"{at.year:04d}"  # strftime leaves out leading zeros on some systems
    return at.strftime(f"%{token.code}") if token.code else token.text


def _spellings(segment: tuple[Token, ...], day: date, *, is_folder: bool, is_midnight: bool) -> tuple[list[str], bool]:
    """How a segment may be written on a day, and whether that is cut off where it is not known.

    In the name of a folder, what does not depend on the day is a ``*``.
    """
    texts = [""]
    for token in segment:
        if token.code in UNITS and not is_midnight:
            blocks = [text + block for text in texts for block in _blocks(day, UNITS[token.code])]
            is_found = is_folder and "*" in texts[0]
            return [block + "*" for block in blocks] if is_found else blocks, not is_found
        if not token.is_of_the_day:
            if not is_folder:
                return texts, True
            texts = [text + "*" for text in texts]
        else:
            texts = [text + way for text in texts for way in (_numbers(token, day) if token.code else (token.text,))]
    return texts, False


def _numbers(token: Token, day: date) -> Sequence[str]:
    if token.code in UNITS:
        return (str((day - _EPOCH).days * _DAY_SECONDS * UNITS[token.code]),)
    text = f"{day.year:04d}" if token.code == "Y" else day.strftime(f"%{token.code}")
    return (text,) if token.is_strict or not text.startswith("0") else (text, text[1:])


def _blocks(day: date, unit: int) -> list[str]:
    """The leading digits that epochs of a day can have, as many as make few prefixes."""
    size = _BLOCK_SECONDS * unit
    first = (day - _EPOCH).days * _DAY_SECONDS * unit
    blocks = range(first // size, (first + _DAY_SECONDS * unit - 1) // size + 1)
    return [""] if 0 in blocks else [str(block) for block in blocks]


def _day(numbers: Mapping[str, str]) -> date | None:
    """The day of the numbers in a key, by code and position; None if there is none, or there are two."""
    found: dict[str, int] = {}
    for name, text in numbers.items():
        if name[0] != _ANY and found.setdefault(name[0], int(text)) != int(text):
            return None
    try:
        if "m" in found:
            return date(found["Y"], found["m"], found["d"])
        if "j" in found:
            day = date(found["Y"], 1, 1) + timedelta(days=found["j"] - 1)
            return day if day.year == found["Y"] else None
        code = "s" if "s" in found else "Q"
        return _EPOCH + timedelta(days=found[code] // (_DAY_SECONDS * UNITS[code]))
    except (ValueError, OverflowError):
        return None


def says_the_day(codes: set[str]) -> bool:
    """Whether these codes together are a day."""
    return bool({"Y", "m", "d"} <= codes or {"Y", "j"} <= codes or codes & set(UNITS))
