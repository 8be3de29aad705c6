"""Values that leave as keyed hashes: one value and key give one hash, in every dataset and on every engine."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from personalize_assets.conversion.contract import Column, Dataset

KEY = "PERSONALIZE_HASH_KEY"
"""The environment variable with the key: any text, as UTF-8."""

# Shorter than that a key can be found by trying (NIST SP 800-107 asks for 112 bits, 14 random bytes).
LEAST_KEY_CHARS = 16
_MARK = "personalize_assets: which key is this"


def key_problem(env: Mapping[str, str] | None = None) -> str | None:
    """What is wrong with the key in the environment; None if nothing is."""
    key = (os.environ if env is None else env).get(KEY, "")
    what_to_do = "set it to a secret of your own, the same for all runs, as `openssl rand -hex 32` makes one"
    if not key:
        return f"{KEY} is not set, but columns with `hash: true` need it; {what_to_do}"
    if len(key) < LEAST_KEY_CHARS:
        return f"{KEY} has {len(key)} characters, wanted at least {LEAST_KEY_CHARS}; {what_to_do}"
    return None


def digest(key: str) -> Callable[[str], str]:
    """A function of a text: its HMAC-SHA-256 as 64 hexadecimal digits."""
    keyed = hmac.new(key.encode(), digestmod=hashlib.sha256)

    def hashed(text: str) -> str:
        one = keyed.copy()
        one.update(text.encode("utf-8", "surrogatepass"))
        return one.hexdigest()

    return hashed


def key_mark(key: str) -> str:
    """Tells keys apart without naming one: hashes of two keys must not meet in one export."""
    return digest(key)(_MARK)[:8]


def is_hashed(dataset: Dataset) -> bool:
    return any(column.hash for column in dataset.columns)


def with_key(datasets: Iterable[Dataset]) -> tuple[Dataset, ...]:
    """The datasets with the environment's key in their hashed columns. ``ValueError`` if it is needed and bad."""
    found = tuple(datasets)
    if not any(map(is_hashed, found)):
        return found
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
        for dataset in found
    )


def hashed(column: Column, plain: Callable[[Any, int], Any]) -> Callable[[Any, int], Any]:
    """A converter whose text comes out hashed. ``plain`` is the column's own; a list is hashed element by element."""
    if column.hash_key is None:
        raise ValueError(f"column {column.name} is to be hashed, but has no key")  # never written as it is
    one = digest(column.hash_key)
    takes_one = column.is_id or column.name == "EVENT_TYPE"  # a list is no value of theirs: `plain` refuses it

    def convert(value: Any, latest: int) -> Any:
        if type(value) is list and not takes_one:
            texts = []
            for element in value:
                if text := convert(element, latest):
                    texts.append(text)
            return column.separator.join(texts) or None
        text = plain(value, latest)
        return one(text) if text else None

    return convert
