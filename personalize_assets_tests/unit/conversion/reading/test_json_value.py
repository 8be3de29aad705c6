"""One JSON value: what is an event, how deep it may be, where it ends."""

from __future__ import annotations

import pytest
from hypothesis import given

from personalize_assets.conversion.reading import json_value
from personalize_assets.conversion.reading.json_value import (
    MALFORMED,
    MAX_DEPTH,
    NOT_AN_OBJECT,
    REFUSALS,
    TOO_MANY_VALUES,
    Verdict,
    decode_whole,
    is_utf8,
    may_be_deep,
    parse,
    scan,
    skip_value,
)
from personalize_assets_tests.helpers.strategies import written


@given(written())
def test_an_object_is_an_event_with_its_fields_however_it_is_written(event: tuple[bytes, object]) -> None:
    raw, fields = event
    assert parse(raw) == (raw, fields, None, 1)


@pytest.mark.parametrize("raw", [b"1", b'"x"', b"null", b"true", b"[]", b'[{"a":1}]', b"1e999"])
def test_a_value_that_is_no_object_has_no_fields(raw: bytes) -> None:
    assert parse(raw) == (raw, None, NOT_AN_OBJECT, 1)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a":1}x',
        b'{"a":1}{"a":2}',
        b'{"a":nan}',
        b'{"a":-NaN}',
        b'{"a":1NaN}',
        b'{"a":NaNNaN}',
        b"{NaN:1}",
        b'{"a":NaN,}',
        b'{"a":\t"\t\xff"}',
        b'{"a":"\t\\\n"}',
        b'{"a":"\t\\ud800"}',
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b'{"n":1e999,"a":"\xff"}',
    ],
)
def test_what_is_not_one_json_value_is_malformed(raw: bytes) -> None:
    assert parse(raw) == (raw, None, MALFORMED, 1)


@pytest.mark.parametrize("constant", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_python_writes_for_no_number_is_null(constant: bytes) -> None:
    raw = b'{"a":' + constant + b',"b":[' + constant + b', 1e999],"c":"' + constant + b'"}'
    assert parse(raw).fields == {"a": None, "b": [None, float("inf")], "c": constant.decode()}


def test_control_characters_in_a_text_are_themselves() -> None:
    raw = b'{"a\x01":"\t\x00 \\n\n\\\\\x1f\r\n",\t"b":"\\"NaN\\""}'
    assert parse(raw).fields == {"a\x01": "\t\x00 \n\n\\\x1f\r\n", "b": '"NaN"'}


@pytest.mark.parametrize("number", [b"1e999", b"7" * 5000])
def test_a_number_beyond_every_type_is_infinite(number: bytes) -> None:
    assert parse(b'{"a":"x","n":' + number + b"}").fields == {"a": "x", "n": float("inf")}


def test_integers_keep_all_their_digits() -> None:
    assert parse(b'{"n":123456789012345678901234567890}').fields == {"n": 123456789012345678901234567890}


@pytest.mark.parametrize(("opening", "closing"), [(b'{"":', b"}"), (b'{"":[', b"]}")])
def test_nesting_is_read_to_a_fixed_depth(opening: bytes, closing: bytes) -> None:
    most = MAX_DEPTH // (opening.count(b"{") + opening.count(b"["))
    assert parse(opening * most + b"1" + closing * most).reason is None
    assert parse(opening * (most + 1) + b"1" + closing * (most + 1)).reason == MALFORMED


@pytest.mark.parametrize("depth", [500, 5000])
def test_a_deep_value_that_is_no_object_is_malformed(depth: int) -> None:
    assert parse(b"[" * depth + b"1" + b"]" * depth).reason == MALFORMED


@pytest.mark.parametrize(
    ("raw", "may_be"),
    [
        (b'{"":' * 481 + b"1" + b"}" * 481, True),
        (b"[" * 481 + b"]" * 481, True),
        (b'{"":' * 480 + b"1" + b"}" * 480, False),
        (b'{"text":"' + b"{[" * 10 + b'"}', False),
        (b'{"text":"' + b"{[" * 1000 + b'"}', True),
    ],
)
def test_what_is_short_or_opens_little_is_not_deep(raw: bytes, may_be: bool) -> None:
    assert may_be_deep(raw) is may_be


@pytest.mark.parametrize(
    ("raw", "is_text"), [(b"a", True), ("ü😀".encode(), True), (b"\xff", False), (b"\xed\xa0\x80", False)]
)
def test_utf8_is_told_from_other_bytes(raw: bytes, is_text: bool) -> None:
    assert is_utf8(raw) is is_text


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"a":1}}', b'{"a":01}', b'{"a":"\x01"}', b'{"a":' * 5000])
def test_refusals_are_all_that_the_decoders_raise(raw: bytes) -> None:
    with pytest.raises(REFUSALS):
        decode_whole(raw)


def test_whole_values_are_walked_over() -> None:
    decode_whole(b' {"a":[1,"x",null]} ')
    skip_value(b' [1,{"a":2}] ')


def test_an_object_may_have_as_many_values_as_the_limit_and_not_one_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_value, "MAX_VALUES", 5)
    at_limit, above = b'{"a":[1,2,3],"b":","}', b'{"a":[1,2,3],"b":{}}'

    assert parse(at_limit) == (at_limit, {"a": [1, 2, 3], "b": ","}, None, 1)
    assert parse(above) == (above, None, TOO_MANY_VALUES, 1)


@pytest.mark.parametrize(
    ("text", "verdict", "place"),
    [
        (b'{"a":1} {"b":2}', Verdict.END, 7),
        (b"[1,2]   ", Verdict.END, 5),
        (b'"x" \t\n' + b" " * 100 + b"1", Verdict.END, 3),
        (b"12 ", Verdict.END, 2),
        (b'{"a":\\x}' + b" " * 20, Verdict.BROKEN, 5),
        (b"[1,]" + b" " * 20, Verdict.BROKEN, 3),
        (b'{"a":\\x}', Verdict.TRUNCATED, 5),
        (b'{"a":"' + b"x" * 50, Verdict.TRUNCATED, 56),
        (b'{"a":' * 50_000, Verdict.DEEP, 0),
    ],
)
def test_a_value_is_walked_over_to_its_end_or_to_where_it_breaks(text: bytes, verdict: Verdict, place: int) -> None:
    assert scan(memoryview(text)) == (verdict, place)
