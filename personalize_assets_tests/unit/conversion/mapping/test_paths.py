"""Paths into an event."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.mapping.paths import is_relative_to_each, parse_path


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("userId", ("userId",)),
        ("properties.products", ("properties", "products")),
        ("a.b.c.d", ("a", "b", "c", "d")),
        ("traits.`Favorite Departments`", ("traits", "Favorite Departments")),
        ("`a.b`.c", ("a.b", "c")),
        ("`a``b`", ("a`b",)),
        ("`each`.sku", ("each", "sku")),
        ("$set.utm-source", ("$set", "utm-source")),
        ("größe.ü", ("größe", "ü")),
        ("a[0]", ("a[0]",)),
        ("0", ("0",)),
    ],
)
def test_a_path_is_its_names_outermost_first(text: str, steps: tuple[str, ...]) -> None:
    assert parse_path(text) == steps


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not a path: expected a name at position 1"),
        (".a", "expected a name at position 1"),
        ("a.", "expected a name at position 3"),
        ("a..b", "expected a name at position 3"),
        ("a b", "expected a dot at position 2, found ' '"),
        ("a ", "expected a dot at position 2, found ' '"),
        (" a", "expected a name at position 1"),
        ("`a", "expected a name at position 1"),
        ("``", "expected a name at position 1"),
        ("`a`b", "expected a dot at position 4, found 'b'"),
        ("a`b`", "expected a dot at position 2, found '`'"),
    ],
)
def test_what_is_no_path_is_refused_with_the_place(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="is not a path") as refused:
        parse_path(text)
    assert message in str(refused.value)


@pytest.mark.parametrize("text", ["each.sku", "each.a.b", "each.`a b`"])
def test_a_path_that_starts_with_each_starts_at_the_element(text: str) -> None:
    assert is_relative_to_each(text)


@pytest.mark.parametrize("text", ["each", "`each`.sku", "eachother.sku", "properties.each", "sku"])
def test_other_paths_start_at_the_event(text: str) -> None:
    assert not is_relative_to_each(text)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_every_name_can_be_quoted(names: list[str]) -> None:
    text = ".".join("`" + name.replace("`", "``") + "`" for name in names)
    assert parse_path(text) == tuple(names)
