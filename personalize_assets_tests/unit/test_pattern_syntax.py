"""Patterns that are refused, and what their refusals say."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.key_patterns import Pattern
from personalize_assets.pattern_syntax import parse_pattern

WRITE = "write %Y, %m and %d, or %Y and %j, %s or %Q"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("logs/*", f"'logs/*' has no day in it; {WRITE}, or use the layout flat"),
        ("%H/*", f"'%H/*' has no day in it; {WRITE}, or use the layout flat"),
        ("%Y/*", f"'%Y/*' has a year, but no day in it; {WRITE}"),
        ("%Y/%m/*", f"'%Y/%m/*' has %m without %d, which is no day; {WRITE}"),
        ("%Y/%d/*", f"'%Y/%d/*' has %d without %m, which is no day; {WRITE}"),
        ("%m/%d/*", f"'%m/%d/*' has %d without %Y, which is no day; {WRITE}"),
        ("%j/*", f"'%j/*' has %j without %Y, which is no day; {WRITE}"),
        (
            "%Y/%m/%d/%j/*",
            "'%Y/%m/%d/%j/*' says the day in two ways, %m and %d and %j, which may differ; write * in place of one",
        ),
        (
            "%Y/%m/%d/x-%Q.gz",
            "'%Y/%m/%d/x-%Q.gz' says the day in two ways, %m and %d and %Q, which may differ; write * in place of one",
        ),
        ("%Y/%s/*", "'%Y/%s/*' says the day in two ways, %Y and %s, which may differ; write * in place of one"),
        (
            "%y-%m-%d/*",
            "'%y-%m-%d/*' has '%y', which is no code here; use %Y, %m, %d, %j, %H, %M, %S, %s, %Q, or * for what is of "
            "no matter, and %% for the sign itself",
        ),
        (
            "%Y/%-m/%d/*",
            "'%Y/%-m/%d/*' has '%-', but %m, %d and %H read numbers without a leading zero as well; leave the "
            "minus out",
        ),
        (
            "%Y%m%d/100%",
            "'%Y%m%d/100%' has '%', a percent sign without its code; write %% for the sign itself",
        ),
        ("/%Y/%m/%d/*", "'/%Y/%m/%d/*' begins with a slash; keys begin behind the uri's: write '%Y/%m/%d/*'"),
        ("%Y/%m/%d/", "'%Y/%m/%d/' ends with a slash, which no file's key does; write '%Y/%m/%d/**' for all below"),
        (
            "%Y/%m/%d/a**",
            "'%Y/%m/%d/a**' has `**` in 'a**', but it stands for whole folders: write */**, or one `*`",
        ),
        ("%Y/%m/%d/**/**", "'%Y/%m/%d/**/**' has `**` twice in a row, which is the same as once; write it once"),
        (
            "x-%s*",
            "'x-%s*' does not show where the number %s ends; write a mark that is no digit there, as %s_",
        ),
        (
            "*%Q/*",
            "'*%Q/*' does not show where the number %Q begins; write a mark that is no digit there, as _%Q",
        ),
        ("%s0/*", "'%s0/*' does not show where the number %s ends; write a mark that is no digit there, as %s_"),
        ("%H%s/*", "'%H%s/*' does not show where the number %s begins; write a mark that is no digit there, as _%s"),
    ],
)
def test_a_pattern_that_says_no_day_or_says_it_badly_is_refused(pattern: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse_pattern(pattern)


def parsed(text: str) -> Pattern | str:
    """A pattern, or why it is refused."""
    try:
        return parse_pattern(text)
    except ValueError as error:
        return str(error)


@given(st.text("%YmdjHMSsQ*/-_a0", max_size=12), st.text("0123456789/-_a", max_size=20))
def test_a_pattern_is_refused_with_a_text_or_reads_any_key(text: str, key: str) -> None:
    found = parsed(text)

    if isinstance(found, str):
        assert found.startswith(repr(text))
    elif day := found.day_of(key):
        assert any(fnmatchcase(key, prefix + "*") for prefix in found.prefixes(day))
