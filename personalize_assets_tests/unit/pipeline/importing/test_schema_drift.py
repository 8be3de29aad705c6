"""Which changes of a schema Personalize can make, and what is said of others."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_assets.pipeline.importing.schema_drift import fields_of, schema_problems

TITLE = {"name": "TITLE", "type": ["null", "string"]}
PRICE = {"name": "PRICE", "type": "float"}
GENRES = {"name": "GENRES", "type": ["null", "string"], "categorical": True}


def problems(dataset: str, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    return schema_problems(dataset, fields_of({"fields": before}), fields_of({"fields": after}))


def test_the_order_of_types_in_a_union_is_no_difference() -> None:
    turned = {"name": "TITLE", "type": ["string", "null"]}

    assert fields_of({"fields": [TITLE]}) == fields_of({"fields": [turned]})


@pytest.mark.parametrize("dataset", ["users", "items"])
def test_users_and_items_can_be_given_columns_that_take_null(dataset: str) -> None:
    assert problems(dataset, [PRICE], [TITLE, PRICE, GENRES]) == []


def test_a_new_column_that_takes_no_null_is_a_problem() -> None:
    assert problems("items", [TITLE], [TITLE, PRICE]) == ["PRICE is new and takes no null"]


def test_interactions_can_be_given_no_column() -> None:
    assert problems("interactions", [PRICE], [PRICE, TITLE]) == ["TITLE is new"]


def test_each_other_change_is_named() -> None:
    after: list[dict[str, Any]] = [{**PRICE, "type": "string"}, {**GENRES, "categorical": False}]

    assert problems("items", [TITLE, PRICE, GENRES], after) == [
        "TITLE is missing in the config",
        "PRICE was float and is string",
        "GENRES was null or string categorical and is null or string",
    ]


def test_another_order_alone_is_answered_with_the_one_there_is() -> None:
    assert problems("users", [TITLE, PRICE], [PRICE, TITLE]) == [
        "the columns are in another order; write them in the config as TITLE, PRICE"
    ]
