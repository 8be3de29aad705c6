"""Dataset groups and datasets in the emulator of Personalize: creation, new schemas, deletion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from personalize_assets_tests.helpers.personalize_emulator import Course
from personalize_assets_tests.helpers.personalize_shop import (
    INTERACTIONS,
    ITEMS,
    ROLE,
    USERS,
    PersonalizeShop,
    ends,
    refusal,
    statuses,
)

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
ARN = "arn:aws:personalize:eu-central-1:123456789012:"


def test_a_group_becomes_active_on_the_third_look(shop: PersonalizeShop) -> None:
    created = shop.client.create_dataset_group(name="shop", domain="ECOMMERCE", roleArn=ROLE, kmsKeyArn=KEY)
    arn = created["datasetGroupArn"]

    def describe() -> Any:
        return shop.client.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"]

    assert (arn, created["domain"]) == (f"{ARN}dataset-group/shop", "ECOMMERCE")
    assert statuses(describe, 3) == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]
    assert {name: describe()[name] for name in ("name", "domain", "roleArn", "kmsKeyArn")} == {
        "name": "shop", "domain": "ECOMMERCE", "roleArn": ROLE, "kmsKeyArn": KEY,
    }  # fmt: skip


def test_a_second_group_of_the_same_name_is_refused(shop: PersonalizeShop) -> None:
    shop.group("shop")

    assert refusal(shop.client.create_dataset_group, name="shop").startswith("ResourceAlreadyExistsException: ")


def test_a_region_has_five_groups(shop: PersonalizeShop) -> None:
    for number in range(5):
        shop.client.create_dataset_group(name=f"shop-{number}")

    assert refusal(shop.client.create_dataset_group, name="shop-5") == (
        "LimitExceededException: More than 5 resources in ACTIVE state. Please delete some and try again."
    )


@pytest.mark.parametrize("given", [{"roleArn": ROLE}, {"kmsKeyArn": KEY}])
def test_a_key_needs_a_role_and_a_role_a_key(shop: PersonalizeShop, given: dict[str, str]) -> None:
    assert refusal(shop.client.create_dataset_group, name="shop", **given) == (
        "InvalidInputException: roleArn and kmsKeyArn must be specified together."
    )


def test_a_group_that_failed_says_why(shop: PersonalizeShop) -> None:
    shop.emulator.plan("dataset-group", Course(failure="The key is disabled."))
    arn = shop.client.create_dataset_group(name="shop")["datasetGroupArn"]

    group = ends(lambda: shop.client.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"])

    assert (group["status"], group["failureReason"]) == ("CREATE FAILED", "The key is disabled.")
    assert refusal(lambda: _create(shop, arn, shop.schema())) == (
        f"InvalidInputException: {arn} is in the state CREATE FAILED; it must be ACTIVE."
    )


def test_a_dataset_becomes_active_on_the_third_look(shop: PersonalizeShop) -> None:
    group, schema = shop.group(), shop.schema()
    arn = shop.client.create_dataset(
        name="anything", schemaArn=schema, datasetGroupArn=group, datasetType="interactions"
    )["datasetArn"]

    def describe() -> Any:
        return shop.client.describe_dataset(datasetArn=arn)["dataset"]

    assert arn == f"{ARN}dataset/shop/INTERACTIONS"
    assert statuses(describe, 3) == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]
    dataset = describe()
    del dataset["creationDateTime"], dataset["lastUpdatedDateTime"]
    assert dataset == {
        "name": "anything",
        "datasetArn": arn,
        "datasetGroupArn": group,
        "datasetType": "INTERACTIONS",
        "schemaArn": schema,
        "status": "ACTIVE",
    }


def test_a_summary_of_a_dataset_is_without_its_schema(shop: PersonalizeShop) -> None:
    group = shop.group()
    shop.dataset(group)

    (dataset,) = shop.client.list_datasets(datasetGroupArn=group)["datasets"]

    assert set(dataset) == {
        "name", "datasetArn", "datasetType", "status", "creationDateTime", "lastUpdatedDateTime",
    }  # fmt: skip


def test_only_action_interactions_have_a_tracking_id_of_their_own(shop: PersonalizeShop) -> None:
    group = shop.group()
    fields = ["USER_ID:string", "ACTION_ID:string", "EVENT_TYPE:string", "TIMESTAMP:long"]
    actions, plain = shop.dataset(group, "Action_Interactions", fields), shop.dataset(group)

    assert actions == f"{ARN}dataset/shop/ACTION_INTERACTIONS"
    assert "trackingId" in shop.client.describe_dataset(datasetArn=actions)["dataset"]
    assert "trackingId" not in shop.client.describe_dataset(datasetArn=plain)["dataset"]


def test_a_group_must_be_active_before_it_has_a_dataset(shop: PersonalizeShop) -> None:
    group = shop.client.create_dataset_group(name="shop")["datasetGroupArn"]
    schema = shop.schema()

    assert refusal(lambda: _create(shop, group, schema)) == (
        f"ResourceInUseException: {group} is in the state CREATE PENDING; it must be ACTIVE."
    )


def test_a_group_has_one_dataset_of_each_type(shop: PersonalizeShop) -> None:
    group = shop.group()
    shop.dataset(group)

    assert refusal(lambda: _create(shop, group, shop.schema("other"), name="other")) == (
        f"ResourceAlreadyExistsException: Another resource with Arn {ARN}dataset/shop/INTERACTIONS already exists."
    )


def test_schema_and_group_have_the_same_domain(shop: PersonalizeShop) -> None:
    group = shop.group(domain="ECOMMERCE")

    assert refusal(lambda: _create(shop, group, shop.schema())) == (
        "InvalidInputException: The domain of the schema is not the domain of the dataset group."
    )


def test_a_schema_of_another_type_is_refused(shop: PersonalizeShop) -> None:
    group, schema = shop.group(), shop.schema("u", "Users", USERS)

    assert refusal(lambda: _create(shop, group, schema)) == (
        "InvalidInputException: The schema is one of USERS, not of INTERACTIONS."
    )


def test_a_type_that_does_not_exist_is_refused(shop: PersonalizeShop) -> None:
    group, schema = shop.group(), shop.schema()

    assert refusal(lambda: _create(shop, group, schema, datasetType="Orders")) == (
        "InvalidInputException: Dataset type Orders is not supported."
    )


# -- new schemas ------------------------------------------------------------------------------------------------------


def test_users_get_a_nullable_column(shop: PersonalizeShop) -> None:
    users = shop.dataset(shop.group(), "Users", USERS)
    assert shop.imported(users, "USER_ID,PLAN\nu1,free\n") == ""
    wider = shop.schema("wider", "Users", ["USER_ID:string", "AGE:int null", USERS[1]])

    assert shop.client.update_dataset(datasetArn=users, schemaArn=wider)["datasetArn"] == users

    seen = [shop.client.describe_dataset(datasetArn=users)["dataset"] for _ in range(3)]
    assert [one["latestDatasetUpdate"]["status"] for one in seen] == [
        "CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE",
    ]  # fmt: skip
    assert [one["schemaArn"] == wider for one in seen] == [False, False, True]
    assert seen[2]["latestDatasetUpdate"]["schemaArn"] == wider
    assert shop.emulator.columns("users") == ("USER_ID", "AGE", "PLAN")
    assert shop.emulator.rows("users") == [("u1", "", "free")]
    assert shop.imported(users, "USER_ID,AGE,PLAN\nu1,7,free\n", "job-2") == ""


@pytest.mark.parametrize(
    ("fields", "gist"),
    [
        ([*USERS, "AGE:int"], "the new field AGE must support null"),
        (["USER_ID:string", "AGE:int null"], "the field PLAN is missing"),
        (["USER_ID:string", "PLAN:string null", "AGE:int null"], "a type or an attribute of the field PLAN"),
        (["USER_ID:string", "PLAN:string categorical"], "a type or an attribute of the field PLAN"),
    ],
)
def test_other_changes_of_a_schema_are_refused(shop: PersonalizeShop, fields: Sequence[str], gist: str) -> None:
    users = shop.dataset(shop.group(), "Users", USERS)
    other = shop.schema("other", "Users", fields)

    refused = refusal(shop.client.update_dataset, datasetArn=users, schemaArn=other)

    assert refused.startswith("InvalidInputException: The schema cannot be replaced: ")
    assert gist.replace("a type", "the type") in refused


def test_a_change_that_is_not_possible_may_fail_afterwards_instead(shop: PersonalizeShop) -> None:
    shop.emulator.settings.refuses_updates_late = True
    users = shop.dataset(shop.group(), "Users", USERS)
    shop.client.update_dataset(datasetArn=users, schemaArn=shop.schema("other", "Users", [*USERS, "AGE:int"]))

    update = ends(lambda: shop.client.describe_dataset(datasetArn=users)["dataset"]["latestDatasetUpdate"])

    assert (update["status"], update["failureReason"]) == (
        "CREATE FAILED",
        "The schema cannot be replaced: the new field AGE must support null.",
    )
    assert shop.emulator.columns("users") == ("USER_ID", "PLAN")


def test_an_update_may_fail_with_any_text(shop: PersonalizeShop) -> None:
    shop.emulator.plan("dataset-update", Course(failure="No."))
    users = shop.dataset(shop.group(), "Users", USERS)
    shop.client.update_dataset(datasetArn=users, schemaArn=shop.schema("other", "Users", [*USERS, "AGE:int null"]))

    update = ends(lambda: shop.client.describe_dataset(datasetArn=users)["dataset"]["latestDatasetUpdate"])

    assert update["failureReason"] == "No."


def test_interactions_cannot_be_changed(shop: PersonalizeShop) -> None:
    dataset = shop.dataset(shop.group())
    other = shop.schema("other", fields=[*INTERACTIONS, "DEVICE:string null"])

    assert refusal(shop.client.update_dataset, datasetArn=dataset, schemaArn=other) == (
        "InvalidInputException: The schema of Items and Users datasets only can be replaced."
    )


def test_no_import_begins_during_an_update_and_no_update_during_an_import(shop: PersonalizeShop) -> None:
    group = shop.group()
    users, items = shop.dataset(group, "Users", USERS), shop.dataset(group, "Items", ITEMS)
    wider = shop.schema("wider", "Users", [*USERS, "AGE:int null"])
    wider_items = shop.schema("wider-items", "Items", [*ITEMS, "AGE:int null"])
    shop.client.update_dataset(datasetArn=users, schemaArn=wider)
    job = shop.create_import(items, shop.put("items.csv", "ITEM_ID,GENRE,PRICE\ni1,,\n"))

    assert refusal(lambda: shop.create_import(users, "s3://events/items.csv", "job-2")) == (
        f"ResourceInUseException: {users} is in use by {users}."
    )
    assert refusal(shop.client.update_dataset, datasetArn=items, schemaArn=wider_items) == (
        f"ResourceInUseException: {items} is in use by {job}."
    )


# -- deletion ---------------------------------------------------------------------------------------------------------


def test_everything_can_be_deleted_in_the_right_order(shop: PersonalizeShop) -> None:
    group = shop.group()
    dataset = shop.dataset(group)
    schema = shop.client.describe_dataset(datasetArn=dataset)["dataset"]["schemaArn"]

    assert refusal(shop.client.delete_schema, schemaArn=schema) == (
        f"ResourceInUseException: {schema} is in use by {dataset}."
    )
    assert refusal(shop.client.delete_dataset_group, datasetGroupArn=group) == (
        f"ResourceInUseException: {group} is in use by {dataset}."
    )
    shop.client.delete_dataset(datasetArn=dataset)
    assert statuses(lambda: shop.client.describe_dataset(datasetArn=dataset)["dataset"], 2) == [
        "DELETE PENDING", "DELETE IN_PROGRESS",
    ]  # fmt: skip
    assert refusal(shop.client.describe_dataset, datasetArn=dataset).startswith("ResourceNotFoundException: ")
    shop.client.delete_schema(schemaArn=schema)
    shop.client.delete_dataset_group(datasetGroupArn=group)
    assert [one["status"] for one in shop.client.list_dataset_groups()["datasetGroups"]] == ["DELETE PENDING"]
    assert shop.client.list_dataset_groups()["datasetGroups"] == []
    assert shop.client.list_schemas()["schemas"] == []


def test_a_dataset_is_not_deleted_during_an_import(shop: PersonalizeShop) -> None:
    users = shop.dataset(shop.group(), "Users", USERS)
    job = shop.create_import(users, shop.put("users.csv", "USER_ID,PLAN\nu1,\n"))

    assert refusal(shop.client.delete_dataset, datasetArn=users) == (
        f"ResourceInUseException: {users} is in use by {job}."
    )


def test_a_dataset_is_not_deleted_while_a_solution_version_is_trained(shop: PersonalizeShop) -> None:
    group = shop.group()
    dataset = shop.dataset(group)
    solution = shop.client.create_solution(name="s", datasetGroupArn=group)["solutionArn"]
    ends(lambda: shop.client.describe_solution(solutionArn=solution)["solution"])
    version = shop.client.create_solution_version(solutionArn=solution)["solutionVersionArn"]

    assert refusal(shop.client.delete_dataset, datasetArn=dataset) == (
        f"ResourceInUseException: {dataset} is in use by {version}."
    )


def test_a_dataset_is_deleted_once(shop: PersonalizeShop) -> None:
    dataset = shop.dataset(shop.group())
    shop.client.delete_dataset(datasetArn=dataset)

    assert refusal(shop.client.delete_dataset, datasetArn=dataset) == (
        f"ResourceInUseException: {dataset} is in the state DELETE PENDING."
    )


def test_jobs_of_a_deleted_dataset_vanish_if_that_is_set(shop: PersonalizeShop) -> None:
    shop.emulator.settings.keeps_jobs_of_deleted_datasets = False
    users = shop.dataset(shop.group(), "Users", USERS)
    assert shop.imported(users, "USER_ID,PLAN\nu1,\n") == ""

    shop.client.delete_dataset(datasetArn=users)
    shop.emulator.advance(120)

    assert shop.client.list_dataset_import_jobs()["datasetImportJobs"] == []


def _create(shop: PersonalizeShop, group: str, schema: str, **changes: Any) -> Any:
    params = {"name": "i", "schemaArn": schema, "datasetGroupArn": group, "datasetType": "Interactions", **changes}
    return shop.client.create_dataset(**params)
