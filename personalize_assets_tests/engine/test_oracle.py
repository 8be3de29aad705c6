"""The pipeline against an oracle that follows design §5 and nothing else: the same bytes, the same counts."""

from __future__ import annotations

import gzip
import json
import random
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.config import load_config
from personalize_assets.engines import Engine
from personalize_assets.generate import generate
from personalize_assets.layouts import LAYOUTS
from personalize_assets.layouts import layout as layout_of
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.groups import convert, export
from personalize_assets_tests.helpers.oracle import Expected, expected

Config = dict[str, Any]
START = date(2026, 10, 1)
TRADE = {"event": ["Product Clicked", "Product Added", "Order Completed"]}


def col(*paths: str, **options: Any) -> dict[str, Any]:
    return {"path": list(paths), **options} if paths else options


SKU = col("each.sku", "properties.sku")
PRICE = col("each.price", "properties.price", type="float")
DEPARTMENTS = "traits.`Favorite Departments`"

# The mapping of design §4.
SAMPLE: Config = {
    "interactions": {
        "where": TRADE,
        "each": "properties.products",
        "dedupe_by": "messageId",
        "columns": {
            "USER_ID": col("userId"),
            "ITEM_ID": SKU,
            "EVENT_TYPE": col("event"),
            "EVENT_VALUE": PRICE,
            "TIMESTAMP": col("timestamp"),
        },
    },
    "users": {
        "where": {"type": ["identify"]},
        "columns": {
            "USER_ID": col("userId"),
            "FAVORITE_DEPARTMENTS": col(DEPARTMENTS, categorical=True),
            "LIFETIME_VALUE": col("traits.lifetime_value", type="float"),
        },
    },
    "items": {
        "where": TRADE,
        "each": "properties.products",
        "columns": {
            "ITEM_ID": SKU,
            "CATEGORY_L1": col("each.category", "properties.category", categorical=True),
            "PRICE": PRICE,
        },
    },
}

# Without `each`, `dedupe_by` and, for interactions, `where`; an array of the event as IMPRESSION.
WHOLE_EVENTS: Config = {
    "interactions": {
        "columns": {
            "TIMESTAMP": col("receivedAt", "timestamp"),
            "USER_ID": col("userId", "anonymousId"),
            "ITEM_ID": col("properties.sku", "properties.products.sku", "context.page.path", "messageId"),
            "EVENT_TYPE": col("event", "type", map={"Order Completed": "Purchase", "page": "true"}),
            "IMPRESSION": col("properties.products.sku"),
            "ACTIVE": col("traits.`Invited User?`", "context.ok", type="boolean"),
            "COUNT": col("properties.quantity", type="int"),
        },
    },
    "users": {
        "where": {"type": ["identify"]},
        "event_time": "receivedAt",
        "message_id": "anonymousId",
        "columns": {
            "DEPARTMENTS": col(DEPARTMENTS, categorical=True, separator=" / "),
            "USER_ID": col("userId"),
            "FIRST_DEPARTMENTS": col(DEPARTMENTS, categorical=True, keep="first"),
            "INVITED": col("traits.`Invited User?`", type="boolean", keep="first"),
            "GROUP": col(constant="a,b"),
        },
    },
    "items": {
        "where": {"event": ["Product Clicked", "Order Completed", "Product Added", "1", "true"], "type": ["track"]},
        "columns": {
            "ITEM_ID": col("properties.sku", "properties.order_id"),
            "CREATION_TIMESTAMP": col("timestamp", keep="first"),
            "PRICE": col("properties.price", "properties.total", type="double", required=True),
            "QUANTITY": col("properties.quantity", type="long"),
            "BRAND": col("properties.brand", categorical=True, keep="first"),
            "NAME": col("properties.name", textual=True),
        },
    },
}

# Required columns that events often lack, two fields in `where`, an element's value before the event's.
STRICT: Config = {
    "interactions": {
        "where": {"type": ["track"], "event": ["Order Completed", "Product Added"]},
        "each": "properties.products",
        "columns": {
            "ITEM_ID": SKU,
            "USER_ID": col("userId", "anonymousId"),
            "TIMESTAMP": col("timestamp"),
            "EVENT_VALUE": {**PRICE, "required": True},
            "COUPON": col("properties.coupon", "each.brand", required=True, categorical=True),
            "COUNT": col("each.quantity", "properties.quantity", type="long"),
        },
    },
    "items": {
        "where": TRADE,
        "each": "properties.products",
        "dedupe_by": "messageId",
        "message_id": "userId",
        "event_time": "originalTimestamp",
        "columns": {
            "ITEM_ID": SKU,
            "PRICE": {**PRICE, "keep": "first"},
            "SEEN": col("timestamp", type="timestamp", required=True),
            "QUANTITY": col("each.quantity", "properties.quantity", type="int", required=True),
        },
    },
}


