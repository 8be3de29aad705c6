"""Which pattern keys follow: the numbers in them that can be a day, and what varies beside these.

Nothing is guessed from one number alone: a year, month and day must follow each other, or an epoch must be one of the
years 2010 to 2099. Dates that do not begin with the year are left out, since ``01-02-2026`` may be two days.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

_YEAR = r"(?P<Y>(?:19|20)[0-9]{2})"
_MONTH = r"(?P<m>0?[1-9]|1[0-2])"
_DAY = r"(?P<d>0?[1-9]|[12][0-9]|3[01])"
_TIME = r"(?P<t>[-_.T ]?)(?P<H>[01][0-9]|2[0-3])(?:(?P<u>[-_.:]?)(?P<M>[0-5][0-9])(?:(?P=u)(?P<S>[0-5][0-9]))?)?"
_WHOLE_DAYS = (
    re.compile(rf"(?<![0-9]){_YEAR}(?P<a>[-_.]){_MONTH}(?P=a){_DAY}(?![0-9])"),
    re.compile(r"(?<![0-9])(?P<Y>(?:19|20)[0-9]{2})(?P<a>)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12][0-9]|3[01])"),
)
_TIME_BEHIND = re.compile(_TIME + r"(?![0-9])")
_YEAR_FOLDER = re.compile(rf"(?P<before>[^0-9]*){_YEAR}")
_YEAR_MONTH_FOLDER = re.compile(rf"(?P<before>[^0-9]*){_YEAR}(?P<a>[-_.]?)(?P<m>0[1-9]|1[0-2])")
_MONTH_FOLDER = re.compile(rf"(?P<before>[^0-9]*){_MONTH}")
_DAY_FOLDER = re.compile(rf"(?P<before>[^0-9]*){_DAY}")
_DAY_OF_YEAR_FOLDER = re.compile(r"(?P<before>[^0-9]*)(?P<j>[0-2][0-9]{2}|3[0-5][0-9]|36[0-6])")
_EPOCH = re.compile(r"(?<![0-9])(?P<n>[1-9][0-9]{9}|[1-9][0-9]{12})(?![0-9])")
_EPOCH_SECONDS = range(1_262_304_000, 4_102_444_800)
_EXTENSION = re.compile(r"(?:\.[A-Za-z][A-Za-z0-9]*)+\Z")
_COLUMN = re.compile(r"[^=]+=")
_CODES = ("%Y", "%m", "%d")
_MARKS = re.compile(r"[^A-Za-z0-9*]*")


class _Part(NamedTuple):
    """A segment of a key, up to where its day is known: what is before its numbers, their codes, what is behind."""

    before: str
    codes: str = ""
    after: str = ""


class Candidate(NamedTuple):
    """A pattern, and how many keys it was made of."""

    pattern: str
    keys: int


def candidate_patterns(keys: Iterable[str]) -> list[Candidate]:
    """The patterns of keys that carry a day, that of most keys first.

    Keys have one pattern if their numbers have the same codes at the same depth. Of what is above the day, text that is
    the same in all of them is literal, unless it is the value of a column; below the day anything is allowed.
    """
    groups: dict[tuple[object, ...], list[tuple[_Part, ...]]] = {}
    for key in keys:
        parts = key.split("/")
        found = _dated(parts)
        if found:
            shape = (len(found) == len(parts), *((part.codes, _column(part.before)) for part in found))
            groups.setdefault(shape, []).append(found)
    made = [Candidate(_pattern(group, in_file=bool(shape[0])), len(group)) for shape, group in groups.items()]
    return sorted(made, key=lambda candidate: -candidate.keys)


def _dated(parts: Sequence[str]) -> tuple[_Part, ...] | None:
    """The segments of a key down to the one that completes its day; None if it carries none."""
    for at in range(len(parts)):
        found = _in_folders(parts, at) or _in_one(parts, at)
        if found:
            return found
    for at, text in enumerate(parts):
        if epoch := _EPOCH.search(text):
            seconds = int(epoch["n"]) // (1000 if len(epoch["n"]) == 13 else 1)
            if seconds in _EPOCH_SECONDS:
                code = "%Q" if len(epoch["n"]) == 13 else "%s"
                part = _Part(text[: epoch.start()], code, text[epoch.end() :])
                return (*(_Part(above) for above in parts[:at]), part)
    return None


def _in_folders(parts: Sequence[str], at: int) -> tuple[_Part, ...] | None:
    """A day in two or three folders that follow each other, from the one at a position on."""
    above = tuple(_Part(text) for text in parts[:at])
    folders = parts[at:-1]
    if len(folders) > 2 and (numbers := _all_match(folders, _YEAR_FOLDER, _MONTH_FOLDER, _DAY_FOLDER)):
        year, month, day = numbers
        if _day(int(year["Y"]), int(month["m"]), int(day["d"])):
            return (*above, *(_Part(found["before"], code) for found, code in zip(numbers, _CODES, strict=True)))
    if len(folders) > 1 and (numbers := _all_match(folders, _YEAR_MONTH_FOLDER, _DAY_FOLDER)):
        month, day = numbers
        if _day(int(month["Y"]), int(month["m"]), int(day["d"])):
            return (*above, _Part(month["before"], f"%Y{month['a']}%m"), _Part(day["before"], "%d"))
    if len(folders) > 1 and (numbers := _all_match(folders, _YEAR_FOLDER, _DAY_OF_YEAR_FOLDER)):
        year, day = numbers
        return (*above, _Part(year["before"], "%Y"), _Part(day["before"], "%j"))
    return None


def _all_match(texts: Sequence[str], *forms: re.Pattern[str]) -> list[re.Match[str]]:
    found = [form.fullmatch(text) for form, text in zip(forms, texts, strict=False)]
    return [one for one in found if one] if all(found) else []


def _in_one(parts: Sequence[str], at: int) -> tuple[_Part, ...] | None:
    """A whole day in one segment, with what of it stands above."""
    text = parts[at]
    for form in _WHOLE_DAYS:
        for found in form.finditer(text):
            day = _day(int(found["Y"]), int(found["m"]), int(found["d"]))
            is_file = at == len(parts) - 1
            codes, end = f"%Y{found['a']}%m{found['a']}%d", found.end()
            time = _TIME_BEHIND.match(text, end)
            if text[end : end + 1].isdigit() and not time:
                continue  # a longer number
            if time and not is_file:
                codes += time["t"] + "%H"
                codes += f"{time['u']}%M" if time["M"] else ""
                codes += f"{time['u']}%S" if time["S"] else ""
                end = time.end()
            if day:
                part = _Part(text[: found.start()], codes, text[end:])
                return (*(_repeated(above, day) for above in parts[:at]), part)
    return None


def _repeated(text: str, day: date) -> _Part:
    """A folder above a day: one that names its year or month is no folder of any name."""
    found = _YEAR_MONTH_FOLDER.fullmatch(text)
    if found and (int(found["Y"]), int(found["m"])) == (day.year, day.month):
        return _Part(found["before"], f"%Y{found['a']}%m")
    found = _YEAR_FOLDER.fullmatch(text)
    if found and int(found["Y"]) == day.year:
        return _Part(found["before"], "%Y")
    found = _MONTH_FOLDER.fullmatch(text)
    if found and int(found["m"]) == day.month and found["before"].lower().rstrip("=") in ("m", "mm", "month"):
        return _Part(found["before"], "%m")
    return _Part(text)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


# -- from segments to a pattern


def _pattern(group: Sequence[tuple[_Part, ...]], *, in_file: bool) -> str:
    segments = [_segment(column, is_file=False) for column in zip(*group, strict=True)]
    if not in_file:
        return "/".join([*segments, "**"])
    *folders, _ = segments
    files = [parts[-1] for parts in group]
    return "/".join([*folders, _segment(files, is_file=True)])


def _segment(parts: Sequence[_Part], *, is_file: bool) -> str:
    """The pattern of one segment of all keys."""
    before, after = [part.before for part in parts], [part.after for part in parts]
    codes = parts[0].codes
    if not codes:
        column = _column(before[0])
        same = None if column else _same(before)
        return f"{_literal(column)}*" if same is None else same
    begin = _same(before)
    if begin is None:
        begin = "*" + _literal(_common_marks(before, at_end=True))
    return begin + codes + (_file_end(after) if is_file else _end(after))


def _same(texts: Sequence[str]) -> str | None:
    """What all the texts are, as a pattern has it; None if they differ."""
    return _literal(texts[0]) if len(set(texts)) == 1 and "*" not in texts[0] else None


def _literal(text: str) -> str:
    return text.replace("%", "%%")


def _column(text: str) -> str:
    """``column=`` of a folder named ``column=value``; empty for others."""
    found = _COLUMN.match(text)
    return found[0] if found and "*" not in found[0] else ""


def _end(texts: Sequence[str]) -> str:
    """What follows the numbers of a folder: the same text, if it has no number, else anything."""
    same = _same(texts)
    if same is not None and not any(character.isdigit() for character in same):
        return same
    return _literal(_common_marks(texts, at_end=False)) + "*"


def _file_end(texts: Sequence[str]) -> str:
    """What follows the numbers of a file: a mark and an extension, if all have the same, with anything between them."""
    extensions = [found[0] if (found := _EXTENSION.search(text)) else "" for text in texts]
    extension = extensions[0] if len(set(extensions)) == 1 else ""
    middles = [text.removesuffix(extension) for text in texts]
    if not any(middles):
        return _literal(extension)
    return _literal(_common_marks(middles, at_end=False)) + "*" + _literal(extension)


def _common_marks(texts: Sequence[str], *, at_end: bool) -> str:
    """The punctuation with which all of the texts begin or end."""
    marks = {_MARKS.match(text[::-1] if at_end else text) for text in texts}
    found = {one[0] for one in marks if one}
    return "".join(found)[:: -1 if at_end else 1] if len(found) == 1 else ""
