"""The text of a pattern -> ``Pattern``, with what is wrong in it and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from personalize_assets.key_patterns import DEEP, FORMS, OF_THE_DAY, UNITS, Pattern, Segment, Token, says_the_day

_WHAT_TO_WRITE = "write %Y, %m and %d, or %Y and %j, %s or %Q"


@lru_cache(1024)
def parse_pattern(
    text: str, *, is_padded: bool = False, is_midnight: bool = False, below_are_columns: bool = False
) -> Pattern:
    """A pattern; ``is_padded``: all its numbers have their leading zeros. The other switches are ``Pattern``'s.

    Raises:
        ValueError: With what is wrong in the pattern, and what to write.
    """
    if text.startswith("/"):
        raise ValueError(f"{text!r} begins with a slash; keys begin behind the uri's: write {text.lstrip('/')!r}")
    segments = tuple(_segment(part, text, is_padded=is_padded) for part in text.split("/"))
    if not segments[-1]:
        raise ValueError(f"{text!r} ends with a slash, which no file's key does; write {text + '**'!r} for all below")
    if any(one == two == DEEP for one, two in pairwise(segments)):
        raise ValueError(f"{text!r} has `**` twice in a row, which is the same as once; write it once")
    pattern = Pattern(text, segments, is_midnight, below_are_columns)
    _check_day(pattern)
    return pattern


def _segment(text: str, pattern: str, *, is_padded: bool) -> Segment:
    if text == DEEP:
        return DEEP
    if DEEP in text:
        raise ValueError(f"{pattern!r} has `**` in {text!r}, but it stands for whole folders: write */**, or one `*`")
    tokens: list[Token] = []
    for part in re.findall(r"%.|%\Z|\*|[^%*]+", text, re.DOTALL):
        code = part[1:] if part.startswith("%") and part != "%%" else None
        if code is not None and code not in FORMS:
            raise ValueError(f"{pattern!r} has {part!r}, {_unknown(part)}")
        literal = "%" if part == "%%" else part
        if code is None and literal != "*" and tokens and not tokens[-1].code and not tokens[-1].is_star:
            tokens[-1] = Token(text=tokens[-1].text + literal)
        else:
            tokens.append(Token(code) if code else Token(text=literal))
    _check_neighbours(tokens, pattern)
    return tuple(
        token._replace(is_strict=is_padded or token.code in "YjsQ" or _may_touch_a_digit(tokens, at))
        for at, token in enumerate(tokens)
    )


def _may_touch_a_digit(tokens: Sequence[Token], at: int) -> bool:
    before, after = tokens[max(at - 1, 0) : at], tokens[at + 1 : at + 2]
    return any(
        token.code or token.is_star or token.text[index].isdigit()
        for index, beside in ((-1, before), (0, after))
        for token in beside
    )


def _unknown(code: str) -> str:
    if code == "%":
        return "a percent sign without its code; write %% for the sign itself"
    if code == "%-":
        return "but %m, %d and %H read numbers without a leading zero as well; leave the minus out"
    known = ", ".join(f"%{letter}" for letter in FORMS)
    return f"which is no code here; use {known}, or * for what is of no matter, and %% for the sign itself"


def _check_neighbours(tokens: Sequence[Token], pattern: str) -> None:
    """A number of any length must end where it can be seen."""
    for one, two in pairwise(tokens):
        for epoch, other, is_end in ((one, two, True), (two, one, False)):
            beside = other.text[0 if is_end else -1 :][:1]
            if epoch.code in UNITS and (other.code or other.is_star or beside.isdigit()):
                where = "ends" if is_end else "begins"
                mark = f"%{epoch.code}_" if is_end else f"_%{epoch.code}"
                raise ValueError(
                    f"{pattern!r} does not show where the number %{epoch.code} {where}; write a mark that is no digit "
                    f"there, as {mark}"
                )


def _check_day(pattern: Pattern) -> None:
    text, codes = pattern.text, pattern.codes
    days = [way for way, is_there in (
        ("%m and %d", set("md") & set(codes)),
        ("%j", "j" in codes),
        ("%s", "s" in codes),
        ("%Q", "Q" in codes),
    ) if is_there]  # fmt: skip
    if not set(OF_THE_DAY) & set(codes):
        raise ValueError(f"{text!r} has no day in it; {_WHAT_TO_WRITE}, or use the layout flat")
    if len(days) > 1:
        raise ValueError(
            f"{text!r} says the day in two ways, {days[0]} and {days[1]}, which may differ; write * in place of one"
        )
    if set(UNITS) & set(codes) and "Y" in codes:
        raise ValueError(
            f"{text!r} says the day in two ways, %Y and {days[0]}, which may differ; write * in place of one"
        )
    for code, needs in (("d", "m"), ("d", "Y"), ("m", "Y"), ("j", "Y"), ("m", "d")):
        if code in codes and needs not in codes:
            raise ValueError(f"{text!r} has %{code} without %{needs}, which is no day; {_WHAT_TO_WRITE}")
    if not says_the_day(set(codes)):
        raise ValueError(f"{text!r} has a year, but no day in it; {_WHAT_TO_WRITE}")
