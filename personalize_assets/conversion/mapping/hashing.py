"""Keyed hashes of values: the same value and key give the same hash, in every dataset and on every engine."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from personalize_assets.conversion.column_types import Convert
from personalize_assets.conversion.contract import Column, Dataset

KEY = "PERSONALIZE_HASH_KEY"
"""The environment variable with the key: any text, used as UTF-8."""

# A shorter key can be found by trying (NIST SP 800-107 asks for 112 bits, 14 random bytes).
MIN_KEY_CHARS = 16
# Part of stored commits through ``key_mark``: it must never change.
_MARK = "personalize_assets: which key is this"


def key_problem(env: Mapping[str, str] | None = None) -> str | None:
    """Describe what is wrong with the key in the environment, and what to do; None if nothing is."""
    key = (os.environ if env is None else env).get(KEY, "")
    what_to_do = "set it to a secret of your own, the same for all runs, as `openssl rand -hex 32` makes one"
    if not key:
        return f"{KEY} is not set, but columns with `hash: true` need it; {what_to_do}"
    if len(key) < MIN_KEY_CHARS:
        return f"{KEY} has {len(key)} characters, wanted at least {MIN_KEY_CHARS}; {what_to_do}"
    return None


def hasher(key: str) -> Callable[[str], str]:
    """Make the function that hashes a text: HMAC-SHA-256 as 64 hexadecimal digits."""
    keyed = hmac.new(key.encode(), digestmod=hashlib.sha256)

    def hash_text(text: str) -> str:
        state = keyed.copy()
        state.update(text.encode("utf-8", "surrogatepass"))
        return state.hexdigest()

    return hash_text


def key_mark(key: str) -> str:
    """Return 8 digits that tell keys apart without revealing one: an export must not mix hashes of two keys."""
    return hasher(key)(_MARK)[:8]


def is_hashed(dataset: Dataset) -> bool:
    """Whether a dataset has a hashed column."""
    return any(column.hash for column in dataset.columns)


def with_key(datasets: Iterable[Dataset]) -> tuple[Dataset, ...]:
    """Set the environment's key in all hashed columns. ``ValueError`` if a key is needed but missing or too short."""
    given = tuple(datasets)
    if not any(map(is_hashed, given)):
        return given
    if problem := key_problem():
        raise ValueError(problem)
    key = os.environ[KEY]
    return tuple(
        msgspec.structs.replace(
            dataset,
            columns=tuple(
                msgspec.structs.replace(column, hash_key=key) if column.hash else column for column in dataset.columns
            ),
        )
        for dataset in given
    )


def hashing_converter(column: Column, convert: Convert) -> Convert:
    """Make a converter whose text is hashed, from the column's plain one; an array is hashed element by element.

    ``ValueError`` if the column has no key, so that a value is never written unhashed.
    """
    if column.hash_key is None:
        raise ValueError(f"column {column.name} is to be hashed, but has no key")
    hash_text = hasher(column.hash_key)

    def convert_hashed(value: Any) -> Any:
        if type(value) is list and column.takes_arrays:
            texts = []
            for element in value:  # no comprehension: one frame a level, however deeply arrays are nested
                if text := convert_hashed(element):
                    texts.append(text)
            return column.separator.join(texts) or None
        text = convert(value)
        return hash_text(text) if text else None

    return convert_hashed
