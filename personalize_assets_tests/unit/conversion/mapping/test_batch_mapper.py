"""Many events at once become the rows and rejects that each of them becomes by itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.contract import Column, Condition, Dataset
from personalize_assets.conversion.mapping.batch_mapper import BatchMapper
from personalize_assets.conversion.mapping.batch_rows import RowSelection
from personalize_assets.conversion.mapping.event_mapper import EventMapper
from personalize_assets.conversion.mapping.timestamps import max_epoch_seconds_of
from personalize_assets.conversion.mapping.where import matcher
from personalize_assets.conversion.reading.json_value import parse
from personalize_assets.conversion.reading.struct_decoder import StructDecoder
from personalize_assets_tests.helpers.strategies import SCRAPS, VALUES

LATEST = max_epoch_seconds_of(date(2026, 10, 1))

INTERACTIONS = Dataset(
    "interactions",
    (
        Column("USER_ID", ("userId",), required=True),
        Column("ITEM_ID", ("each.sku", "properties.sku"), required=True),
        Column("EVENT_TYPE", ("event",), required=True, map={"Order Completed": "buy"}),
        Column("EVENT_VALUE", ("each.price", "properties.price"), type="float"),
        Column("COUNT", ("properties.count",), type="int"),
        Column("GIFT", ("properties.gift",), type="boolean"),
        Column("SHOP", (), constant="web"),
        Column("IMPRESSION", ("each.tags", "tags")),
        Column("PARTS", ("tags", "properties.count"), split=",", constant="a, b"),
        Column("RENAMED", ("tags",), map={"a": "b" * 1001}),
        Column("TIMESTAMP", ("timestamp",), type="timestamp", required=True),
    ),
    where={"event": ("Order Completed", "1", "true"), "type": ("track",)},
    each="properties.products",
    dedupe_by="messageId",
    nulls=("undefined", "0", "x"),
)
ITEMS = Dataset(
    "items",
    (
        Column("ITEM_ID", ("each.sku", "properties.sku"), required=True),
        Column("TAGS", ("each.tags", "tags"), categorical=True),
        Column("HIDDEN_TAGS", ("each.tags", "tags"), hash=True, hash_key="key"),
        Column("PRICE", ("properties.price",), type="double", required=True),
        Column(
            "CREATION_TIMESTAMP",
            ("properties.created", "each.created", "timestamp"),
            type="timestamp",
            event_times=("timestamp",),
        ),
        Column("RELEASED", ("properties.created", "tags"), type="timestamp", constant="1942-11-26"),
        Column("STOCK", ("each.stock",), type="long"),
    ),
    where={"event": ("Order Completed", "1", "true"), "type": ("track",)},
    each="properties.products",
    event_time="timestamp",
    message_id="messageId",
    nulls=("undefined", "2026-10-01", "35.0", "true"),
)
USERS = Dataset(
    "users",
    (
        Column("USER_ID", ("userId",), required=True, hash=True, hash_key="key"),
        Column("AGE", ("`Age, in years`", "age"), type="int"),
    ),
    where={"userId": Condition(none_of=("x", "0"))},
    event_time="timestamp",
)
LINES = Dataset(
    "interactions",
    (Column("USER_ID", ("userId",)), Column("ITEM_ID", ("each.sku",), required=True)),
    where={"each.price": Condition(none_of=("0", "x")), "each.tags": ("a", "1"), "type": ("track",)},
    each="properties.products",
    dedupe_by="each.stock",
)
ALL = (INTERACTIONS, ITEMS, USERS)

TIMES = st.one_of(
    st.sampled_from(
        ["2026-10-01T10:00:00Z", "2026-10-01T10:00:00.123Z", "2026-10-01T12:00:00+02:00", "2026-10-01", "2026-02-30"]
    ),
    st.sampled_from(["2026-02-30T10:00:00Z", "2026-10-01T10:00:00", "2026-10-01T10Z", "1600-01-01T00:00:00Z", "x"]),
    st.sampled_from(["1942-11-26", "1969-12-31T23:59:59.5Z", "9999-12-31", "0001-01-01", "2036-10-01", "", 0]),
    st.sampled_from([1790812800, 1790812800000, 1790812800.5, 10**30, -5, True]),
)
ODD = st.sampled_from(
    [
        *["a,b , c", ",", ["a,b", "c, "], [["a", "b,c"], None]],
        *["", " ", "a\nb", "a b", "x" * 300, "x" * 1001, "ü", 0, -0.0, 1e300, 2**53 + 1, 2**70, 12345678901234567890],
        *[
            "undefined",
            ["undefined", "a"],
            [["undefined"]],
            "\0",
            " \0",
            "a\0b",
            "\u2003",
            ["a", " "],
            ["\0", "b"],
            "0",
        ],
        *["35.0", "3.5e1", "1_0", "nan", [], [None], ["a", None, 1], [[]], {}, {"a": 1}, True, None, "True", "no"],
    ]
)
LEAF = st.one_of(ODD, VALUES, TIMES, st.text(max_size=5), st.integers(), st.floats(allow_nan=False))
PRODUCTS = st.one_of(
    st.lists(
        st.fixed_dictionaries({}, optional={"sku": LEAF, "price": LEAF, "tags": LEAF, "stock": LEAF, "created": TIMES}),
        max_size=3,
    ),
    st.lists(VALUES, max_size=2),
    VALUES,
)
PROPERTIES = st.one_of(
    st.fixed_dictionaries(
        {"sku": st.sampled_from(["s1", "s2", 7])},
        optional={"products": PRODUCTS, "price": LEAF, "count": LEAF, "gift": LEAF, "created": TIMES, "noise": VALUES},
    ),
    VALUES,
)
EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track", "track", "track", "page", None, 1]),
        "event": st.sampled_from(["Order Completed", "Order Completed", "Other", 1, True, 1.5, None, ["x"], {}]),
        "userId": st.one_of(st.sampled_from(["u1", "u2", 17]), LEAF),
        "timestamp": TIMES,
    },
    optional={
        "properties": PROPERTIES,
        "messageId": LEAF,
        "tags": LEAF,
        "Age, in years": LEAF,
        "age": LEAF,
        "noise": VALUES,
    },
)


Made = tuple[list[tuple[Any, ...]], list[tuple[int, str]], list[str]]
"""Kept rows, rejected events with their reasons, and the reasons of dropped values."""


def one_by_one(dataset: Dataset, events: list[dict[str, Any]]) -> Made:
    made: Made = ([], [], [])
    kept, rejected, dropped = made
    for number, fields in enumerate(events):
        if matcher(dataset)(fields):
            for row in EventMapper(dataset).rows(fields, LATEST):
                if row.reason is None:
                    kept.append(row.values)
                    dropped += row.dropped
                else:
                    rejected.append((number, row.reason))
    return made


def together(dataset: Dataset, decoder: StructDecoder, events: list[Any]) -> Made:
    mapper = BatchMapper(dataset)
    collector = RowSelection([dataset], decoder).collector()
    collector.add(events, 0)
    kept: list[tuple[Any, ...]] = []
    rejected: list[tuple[int, str]] = []
    dropped: list[str] = []
    for rows in collector.rows():
        mapped = mapper.map_rows(rows, LATEST)
        kept += [tuple(row.values()) for row in mapped.kept.to_pylist()]
        rejected += mapped.rejected
        dropped += mapped.dropped.elements()
    return kept, rejected, dropped


def agree(raws: list[bytes], datasets: Sequence[Dataset] = ALL) -> None:
    decoder = StructDecoder(datasets)
    structs, events = [], []
    for raw in raws:
        taken = decoder.decode_many([raw], is_text=False)
        if not taken:
            continue
        structs += taken
        fields = parse(raw).fields
        assert fields is not None, "the decoder takes what is not an event"
        events.append(fields)
    for dataset in datasets:
        # Rows of events without elements come before the others.
        found, right = together(dataset, decoder, structs), one_by_one(dataset, events)
        for place in range(3):
            assert sorted(map(repr, found[place])) == sorted(map(repr, right[place]))


@given(st.lists(EVENTS, max_size=6))
def test_events_together_become_the_rows_and_rejects_of_each(events: list[dict[str, Any]]) -> None:
    agree([json.dumps(event, ensure_ascii=number % 2 == 0).encode() for number, event in enumerate(events)])


@given(st.lists(EVENTS, max_size=6))
def test_elements_that_are_wanted_become_the_same_rows_together_as_of_each(events: list[dict[str, Any]]) -> None:
    agree([json.dumps(event).encode() for event in events], [LINES])


@given(st.lists(EVENTS, min_size=1, max_size=3), st.data())
def test_what_the_decoder_takes_of_damaged_events_is_an_event(
    events: list[dict[str, Any]], data: st.DataObject
) -> None:
    raws = []
    for event in events:
        raw = json.dumps(event, ensure_ascii=False).encode()
        at = data.draw(st.integers(0, len(raw)))
        gone = data.draw(st.sampled_from([0, 0, 1, 2, 5]))
        raws.append(raw[:at] + data.draw(SCRAPS) + raw[at + gone :])
    agree(raws)
