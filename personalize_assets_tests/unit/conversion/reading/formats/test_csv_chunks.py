"""Where the rows of a CSV end."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from personalize_assets.conversion.reading.formats.csv_chunks import RowEnds
from personalize_assets.conversion.reading.formats.settings import CsvDialect

COMMA = RowEnds(",", CsvDialect())
UNLOAD = RowEnds("|", CsvDialect(quote=None, escape="\\"))
BOTH = RowEnds(",", CsvDialect(escape="\\"))


@pytest.mark.parametrize(
    ("ends", "text", "rest"),
    [
        (COMMA, b"a,b\nc,d\ne", b"e"),
        (COMMA, b"a,b\r\nc,d\r\ne", b"e"),
        (COMMA, b"a,b\rc,d\re", b"e"),
        (COMMA, b'a,"b\nc"\nd,"e\nf', b'd,"e\nf'),
        (COMMA, b'a,"b ""x""\nc"\n"d\n', b'"d\n'),
        (COMMA, b'5" screen,x\ny,6" screen\nz', b"z"),
        (COMMA, b'5" screen,"x\ny"\n6" screen,"z\n', b'6" screen,"z\n'),
        (COMMA, b'"a"b"c,d\ne\n', b""),
        (COMMA, b'a,"b\nc', b'a,"b\nc'),
        (UNLOAD, b"a|b\\\nc\nd|e\\\n", b"d|e\\\n"),
        (UNLOAD, b"a|b\\\\\nc", b"c"),
        (UNLOAD, b'a|"b\nc', b"c"),
        (BOTH, b'a,"b\\"\nc"\nd,"\\"', b'd,"\\"'),
    ],
    ids=lambda value: repr(value) if isinstance(value, bytes) else "",
)
def test_rows_end_outside_of_quotes_and_not_behind_an_escape(ends: RowEnds, text: bytes, rest: bytes) -> None:
    assert text[ends.last(text) :] == rest


def test_the_rows_of_a_text_are_cut_one_by_one() -> None:
    assert list(COMMA.rows(b'a,b\r\n"c\n",d\n\ne\n')) == [b"a,b\r\n", b'"c\n",d\n', b"\n", b"e\n"]
    assert COMMA.first(b'"a') == 0


@given(st.text(alphabet='a,"\n\r', max_size=40).map(str.encode))
@example(b'"a""\n"\n')
@example(b'""\n"')
@example(b'","\n')
@example(b'a"\n"b\n"')
def test_the_quick_search_finds_what_the_exact_one_finds(text: bytes) -> None:
    quick = COMMA._by_parity(text) if b'"' in text and b"\r" not in text else None
    if quick is not None:
        assert quick == COMMA._walk(text)
