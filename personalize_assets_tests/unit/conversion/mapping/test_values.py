"""Values of JSON as the types of columns."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.mapping.values import (
    is_blank,
    is_null,
    one_line,
    plain_decimal,
    to_boolean,
    to_double,
    to_text,
    to_whole,
)


@pytest.mark.parametrize("text", ["x", " x ", "0012", "1e3", "true", "ü😀", 'a,"b"\\', "a\nb", "\u200b"])
def test_text_stays_as_it_is(text: str) -> None:
    assert to_text(text) == text


@pytest.mark.parametrize("text", ["", " ", "\t\r\n", "\u00a0\u2003", "\0", "\0 \0"])
def test_a_blank_text_is_null(text: str) -> None:
    assert (is_blank(text), is_null(text), is_null([text, None]), to_text(text)) == (True, True, True, None)


def test_the_blank_elements_of_an_array_are_left_out() -> None:
    assert to_text([" ", "a", "\n", ["\0", "b"]]) == "a|b"


def test_on_one_line_each_line_break_is_a_space_and_no_nul_is_left() -> None:
    assert one_line("a\nb\r\nc\rd\x0be\x0cf\x1cg\x85h\u2028i\u2029j\0k") == "a b c d e f g h i jk"


@pytest.mark.parametrize("number", [123, 0, -7, 12345678901234567890, -(10**19), 10**400])
def test_an_integer_becomes_text_with_all_its_digits(number: int) -> None:
    assert to_text(number) == f"{number:d}"


def test_a_boolean_becomes_text_in_lower_case() -> None:
    assert (to_text(True), to_text(False)) == ("true", "false")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.5, "1.5"),
        (-0.25, "-0.25"),
        (123.0, "123"),
        (1e3, "1000"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.30000000000000004"),
        (-0.0, "0"),
        (1e22, "10000000000000000000000"),
        (1.5e-7, "0.00000015"),
        (123456789.125, "123456789.125"),
        (1e16, "10000000000000000"),
    ],
)
def test_another_number_becomes_its_shortest_plain_decimal(number: float, text: str) -> None:
    assert to_text(number) == text


@pytest.mark.parametrize("value", [None, "", [], [None], ["", None], [[]]])
def test_null_and_what_is_empty_is_no_text(value: Any) -> None:
    assert to_text(value) is None


def test_an_array_is_joined_by_the_separator_without_its_nulls_and_empty_texts() -> None:
    assert to_text(["a", None, 1, "", 2.5, True]) == "a|1|2.5|true"
    assert to_text(["a", "b"], separator=", ") == "a, b"


def test_arrays_in_arrays_are_joined_as_one() -> None:
    assert to_text([["a", ["b"]], "c"]) == "a|b|c"


def test_arrays_nested_as_deeply_as_events_may_be_are_joined() -> None:
    value: Any = "x"
    for _ in range(400):
        value = [value]
    assert to_text(value) == "x"


@pytest.mark.parametrize("value", [{}, {"a": 1}, ["x", {}], [[{"a": 1}]], float("inf"), float("-inf")])
def test_an_object_and_a_number_beyond_every_type_are_no_text(value: Any) -> None:
    with pytest.raises(ValueError, match=r"not a text|too large"):
        to_text(value)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (35, 35.0),
        (3.5, 3.5),
        ("3.5", 3.5),
        (" 35 ", 35.0),
        ("-.5", -0.5),
        ("+5.", 5.0),
        ("1e3", 1000.0),
        ("1E-2", 0.01),
        ("0x10", None),
        ("1_000", None),
        ("1,5", None),
        ("nan", None),
        ("inf", None),
        ("٣", None),
        ("1e999", None),
        (10**400, None),
        (float("inf"), None),
        (True, None),
        ([1], None),
        ({}, None),
        ("x", None),
    ],
)
def test_a_number_or_numeric_text_becomes_a_double_and_nothing_else_does(value: Any, number: float | None) -> None:
    if number is None:
        with pytest.raises(ValueError, match=r"not a number|too large"):
            to_double(value)
    else:
        assert to_double(value) == number


def test_minus_zero_is_zero() -> None:
    assert [str(to_double(value)) for value in (-0.0, "-0", 0)] == ["0.0", "0.0", "0.0"]


@pytest.mark.parametrize("convert", [to_double, to_boolean, lambda value: to_whole(value, 31)])
def test_null_and_an_empty_text_are_null_in_every_type(convert: Any) -> None:
    assert (convert(None), convert("")) == (None, None)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        ("7", 7),
        (" -7 ", -7),
        ("35.0", 35),
        ("3.5e1", 35),
        (35.0, 35),
        (1e3, 1000),
        ("0e9999", 0),
        (2**31 - 1, 2**31 - 1),
        (-(2**31), -(2**31)),
        (2**31, None),
        (-(2**31) - 1, None),
        ("99999999999999999999", None),
        ("1e9999", None),
        (3.5, None),
        ("3.5", None),
        ("1e-9999", None),
        (float("inf"), None),
        (True, None),
        ("x", None),
        ([1], None),
        ({}, None),
    ],
)
def test_a_whole_number_becomes_an_int_and_nothing_else_does(value: Any, number: int | None) -> None:
    if number is None:
        with pytest.raises(ValueError, match=r"not a|too large|does not fit"):
            to_whole(value, 31)
    else:
        assert to_whole(value, 31) == number


@pytest.mark.parametrize("value", [True, "true", "TRUE", " True ", 1, "1"])
def test_what_says_true_is_true(value: Any) -> None:
    assert to_boolean(value) is True


@pytest.mark.parametrize("value", [False, "false", "False", 0, "0"])
def test_what_says_false_is_false(value: Any) -> None:
    assert to_boolean(value) is False


@pytest.mark.parametrize("value", ["yes", "t", 2, -1, 1.5, [True], {}])
def test_nothing_else_is_a_boolean(value: Any) -> None:
    with pytest.raises(ValueError, match="not a boolean"):
        to_boolean(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_plain_decimal_reads_back_as_the_same_number(number: float) -> None:
    text = plain_decimal(number)
    assert float(text) == number
    assert set(text) <= set("-.0123456789")
    assert not text.endswith((".0", "."))
    assert text != "-0"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_plain_decimal_with_fewer_digits_reads_back_as_the_same_number(number: float) -> None:
    digits = Decimal(plain_decimal(number)).normalize().as_tuple().digits
    assert float(f"{number:.{max(len(digits) - 2, 0)}e}") != number or len(digits) == 1


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_survive_as_text_and_back(number: int) -> None:
    assert to_whole(to_text(number), 63) == number
