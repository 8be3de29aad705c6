"""Shapes of events beyond a plain object with an array of objects: what the config says of them, and the CSV."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from personalize_assets.config import load_config
from personalize_assets.engines import Engine
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.groups import FIRST, convert, export
from personalize_assets_tests.helpers.stored import latest_csv

FIVE_O_CLOCK = 1_790_830_800  # 2026-10-01T05:00:00Z


def csv(
    folder: Path, engine: Engine, mapping: str, *events: dict[str, Any], source: str = "follow_links: off"
) -> list[str]:
    """The lines of the interactions below the header; events get a user and a time, both with their number."""
    (folder / "personalize.yaml").write_text(
        f"source: {{uri: raw, layout: hive, start_date: 2026-10-01, {source}}}\n"
        "destination: {uri: out}\n"
        "dataset_group: {name: site}\n"
        f"datasets: {{interactions: {{{mapping}}}}}\n"
    )
    day = folder / f"raw/day={FIRST}"
    day.mkdir(parents=True)
    numbered = [{"user": f"u{n}", "at": FIVE_O_CLOCK + n, **event} for n, event in enumerate(events)]
    (day / "events.json").write_text("".join(json.dumps(event) + "\n" for event in numbered))
    group = DatasetGroup(load_config(folder / "personalize.yaml"))
    convert(group, engine, [FIRST])
    export(group, engine)
    return (latest_csv(group.destination, "interactions") or b"").decode().splitlines()[1:]


def test_a_pick_finds_the_item_in_an_array_of_keys_and_values(tmp_path: Path, engine: Engine) -> None:
    mapping = "columns: {USER_ID: user, ITEM_ID: 'params[key=item_id].value.text', TIMESTAMP: at}"
    page = {"key": "page", "value": {"text": "/x"}}

    assert csv(
        tmp_path,
        engine,
        mapping,
        {"params": [page, {"key": "item_id", "value": {"text": "i0"}}]},
        {"params": [{"key": "item_id", "value": {"text": "i1"}}, {"key": "item_id", "value": {"text": "no"}}]},
        {"params": [page]},
        {"params": None},
    ) == [f"u0,i0,{FIVE_O_CLOCK}", f"u1,i1,{FIVE_O_CLOCK + 1}"]


def test_where_and_dedupe_by_may_pick(tmp_path: Path, engine: Engine) -> None:
    mapping = (
        "where: {'params[key=kind].value': [view]}, dedupe_by: 'params[key=id].value', "
        "columns: {USER_ID: user, ITEM_ID: sku, TIMESTAMP: at}"
    )
    kinds = [("view", 1), ("buy", 2), ("view", 1), ("view", 3)]
    events = [
        {"sku": f"s{n}", "params": [{"key": "kind", "value": kind}, {"key": "id", "value": id}]}
        for n, (kind, id) in enumerate(kinds)
    ]

    assert csv(tmp_path, engine, mapping, *events) == [f"u0,s0,{FIVE_O_CLOCK}", f"u3,s3,{FIVE_O_CLOCK + 3}"]


def test_each_of_an_object_takes_its_values(tmp_path: Path, engine: Engine) -> None:
    mapping = "each: products, columns: {USER_ID: user, ITEM_ID: [each.sku, sku], TIMESTAMP: at}"

    assert csv(
        tmp_path,
        engine,
        mapping,
        {"products": {"0": {"sku": "a0"}, "1": {"sku": "b0"}}},
        {"products": [{"sku": "a1"}]},
        {"products": {}, "sku": "a2"},
    ) == [f"u0,a0,{FIVE_O_CLOCK}", f"u0,b0,{FIVE_O_CLOCK}", f"u1,a1,{FIVE_O_CLOCK + 1}", f"u2,a2,{FIVE_O_CLOCK + 2}"]


def test_an_element_that_is_an_id_is_each_itself(tmp_path: Path, engine: Engine) -> None:
    mapping = "each: ids, columns: {USER_ID: user, ITEM_ID: each, TIMESTAMP: at}"

    assert csv(tmp_path, engine, mapping, {"ids": ["a0", 10]}, {"ids": [{"id": "object"}, None, "a1"]}, {}) == [
        f"u0,10,{FIVE_O_CLOCK}",
        f"u0,a0,{FIVE_O_CLOCK}",
        f"u1,a1,{FIVE_O_CLOCK + 1}",
    ]


def test_each_goes_through_arrays_of_arrays(tmp_path: Path, engine: Engine) -> None:
    mapping = "each: orders.lines, columns: {USER_ID: user, ITEM_ID: each.sku, TIMESTAMP: at}"

    assert csv(
        tmp_path,
        engine,
        mapping,
        {"orders": [{"lines": [{"sku": "a"}, {"sku": "b"}]}, {"lines": [{"sku": "c"}]}, {}]},
        {"orders": {"lines": [{"sku": "d"}]}},
    ) == [*(f"u0,{sku},{FIVE_O_CLOCK}" for sku in "abc"), f"u1,d,{FIVE_O_CLOCK + 1}"]


def test_a_condition_of_where_refuses_values_and_compares_numbers(tmp_path: Path, engine: Engine) -> None:
    mapping = (
        "where: {kind: {not: [bot]}, price: {min: 1, max: 10}, test: {exists: false}}, "
        "columns: {USER_ID: user, ITEM_ID: sku, TIMESTAMP: at}"
    )
    events: list[dict[str, Any]] = [
        {"price": 5},
        {"price": "5.5", "kind": "person"},
        {"price": 5, "kind": "bot"},
        {"price": 11},
        {},
        {"price": 1, "test": True},
    ]

    assert csv(tmp_path, engine, mapping, *({"sku": f"s{n}", **event} for n, event in enumerate(events))) == [
        f"u0,s0,{FIVE_O_CLOCK}",
        f"u1,s1,{FIVE_O_CLOCK + 1}",
    ]


def test_a_text_is_split_and_a_default_stands_where_nothing_is_found(tmp_path: Path, engine: Engine) -> None:
    mapping = (
        "columns: {USER_ID: user, ITEM_ID: sku, TAGS: {path: tags, split: ',', categorical: true}, "
        "SHOP: {path: [shop, store], default: 007}, TIMESTAMP: at}"
    )
    events: list[dict[str, Any]] = [
        {"tags": "shoes, sale ,,new", "shop": "web"},
        {"tags": ["a,b", "c"], "store": "app"},
        {"tags": " , ", "shop": " "},
    ]

    assert csv(tmp_path, engine, mapping, *({"sku": "s", **event} for event in events)) == [
        f"u0,s,shoes|sale|new,web,{FIVE_O_CLOCK}",
        f"u1,s,a|b|c,app,{FIVE_O_CLOCK + 1}",
        f"u2,s,,007,{FIVE_O_CLOCK + 2}",
    ]


def test_json_in_text_is_parsed_before_paths_lead_into_it(tmp_path: Path, engine: Engine) -> None:
    mapping = "each: p.items, columns: {USER_ID: user, ITEM_ID: each.sku, TIMESTAMP: at}"

    assert csv(
        tmp_path,
        engine,
        mapping,
        {"p": json.dumps({"items": json.dumps([{"sku": "a"}, {"sku": "b"}])})},
        {"p": "no JSON"},
        {"p": {"items": [{"sku": "c"}]}},
        source="parse: [p, p.items]",
    ) == [f"u0,a,{FIVE_O_CLOCK}", f"u0,b,{FIVE_O_CLOCK}", f"u2,c,{FIVE_O_CLOCK + 2}"]


def test_the_elements_of_an_envelope_are_the_events(tmp_path: Path, engine: Engine) -> None:
    mapping = (
        "where: {kind: view}, columns: {USER_ID: parent.user, ITEM_ID: sku, "
        "SHOP: {path: parent.shop, categorical: true}, TIMESTAMP: parent.at}"
    )
    batch = [{"kind": "view", "sku": "a"}, {"kind": "buy", "sku": "b"}, {"kind": "view", "sku": "c"}]

    assert csv(tmp_path, engine, mapping, {"shop": "x", "batch": batch}, {"batch": []}, {}, source="events: batch") == [
        f"u0,a,x,{FIVE_O_CLOCK}",
        f"u0,c,x,{FIVE_O_CLOCK}",
    ]
    group = DatasetGroup(load_config(tmp_path / "personalize.yaml"))
    counts = group.destination.days.all()["2026-10-01"].sources["source"]
    assert (counts.read, counts.wanted, counts.not_wanted, counts.malformed) == (4, 2, 1, {"no_events": 1})


def test_names_may_be_in_any_case(tmp_path: Path, engine: Engine) -> None:
    mapping = "where: {Kind: View}, columns: {USER_ID: User, ITEM_ID: [SKU, Item.Id], TIMESTAMP: At}"

    assert csv(
        tmp_path,
        engine,
        mapping,
        {"kind": "View", "sku": "A"},
        {"KIND": "View", "ITEM": {"ID": "B"}},
        {"kind": "view", "sku": "c"},
        source="ignore_case: true",
    ) == [f"u0,A,{FIVE_O_CLOCK}", f"u1,B,{FIVE_O_CLOCK + 1}"]


def test_where_may_select_elements_of_each(tmp_path: Path, engine: Engine) -> None:
    mapping = (
        "where: {kind: order, each.state: [sold]}, each: lines, "
        "columns: {USER_ID: user, ITEM_ID: [each.sku, sku], TIMESTAMP: at}"
    )
    lines = [{"sku": "a", "state": "sold"}, {"sku": "b", "state": "returned"}, None, {"sku": "c", "state": "sold"}]
    events: list[dict[str, Any]] = [
        {"kind": "order", "lines": lines},
        {"kind": "order", "lines": lines[1:2]},
        {"kind": "order", "sku": "no elements"},
        {"kind": "view", "lines": lines},
    ]

    assert csv(tmp_path, engine, mapping, *events) == [f"u0,a,{FIVE_O_CLOCK}", f"u0,c,{FIVE_O_CLOCK}"]
    group = DatasetGroup(load_config(tmp_path / "personalize.yaml"))
    counts = group.destination.days.all()["2026-10-01"].sources["source"]
    assert (counts.read, counts.wanted, counts.not_wanted) == (4, 1, 3)


def test_an_event_without_elements_meets_conditions_that_a_missing_field_meets(tmp_path: Path, engine: Engine) -> None:
    mapping = (
        "where: {each.state: {not: [returned]}}, each: lines, "
        "columns: {USER_ID: user, ITEM_ID: [each.sku, sku], TIMESTAMP: at}"
    )

    assert csv(
        tmp_path,
        engine,
        mapping,
        {"lines": [{"sku": "a", "state": "returned"}, {"sku": "b"}]},
        {"sku": "c"},
    ) == [f"u0,b,{FIVE_O_CLOCK}", f"u1,c,{FIVE_O_CLOCK + 1}"]


def test_dedupe_by_may_be_an_id_of_the_element_wherever_that_is(tmp_path: Path, engine: Engine) -> None:
    mapping = "dedupe_by: each.line, each: lines, columns: {USER_ID: user, ITEM_ID: each.sku, TIMESTAMP: at}"

    assert csv(
        tmp_path,
        engine,
        mapping,
        {"lines": [{"line": 1, "sku": "a"}, {"line": 2, "sku": "b"}]},
        {"lines": [{"line": 2, "sku": "b"}, {"line": 3, "sku": "c"}, {"sku": "d"}]},
    ) == [
        f"u0,a,{FIVE_O_CLOCK}",
        f"u0,b,{FIVE_O_CLOCK}",
        f"u1,c,{FIVE_O_CLOCK + 1}",
        f"u1,d,{FIVE_O_CLOCK + 1}",
    ]
