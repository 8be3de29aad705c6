"""Hashed columns: one value and key give one hash."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping.converters import cell_converter
from personalize_assets.conversion.mapping.event_mapper import EventMapper
from personalize_assets.conversion.mapping.hashing import KEY, hasher, is_hashed, key_mark, key_problem, with_key

NOW = 1_790_812_800  # 2026-10-01T00:00:00Z
SECRET = "correct horse battery staple"
OTHER_SECRET = "incorrect horse battery staple"
HASHED = Dataset("interactions", (Column("X", ("a",), hash=True), Column("Y", ("b",))), where={})


def hashed(text: str, key: str = SECRET) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def value(column: Column, found: Any) -> Any:
    """What a column makes of a value of an event, or the reason for the reject."""
    (row,) = EventMapper(Dataset("interactions", (column,), where={})).rows({"a": found}, NOW)
    return row.reason or row.values[0]


def column(name: str = "X", **options: Any) -> Column:
    return Column(name, ("a",), hash=True, hash_key=SECRET, **options)


def test_a_hash_is_hmac_sha_256_of_the_text_in_hexadecimal() -> None:
    assert value(column(), "u1") == hashed("u1")
    # RFC 4231, test case 2.
    assert hasher("Jefe")("what do ya want for nothing?") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_a_number_is_hashed_as_the_text_that_it_would_be() -> None:
    assert value(column(), 17) == value(column(), "17") == hashed("17")


@pytest.mark.parametrize("nothing", [None, "", [], [None, ""]])
def test_null_and_empty_stay_null(nothing: Any) -> None:
    assert value(column(), nothing) is None
    assert value(column("USER_ID", required=True), nothing) == "missing:USER_ID"


def test_each_element_of_an_array_is_hashed_by_itself() -> None:
    assert value(column(), ["a", None, "b"]) == f"{hashed('a')}|{hashed('b')}"
    assert value(column("USER_ID", required=True), ["a"]) == "bad_value:USER_ID"


def test_a_renamed_value_is_hashed_by_its_new_name() -> None:
    assert value(column(map={"x": "y"}), "x") == hashed("y")


def test_ids_that_are_one_in_a_csv_are_one_hash() -> None:
    assert value(column("USER_ID"), "a\r\nb") == value(column("USER_ID"), "a b") == hashed("a b")


def test_a_long_id_is_not_too_long_as_a_hash() -> None:
    assert value(column("USER_ID"), "x" * 300) == hashed("x" * 300)


def test_hashes_that_are_too_long_together_are_a_reject_or_a_null() -> None:
    assert value(column(required=True), [str(number) for number in range(16)]) == "too_long:X"
    assert value(column(), [str(number) for number in range(16)]) is None


def test_an_impression_keeps_the_hashes_that_fit() -> None:
    ids = [str(number) for number in range(16)]
    assert value(column("IMPRESSION"), ids) == "|".join(map(hashed, ids[:15]))


def test_a_column_that_is_to_be_hashed_is_never_written_without_a_key() -> None:
    with pytest.raises(ValueError, match="column X is to be hashed, but has no key"):
        cell_converter(Column("X", ("a",), hash=True))


def test_the_key_is_shown_nowhere() -> None:
    assert SECRET not in repr(column())
    assert SECRET not in repr(Dataset("interactions", (column(),), where={}))


def test_a_key_is_named_by_a_mark_that_does_not_reveal_it() -> None:
    assert key_mark(SECRET) == hashed("personalize_assets: which key is this")[:8]
    assert key_mark(SECRET) != key_mark(OTHER_SECRET)


def test_a_dataset_is_hashed_if_one_of_its_columns_is() -> None:
    assert is_hashed(HASHED)
    assert not is_hashed(Dataset("interactions", (Column("Y", ("b",)),), where={}))


@pytest.mark.parametrize(
    ("env", "problem"),
    [
        ({}, f"{KEY} is not set, but columns with `hash: true` need it"),
        ({KEY: "short"}, f"{KEY} has 5 characters, wanted at least 16"),
    ],
)
def test_a_missing_key_and_a_short_one_are_problems_with_what_to_do(env: dict[str, str], problem: str) -> None:
    assert key_problem(env) == (
        f"{problem}; set it to a secret of your own, the same for all runs, as `openssl rand -hex 32` makes one"
    )


def test_a_long_key_is_no_problem() -> None:
    assert key_problem({KEY: SECRET}) is None


def test_the_key_of_the_environment_goes_into_hashed_columns_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, SECRET)

    (dataset,) = with_key([HASHED])

    assert [column.hash_key for column in dataset.columns] == [SECRET, None]


def test_without_hashed_columns_no_key_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)
    plain = Dataset("interactions", (Column("Y", ("b",)),), where={})

    assert with_key([plain]) == (plain,)


def test_hashed_columns_need_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)

    with pytest.raises(ValueError, match=f"{KEY} is not set"):
        with_key([HASHED])