def made(engine: Engine, folder: Path, source: Path, config: Config) -> Expected:
    """What the pipeline makes of a source, in the oracle's form."""
    file = folder / "personalize.yaml"
    file.write_text(json.dumps(config), "utf-8")
    group = DatasetGroup(load_config(file, env={}))
    days = list(group.bytes_by_day())
    converted = convert(group, engine, days)
    exported = export(group, engine)
    found = Expected(read={"read": 0, "wanted": 0, "not_wanted": 0, "malformed": {}})
    for source in group.sources:
        for counts in group.destination.daily_accounting(source).values():
            found.read["read"] += counts.read
            found.read["wanted"] += counts.wanted
            found.read["not_wanted"] += counts.not_wanted
            add(found.read["malformed"], counts.malformed)
    for name, commits in converted.commits.items():
        total = found.datasets.setdefault(name, {"rows": 0, "kept": 0, "rejected": {}})
        for commit in commits.values():
            total["rows"] += commit.rows
            total["kept"] += commit.kept
            add(total["rejected"], commit.rejected)
        total["duplicates"] = exported.manifests[name].duplicates
        found.csv[name] = (folder / f"out/exports/{name}.csv").read_bytes()
    return found


def add(total: dict[str, int], more: dict[str, int]) -> None:
    for key, count in more.items():
        total[key] = total.get(key, 0) + count


def check(engine: Engine, folder: Path, layout: str, datasets: Config) -> None:
    config = {
        "source": {"uri": "raw", "layout": layout, "start_date": START.isoformat()},
        "destination": {"uri": "out"},
        "dataset_group": {"name": "oracle"},
        "datasets": datasets,
    }
    right = expected(folder / "raw", config)
    found = made(engine, folder, folder / "raw", config)

    assert found.read == right.read
    for name in datasets:
        assert found.csv[name].decode().split("\n") == right.csv[name].decode().split("\n")
        assert found.csv[name] == right.csv[name]
    assert found.datasets == right.datasets
    assert right.datasets["items"]["kept"] > 5


CONFIGS = {"sample": SAMPLE, "whole events": WHOLE_EVENTS, "strict": STRICT}
QUICK = {"segment": "sample", "rudderstack": "whole events", "firehose": "strict", "hive": "sample", "flat": "strict"}


@pytest.mark.parametrize(("layout", "config"), list(QUICK.items()))
def test_a_shop_in_each_layout(layout: str, config: str, engine: Engine, tmp_path: Path) -> None:
    generate(tmp_path / "raw", layout=layout, days=3, users=60, seed=len(layout))

    check(engine, tmp_path, layout, CONFIGS[config])


@pytest.mark.slow
@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_larger_shop_with_each_mapping(layout: str, config: str, engine: Engine, tmp_path: Path) -> None:
    generate(tmp_path / "raw", layout=layout, days=4, users=300, seed=len(config))

    check(engine, tmp_path, layout, CONFIGS[config])


# Sources that no shop would send. A text `@@…@@` stands for a literal that json.dumps would not write.

TEXTS = ["", "a", "b", "A,b", 'say "x"', "back\\slash", "two\nlines", "two\r\nlines", "u\u2028v", "ü€😀", "|", " ",
         "-", "null", "true", "0", "00123", "é", "e\u0301", "Z" * 256, "Z" * 257, "y" * 1000, "y" * 1001]  # fmt: skip
# The pipeline takes `too_long` to hold for every text that is not textual; §5 names ids and categories only. So no text
# over 1000 characters comes to a plain column (IMPRESSION) here.
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
EVENTS = ["Product Clicked", "Product Added", "Order Completed", "Page Viewed", 'Odd "event"', "", None, 1, True,
          ["Product Added"], {}]  # fmt: skip
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


@pytest.mark.parametrize(("config", "seeds"), [("sample", [1, 2]), ("whole events", [3, 4]), ("strict", [5])])
def test_adversaries(config: str, seeds: list[int], engine: Engine, tmp_path: Path) -> None:
    for seed in seeds:
        Adversary(seed).write(tmp_path / "raw")

    check(engine, tmp_path, "hive", CONFIGS[config])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120))
def test_many_adversaries(seed: int, engine: Engine, tmp_path: Path) -> None:
    Adversary(seed).write(tmp_path / "raw")

    check(engine, tmp_path, "hive", list(CONFIGS.values())[seed % 3])
