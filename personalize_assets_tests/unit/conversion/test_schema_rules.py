# ruff: noqa: E501 - each error text is one literal, so that a search finds it
"""What Personalize refuses about columns."""

from __future__ import annotations

import subprocess
import sys

import pytest

from personalize_assets.conversion.contract import EXPIRATIONS, Column
from personalize_assets.conversion.schema_rules import is_trained_on, problems
from personalize_assets_tests.helpers.columns import (
    COLOR,
    action_interactions,
    actions,
    column,
    interactions,
    items,
    own,
    users,
)

CUSTOM = "(Personalize guide, custom-datasets-and-schemas)"
SHOP = "(Personalize guide, ECOMMERCE-datasets-and-schemas)"
SCHEMA = "(Personalize guide, how-it-works-dataset-schema)"
LIMITS = "(Personalize guide, limits)"

# What Personalize takes


@pytest.mark.parametrize(
    ("dataset", "columns", "domain"),
    [
        ("interactions", interactions(), "custom"),
        ("users", users(COLOR), "custom"),
        ("users", users(own("AGE", type="int")), "custom"),
        ("users", users(COLOR, own("INVITED", type="boolean")), "custom"),
        ("users", users(COLOR, own("NAME")), "custom"),
        ("items", items(own("TEXT", textual=True)), "custom"),
        ("items", items(COLOR, column("items", "CREATION_TIMESTAMP")), "custom"),
        (
            "actions",
            actions(COLOR, *(column("actions", name, type="long") for name in ("VALUE", "REPEAT_FREQUENCY"))),
            "custom",
        ),
        ("actions", actions(COLOR, column("actions", "EXPIRATION_TIMESTAMP"), column("actions", "TYPE")), "custom"),
        ("actions", actions(own("PRICE", type="float"), column("actions", "ACTION_EXPIRATION_TIMESTAMP")), "custom"),
        ("action_interactions", action_interactions(), "custom"),
        ("action_interactions", action_interactions(own("IMPRESSION"), own("RECOMMENDATION_ID"), COLOR), "custom"),
        ("users", users(column("users", "SUBSCRIPTION_MODEL", "VIDEO_ON_DEMAND")), "VIDEO_ON_DEMAND"),
        (
            "interactions",
            interactions(*(own(f"M{i}", categorical=True) for i in range(5)), own("IMPRESSION")),
            "custom",
        ),
    ],
)
def test_nothing_to_complain_about(dataset: str, columns: list[Column], domain: str) -> None:
    assert problems(dataset, columns, domain) == []


# What Personalize refuses


def test_a_missing_column_is_refused() -> None:
    assert problems("interactions", interactions()[1:], "custom") == [
        (
            "columns.USER_ID",
            f"missing, but required for interactions in every dataset group: add it with a path into the events {CUSTOM}",
        )
    ]


def test_a_shop_needs_event_type_price_and_category() -> None:
    group = "in a dataset group of the domain ECOMMERCE: add it with a path into the events"
    assert problems("interactions", interactions(), "ECOMMERCE") == [
        ("columns.EVENT_TYPE", f"missing, but required for interactions {group} {SHOP}")
    ]
    assert problems("items", items(), "ECOMMERCE") == [
        ("columns.PRICE", f"missing, but required for items {group} {SHOP}"),
        ("columns.CATEGORY_L1", f"missing, but required for items {group} {SHOP}"),
    ]


def test_video_needs_genres_and_creation_timestamp() -> None:
    found = problems("items", items(), "VIDEO_ON_DEMAND")
    assert [where for where, _ in found] == ["columns.GENRES", "columns.CREATION_TIMESTAMP"]


def test_event_value_that_is_no_float_is_refused_with_the_line_to_write() -> None:
    value = column("interactions", "EVENT_VALUE", paths=("properties.price",))
    assert problems("interactions", interactions(value), "custom") == [
        (
            "columns.EVENT_VALUE.type",
            "'string' is not the type of EVENT_VALUE; write EVENT_VALUE: {path: properties.price, type: float} "
            + CUSTOM,
        )
    ]


def test_the_line_to_write_is_yaml_also_for_several_paths_and_backticks() -> None:
    value = column("interactions", "EVENT_VALUE", paths=("each.price", "properties.`Unit Price`"))
    [(_, message)] = problems("interactions", interactions(value), "custom")
    assert 'EVENT_VALUE: {path: [each.price, "properties.`Unit Price`"], type: float}' in message


