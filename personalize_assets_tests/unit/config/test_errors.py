# ruff: noqa: E501 - the texts of errors are in one piece, so that a search finds them
"""How problems are worded, located and ordered."""

from __future__ import annotations

import pytest

from personalize_assets.config.errors import config_error, format_value
from personalize_assets_tests.helpers.example_config import (
    COLUMNS,
    EXAMPLE,
    edited,
    problems_in,
    problems_in_column,
)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        (
            "PERSONALIZE__SOURCE__LAYUOT",
            "segment",
            "source.layuot: unknown key; did you mean 'layout'? use one of uri, layout, start_date, follow_links, format, csv, parse, events, ignore_case, redshift",
        ),
        (
            "PERSONALIZE__SUORCE__URI",
            "segment",
            "suorce: unknown key; did you mean 'source'?"
            " use one of source, destination, engine, spark_config, checks, dataset_group, datasets, mask, nulls, suppress, automation, aws, glue, emr_serverless, import",
        ),
        (
            "PERSONALIZE__DATASETS__ITEMS__COLUMNS__PRCIE__TYPE",
            "float",
            "datasets.items.columns.PRCIE: neither path nor constant; write one of them",
        ),
        (
            f"{COLUMNS}__EVENT_VALUE__TYPE",
            "double",
            "datasets.interactions.columns.EVENT_VALUE.type: 'double' is not the type of EVENT_VALUE;"
            " write EVENT_VALUE: {path: [each.price, properties.price], type: float}"
            " (Personalize guide, custom-datasets-and-schemas)",
        ),
        (
            "PERSONALIZE_ENGINE",
            "spork",
            "engine: 'spork' is not an engine; use one of arrow, local, spark, glue, emr-serverless",
        ),
        (
            "PERSONALIZE_ENGINE",
            "sail",
            "engine: 'sail' has been replaced by 'arrow', which needs no server and no Java; write arrow instead",
        ),
        (
            "PERSONALIZE__SOURCE",
            "s3://b",
            "source: found 's3://b'; write a mapping with the keys uri, layout, start_date, follow_links, format, csv, parse, events, ignore_case, redshift",
        ),
    ],
)
def test_a_wrong_value_of_the_environment_names_its_variable(name: str, value: str, line: str) -> None:
    assert problems_in(env={name: value}) == [f"{name}: {line}"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("layout:", "layuot:", "source.layuot: unknown key; did you mean 'layout'? use one of uri, layout, start_date, follow_links, format, csv, parse, events, ignore_case, redshift"),
        ("engine: local", "zone: utc", "zone: unknown key; use one of source, destination, engine, spark_config, checks, dataset_group, datasets, mask, nulls, suppress, automation, aws, glue, emr_serverless, import"),
        ("  layout: segment\n", "", "source.layout: missing; write one of segment, rudderstack, firehose, hive, flat, or a pattern of keys as 'year=%Y/month=%m/day=%d/**'"),
        ("  start_date: 2026-10-01\n", "", "source.start_date: missing; write the first arrival day, as 2026-10-01"),
        ("name: workshop", "name: 5", 'dataset_group.name: found 5; write text, as "5"'),
        ("uri: segment", "uri:", "source.uri: found nothing; write text"),
        ("uri: ../data/segment", "uri: out\n  single_file: some", "destination.single_file: found 'some'; write true or false"),
        ("uri: ../data/segment", "uri: out\n  single: no", "destination.single: unknown key; did you mean 'single_file'? use one of uri, single_file, keep_exports, retention_hours"),
        ("  interactions:", "  interaction:", "datasets.interaction: unknown key; did you mean 'interactions'? use one of interactions, users, items, actions, action_interactions"),
        ("where: {type: identify}", "where: identify", "datasets.users.where: found 'identify'; write a mapping"),
        ("dedupe_by: messageId", "event_time: sentAt", "datasets.interactions.event_time: unknown key; use one of source, where, each, dedupe_by, columns, last_days"),
    ],
)  # fmt: skip
def test_a_wrong_key_or_kind(old: str, new: str, line: str) -> None:
    assert problems_in(edited((old, new))) == [f"personalize.yaml: {line}"]


