"""Which bytes may hold an event that a dataset wants."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.where import matcher
from personalize_assets.conversion.reading.prefilter import prefilter


def dataset(**where: tuple[str, ...]) -> Dataset:
    return Dataset("interactions", (), where={name.replace("__", "."): allowed for name, allowed in where.items()})


def let_through(raw: bytes, *datasets: Dataset) -> bool:
    return prefilter(datasets)(raw)


def test_without_conditions_every_event_is_let_through() -> None:
    assert let_through(b'{"a":1}', dataset())


def test_the_prefilter_lets_through_what_holds_a_wanted_value_anywhere() -> None:
    wanted = dataset(event=("Order Completed", "Product Added"))
    assert let_through(b'{"event":"Product Added"}', wanted)
    assert let_through(b'{"other":"Order Completed"', wanted)
    assert not let_through(b'{"event":"Product Viewed"}', wanted)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (rb"Order\u0020Completed", "Order Completed"),
        (rb"\u004frder Completed", "Order Completed"),
        (rb"a\/b", "a/b"),
        (rb"a\"b", 'a"b'),
        (rb"a\\b", "a\\b"),
        (rb"a\nb", "a\nb"),
        (rb"a\tb", "a\tb"),
        (rb"\u00fc", "ü"),
        (rb"\u00FC", "ü"),
        (rb"\ud83d\ude00!", "😀!"),
        (rb"\\\u0041", "\\A"),
    ],
)
def test_a_wanted_value_may_be_written_with_escapes(written: bytes, value: str) -> None:
    wanted = dataset(event=(value,))
    raw = b'{"event":"' + written + b'"}'
    assert json.loads(raw)["event"] == value
    assert let_through(raw, wanted)
    assert let_through(raw[:-2], wanted)


def test_an_escaped_backslash_does_not_start_an_escape() -> None:
    assert not let_through(rb'{"event":"\\u0041"}', dataset(event=("A",)))


@pytest.mark.parametrize("raw", [b"\\", b"\\u", b"\\u00", b"\\ud83d", b"\\ud83d\\u0041\xff", b"\xff\\x"])
def test_broken_escapes_are_searched_as_they_stand(raw: bytes) -> None:
    assert let_through(raw + b"wanted", dataset(event=("wanted",)))
    assert not let_through(raw, dataset(event=("wanted",)))


def test_all_fields_of_one_dataset_must_be_possible() -> None:
    wanted = dataset(event=("Q",), type=("track",))
    assert let_through(b'{"event":"Q","type":"track"}', wanted)
    assert let_through(rb'{"event":"\u0051","type":"trac\u006b"}', wanted)
    assert not let_through(b'{"event":"x","type":"track"}', wanted)


def test_one_dataset_that_may_match_is_enough() -> None:
    assert let_through(b'{"type":"identify"}', dataset(event=("Order",)), dataset(type=("identify",)))
    assert let_through(b'{"anything":1}', dataset(event=("Order",)), dataset())


@pytest.mark.parametrize("written", ["100", "1e2", "100.0", "10E+1", '"100"'])
def test_a_wanted_number_filters_nothing_as_it_can_be_written_in_many_ways(written: str) -> None:
    wanted = dataset(value=("100", "none"))
    assert let_through(b'{"value":%s}' % written.encode(), wanted)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abc"), inner, max_size=2)),
    max_leaves=4,
)


@given(st.fixed_dictionaries({"a": JSON, "b": JSON}), st.lists(st.text(), max_size=2), st.booleans())
def test_the_prefilter_is_never_too_strict(fields: dict[str, Any], others: list[str], ascii_only: bool) -> None:
    text = fields["a"] if isinstance(fields["a"], str) else json.dumps(fields["a"])
    for where in ({"a": (text, *others)}, {"a": (text,), "b": tuple(others) or ("x",)}):
        wanted = dataset(**where)
        if matcher(wanted)(fields):
            assert let_through(json.dumps(fields, ensure_ascii=ascii_only).encode(), wanted)
