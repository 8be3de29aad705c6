# ruff: noqa: E501 - the texts of errors stand in one piece, so that a search finds them
"""What Personalize knows, wants and refuses about columns: `contract`, `rules` and `avro`."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import fastavro
import msgspec
import pytest

from personalize_assets.conversion import contract
from personalize_assets.conversion.avro import avro_schema
from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.schema_rules import problems

CUSTOM = "(Personalize guide, custom-datasets-and-schemas)"
SHOP = "(Personalize guide, ECOMMERCE-datasets-and-schemas)"
SCHEMA = "(Personalize guide, how-it-works-dataset-schema)"
LIMITS = "(Personalize guide, limits)"


def column(dataset: str, name: str, domain: str = "custom", **said: Any) -> Column:
    return msgspec.structs.replace(contract.implied(dataset, name, domain), **{"paths": (name.lower(),), **said})


def interactions(*more: Column, domain: str = "custom") -> list[Column]:
    return [*(column("interactions", name, domain) for name in ("USER_ID", "ITEM_ID", "TIMESTAMP")), *more]


def users(*more: Column) -> list[Column]:
    return [column("users", "USER_ID"), *more]


def items(*more: Column) -> list[Column]:
    return [column("items", "ITEM_ID"), *more]


def own(name: str, **said: Any) -> Column:
    return Column(name=name, paths=("x",), **said)


COLOR = own("COLOR", categorical=True)


# What a name implies


@pytest.mark.parametrize("name", ["USER_ID", "ITEM_ID", "EVENT_TYPE"])
def test_ids_and_event_type_of_interactions_are_required_strings(name: str) -> None:
    assert contract.implied("interactions", name, "custom") == Column(name=name, required=True)


def test_timestamp_of_interactions_is_a_required_timestamp() -> None:
    assert contract.implied("interactions", "TIMESTAMP", "custom") == Column(
        name="TIMESTAMP", type="timestamp", required=True
    )


def test_creation_timestamp_is_an_optional_timestamp_in_a_custom_group_and_a_required_one_for_video() -> None:
    assert contract.implied("items", "CREATION_TIMESTAMP", "custom").type == "timestamp"
    assert not contract.implied("items", "CREATION_TIMESTAMP", "custom").required
    assert contract.implied("items", "CREATION_TIMESTAMP", "VIDEO_ON_DEMAND").required


def test_an_id_is_required_only_where_it_is_the_key() -> None:
    assert not contract.implied("items", "USER_ID", "custom").required


def test_category_l1_is_categorical_without_saying_so_only_for_a_shop() -> None:
    assert not contract.implied("items", "CATEGORY_L1", "custom").categorical
    assert contract.implied("items", "CATEGORY_L1", "ECOMMERCE").categorical


def test_product_description_is_textual_without_saying_so_in_the_domains() -> None:
    assert contract.implied("items", "PRODUCT_DESCRIPTION", "ECOMMERCE").textual
    assert contract.implied("items", "PRODUCT_DESCRIPTION", "VIDEO_ON_DEMAND").textual
    assert not contract.implied("items", "PRODUCT_DESCRIPTION", "custom").textual


def test_a_number_is_never_implied() -> None:
    assert contract.implied("interactions", "EVENT_VALUE", "custom").type == "string"


@pytest.mark.parametrize(
    ("made", "chars"),
    [
        (own("USER_ID"), 256),
        (own("ITEM_ID"), 256),
        (own("EVENT_TYPE"), 1000),
        (own("IMPRESSION"), 1000),
        (COLOR, 1000),
        (own("NAME"), 1000),
        (own("TEXT", textual=True), None),
        (own("PRICE", type="float"), None),
    ],
)
def test_the_longest_text_of_a_column(made: Column, chars: int | None) -> None:
    assert made.max_chars == chars


def test_a_dataset_survives_json() -> None:
    dataset = Dataset(
        name="interactions",
        columns=(Column(name="X", constant=1.5, map={"a": "b"}), Column(name="Y", paths=("a", "b"))),
        where={"event": ("a", "b")},
        each="products",
    )
    assert msgspec.convert(json.loads(json.dumps(msgspec.to_builtins(dataset))), Dataset) == dataset


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
            f"missing; interactions need it in every dataset group: map it to a path of the events {CUSTOM}",
        )
    ]


def test_a_shop_needs_event_type_price_and_category() -> None:
    group = "in a dataset group of the domain ECOMMERCE: map it to a path of the events"
    assert problems("interactions", interactions(), "ECOMMERCE") == [
        ("columns.EVENT_TYPE", f"missing; interactions need it {group} {SHOP}")
    ]
    assert problems("items", items(), "ECOMMERCE") == [
        ("columns.PRICE", f"missing; items need it {group} {SHOP}"),
        ("columns.CATEGORY_L1", f"missing; items need it {group} {SHOP}"),
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
            "',', but item ids in IMPRESSION are joined by '|'; leave `separator` out"
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


@pytest.mark.parametrize(("dataset", "most"), [("interactions", 5), ("users", 25), ("items", 100)])
def test_metadata_columns_have_a_limit(dataset: str, most: int) -> None:
    keys = {"interactions": interactions(), "users": users(), "items": items()}[dataset]
    enough = [*keys, *(own(f"M{i}", categorical=True) for i in range(most))]
    assert problems(dataset, enough, "custom") == []
    assert problems(dataset, [*enough, COLOR], "custom") == [
        (
            "columns",
            f"{most + 1} metadata columns; {dataset} have at most {most}, reserved columns not counted: remove 1 {LIMITS}",
        )
    ]


def test_two_names_that_differ_only_by_underscore_or_case_are_refused() -> None:
    columns = items(own("GENRES_FIELD_1", categorical=True), own("Genresfield1", categorical=True))
    assert problems("items", columns, "custom") == [
        (
            "columns.Genresfield1",
            f"the same name as GENRES_FIELD_1 but for '_' and case; rename one of the two {SCHEMA}",
        )
    ]


def test_a_reserved_name_in_other_spelling_is_refused_and_not_called_missing() -> None:
    columns = [own("user_id"), *interactions()[1:]]
    assert problems("interactions", columns, "custom") == [
        ("columns.user_id", f"Personalize knows this column as USER_ID; write it so {SCHEMA}")
    ]


@pytest.mark.parametrize("name", ["PRI-CE", "1ST", "MIT_Ä", "A.B", ""])
def test_a_name_with_other_characters_is_refused(name: str) -> None:
    message = f"{name!r} is not a column name; use letters, digits and '_', and no digit first {SCHEMA}"
    assert problems("items", items(own(name, categorical=True)), "custom") == [(f"columns.{name}", message)]


def test_a_second_textual_column_is_refused() -> None:
    columns = items(own("TITLE", textual=True), own("TEXT", textual=True))
    assert problems("items", columns, "custom") == [
        (
            "columns.TEXT.textual",
            "true, as for TITLE; items have at most 1 textual column: remove one mark (Personalize guide, items-datasets)",
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
            f"true, and categorical too; a column is one or the other: remove one {SCHEMA}",
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


# The Avro schema


def test_the_schema_of_interactions() -> None:
    columns = interactions(
        column("interactions", "EVENT_TYPE"), column("interactions", "EVENT_VALUE", type="float"), COLOR
    )
    schema = avro_schema("interactions", columns, "custom")
    assert list(schema) == ["type", "name", "namespace", "fields", "version"]
    assert schema == {
        "type": "record",
        "name": "Interactions",
        "namespace": "com.amazonaws.personalize.schema",
        "fields": [
            {"name": "USER_ID", "type": "string"},
            {"name": "ITEM_ID", "type": "string"},
            {"name": "TIMESTAMP", "type": "long"},
            {"name": "EVENT_TYPE", "type": "string"},
            {"name": "EVENT_VALUE", "type": ["null", "float"]},
            {"name": "COLOR", "type": ["null", "string"], "categorical": True},
        ],
        "version": "1.0",
    }


def test_the_schema_of_a_shops_items() -> None:
    columns = items(
        column("items", "PRICE", "ECOMMERCE", type="float"),
        column("items", "CATEGORY_L1", "ECOMMERCE"),
        column("items", "PRODUCT_DESCRIPTION", "ECOMMERCE"),
        column("items", "CREATION_TIMESTAMP", "ECOMMERCE"),
        own("STOCK", type="int", required=True),
    )
    schema = avro_schema("items", columns, "ECOMMERCE")
    assert schema["name"] == "Items"
    assert schema["fields"] == [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "PRICE", "type": "float"},
        {"name": "CATEGORY_L1", "type": "string", "categorical": True},
        {"name": "PRODUCT_DESCRIPTION", "type": ["null", "string"], "textual": True},
        {"name": "CREATION_TIMESTAMP", "type": ["null", "long"]},
        {"name": "STOCK", "type": "int"},
    ]


@pytest.mark.parametrize("domain", contract.DOMAINS)
@pytest.mark.parametrize("dataset", contract.DATASETS)
@pytest.mark.parametrize("type_", contract.TYPES)
def test_fastavro_takes_the_schema_of_every_reserved_column_and_every_type(
    dataset: str, domain: str, type_: str
) -> None:
    known = contract.reserved(dataset, domain).values()
    columns = [
        *(column(dataset, fixed.name, domain, type=fixed.type) for fixed in known),
        own("OWN", type=type_, categorical=type_ == "string"),
    ]
    assert [message for _, message in problems(dataset, columns, domain) if "no metadata" not in message] == []
    parsed = fastavro.parse_schema(avro_schema(dataset, columns, domain))
    assert isinstance(parsed, dict)
    assert [field["name"] for field in parsed["fields"]] == [c.name for c in columns]


def test_the_contract_needs_only_msgspec_and_the_standard_library() -> None:
    code = (
        "import sys, personalize_assets.conversion.schema_rules\n"
        "print([m for m in ('pydantic', 'dagster', 'boto3', 'pyspark', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
