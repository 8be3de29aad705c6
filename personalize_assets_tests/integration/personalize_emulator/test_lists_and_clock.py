"""Pages of lists, and the clock of the emulator of Personalize."""

from __future__ import annotations

import pytest

from personalize_assets_tests.helpers.personalize_emulator import Course, PersonalizeEmulator, Settings
from personalize_assets_tests.helpers.personalize_shop import USERS, PersonalizeShop, refusal, statuses


def test_a_page_is_small_and_the_paginator_finds_all(shop: PersonalizeShop) -> None:
    names = {f"schema-{number}" for number in range(8)}
    for name in names:
        shop.schema(name)

    first = shop.client.list_schemas(maxResults=100)
    pages = [page["schemas"] for page in shop.client.get_paginator("list_schemas").paginate()]

    assert len(first["schemas"]) == 3
    assert [len(page) for page in pages] == [3, 3, 2]
    assert {schema["name"] for page in pages for schema in page} == names


def test_a_client_may_ask_for_smaller_pages(shop: PersonalizeShop) -> None:
    for number in range(2):
        shop.schema(f"schema-{number}")

    assert len(shop.client.list_schemas(maxResults=1)["schemas"]) == 1


def test_the_last_page_has_no_token(shop: PersonalizeShop) -> None:
    for number in range(3):
        shop.schema(f"schema-{number}")

    assert "nextToken" not in shop.client.list_schemas()


def test_something_new_between_two_pages_hides_nothing(shop: PersonalizeShop) -> None:
    names = {f"schema-{number}" for number in range(6)}
    for name in names:
        shop.schema(name)
    first = shop.client.list_schemas()
    for number in range(6):
        shop.schema(f"new-{number}")

    rest = shop.client.get_paginator("list_schemas").paginate(PaginationConfig={"StartingToken": first["nextToken"]})

    assert names <= {one["name"] for one in first["schemas"]} | {one["name"] for one in rest.search("schemas[]")}


def test_a_token_of_another_list_is_refused(shop: PersonalizeShop) -> None:
    for number in range(4):
        shop.schema(f"schema-{number}")
    token = shop.client.list_schemas()["nextToken"]

    assert refusal(shop.client.list_datasets, nextToken=token) == "InvalidNextTokenException: The token is not valid."
    assert refusal(shop.client.list_schemas, nextToken="x") == "InvalidNextTokenException: The token is not valid."


def test_datasets_are_listed_by_group(shop: PersonalizeShop) -> None:
    one, other = shop.group("one"), shop.group("other")
    dataset = shop.dataset(one, "Users", USERS)
    shop.dataset(other, "Users", USERS)

    found = shop.client.list_datasets(datasetGroupArn=one)["datasets"]

    assert [summary["datasetArn"] for summary in found] == [dataset]
    assert len(shop.client.list_datasets()["datasets"]) == 2


def test_import_jobs_are_listed_by_dataset_and_over_the_account(shop: PersonalizeShop) -> None:
    users = shop.dataset(shop.group(), "Users", USERS)
    assert shop.imported(users, "USER_ID,PLAN\nu1,\n") == ""
    shop.emulator.add_foreign_import_jobs(1)

    of_dataset = shop.client.list_dataset_import_jobs(datasetArn=users)["datasetImportJobs"]
    of_all = shop.client.list_dataset_import_jobs()["datasetImportJobs"]

    assert [job["jobName"] for job in of_dataset] == ["job-1"]
    assert {job["jobName"] for job in of_all} == {"job-1", "foreign-1"}


def test_a_list_moves_on_what_is_on_its_page(shop: PersonalizeShop) -> None:
    shop.client.create_dataset_group(name="shop")

    found = [shop.client.list_dataset_groups()["datasetGroups"][0]["status"] for _ in range(3)]

    assert found == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]


def test_a_state_may_take_several_looks(shop: PersonalizeShop) -> None:
    shop.emulator.settings.polls_per_state = 2
    arn = shop.client.create_dataset_group(name="shop")["datasetGroupArn"]

    assert statuses(lambda: shop.client.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"], 5) == [
        "CREATE PENDING", "CREATE PENDING", "CREATE IN_PROGRESS", "CREATE IN_PROGRESS", "ACTIVE",
    ]  # fmt: skip


def test_states_go_on_with_time(shop: PersonalizeShop) -> None:
    shop.emulator.settings.polls_per_state = 0
    arn = shop.client.create_dataset_group(name="shop")["datasetGroupArn"]
    found = []
    for seconds in (0, 50, 10, 60):
        shop.emulator.advance(seconds)
        found.append(shop.client.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"]["status"])

    assert found == ["CREATE PENDING", "CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]


def test_dates_are_those_of_the_clock(shop: PersonalizeShop) -> None:
    arn = shop.client.create_dataset_group(name="shop")["datasetGroupArn"]
    shop.emulator.advance(120)

    group = shop.client.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"]

    assert group["creationDateTime"].isoformat() == "2026-10-01T00:00:01+00:00"
    assert group["lastUpdatedDateTime"].isoformat() == "2026-10-01T00:02:01+00:00"


def test_a_state_that_is_unknown_may_be_the_last(shop: PersonalizeShop) -> None:
    shop.emulator.plan("dataset-group", Course(stuck_at="CREATE DREAMING"))
    arn = shop.client.create_dataset_group(name="shop")["datasetGroupArn"]

    found = statuses(lambda: shop.client.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"], 9)

    assert found == ["CREATE PENDING", "CREATE IN_PROGRESS", *["CREATE DREAMING"] * 7]


def test_a_reset_forgets_everything(shop: PersonalizeShop) -> None:
    shop.group()
    shop.emulator.plan("dataset-group", Course(failure="No."))

    shop.emulator.reset(Settings(page_size=1))

    assert shop.client.list_dataset_groups()["datasetGroups"] == []
    assert shop.emulator.operations() == ["ListDatasetGroups"]
    assert shop.group().endswith("/shop")


def test_two_emulators_do_the_same() -> None:
    def seen() -> object:
        with PersonalizeEmulator() as emulator:
            shop = PersonalizeShop(emulator, "none")
            group = shop.group()
            shop.dataset(group)
            tracker = shop.client.create_event_tracker(name="t", datasetGroupArn=group)
            answers = [tracker, shop.client.list_datasets(), shop.client.describe_dataset_group(datasetGroupArn=group)]
            return [{name: value for name, value in one.items() if name != "ResponseMetadata"} for one in answers]

    assert seen() == seen()


@pytest.mark.parametrize("dataset", ["users", "interactions"])
def test_a_dataset_that_is_not_the_only_one_must_be_named_with_its_group(shop: PersonalizeShop, dataset: str) -> None:
    for name in ("one", "other"):
        shop.dataset(shop.group(name), "Users", USERS)

    with pytest.raises(ValueError, match="datasets of type"):
        shop.emulator.rows(dataset)
    assert shop.emulator.rows("users", "one") == []
