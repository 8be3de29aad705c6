"""What uses datasets in the emulator of Personalize: solutions, recommenders, event trackers; and tags."""

from __future__ import annotations

import pytest

from personalize_assets_tests.helpers.personalize_shop import USERS, PersonalizeShop, ends, refusal

RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization-v2"


def test_a_solution_has_its_latest_version(shop: PersonalizeShop) -> None:
    group = shop.group()
    arn = shop.client.create_solution(name="s", datasetGroupArn=group, recipeArn=RECIPE)["solutionArn"]
    assert ends(lambda: shop.client.describe_solution(solutionArn=arn)["solution"])["performAutoTraining"] is True
    versions = [shop.client.create_solution_version(solutionArn=arn)["solutionVersionArn"] for _ in range(2)]

    solution = shop.client.describe_solution(solutionArn=arn)["solution"]

    assert arn == "arn:aws:personalize:eu-central-1:123456789012:solution/s"
    assert len(set(versions)) == 2
    assert solution["latestSolutionVersion"]["solutionVersionArn"] == versions[1]
    assert solution["recipeArn"] == RECIPE
    assert {
        one["solutionVersionArn"] for one in shop.client.list_solution_versions(solutionArn=arn)["solutionVersions"]
    } == set(versions)
    version = shop.client.describe_solution_version(solutionVersionArn=versions[0])["solutionVersion"]
    assert (version["datasetGroupArn"], version["trainingMode"]) == (group, "FULL")


def test_a_solution_that_is_older_than_a_change_of_the_schema_is_found_by_its_date(shop: PersonalizeShop) -> None:
    group = shop.group()
    users = shop.dataset(group, "Users", USERS)
    shop.client.create_solution(name="old", datasetGroupArn=group)
    wider = shop.schema("wider", "Users", [*USERS, "AGE:int null"])
    shop.client.update_dataset(datasetArn=users, schemaArn=wider)
    update = ends(lambda: shop.client.describe_dataset(datasetArn=users)["dataset"]["latestDatasetUpdate"])
    shop.client.create_solution(name="new", datasetGroupArn=group)

    listed = shop.client.list_solutions(datasetGroupArn=group)["solutions"]

    assert [one["name"] for one in listed if one["creationDateTime"] < update["lastUpdatedDateTime"]] == ["old"]


def test_a_version_needs_an_active_solution(shop: PersonalizeShop) -> None:
    arn = shop.client.create_solution(name="s", datasetGroupArn=shop.group())["solutionArn"]

    assert refusal(shop.client.create_solution_version, solutionArn=arn).startswith("ResourceInUseException: ")


def test_a_name_of_a_version_is_unique(shop: PersonalizeShop) -> None:
    arn = shop.client.create_solution(name="s", datasetGroupArn=shop.group())["solutionArn"]
    ends(lambda: shop.client.describe_solution(solutionArn=arn)["solution"])
    shop.client.create_solution_version(solutionArn=arn, name="v1")

    assert refusal(shop.client.create_solution_version, solutionArn=arn, name="v1").startswith(
        "ResourceAlreadyExistsException: "
    )


def test_recommenders_are_listed_by_group(shop: PersonalizeShop) -> None:
    group = shop.group(domain="ECOMMERCE")
    recommender = shop.emulator.add_recommender("for-you", "shop")
    shop.emulator.add_recommender("other", "other-shop")

    (found,) = shop.client.list_recommenders(datasetGroupArn=group)["recommenders"]

    assert (found["name"], found["recommenderArn"]) == ("for-you", recommender.arn)
    assert refusal(shop.client.delete_dataset_group, datasetGroupArn=group) == (
        f"ResourceInUseException: {group} is in use by {recommender.arn}."
    )


def test_a_group_has_one_event_tracker(shop: PersonalizeShop) -> None:
    group = shop.group()
    tracker = shop.client.create_event_tracker(name="web", datasetGroupArn=group)

    (found,) = shop.client.list_event_trackers(datasetGroupArn=group)["eventTrackers"]

    assert found["eventTrackerArn"] == tracker["eventTrackerArn"]
    assert tracker["trackingId"]
    assert refusal(shop.client.create_event_tracker, name="app", datasetGroupArn=group).startswith(
        "ResourceAlreadyExistsException: "
    )


def test_tags_are_those_of_the_creation_and_of_later(shop: PersonalizeShop) -> None:
    arn = shop.group(tags=[{"tagKey": "created-by", "tagValue": "us"}, {"tagKey": "team", "tagValue": "a"}])

    shop.client.tag_resource(resourceArn=arn, tags=[{"tagKey": "team", "tagValue": "b"}])

    assert shop.client.list_tags_for_resource(resourceArn=arn)["tags"] == [
        {"tagKey": "created-by", "tagValue": "us"},
        {"tagKey": "team", "tagValue": "b"},
    ]
    assert "tags" not in shop.client.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"]


@pytest.mark.parametrize("number", [51, 200])
def test_a_resource_has_at_most_fifty_tags(shop: PersonalizeShop, number: int) -> None:
    tags = [{"tagKey": f"key-{one}", "tagValue": ""} for one in range(number)]

    assert refusal(shop.client.create_dataset_group, name="shop", tags=tags) == (
        "TooManyTagsException: A resource can have at most 50 tags."
    )
    assert shop.client.list_dataset_groups()["datasetGroups"] == []
