"""Sources that no shop would send: events and files made from a seed, with odd values in every place."""

from __future__ import annotations

import gzip
import json
import random
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from personalize_assets.layouts import layout as layout_of

START = date(2026, 10, 1)

# A text `@@…@@` stands for a literal that json.dumps would not write.

TEXTS = ["", "a", "b", "A,b", 'say "x"', "back\\slash", "two\nlines", "two\r\nlines", "u\u2028v", "ü€😀", "|", " ",
         "-", "null", "true", "0", "00123", "é", "e\u0301", "Z" * 256, "Z" * 257, "y" * 1000, "y" * 1001]  # fmt: skip
IDS = TEXTS[:-2]
NUMBERS = [0, 1, -1, 7, 123, 12345678901234567890, 2**31, 2**63 - 1, 2**63, -(2**63), 0.1, 1.5, 35.0, -0.5, 1e-7,
           "@@1e3@@", "@@19.90@@", "@@1e21@@", "@@1E+2@@", "@@100.00@@", "@@0.1000000000000000055511151231257827@@",
           "@@-0.0@@", "@@123.0@@"]  # fmt: skip
NUMERIC_TEXTS = ["7", "7.5", "19.90", "-3", "1e3", "1e-7", "", "abc", "12abc", "0x10", "1,5", "12345678901234567890"]
ODD = [None, True, False, {}, {"a": 1}, [], ["x", None, "y"], [1, "@@2.50@@", True], [""], [None], [[1], ["z"]]]
TIMES = [
    "{d}T10:00:00Z", "{d}T10:00:00.5Z", "{d}T10:00:00.999999999999Z", "{d}T10:00:00", "{d}T01:00:00+02:00",
    "{d}T01:00:00+0200", "{d}T23:59:59.9-11:30", "{e}", "@@{e}@@", "@@{e}.75@@", "{e}.75", "@@{e}123@@", "{e}999",
    "@@{e}123456@@", "{e}123456", "@@{e}123456789@@", "{e}999999999", "soon", "", "1989-12-31T23:59:59Z",
    "1990-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "{d}T25:00:00Z", "2031-01-01T00:00:00Z",
    "@@0@@", "@@-5@@", "@@631151999@@", "@@631152000@@", "@@99999999999999999999@@", "{l}T23:59:59.999Z",
    "{n}T00:00:00.001Z", "{n}T00:00:01Z",
]  # fmt: skip
EVENTS: list[Any] = [
    "Product Clicked", "Product Added", "Order Completed", "Page Viewed", 'Odd "event"', "", None, 1, True,
    ["Product Added"], {},
]  # fmt: skip
LINE_ENDS = ["\n", "\r\n", "\n\n", ",\n"]
STRAY_LINES = [' "Order Completed"\n', "12\n", "[]\n", '{"event": "Order Completed", "oops\n', '{"cut": {\n']


class Adversary:
    """Events and files from a seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = random.Random(seed)

    def pick(self, *lists: list[Any]) -> Any:
        return self.rng.choice(self.rng.choice(lists))

    def mostly(self, value: Any, odd: list[Any] = ODD) -> Any:
        return value if self.rng.random() < 0.94 else self.rng.choice(odd)

    def time(self, day: date) -> Any:
        at = day - timedelta(days=self.rng.randint(0, 2))
        epoch = (at - date(1970, 1, 1)).days * 86400 + self.rng.choice([0, 1, 36000, 86399])
        days = {"d": at, "e": epoch, "l": day + timedelta(days=1), "n": day + timedelta(days=2)}
        return self.mostly(self.pick(TIMES[:17], TIMES[:17], TIMES).format(**days))

    def product(self) -> Any:
        maybe = {
            "sku": self.mostly(self.pick(IDS, ["p1", "p2", "p3"], ["p1", "p2", "p3"], NUMBERS)),
            "price": self.mostly(self.pick(NUMBERS, NUMERIC_TEXTS)),
            "category": self.pick(TEXTS, ["Kitchen|Bakeware"], ODD),
            "quantity": self.mostly(self.pick(NUMBERS, NUMERIC_TEXTS)),
            "brand": self.pick(TEXTS, ODD),
            "name": self.pick(TEXTS, ODD),
        }
        return {key: value for key, value in maybe.items() if self.rng.random() < 0.8}

    def event(self, day: date) -> dict[str, Any]:
        properties: Any = self.product()
        if self.rng.random() < 0.6:
            products = [self.pick([self.product()], [self.product()], [None, "x", 1, {}]) for _ in range(3)]
            properties["products"] = self.mostly(self.pick([products[:1], products[:2], products]), [[], None, "x", {}])
        maybe = {
            "type": self.pick(["track", "track", "identify"]),
            "event": self.pick(EVENTS[:3], EVENTS[:3], EVENTS),
            "userId": self.mostly(self.pick(["u1", "u2", "u3"], ["u1", "u2", "u3"], TEXTS, NUMBERS)),
            "anonymousId": self.pick(["an1", "an2"], TEXTS),
            "messageId": self.mostly(f"m{self.rng.randint(0, 150)}", ["", None, 1, "1", True, {}]),
            "timestamp": self.time(day),
            "receivedAt": self.time(day),
            "originalTimestamp": self.time(day),
            "properties": self.mostly(properties),
            "context": {"ok": self.pick(ODD, NUMBERS, ["true", "false", "no"])},
            "traits": {
                "Favorite Departments": self.pick(ODD, TEXTS, [["Women", "a,b"]]),
                "lifetime_value": self.pick(NUMBERS, NUMERIC_TEXTS, ODD),
                "Invited User?": self.pick([True, False], ["true", "false"], ODD),
            },
        }
        return {key: value for key, value in maybe.items() if self.rng.random() < 0.97}

    def json(self, event: Any, **options: Any) -> str:
        text = json.dumps(event, ensure_ascii=self.rng.random() < 0.3, **options)
        return re.sub(r'"@@(.*?)@@"', r"\1", text)

    def text(self, events: list[dict[str, Any]]) -> str:
        framing = self.rng.choice(["lines", "glued", "pretty", "array", "pretty array"])
        texts = [self.json(event, indent=2 if "pretty" in framing else None) for event in events]
        if framing == "glued":
            return "".join(texts)
        if "array" in framing:
            return "[" + ",\n".join(texts) + "]"
        return "".join(text + self.rng.choice(LINE_ENDS) + self.pick([""] * 9, STRAY_LINES) for text in texts)

    def write(self, folder: Path) -> None:
        layout = layout_of("hive", START)
        seen: list[dict[str, Any]] = []
        for number in range(12):
            day = START + timedelta(days=number % 3)
            events = [self.event(day) for _ in range(30)]
            events += self.rng.sample(seen, min(len(seen), 4))
            seen += events
            data = self.rng.choice([b"", b"\xef\xbb\xbf"]) + self.text(events).encode()
            file = folder / layout.key(day, f"{self.seed}-{number}.{self.rng.choice(['gz', 'json'])}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self.rng.choice([data, gzip.compress(data)]))
