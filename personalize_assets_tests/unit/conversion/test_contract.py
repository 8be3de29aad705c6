"""The columns that Personalize knows, and what a name implies."""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec
import pytest

from personalize_assets.conversion import contract
from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets_tests.helpers.columns import COLOR, own


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


@pytest.mark.parametrize("name", contract.EXPIRATIONS)
def test_the_expiry_of_an_action_is_an_optional_timestamp_by_either_name(name: str) -> None:
    assert contract.implied("actions", name, "custom") == Column(name=name, type="timestamp")
    assert contract.implied("items", name, "custom") == Column(name=name)


def test_value_and_repeat_frequency_of_actions_have_bounds_that_no_other_dataset_has() -> None:
    assert contract.implied("actions", "VALUE", "custom").value_range == (1, 10)
    assert contract.implied("actions", "REPEAT_FREQUENCY", "custom").value_range == (1, 30)
    assert contract.implied("interactions", "VALUE", "custom").value_range is None


def test_the_event_type_of_an_action_interaction_is_required() -> None:
    assert contract.implied("action_interactions", "EVENT_TYPE", "custom") == Column(name="EVENT_TYPE", required=True)


def test_only_custom_groups_have_actions() -> None:
    assert [contract.is_in_domain("actions", domain) for domain in contract.DOMAINS] == [True, False, False]
    assert [contract.is_in_domain("action_interactions", domain) for domain in contract.DOMAINS] == [True, False, False]
    assert contract.implied("actions", "VALUE", "ECOMMERCE") == Column(name="VALUE")


def test_a_number_is_never_implied() -> None:
    assert contract.implied("interactions", "EVENT_VALUE", "custom").type == "string"


@pytest.mark.parametrize(
    ("made", "chars"),
    [
        (own("USER_ID"), 256),
        (own("ITEM_ID"), 256),
        (own("ACTION_ID"), 256),
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


def test_the_json_of_a_dataset_stays_as_it_is_for_the_fingerprint_of_a_mapping_hashes_it() -> None:
    dataset = Dataset("users", (Column("USER_ID", ("userId",), required=True),), {"type": ("identify",)}, "a.b")

    assert msgspec.json.encode(dataset) == (
        b'{"name":"users","columns":[{"name":"USER_ID","paths":["userId"],"constant":null,"type":"string",'
        b'"required":true,"categorical":false,"textual":false,"map":{},"separator":"|","keep":"latest","hash":false,'
        b'"event_times":[],"hash_key":null}],"where":{"type":["identify"]},"each":"a.b","dedupe_by":null,"event_time":null,'
        b'"message_id":null,"nulls":[]}'
    )


def test_a_hash_key_is_in_no_repr() -> None:
    assert "secret" not in repr(Dataset("users", (Column("X", ("x",), hash=True, hash_key="secret"),), {}))


@pytest.mark.parametrize(
    ("name", "takes_arrays"), [("USER_ID", False), ("ITEM_ID", False), ("EVENT_TYPE", False), ("X", True)]
)
def test_an_id_and_an_event_type_are_never_an_array(name: str, takes_arrays: bool) -> None:
    assert own(name).takes_arrays is takes_arrays


def test_the_contract_imports_only_msgspec_and_the_standard_library() -> None:
    code = (
        "import sys, personalize_assets.conversion.contract\n"
        "print([m for m in ('pydantic', 'dagster', 'boto3', 'pyspark', 'yaml', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
