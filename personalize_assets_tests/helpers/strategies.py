"""Hypothesis strategies: JSON events, and raw files of them, well-formed or damaged."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

BOM = b"\xef\xbb\xbf"

TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["}{", "}\n{", '"}', "\\", '\\"', "[{", "]", "Order Completed", "ü", "😀", ",", "\\u0041", "é\u2028"]
    ),
)
NUMBERS = st.one_of(
    st.integers(),
    st.integers(min_value=10**18, max_value=10**25),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.one_of(TEXTS, st.just("event")), VALUES, max_size=4)
DEEP = st.builds(lambda depth: json.loads('{"a":[' * depth + "]}" * depth), st.integers(20, 120))
EVENTS = st.one_of(OBJECTS, OBJECTS, OBJECTS, DEEP)

SEPARATORS = st.sampled_from(
    [b"", b"", b"\n", b"\n", b"\n\n", b"\r\n", b"\r", b" ", b",", b",\n", b"\t", b" , \r\n", b"\\n", BOM]
)
CUTS = st.lists(st.integers(0, 400), max_size=12)


@st.composite
def written(draw: st.DrawFn, events: st.SearchStrategy[Any] = EVENTS) -> tuple[bytes, Any]:
    """A value and one of the ways in which a producer writes it."""
    value = draw(events)
    indent = draw(st.sampled_from([None, None, 0, 2]))
    separators = draw(st.sampled_from([None, (",", ":"), (" ,\n", " :\t")]))
    text = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=indent, separators=separators)
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")  # between tokens only: in a string a line end is written \n
    return text.encode(), value


@st.composite
def well_formed(draw: st.DrawFn) -> tuple[bytes, list[bytes], list[Any]]:
    """A file, and its events as they are written and as they are."""
    parts = draw(st.lists(written(), max_size=6))
    data = draw(st.sampled_from([b"", BOM, b"\n", BOM + b" "]))
    start = data
    data = b""
    for raw, _ in parts:
        data += raw + draw(SEPARATORS)
    if draw(st.booleans()):
        data = b"[" + draw(SEPARATORS) + data + b"]" + draw(SEPARATORS)
    return start + data, [raw for raw, _ in parts], [value for _, value in parts]


SCRAPS = st.one_of(
    st.binary(max_size=6),
    st.sampled_from(
        [
            b"{",
            b"}",
            b"[",
            b"]",
            b'"',
            b"\\",
            b"\n{",
            b"}{",
            b"null",
            b"12",
            b"-1.5e+3",
            b"NaN",
            b"tru",
            b"\xff",
            b"\\ud83d",
        ]
    ),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A file that was damaged: bytes changed, cut out and put in."""
    data, _, _ = draw(well_formed())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        gone = draw(st.sampled_from([0, 0, 1, 1, 5, 1000]))
        data = data[:at] + draw(SCRAPS) + data[at + gone :]
    return data


FILES = st.one_of(mutated(), well_formed().map(lambda file: file[0]), st.lists(SCRAPS, max_size=12).map(b"".join))
