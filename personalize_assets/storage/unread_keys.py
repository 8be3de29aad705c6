"""Keys of a source that are not read, or hold nothing: how many, and an example of each kind."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

KINDS = 5
"""How many kinds of keys have an example."""

_DIGITS = re.compile(r"\d+")


class UnreadKeys(msgspec.Struct, frozen=True):
    """A number of keys, and the first key of each kind, in the order of keys; at most ``KINDS``.

    Keys are of one kind whose folders differ only in their numbers.
    """

    count: int = 0
    examples: tuple[str, ...] = ()

    def __add__(self, other: UnreadKeys) -> UnreadKeys:
        """Both together; of examples of the same kind the first stays."""
        kinds: dict[str, str] = {}
        for key in (*self.examples, *other.examples):
            kinds.setdefault(_kind(key), key)
        return UnreadKeys(self.count + other.count, tuple(kinds.values())[:KINDS])

    def __str__(self) -> str:
        """Such as ``3, e.g. a/1, b/1``."""
        return f"{self.count:,}, e.g. {', '.join(self.examples)}" if self.count else "none"


NO_KEYS = UnreadKeys()


def unread_keys(keys: Iterable[str]) -> UnreadKeys:
    """Count keys, which come in their order."""
    count = 0
    kinds: dict[str, str] = {}
    for key in keys:
        count += 1
        kind = _kind(key)
        if kind in kinds or len(kinds) < KINDS:
            kinds.setdefault(kind, key)
    return UnreadKeys(count, tuple(kinds.values()))


def _kind(key: str) -> str:
    return _DIGITS.sub("0", key[: key.rfind("/") + 1])
