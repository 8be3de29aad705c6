"""The fields that paths ask for, and the structs that hold them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from personalize_assets.conversion.reading.field_tree import Field, NoShapeError, Spellings, is_name


def tree(*paths: tuple[str, ...]) -> Field:
    root = Field()
    for path in paths:
        root.descend(path).is_value = True
    return root


def decoded(root: Field, raw: bytes) -> Any:
    return msgspec.json.decode(raw, type=root.struct())


def test_a_path_is_read_from_the_attributes_it_goes_through() -> None:
    root = tree(("a",), ("b", "c"), ("b", "d"))
    assert root.attributes(("b", "d")) == "f1.f1"
    found = decoded(root, b'{"b":{"d":[1],"x":2},"y":3}')
    assert (found.f0, found.f1.f0, found.f1.f1) == (None, None, [1])
    assert decoded(root, b"{}").f1.f1 is None
    assert decoded(root, b'{"b":null}').f1 is None


def test_a_value_and_a_field_in_it_have_no_shape() -> None:
    with pytest.raises(NoShapeError):
        tree(("a",), ("a", "b")).struct()


def test_all_fields_and_elements_are_below_the_root() -> None:
    root = tree(("a",), ("b", "c"))
    root.descend(("d",)).element = tree(("e",))
    assert len(list(root.all_below())) == 7


def test_a_text_may_stand_where_it_holds_json() -> None:
    root = tree(("a",), ("b", "c"))
    for name in "ab":
        root.children[name].holds_json = True
    found = decoded(root, b'{"a":"{}","b":"{\\"c\\":7}"}')
    assert (found.f0, found.f1) == ("{}", '{"c":7}')
    decode = root.children["b"].decode_text
    assert decode is not None
    assert (decode(found.f1).f0, decode("null")) == (7, None)
    assert decoded(root, b'{"b":{"c":1}}').f1.f0 == 1
    with pytest.raises(msgspec.ValidationError):
        decoded(root, b'{"a":["{}"]}')


def test_the_elements_that_are_events_are_objects() -> None:
    root = Field()
    events = root.descend(("batch",))
    events.element, events.holds_events = tree(("a",)), True
    assert [event.f0 for event in decoded(root, b'{"batch":[{"a":1},{}]}').f0] == [1, None]
    assert [event.f0 for event in decoded(root, b'{"batch":{"x":{"a":1}}}').f0.values()] == [1]
    with pytest.raises(msgspec.ValidationError):
        decoded(root, b'{"batch":[1]}')


def test_where_names_are_learned_others_are_refused() -> None:
    root = tree(("sku",))
    root.spellings = Spellings()
    root.spellings.wanted["sku"] = ["SKU", "Sku"]
    root.spellings.others["Other"] = None
    found = decoded(root, b'{"SKU":1,"Sku":2,"Other":[]}')
    assert (found.f0, found.f0_1) == (1, 2)
    for raw in (b'{"sku":1}', b'{"other":1}', b'{"SKU":{"a":1}}'):
        with pytest.raises(msgspec.ValidationError):
            decoded(root, raw)


@pytest.mark.parametrize(("text", "expected"), [("a.b c/ü", True), ('"', False), ("\\", False), ("\x1f", False)])
def test_some_texts_cannot_be_names(text: str, expected: bool) -> None:
    assert is_name(text) is expected
    try:
        tree((text,)).struct()
    except NoShapeError:
        assert not expected
