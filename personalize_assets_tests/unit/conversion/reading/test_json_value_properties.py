"""RFC 8259 by its rules: what must be accepted, what must be refused, what is left to a reader; on every path.

The cases are made from the grammar, in the categories that JSON test suites use.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from personalize_assets.conversion.reading.batches import Batch, Batches
from personalize_assets.conversion.reading.framer import Framer
from personalize_assets.conversion.reading.json_value import MALFORMED, MAX_DEPTH
from personalize_assets.conversion.reading.struct_decoder import StructDecoder
from personalize_assets_tests.helpers.framing import PATHS, framed
from personalize_assets_tests.helpers.reading_faults import INTERACTIONS, check_mutated

SPACES = ["", " ", "\t", "\r", " \r\t "]
DIGITS = ["0", "7", "10", "123456789012345678901234567890"]
SIMPLE_ESCAPES = [f"\\{mark}" for mark in '"\\/bfnrt']
CODE_UNITS = ["\\u0000", "\\u0022", "\\u005c", "\\u00e9", "\\uFFFF", "\\uD834\\udd1e", "\\ud83d\\uDE00", "\\uABcd"]
PLAIN = ["", "a", "\x7f", "é", "\u2028", "\uffff", "😀", "\U0010ffff", "/", "'", "{", "]", "//", "\ufeff"]

NUMBERS = [
    f"{sign}{whole}{fraction}{exponent}"
    for sign in ("", "-")
    for whole in DIGITS
    for fraction in ("", ".0", ".10")
    for exponent in ("", "e1", "E+02", "e-7")
]
TEXTS = [f'"{text}"' for text in (*PLAIN, *SIMPLE_ESCAPES, *CODE_UNITS, "".join(CODE_UNITS + SIMPLE_ESCAPES))]
SCALARS = ["true", "false", "null", *NUMBERS, *TEXTS]
ARRAYS = [f"[{s}{inner}{s}]" for s in SPACES for inner in ("", "1", "1,2", "[],[[]]", '{"a":1},null', "1 ,\t2")]
OBJECTS = [
    "{" + s + inner + s + "}" for s in SPACES for inner in ("", '"a":1', '"":0', '"a" :\t1 , "b":{}', '"a":1,"a":2')
]
ACCEPTED = [*SCALARS, *ARRAYS, *OBJECTS]

BAD_NUMBERS = [
    "-",
    "+1",
    "01",
    "-01",
    "1.",
    ".5",
    "-.5",
    "1e",
    "1e+",
    "1E-",
    "1.e1",
    "1..2",
    "1e1.5",
    "0x1",
    "1_000",
    "--1",
    "1+2",
    "0e",
    "- 1",
    "1 000",
    "٣",
    "1a",
    "-inf",
    "1f",
]
BAD_WORDS = [
    "tru",
    "TRUE",
    "nul",
    "none",
    "undefined",
    "truefalse",
    "True",
    "a",
    "'a'",
    "`a`",
    "\\u0022a\\u0022",
    "//1",
    "/*1*/1",
    "1#",
]
BAD_TEXTS = [
    '"',
    '"a',
    '"\\',
    '"\\"',
    '"\\x41"',
    '"\\\'"',
    '"\\u"',
    '"\\u12"',
    '"\\u12G4"',
    '"\\u{41}"',
    '"\\U0041"',
    '"\\ "',
    '"\\0"',
    '"\\a"',
    '"a" "b"',
    '"a"b',
]
BAD_ARRAYS = [
    "[",
    "]",
    "[1",
    "[1,",
    "[,1]",
    "[1,]",
    "[1,,2]",
    "[1 2]",
    "[1:2]",
    '["a":1]',
    "[1}",
    "[[]",
    "[]]",
    "[*]",
    "[\x0b]",
    "[\xa0]",
]
BAD_OBJECTS = [
    "{",
    "}",
    '{"a"}',
    '{"a":}',
    '{"a",1}',
    '{"a" 1}',
    "{a:1}",
    "{1:1}",
    "{null:1}",
    "{'a':1}",
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{,"a":1}',
    '{"a":1,,"b":2}',
    '{"a":1 "b":2}',
    '{"a":1]',
    '{"a"::1}',
    "{[]:1}",
    '{"a":1;}',
]
REFUSED = [*BAD_NUMBERS, *BAD_WORDS, *BAD_TEXTS, *BAD_ARRAYS, *BAD_OBJECTS]

NOT_UTF8 = [
    b"\xff",
    b"\xc3",
    b"\x80",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xe0\x80\x80",
]
HALVES = ["\\ud800", "\\uDFFF", "\\udc00\\ud800", "\\ud800\\u0041", "\\ud800x", "\\ud800\\n", "\\uD888\\u1234"]

STRUCTS = StructDecoder([INTERACTIONS])


def results(line: bytes) -> list[Any]:
    """What each path makes of a line between two good ones: fields or reason. All paths must agree."""
    data = b'{"n":1}\n' + line + b'\n{"n":2}\n'
    found = [framed(path, [data])[0] for path in PATHS]
    assert found[0] == found[1]
    raws: list[tuple[bytes, bool]] = []
    for one in Batches(Framer([data]), STRUCTS):
        if isinstance(one, Batch):
            raws += [(raw, True) for raw in one.raws]
        else:
            raws.append((one.raw, one.fields is not None))
    assert raws == [(event.raw, event.fields is not None) for event in found[0]]
    assert found[0][0].fields == {"n": 1}
    assert found[0][-1].fields == {"n": 2}
    return [event.fields or event.reason for event in found[0][1:-1]]


def refuse(name: str) -> None:
    raise ValueError(name)


@pytest.mark.parametrize("value", ACCEPTED)
def test_what_the_grammar_allows_is_read_as_json_reads_it(value: str) -> None:
    line = '{"v":' + value + "}"
    assert results(line.encode()) == [json.loads(line)]


@pytest.mark.parametrize("value", REFUSED)
def test_what_the_grammar_does_not_allow_costs_its_own_event_and_no_other(value: str) -> None:
    line = '{"v":' + value + "}"
    with pytest.raises(ValueError, match=r"."):
        json.loads(line, parse_constant=refuse)
    assert set(results(line.encode())) == {MALFORMED}


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("NaN", None),
        ("Infinity", None),
        ("-Infinity", None),
        ('"\t"', "\t"),
        ('"\r"', "\r"),
        ('"\x00"', "\x00"),
        ('"\x1f"', "\x1f"),
        ('[NaN,\t{"\t":Infinity}]', [None, {"\t": None}]),
    ],
)
def test_constants_of_python_are_null_and_control_characters_themselves(value: str, read: object) -> None:
    assert results(f'{{"v":{value}}}'.encode()) == [{"v": read}]


@pytest.mark.parametrize("text", NOT_UTF8)
@pytest.mark.parametrize("line", [b'{"v":"@"}', b'{"@":1}', b'{"v":[{"w":"x@"}]}'])
def test_what_is_not_utf8_is_refused(line: bytes, text: bytes) -> None:
    assert results(line.replace(b"@", text)) == [MALFORMED]


@pytest.mark.parametrize("text", HALVES)
def test_half_a_surrogate_pair_is_refused(text: str) -> None:
    assert results(f'{{"v":"{text}","w":[1]}}'.encode()) == [MALFORMED]


@pytest.mark.parametrize("number", ["1e999", "-1e999", "0.4e0066999999999999999999999999999999"])
def test_a_number_beyond_every_type_is_infinite(number: str) -> None:
    assert [abs(found["v"]) for found in results(f'{{"v":{number}}}'.encode())] == [float("inf")]


def test_a_number_too_small_for_every_type_is_zero() -> None:
    assert results(b'{"v":123.456e-789}') == [{"v": 0.0}]


@pytest.mark.parametrize(("depth", "is_read"), [(MAX_DEPTH - 1, True), (MAX_DEPTH, False), (100_000, False)])
def test_arrays_are_read_to_a_fixed_depth(depth: int, is_read: bool) -> None:
    (found,) = results(b'{"v":' + b"[" * depth + b"]" * depth + b"}")
    assert isinstance(found, dict) is is_read
    assert is_read or found == MALFORMED


def test_a_hundred_thousand_open_brackets_are_one_broken_line() -> None:
    assert results(b'{"v":' + b"[" * 100_000) == [MALFORMED]


def test_damaged_files_give_the_same_on_every_path_and_the_accounting_balances() -> None:
    totals = check_mutated(300, seed=1)
    assert totals["files"] == 300
    assert min(totals["kept"], totals[MALFORMED], totals["missing:USER_ID"]) > 0