def test_no_interactions() -> None:
    text = EXAMPLE[: EXAMPLE.index("  interactions:")] + EXAMPLE[EXAMPLE.index("  users:") :]
    assert problems_in(text) == [
        "personalize.yaml: datasets.interactions: missing;"
        " write where and columns: it is the one dataset that every recipe needs"
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{path: p, typ: float}", ".typ: unknown key; did you mean 'type'? use one of path, constant, default, type, required, categorical, textual, map, separator, split, keep, hash"),
        ("{path: p, required: maybe}", ".required: found 'maybe'; write true or false"),
        ("{path: p, map: [a]}", ".map: found a list; write a mapping"),
        ("{path: p, separator: 1}", '.separator: found 1; write text, as "1"'),
    ],
)  # fmt: skip
def test_a_wrong_key_or_kind_in_a_column(text: str, line: str) -> None:
    assert problems_in_column(text) == [f"personalize.yaml: datasets.items.columns.PRICE{line}"]


def test_all_problems_are_named_at_once_in_the_order_of_the_file() -> None:
    text = edited(
        ("layout: segment", "layout: s3"),
        ("engine: local", "engine: flink"),
        ("EVENT_TYPE: event", "EVENT_TYPE: {path: event, keep: first}"),
        ("{path: [each.price, properties.price], type: float}", "{path: [each.price, properties.price], type: money}"),
        ("{path: traits.lifetime_value, type: float}", "{path: traits.lifetime_value, categorical: true, type: float}"),
        (
            "ITEM_ID: [each.sku, properties.sku]\n      CATEGORY",
            "ITEM_ID: {path: sku, required: false}\n      CATEGORY",
        ),
    )
    assert problems_in(text) == [
        "personalize.yaml: source.layout: 's3' is not a layout; use one of segment, rudderstack, firehose, hive, flat, or a pattern of keys as 'year=%Y/month=%m/day=%d/**'",
        "personalize.yaml: engine: 'flink' is not an engine; use one of arrow, local, spark, glue, emr-serverless",
        "personalize.yaml: datasets.interactions.columns.EVENT_VALUE.type:"
        " 'money' is not a type; use one of string, int, long, float, double, boolean, timestamp",
        "personalize.yaml: datasets.users.columns.LIFETIME_VALUE.categorical: true on a column of type float;"
        " only a string can be categorical: remove one of the two (Personalize guide, how-it-works-dataset-schema)",
        "personalize.yaml: datasets.items.columns.ITEM_ID.required: false, but ITEM_ID takes no null;"
        " leave `required` out (Personalize guide, custom-datasets-and-schemas)",
    ]


def test_a_column_name_with_a_dot_is_named_whole() -> None:
    [line] = problems_in(EXAMPLE + "      my.price: {path: p, type: float}\n")
    assert line.startswith("personalize.yaml: datasets.items.columns.my.price: 'my.price' is not a column name;")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "nothing"), (True, "true"), ({"a": 1}, "a mapping"), ([1], "a list"), ("a", "'a'"), (2.5, "2.5")],
)
def test_a_message_shows_what_was_found(value: object, text: str) -> None:
    assert format_value(value) == text


def test_problems_are_in_the_order_of_the_keys_each_once_absent_keys_last() -> None:
    values = {"b": {"y": 1}, "a": 2}
    found = [(("a",), "wrong"), (("c",), "missing"), (("b", "x"), "missing"), (("b", "y"), "bad"), (("a",), "wrong")]

    error = config_error("f.yaml", found, values, lambda where: "VARIABLE" if where == ("b", "y") else None)

    assert error.problems == (
        "VARIABLE: b.y: bad",
        "f.yaml: b.x: missing",
        "f.yaml: a: wrong",
        "f.yaml: c: missing",
    )
