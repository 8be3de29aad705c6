"""Words that stand for a missing value."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_assets.conversion.mapping.null_words import NO_WORDS, NullWords

WORDS = NullWords(["undefined", "(not set)", "0", "true", "-1.50"])


@pytest.mark.parametrize("value", ["undefined", "(not set)", "0", 0, True, "true", -1.5, "-1.50"])
def test_a_word_is_null_as_text_and_as_what_has_that_text(value: Any) -> None:
    assert WORDS.without(value) is None


@pytest.mark.parametrize("value", ["Undefined", " undefined", "", None, 1, False, "-1.5", {"a": "undefined"}])
def test_any_other_value_stays_as_it_is(value: Any) -> None:
    assert WORDS.without(value) == value


def test_a_word_is_null_within_arrays_too() -> None:
    assert WORDS.without(["a", "undefined", ["0", 5]]) == ["a", None, [None, 5]]


def test_without_words_there_are_none() -> None:
    assert (bool(WORDS), bool(NO_WORDS)) == (True, False)
