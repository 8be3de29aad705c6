"""Glued events of which some are damaged, as disks, networks and producers damage them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any, NamedTuple

SEPARATORS = ("", "", "", " ", "\\n", "\\r\\n", ",", ", ", "\n", ",\n")
"""What stands between the events of a file, the two characters ``\\n`` among them."""

_TEXTS = ("a, b", "{curly} [square]", 'a "quoted" }{ text', "two\nlines", "")
_FOREIGN = (b"ERROR upstream timed out", b"2026-10-01 10:00:00 ", b"<html>503</html>", b"null pointer\nat x")


def event(number: int, first: str, chance: random.Random) -> dict[str, Any]:
    """An event with objects in it, also some whose first name is that of the event; only events have ``messageId``."""
    value: dict[str, Any] = {first: f"m{number}" if first == "messageId" else number, "messageId": f"m{number}"}
    value |= {
        "event": "View",
        "text": chance.choice(["a, b", "{curly} [square]", 'a "quoted" }{ text', "two\nlines", ""]),
    }
    if chance.random() < 0.7:
        value["context"] = {"page": {"url": "https://shop.example/?a=1,2:3"}, "ok": True, "none": None}
    if chance.random() < 0.7:
        value["products"] = [
            {chance.choice(["sku", "id"]): f"s{n}", "price": n + 0.5} for n in range(chance.randint(0, 5))
        ]
    if chance.random() < 0.3:
        value["matrix"] = [[1, 2], [], [{"a": {}}, "x"]]
    return value | {"userId": f"u{number}", "timestamp": 1790812800 + number}


def _place(text: bytes, chance: random.Random, marks: bytes) -> int:
    """A random place of one of some characters."""
    return chance.choice([place for place in range(1, len(text)) if text[place] in marks])


def _cut_tail(text: bytes, chance: random.Random) -> bytes:
    return text[: chance.randrange(1, len(text))]


def _cut_head(text: bytes, chance: random.Random) -> bytes:
    return text[chance.randrange(1, len(text)) :]


def _cut_middle(text: bytes, chance: random.Random) -> bytes:
    first, last = sorted(chance.sample(range(1, len(text)), 2))
    return text[:first] + text[last:]


def _wrong_word(text: bytes, chance: random.Random) -> bytes:
    place = _place(text, chance, b":") + 1
    return text[:place] + chance.choice([b"tru", b"undefined", b"'x'", b"1.2.3", b"-", b"<null>"]) + b"," + text[place:]


def _trap(text: bytes, chance: random.Random) -> bytes:
    whole = json.dumps({"messageId": "trap", "event": "View", "userId": "u", "timestamp": 1790812800}).encode()
    name = _place(text, chance, b",") if text.count(b",") else 1
    within = chance.choice([b'"inner":%s', b'"inner":[%s]', b'"inner":[%s,%s]', b'"inner":[1, %s , %s, %s]'])
    trap = within.replace(b"%s", whole)
    return b'{"broken":tru,' + trap + b"," + text[1:] if name else text


def _lost(marks: bytes) -> Callable[[bytes, random.Random], bytes]:
    def damaged(text: bytes, chance: random.Random) -> bytes:
        place = _place(text, chance, marks)
        return text[:place] + text[place + 1 :]

    return damaged


def _extra(*pieces: bytes) -> Callable[[bytes, random.Random], bytes]:
    def damaged(text: bytes, chance: random.Random) -> bytes:
        place = chance.randrange(1, len(text))
        return text[:place] + chance.choice(pieces) + text[place:]

    return damaged


def _foreign_text(text: bytes, chance: random.Random) -> bytes:
    foreign = chance.choice(
        [b"ERROR upstream timed out", b"2026-10-01 10:00:00 ", b"<html>503</html>", b"null pointer\nat x"]
    )
    return foreign + text if chance.random() < 0.5 else text + foreign


def _twice(text: bytes, chance: random.Random) -> bytes:
    return text[: chance.randrange(1, len(text))] + text


WAYS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "the end is cut off": _cut_tail,
    "the beginning is cut off": _cut_head,
    "the middle is cut out": _cut_middle,
    "a word is no JSON": _wrong_word,
    "a word is no JSON, and whole events are nested in it": _trap,
    "a quote is lost": _lost(b'"'),
    "a bracket is lost": _lost(b"{}[]"),
    "a comma or colon is lost": _lost(b",:"),
    "a bracket is too many": _extra(b"{", b"}", b"[", b"]"),
    "bytes are put in": _extra(b"\0\0\0", b"\\x", b"\xff\xfe", b"\\ud800", b'"', b"\\"),
    "foreign text stands beside it": _foreign_text,
    "it begins twice": _twice,
}
"""Ways to damage the text of one event."""


class DamagedFile(NamedTuple):
    """A file of ``total`` events.

    ``whole`` are those that are not damaged, by ``messageId``; ``damaged`` the texts of the others.
    """

    text: bytes
    whole: dict[str, dict[str, Any]]
    total: int
    damaged: list[bytes]
    separator: bytes


def _is_seen(damaged: bytes) -> bool:
    """Whether a text shows its damage: it is not a whole value by chance, with more of the event behind it."""
    try:
        end = json.JSONDecoder(strict=False).raw_decode(damaged.decode("latin-1").lstrip(" ,"))[1]
    except ValueError:
        return True
    return damaged[:1] == b"{" and b'"' not in damaged[end:]


def damaged_file(seed: int, most: int = 30, ways: tuple[str, ...] = tuple(WAYS)) -> DamagedFile:
    """Up to ``most`` events with the same between them, of which a few are damaged."""
    chance = random.Random(seed)
    count = chance.randint(1, most)
    separator = chance.choice(SEPARATORS).encode()
    spaced = chance.random() < 0.5
    first = chance.choice(["messageId", "id"])
    damaged = set(chance.sample(range(count), min(chance.choice([0, 1, 1, 2, 3, 5]), count)))
    texts: list[bytes] = []
    whole: dict[str, dict[str, Any]] = {}
    broken: list[bytes] = []
    for number in range(count):
        value = event(number, first, chance)
        text = json.dumps(value, separators=None if spaced else (",", ":")).encode()
        if number in damaged:
            before = texts[-1] + separator if number - 1 in damaged else b""
            whole_text, text = text, b""
            while not (text and _is_seen(text) and (not before or _is_seen(before + text))):
                text = WAYS[chance.choice(ways)](whole_text, chance)
            broken.append(text)
        else:
            whole[f"m{number}"] = value
        texts.append(text)
    return DamagedFile(separator.join(texts), whole, count, broken, separator)