def test_a_timestamp_as_long_is_refused() -> None:
    columns = [*interactions()[:2], column("interactions", "TIMESTAMP", type="long")]
    assert problems("interactions", columns, "custom") == [
        (
            "columns.TIMESTAMP.type",
            f"'long' is not the type of TIMESTAMP; write TIMESTAMP: {{path: timestamp, type: timestamp}} {CUSTOM}",
        )
    ]


@pytest.mark.parametrize("name", ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"])
def test_a_column_that_takes_no_null_cannot_be_optional(name: str) -> None:
    columns = [c for c in interactions() if c.name != name]
    assert problems("interactions", [*columns, column("interactions", name, required=False)], "custom") == [
        ("columns." + name + ".required", f"false, but {name} takes no null; leave `required` out {CUSTOM}")
    ]


def test_a_reserved_plain_string_is_never_categorical() -> None:
    columns = interactions(column("interactions", "EVENT_TYPE", categorical=True))
    assert problems("interactions", columns, "custom") == [
        (
            "columns.EVENT_TYPE.categorical",
            f"true, but EVENT_TYPE is never categorical; leave `categorical` out {CUSTOM}",
        )
    ]


def test_a_reserved_categorical_string_is_always_categorical() -> None:
    columns = items(
        column("items", "PRICE", "ECOMMERCE", type="float"),
        column("items", "CATEGORY_L1", "ECOMMERCE", categorical=False),
    )
    assert problems("items", columns, "ECOMMERCE") == [
        (
            "columns.CATEGORY_L1.categorical",
            f"false, but CATEGORY_L1 is always categorical; leave `categorical` out {SHOP}",
        )
    ]


def test_impressions_are_joined_by_a_bar() -> None:
    assert problems("interactions", interactions(own("IMPRESSION", separator=",")), "custom") == [
        (
            "columns.IMPRESSION.separator",
            "',', but ids in IMPRESSION are joined by '|'; leave `separator` out"
            " (Personalize guide, interactions-datasets)",
        )
    ]


@pytest.mark.parametrize("more", [[], [own("NAME")], [own("INVITED", type="boolean")]])
def test_users_need_a_column_to_train_on(more: list[Column]) -> None:
    assert problems("users", users(*more), "custom") == [
        (
            "columns",
            "no metadata column; users need at least one that is a categorical string or a number besides USER_ID:"
            f" add one, or mark a string with `categorical: true` {CUSTOM}",
        )
    ]


def test_the_creation_timestamp_is_not_an_items_metadata() -> None:
    assert problems("items", items(column("items", "CREATION_TIMESTAMP")), "custom") == [
        (
            "columns",
            "no metadata column; items need at least one that is a categorical or textual string or a number besides"
            f" ITEM_ID: add one, or mark a string with `categorical: true` {CUSTOM}",
        )
    ]


def test_reserved_columns_of_actions_are_no_metadata() -> None:
    columns = actions(column("actions", "VALUE", type="long"), column("actions", "EXPIRATION_TIMESTAMP"))
    assert problems("actions", columns, "custom") == [
        (
            "columns",
            "no metadata column; actions need at least one that is a categorical string or a number besides the reserved"
            f" ones: add one, or mark a string with `categorical: true` {CUSTOM}",
        )
    ]


def test_an_action_has_one_expiry() -> None:
    columns = actions(COLOR, *(column("actions", name) for name in EXPIRATIONS))
    assert problems("actions", columns, "custom") == [
        (
            "columns.ACTION_EXPIRATION_TIMESTAMP",
            "another name of EXPIRATION_TIMESTAMP, which is mapped too; keep the one that your schema in Personalize has"
            f" {CUSTOM}",
        )
    ]


def test_a_value_of_an_action_that_is_no_long_is_refused_with_the_line_to_write() -> None:
    assert problems("actions", actions(COLOR, column("actions", "VALUE")), "custom") == [
        ("columns.VALUE.type", f"'string' is not the type of VALUE; write VALUE: {{path: value, type: long}} {CUSTOM}")
    ]


def test_an_action_interaction_needs_an_event_type() -> None:
    assert problems("action_interactions", action_interactions()[:-1], "custom") == [
        (
            "columns.EVENT_TYPE",
            "missing, but required for action interactions in every dataset group: add it with a path into the events"
            f" {CUSTOM}",
        )
    ]


@pytest.mark.parametrize(
    ("dataset", "most"),
    [("interactions", 5), ("users", 25), ("items", 100), ("actions", 10), ("action_interactions", 5)],
)
def test_metadata_columns_have_a_limit(dataset: str, most: int) -> None:
    keys = {
        "interactions": interactions(),
        "users": users(),
        "items": items(),
        "actions": actions(),
        "action_interactions": action_interactions(),
    }[dataset]
    words = dataset.replace("_", " ")
    enough = [*keys, *(own(f"M{i}", categorical=True) for i in range(most))]
    assert problems(dataset, enough, "custom") == []
    assert problems(dataset, [*enough, COLOR], "custom") == [
        (
            "columns",
            f"{most + 1} metadata columns; {words} have at most {most}, reserved columns not counted: remove 1 {LIMITS}",
        )
    ]


def test_two_names_that_differ_only_by_underscore_or_case_are_refused() -> None:
    columns = items(own("GENRES_FIELD_1", categorical=True), own("Genresfield1", categorical=True))
    assert problems("items", columns, "custom") == [
        (
            "columns.Genresfield1",
            f"differs from GENRES_FIELD_1 only in '_' and case; rename one of the two {SCHEMA}",
        )
    ]


def test_a_reserved_name_in_other_spelling_is_refused_and_not_called_missing() -> None:
    columns = [own("user_id"), *interactions()[1:]]
    assert problems("interactions", columns, "custom") == [
        ("columns.user_id", f"Personalize spells this column USER_ID; rename it {SCHEMA}")
    ]


@pytest.mark.parametrize("name", ["PRI-CE", "1ST", "MIT_Ä", "A.B", ""])
def test_a_name_with_other_characters_is_refused(name: str) -> None:
    message = f"{name!r} is not a column name; use letters, digits and '_', and start with a letter or '_' {SCHEMA}"
    assert problems("items", items(own(name, categorical=True)), "custom") == [(f"columns.{name}", message)]


def test_a_second_textual_column_is_refused() -> None:
    columns = items(own("TITLE", textual=True), own("TEXT", textual=True))
    assert problems("items", columns, "custom") == [
        (
            "columns.TEXT.textual",
            "true, but TITLE is textual too; items have at most 1: remove one of the two (Personalize guide, items-datasets)",
        )
    ]


def test_textual_outside_items_is_refused() -> None:
    assert problems("users", users(COLOR, own("BIO", textual=True)), "custom") == [
        (
            "columns.BIO.textual",
            f"true, but only items can have a textual column; remove it, or use categorical {SCHEMA}",
        )
    ]


@pytest.mark.parametrize("mark", ["categorical", "textual"])
def test_only_a_string_can_be_marked(mark: str) -> None:
    assert problems("items", items(COLOR, own("PRICE", type="float", **{mark: True})), "custom") == [
        (
            f"columns.PRICE.{mark}",
            f"true on a column of type float; only a string can be {mark}: remove one of the two {SCHEMA}",
        )
    ]


def test_categorical_and_textual_together_are_refused() -> None:
    assert problems("items", items(own("TEXT", textual=True, categorical=True)), "custom") == [
        (
            "columns.TEXT.textual",
            f"true, but the column is categorical too: remove one of the two {SCHEMA}",
        )
    ]


def test_a_schema_longer_than_the_api_takes_is_refused() -> None:
    columns = items(*(own(f"M{i}_{'X' * 200}", categorical=True) for i in range(90)))
    assert problems("items", columns, "custom") == [
        (
            "columns",
            "the schema takes 24,173 characters, at most 20,000 are allowed:"
            " remove columns or shorten their names (Personalize API, CreateSchema)",
        )
    ]


@pytest.mark.parametrize(
    ("made", "counts"),
    [
        (own("X", type="int"), True),
        (own("X", type="timestamp"), True),
        (own("X", type="boolean"), False),
        (own("X"), False),
        (own("X", categorical=True), True),
        (own("X", textual=True), True),
        (own("ITEM_ID", categorical=True), False),
        (own("CREATION_TIMESTAMP", type="timestamp"), False),
    ],
)
def test_numbers_and_marked_strings_count_as_metadata(made: Column, counts: bool) -> None:
    assert is_trained_on("items", made) is counts


def test_rules_need_neither_spark_nor_dagster() -> None:
    code = (
        "import sys, personalize_assets.conversion.schema_rules\n"
        "print([m for m in ('pydantic', 'dagster', 'boto3', 'pyspark', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
