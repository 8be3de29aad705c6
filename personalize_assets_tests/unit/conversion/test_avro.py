"""The Avro schema of a dataset."""

from __future__ import annotations

import fastavro
import pytest

from personalize_assets.conversion.avro import avro_schema
from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.conversion.contract import DOMAINS, EXPIRATIONS, is_in_domain, reserved
from personalize_assets.conversion.dataset_types import DATASETS
from personalize_assets.conversion.schema_rules import problems
from personalize_assets_tests.helpers.columns import COLOR, column, interactions, items, own


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


@pytest.mark.parametrize(("dataset", "domain"), [(d, g) for d in DATASETS for g in DOMAINS if is_in_domain(d, g)])
@pytest.mark.parametrize("type_", sorted(COLUMN_TYPES))
def test_fastavro_takes_the_schema_of_every_reserved_column_and_every_type(
    dataset: str, domain: str, type_: str
) -> None:
    known = [fixed for name, fixed in reserved(dataset, domain).items() if name != EXPIRATIONS[1]]
    columns = [
        *(column(dataset, fixed.name, domain, type=fixed.type) for fixed in known),
        own("OWN", type=type_, categorical=type_ == "string"),
    ]
    assert [message for _, message in problems(dataset, columns, domain) if "no metadata" not in message] == []
    parsed = fastavro.parse_schema(avro_schema(dataset, columns, domain))
    assert isinstance(parsed, dict)
    assert [field["name"] for field in parsed["fields"]] == [c.name for c in columns]


def test_an_optional_mark_does_not_make_a_key_nullable() -> None:
    columns = [column("users", "USER_ID", required=False)]

    assert avro_schema("users", columns, "custom")["fields"] == [{"name": "USER_ID", "type": "string"}]
