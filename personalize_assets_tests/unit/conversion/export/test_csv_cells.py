"""Cells and lines of a CSV, as Personalize wants them."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.export.csv_cells import csv_text, decimal_cells
from personalize_assets.conversion.export.csv_lines import csv_lines
from personalize_assets.conversion.mapping.values import plain_decimal
from personalize_assets_tests.helpers.csv_reader import _cells


def line(value: object, kind: pa.DataType) -> str:
    written: bytes = csv_lines(pa.RecordBatch.from_arrays([pa.array([value], kind)], ["C"])).to_pybytes()
    return written.decode()


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("plain", "plain"),
        (" kept as it is ", " kept as it is "),
        ("a,b", '"a,b"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("a|b", "a|b"),
        ("naïve 🛒", "naïve 🛒"),
        ("two\nlines", "two lines"),
        ("two\r\nlines", "two lines"),
        ("a\rb\vc\fd\x1ee\x85f\u2028g\u2029h", "a b c d e f g h"),
        ("a\n\nb", "a  b"),
        ("a\0b\0", "ab"),
        ("'single'", "'single'"),
    ],
)
def test_a_text_is_quoted_only_where_it_must_be_and_stays_on_its_line(value: str, cell: str) -> None:
    assert csv_text(value) == cell


@pytest.mark.parametrize(
    ("value", "kind", "cell"),
    [
        (None, pa.string(), ""),
        (None, pa.float64(), ""),
        (35.0, pa.float64(), "35"),
        (19.99, pa.float64(), "19.99"),
        (0.1 + 0.2, pa.float64(), "0.30000000000000004"),
        (1e22, pa.float64(), "10000000000000000000000"),
        (1e-7, pa.float64(), "0.0000001"),
        (-0.5, pa.float64(), "-0.5"),
        (1547159644, pa.int64(), "1547159644"),
        (-7, pa.int32(), "-7"),
        (True, pa.bool_(), "True"),
        (False, pa.bool_(), "False"),
    ],
)
def test_each_type_has_one_way_to_be_written(value: object, kind: pa.DataType, cell: str) -> None:
    assert line(value, kind) == cell + "\n"


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_any_number_is_written_in_its_plain_decimal_form(numbers: list[float]) -> None:
    assert decimal_cells(pa.array(numbers, pa.float64())).to_pylist() == list(map(plain_decimal, numbers))


@given(st.lists(st.one_of(st.none(), st.text(min_size=1)), min_size=1, max_size=5))
def test_any_text_is_read_back_but_for_its_line_breaks_and_nuls(values: list[str | None]) -> None:
    names = [f"C{number}" for number in range(len(values))]
    batch = pa.RecordBatch.from_arrays([pa.array([value], pa.string()) for value in values], names)

    text = csv_lines(batch).to_pybytes().decode()

    assert text.count("\n") == 1
    assert len(text.splitlines()) == 1
    assert _cells(text[:-1]) == [None if value is None else _read_back(value) for value in values]


def _read_back(value: str) -> str | None:
    """What is left of a text in the CSV; None for one of NUL characters alone."""
    return " ".join(_lines(value.replace("\0", ""))) or None


def _lines(value: str) -> list[str]:
    """A text at its line breaks, found without a regular expression."""
    for mark in "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029":
        value = value.replace("\r\n", "\n") if mark == "\r" else value
        value = value.replace(mark, "\n")
    return value.split("\n")
