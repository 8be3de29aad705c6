"""Files that are meant to take a reader's time or memory, and files of events that were damaged at random."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

MB = 1024 * 1024

_PIECE_BYTES = MB


def repeated(unit: bytes, begin: bytes = b"", end: bytes = b"") -> Callable[[int], Iterator[bytes]]:
    """Make a function that gives about so many bytes: ``begin``, ``unit`` as often as needed, ``end``."""

    def pieces(size: int) -> Iterator[bytes]:
        yield begin
        whole = unit * max(_PIECE_BYTES // len(unit), 1)
        for _ in range(size // len(whole)):
            yield whole
        yield unit * (size % len(whole) // len(unit))
        yield end

    return pieces


def event(number: int, text: str = "") -> bytes:
    """A line like those of trackers, of about 500 bytes."""
    value = {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"ajs-{number:032x}",
        "userId": f"u{number % 1000}",
        "timestamp": "2026-10-01T10:00:00.000Z",
        "context": {"page": {"url": "https://shop.example/products/" + "x" * 60}, "userAgent": "Mozilla/5.0 " * 8},
        "properties": {"text": text, "products": [{"sku": f"s{number % 97}", "price": 19.9}, {"sku": "s1"}]},
    }
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def damaged_events(size: int, seed: int = 1, share: float = 0.3) -> Iterator[bytes]:
    """Lines of events of which a share was damaged: bytes changed, cut out, put in, doubled."""
    chance = random.Random(seed)
    lines = [event(number) for number in range(200)]
    done = 0
    while done < size:
        piece = []
        for _ in range(1000):
            line = chance.choice(lines)
            if chance.random() < share:
                line = mutated(line, chance)
            piece.append(line)
            done += len(line)
        yield b"".join(piece)


_SCRAPS = (
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b"\\'", b",", b":", b"\n", b"\n{", b"}{"),
    *(b"\xff", b"\\ud83d", b"\0", b"1", b"tru", b'{"a":[1,', b""),
)


def mutated(data: bytes, chance: random.Random, most: int = 3) -> bytes:
    """The bytes with a few random changes."""
    for _ in range(chance.randint(1, most)):
        at = chance.randrange(len(data) + 1)
        gone = chance.choice((0, 0, 1, 1, 5, 40))
        put = chance.choice(_SCRAPS) if chance.random() < 0.9 else data[at : at + chance.randrange(60)] * 2
        data = data[:at] + put + data[at + gone :]
    return data


INPUTS: dict[str, Callable[[int], Iterator[bytes]]] = {
    "events as they should be": lambda size: damaged_events(size, share=0),
    "short lines with a bad escape": repeated(b'{"a":"\\x"}\n'),
    "lines of 500 bytes with a bad escape": repeated(event(1, "it\\'s").replace(b"\\\\'", b"\\'")),
    "lines with half a surrogate pair": repeated(event(1, "@").replace(b"@", b"\\ud83d")),
    "lines that are not UTF-8": repeated(event(1, "@").replace(b"@", b"\xff")),
    "events without line ends, separated by spaces": repeated(event(1)[:-1] + b" "),
    "nested and never closed": repeated(b'{"a":[1,'),
    "nested and never closed, on lines": repeated(b'{"a":[1,\n'),
    "nested in the last field, on lines": repeated(b'{"a":\n'),
    "lines nested deeper than is read": repeated(b'{"a":' * 600 + b"1" + b"}" * 600 + b"\n"),
    "lines of brackets never closed": repeated(b'{"a":' * 600 + b"\n"),
    "one event with whole lines in it, never closed": repeated(event(1)[:-1] + b",\n", b'{"a":[\n'),
    "two-line pairs, the first cut off": repeated(event(1)[:60].rpartition(b":")[0] + b":\n" + event(2)),
    "open brackets": repeated(b"["),
    "closing brackets": repeated(b"]"),
    "empty arrays": repeated(b"[]"),
    "byte order marks": repeated(b"\xef\xbb\xbf"),
    "spaces": repeated(b" "),
    "commas": repeated(b","),
    "quotes": repeated(b'"'),
    "backslashes in a text": repeated(b"\\", b'{"a":"'),
    "numbers on lines": repeated(b"1\n"),
    "numbers beside each other": repeated(b"1 "),
    "digits": repeated(b"1", b'{"a":'),
    "zero bytes": repeated(b"\0"),
    "lines of a log": repeated(b"2026-10-01 10:00:00 INFO nothing to see here\n"),
    "braces on lines": repeated(b"{\n"),
    "spaces in an event": repeated(b" ", b'{"a":', b"1}\n"),
    "one array of empty objects in one event": repeated(
        b"{},", b'{"event":"Order Completed","properties":{"products":[', b"{}]}}\n"
    ),
    "glued events with a bad escape": repeated(event(1, "it\\'s").replace(b"\\\\'", b"\\'")[:-1]),
    "glued events that are cut off": repeated(event(1)[:300]),
    "glued arrays that are cut off": repeated(b'{"a":tru,"b":[{"c":1},'),
    "glued brackets in a broken event": repeated(b"{x},", b'{"a":tru,"b":['),
    "events damaged at random": damaged_events,
    "events nearly all damaged": lambda size: damaged_events(size, seed=2, share=0.95),
}
"""By what they are: gives about so many bytes in pieces."""


def write(name: str, size: int, path: Path, *, packed: bool = False) -> int:
    """Write an input as a file, plain or as gzip; return its unpacked size."""
    written = 0
    with gzip.open(path, "wb", 9) if packed else path.open("wb") as file:
        for piece in INPUTS[name](size):
            written += len(piece)
            file.write(piece)
    return written
