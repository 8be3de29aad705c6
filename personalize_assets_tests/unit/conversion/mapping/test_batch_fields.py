"""The values at a path of many rows, as Python and as Arrow values."""

from __future__ import annotations

import json
from typing import Any

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping.batch_fields import BatchField, places_of_others
from personalize_assets.conversion.mapping.batch_rows import BatchRows, RowSelection
from personalize_assets.conversion.mapping.null_words import NullWords
from personalize_assets.conversion.reading.struct_decoder import StructDecoder

DATASET = Dataset("items", (Column("X", ("a",)), Column("Y", ("each.sku",))), where={}, each="products")
DECODER = StructDecoder([DATASET])


def rows(*events: dict[str, Any]) -> list[BatchRows]:
    structs = DECODER.decode_many([json.dumps(event).encode() for event in events], is_text=True)
    collector = RowSelection([DATASET], DECODER).collector()
    collector.add(structs, 0)
    return collector.rows()


def a(*values: Any) -> BatchRows:
    (made,) = rows(*({"a": value} for value in values))
    return made


OF_EVENT = BatchField.of_event("a")
OF_ELEMENT = BatchField.of_column("each.sku")


def test_values_are_as_the_decoder_returned_them() -> None:
    assert OF_EVENT.values(a("x", 1, None, [2], "")) == ["x", 1, None, [2], ""]


def test_texts_and_whole_numbers_are_texts_and_an_empty_text_is_null() -> None:
    texts = OF_EVENT.texts(a("x", 12345678901234567890, None, ""))

    assert texts is not None
    assert texts.to_pylist() == ["x", "12345678901234567890", None, None]


def test_a_blank_text_is_null_among_texts() -> None:
    texts = OF_EVENT.texts(a(" ", "\t\u2003\n", "\0", " x ", "\0x"))

    assert texts is not None
    assert texts.to_pylist() == [None, None, None, " x ", "\0x"]


def test_null_words_are_null_for_those_who_name_them() -> None:
    made = a("undefined", ["undefined", "x"], 0, "0", "x")

    assert BatchField.of_event("a", NullWords(["undefined", "0"])).values(made) == [None, [None, "x"], None, None, "x"]
    assert OF_EVENT.values(made) == ["undefined", ["undefined", "x"], 0, "0", "x"]


def test_rows_with_any_other_value_have_no_texts_of_arrow() -> None:
    assert OF_EVENT.texts(a("x", 1.5)) is None
    assert OF_EVENT.texts_or_null(a("x", 1.5, [1, 2], {"b": 1}, "")).to_pylist() == ["x", "1.5", "1|2", None, None]


def test_times_are_nanoseconds() -> None:
    assert OF_EVENT.nanos(a("1970-01-01T00:00:01Z", 2, "soon")).to_pylist() == [10**9, 2 * 10**9, None]


def test_a_field_of_an_element_is_in_rows_of_elements_alone() -> None:
    plain, of_elements = rows({"a": 1}, {"products": [{"sku": "s"}, {}]})

    assert (OF_ELEMENT.is_in(plain), OF_ELEMENT.is_in(of_elements)) == (False, True)
    assert OF_ELEMENT.values(of_elements) == ["s", None]


def test_without_each_a_field_of_an_element_is_nowhere() -> None:
    dataset = Dataset("items", DATASET.columns, where={})
    decoder = StructDecoder([dataset])
    collector = RowSelection([dataset], decoder).collector()
    collector.add(decoder.decode_many([b'{"a":1,"each":{"sku":2}}'], is_text=True), 0)
    (plain,) = collector.rows()

    assert (OF_EVENT.is_in(plain), OF_ELEMENT.is_in(plain)) == (True, False)


def test_the_places_of_values_of_unusual_types_are_found() -> None:
    assert sorted(places_of_others(["a", 1, None, 2, 1.5, True], {str, type(None)})) == [1, 3, 4, 5]
    assert list(places_of_others(["a"], {str})) == []
