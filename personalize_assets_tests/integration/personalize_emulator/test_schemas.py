"""Schemas in the emulator of Personalize."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from personalize_assets_tests.helpers.personalize_shop import (
    INTERACTIONS,
    ITEMS,
    USERS,
    PersonalizeShop,
    refusal,
    schema_text,
    text_of_fields,
)

NULL_PLAN = "PLAN:string null categorical"


def test_a_schema_is_described_as_it_was_given(shop: PersonalizeShop) -> None:
    text = schema_text("Items", ["ITEM_ID:string", "PRICE:float", "CATEGORY_L1:string categorical"])
    arn = shop.client.create_schema(name="shop-items", schema=text, domain="ECOMMERCE")["schemaArn"]

    schema = shop.client.describe_schema(schemaArn=arn)["schema"]

    assert arn == "arn:aws:personalize:eu-central-1:123456789012:schema/shop-items"
    assert schema.pop("creationDateTime") == schema.pop("lastUpdatedDateTime")
    assert schema == {"name": "shop-items", "schemaArn": arn, "schema": text, "domain": "ECOMMERCE"}


def test_a_summary_of_a_schema_is_without_its_text(shop: PersonalizeShop) -> None:
    shop.schema()

    (schema,) = shop.client.list_schemas()["schemas"]

    assert set(schema) == {"name", "schemaArn", "creationDateTime", "lastUpdatedDateTime"}


def test_a_second_schema_of_the_same_name_is_refused_even_if_equal(shop: PersonalizeShop) -> None:
    shop.schema("a")

    assert refusal(shop.client.create_schema, name="a", schema=schema_text()) == (
        "ResourceAlreadyExistsException: Another resource with Arn "
        "arn:aws:personalize:eu-central-1:123456789012:schema/a already exists."
    )


def test_a_schema_has_at_most_20000_characters(shop: PersonalizeShop) -> None:
    text = schema_text().ljust(20_000)

    shop.client.create_schema(name="a", schema=text)

    assert refusal(shop.client.create_schema, name="b", schema=f"{text} ").endswith(
        "Member must have length less than or equal to 20000"
    )


def test_the_number_of_schemas_is_limited(shop: PersonalizeShop) -> None:
    shop.emulator.settings.max_schemas = 1
    shop.schema("a")

    assert refusal(shop.client.create_schema, name="b", schema=schema_text()) == (
        "LimitExceededException: More than 1 resources in ACTIVE state. Please delete some and try again."
    )


@pytest.mark.parametrize(
    ("text", "gist"),
    [
        ("{", "The schema is not valid JSON"),
        ("[]", "must be an Avro record"),
        (schema_text(type="array"), "type must be 'record', not 'array'"),
        (schema_text(namespace="shop"), "namespace must be 'com.amazonaws.personalize.schema', not 'shop'"),
        (schema_text(version="2"), "version must be '1.0', not '2'"),
        (schema_text("Orders"), "name must be one of Interactions, Items, Users, Actions, ActionInteractions"),
        (text_of_fields("Users"), "fields must be a list"),
        (text_of_fields("Users", "USER_ID"), "a field must have a name: 'USER_ID'"),
        (text_of_fields("Users", {"name": "A-B", "type": "string"}), "'A-B' may have letters, digits and _ only"),
        (text_of_fields("Users", {"name": "A", "type": {"type": "array"}}), "the type of the field A is not supported"),
        (text_of_fields("Users", {"name": "A", "type": "bytes"}), "the type of the field A is not supported: 'bytes'"),
        (text_of_fields("Users", {"name": "A", "type": ["int", "long"]}), "the type of the field A is not supported"),
        (text_of_fields("Users", {"name": "A", "type": "string", "categorical": 1}), "must be true or false"),
    ],
)
def test_a_text_that_is_no_flat_record_of_personalize_is_refused(shop: PersonalizeShop, text: str, gist: str) -> None:
    refused = refusal(shop.client.create_schema, name="a", schema=text)

    assert refused.startswith("InvalidInputException: ")
    assert gist in refused


@pytest.mark.parametrize(
    ("record", "fields", "gist"),
    [
        ("Interactions", INTERACTIONS[:2], "required fields are missing: TIMESTAMP"),
        ("Interactions", ["user_id:string", *INTERACTIONS[1:]], "required fields are missing: USER_ID"),
        ("Interactions", [*INTERACTIONS[:2], "TIMESTAMP:string"], "the type of TIMESTAMP must be long, not string"),
        ("Interactions", ["USER_ID:string null", *INTERACTIONS[1:]], "USER_ID must not support null"),
        ("Interactions", [*INTERACTIONS, "EVENT_TYPE:string null"], "EVENT_TYPE must not support null"),
        ("Interactions", [*INTERACTIONS, "EVENT_TYPE:string categorical"], "EVENT_TYPE must not be categorical"),
        ("Interactions", [*INTERACTIONS, "EVENT_VALUE:string null"], "the type of EVENT_VALUE must be float"),
        ("Interactions", [*INTERACTIONS, *(f"A{n}:string null" for n in range(6))], "6 metadata fields, at most 5"),
        ("Users", ["USER_ID:string"], "at least one metadata field"),
        ("Users", ["USER_ID:string", "NAME:string null"], "at least one metadata field"),
        ("Users", [*USERS, "BIO:string null textual"], "BIO is textual, which only Items can have"),
        ("Users", [*USERS, "AGE:int null categorical"], "AGE is categorical or textual, but not a string"),
        ("Users", [*USERS, "pl_an:string null"], "the names of the fields PLAN and pl_an are not unique"),
        ("Users", [*USERS, NULL_PLAN], "the names of the fields PLAN and PLAN are not unique"),
        ("Items", ["ITEM_ID:string", "CREATION_TIMESTAMP:long"], "at least one metadata field"),
        ("Items", [*ITEMS, "A:string textual", "B:string textual"], "at most one field can be textual"),
        ("Items", [*ITEMS, "A:string categorical textual"], "A is both categorical and textual"),
        ("Actions", ["ACTION_ID:string", NULL_PLAN, "VALUE:float"], "the type of VALUE must be long, not float"),
        ("ActionInteractions", ["USER_ID:string"], "required fields are missing: ACTION_ID, EVENT_TYPE, TIMESTAMP"),
    ],
)  # fmt: skip
def test_fields_that_a_dataset_cannot_have_are_refused(
    shop: PersonalizeShop, record: str, fields: Sequence[str], gist: str
) -> None:
    refused = refusal(shop.client.create_schema, name="a", schema=schema_text(record, fields))

    assert refused.startswith("InvalidInputException: Invalid schema: ")
    assert gist in refused


@pytest.mark.parametrize(
    ("domain", "record", "fields", "gist"),
    [
        ("ECOMMERCE", "Interactions", INTERACTIONS, "required fields are missing: EVENT_TYPE"),
        ("ECOMMERCE", "Items", ITEMS, "required fields are missing: CATEGORY_L1"),
        (
            "ECOMMERCE",
            "Items",
            ["ITEM_ID:string", "PRICE:float", "CATEGORY_L1:string"],
            "CATEGORY_L1 must be categorical",
        ),
        ("VIDEO_ON_DEMAND", "Items", ITEMS, "required fields are missing: GENRES, CREATION_TIMESTAMP"),
        ("ECOMMERCE", "Actions", ["ACTION_ID:string", NULL_PLAN], "ACTIONS is not possible in the domain"),
    ],
)  # fmt: skip
def test_domains_have_rules_of_their_own(
    shop: PersonalizeShop, domain: str, record: str, fields: Sequence[str], gist: str
) -> None:
    refused = refusal(shop.client.create_schema, name="a", schema=schema_text(record, fields), domain=domain)

    assert refused.startswith("InvalidInputException: ")
    assert gist in refused


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        ("Interactions", [*INTERACTIONS, "EVENT_TYPE:string", "EVENT_VALUE:float null", "IMPRESSION:string null"]),
        ("Items", ["PRICE:double", "ITEM_ID:string", "CREATION_TIMESTAMP:long null", "ABOUT:string null textual"]),
        ("Users", ["USER_ID:string", "AGE:int null", "IS_VIP:boolean null"]),
        ("Actions", ["ACTION_ID:string", "VALUE:long null", "REPEAT_FREQUENCY:long null"]),
        ("ActionInteractions", ["USER_ID:string", "ACTION_ID:string", "TIMESTAMP:long", "EVENT_TYPE:string"]),
    ],
)
def test_schemas_of_the_guide_are_accepted(shop: PersonalizeShop, record: str, fields: Sequence[str]) -> None:
    assert shop.schema("a", record, fields).endswith(":schema/a")


def test_null_may_be_first_or_last_in_a_type(shop: PersonalizeShop) -> None:
    fields: list[dict[str, Any]] = [
        {"name": "USER_ID", "type": "string"},
        {"name": "A", "type": ["null", "float"]},
        {"name": "B", "type": ["float", "null"]},
    ]

    assert shop.client.create_schema(name="a", schema=text_of_fields("Users", *fields))["schemaArn"]
