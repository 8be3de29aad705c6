"""Dataset group, schemas and datasets in an emulated Personalize: made, adopted, changed, or refused."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.importing.polling import WaitIsOver
from personalize_assets.pipeline.importing.schema_drift import SchemaDrift
from personalize_assets_tests.helpers.import_world import ROLE, ImportWorld, clicks, titles
from personalize_assets_tests.helpers.personalize_emulator import Course, Fault

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234"


@pytest.fixture
def world(world: ImportWorld) -> ImportWorld:
    """With an export of one item."""
    world.export(items=titles("a"))
    return world


def made_by_hand(world: ImportWorld, schema: dict[str, Any]) -> None:
    """A dataset of items whose schema has a name of its own."""
    client = world.emulator.client()
    group = client.create_dataset_group(name="shop")["datasetGroupArn"]
    text = json.dumps({"type": "record", "name": "Items", "namespace": "com.amazonaws.personalize.schema", **schema})
    arn = client.create_schema(name="mine", schema=text)["schemaArn"]
    while client.describe_dataset_group(datasetGroupArn=group)["datasetGroup"]["status"] != "ACTIVE":
        pass
    client.create_dataset(name="whatever", schemaArn=arn, datasetGroupArn=group, datasetType="Items")


ID = {"name": "ITEM_ID", "type": "string"}
GENRE = {"name": "GENRE", "type": ["null", "string"], "categorical": True}


def test_all_that_is_made_has_tags_and_names_of_the_group(world: ImportWorld) -> None:
    world.config["import"]["tags"] = {"team": "search"}

    outcome = world.run("items")

    client = world.emulator.client()
    for arn in (outcome.ready.group_arn, outcome.ready.dataset_arn):
        tags = {tag["tagKey"]: tag["tagValue"] for tag in client.list_tags_for_resource(resourceArn=arn)["tags"]}
        assert tags == {"created-by": "personalize-assets", "team": "search"}
    assert re.fullmatch(r".*:schema/shop-items-[0-9a-f]{8}", outcome.ready.schema_arn)
    assert outcome.ready.dataset_arn.endswith(":dataset/shop/ITEMS")


def test_a_dataset_that_was_made_by_hand_is_adopted_if_its_fields_are_the_same(world: ImportWorld) -> None:
    made_by_hand(world, {"fields": [ID, {**GENRE, "type": ["string", "null"]}], "version": "1.0"})

    outcome = world.run("items")

    assert outcome.ready.schema_arn.endswith(":schema/mine")
    assert world.held("items") == titles("a")


def test_a_group_of_another_domain_is_refused(world: ImportWorld) -> None:
    world.emulator.client().create_dataset_group(name="shop", domain="ECOMMERCE")

    with pytest.raises(PersonalizeAssetsError) as error:
        world.run("items")

    assert str(error.value) == (
        "dataset group shop in Personalize is of the domain ECOMMERCE, and dataset_group.domain is custom; a domain is "
        "fixed once a group is made: correct dataset_group.domain, or choose another dataset_group.name"
    )


def test_a_group_is_encrypted_with_the_key_of_the_config(world: ImportWorld) -> None:
    world.config["import"] |= {"kms_key": KEY, "kms_role": ROLE}

    world.run("items")

    [group] = world.emulator.account.of_kind("dataset-group")
    assert (group.members["kmsKeyArn"], group.members["roleArn"]) == (KEY, ROLE)


def test_another_key_of_an_adopted_group_is_a_warning(world: ImportWorld) -> None:
    world.run("items")
    world.config["import"] |= {"kms_key": KEY, "kms_role": ROLE}

    world.run("items")

    warning = (
        f"dataset group shop has the key of AWS, and import.kms_key is {KEY}; a group keeps the key that it was made "
        "with"
    )
    assert warning in world.lines


def test_a_group_that_failed_is_reported_with_its_reason(world: ImportWorld) -> None:
    world.emulator.plan("dataset-group", Course(failure="The key cannot be used"))

    with pytest.raises(PersonalizeAssetsError, match="shop is CREATE FAILED: The key cannot be used; delete it in the"):
        world.run("items")


def test_too_many_groups_are_an_error_at_once(world: ImportWorld) -> None:
    world.emulator.settings.max_dataset_groups = 0

    with pytest.raises(PersonalizeAssetsError, match="Dataset group 'shop': CreateDatasetGroup: "):
        world.run("items")

    assert world.slept == []


def test_a_dataset_that_never_becomes_active_ends_the_wait(world: ImportWorld) -> None:
    world.emulator.plan("dataset", Course(stuck_at="CREATE IN_PROGRESS"))

    with pytest.raises(WaitIsOver, match="dataset items of shop is CREATE IN_PROGRESS after all the time it has"):
        world.run("items")


# Schemas


def with_price(world: ImportWorld, **column: Any) -> None:
    world.config["datasets"]["items"]["columns"]["PRICE"] = {"path": "price", "type": "float", **column}


def test_a_new_column_of_items_is_added_to_the_dataset(world: ImportWorld) -> None:
    world.run("items")
    with_price(world)
    world.export(items=[("a", "drama", "9.5")])

    outcome = world.run("items")

    assert outcome.ready.added == ("PRICE",)
    assert world.emulator.columns("items", "shop") == ("ITEM_ID", "GENRE", "PRICE")
    assert world.held("items") == [("a", "drama", "9.5")]
    assert outcome.sent[0].why == "rows cannot be added alone: the columns have changed"
    assert "adding columns to dataset items: PRICE" in world.lines


def test_a_column_is_not_trained_on_as_long_as_a_solution_is_older(world: ImportWorld) -> None:
    first = world.run("items")
    client = world.emulator.client()
    solution = client.create_solution(name="similar", datasetGroupArn=first.ready.group_arn, recipeArn=RECIPE)
    world.emulator.advance(60)
    with_price(world)
    world.export(items=[("a", "drama", "9.5")])

    second, third = world.run("items"), world.run("items")
    client.delete_solution(solutionArn=solution["solutionArn"])
    world.emulator.advance(600)
    last = world.run("items")

    assert [(list(one.untrained), one.solutions) for one in (second, third, last)] == [
        (["PRICE"], ("similar",)),
        (["PRICE"], ("similar",)),
        ([], ()),
    ]


def test_a_new_column_that_takes_no_null_is_refused_with_what_can_be_done(world: ImportWorld) -> None:
    world.run("items")
    with_price(world, required=True)
    world.export(items=[("a", "drama", "9.5")])

    with pytest.raises(SchemaDrift) as error:
        world.run("items")

    assert re.fullmatch(
        r"dataset items of shop in Personalize has the schema shop-items-[0-9a-f]{8}, and the config gives another "
        r"one: PRICE is new and takes no null\. Personalize can only add columns that take null: .* makes a new group",
        str(error.value),
    )
    assert world.jobs("items") == [("FULL", "ACTIVE")]


def test_a_new_column_of_interactions_is_refused(world: ImportWorld) -> None:
    world.export(interactions=clicks(0, 1000))
    world.run()
    world.config["datasets"]["interactions"]["columns"]["EVENT_VALUE"] = {"path": "price", "type": "float"}
    world.export(interactions=[(*row, "1.5") for row in clicks(0, 1000)])

    with pytest.raises(SchemaDrift, match=r"EVENT_VALUE is new\. Personalize cannot change the schema of interactions"):
        world.run()


def test_a_change_of_the_schema_that_fails_later_is_reported(world: ImportWorld) -> None:
    world.run("items")
    with_price(world)
    world.export(items=[("a", "drama", "9.5")])
    world.emulator.plan("dataset-update", Course(failure="Something is wrong"))

    with pytest.raises(SchemaDrift, match=r"items of shop could not be given the schema .*: Something is wrong"):
        world.run("items")


def test_a_dataset_in_use_is_waited_for_before_its_schema_is_changed(world: ImportWorld) -> None:
    world.run("items")
    with_price(world)
    world.export(items=[("a", "drama", "9.5")])
    world.emulator.faults.inject(Fault("ResourceInUseException", "in use"), "UpdateDataset")

    assert world.run("items").ready.added == ("PRICE",)


RECIPE = "arn:aws:personalize:::recipe/aws-similar-items"
