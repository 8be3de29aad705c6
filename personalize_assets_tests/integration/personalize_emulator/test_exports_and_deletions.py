"""Export jobs and data deletion jobs of the emulator of Personalize."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from personalize_assets_tests.helpers.personalize_emulator import Course
from personalize_assets_tests.helpers.personalize_shop import (
    ITEMS,
    ROLE,
    USERS,
    PersonalizeShop,
    ends,
    interactions,
    refusal,
    statuses,
)


@pytest.fixture
def group(shop: PersonalizeShop) -> str:
    """A group with three users and a thousand interactions of fifty users."""
    group = shop.group()
    users = shop.dataset(group, "Users", USERS)
    assert shop.imported(users, 'USER_ID,PLAN\nu1,"a, \\"b\\""\nu2,\nx,paid\n', "users") == ""
    assert shop.imported(shop.dataset(group), interactions(), "interactions") == ""
    return group


def test_an_export_of_bulk_data_has_all_rows_in_parts(shop: PersonalizeShop, group: str) -> None:
    shop.emulator.settings.export_part_rows = 400

    job = _exported(shop, "INTERACTIONS", ingestionMode="BULK")

    assert job["status"] == "ACTIVE"
    files = _files("out/")
    assert [name for name, _ in files] == [f"out/export-1/part-0000{number}.csv" for number in range(3)]
    assert {text.splitlines()[0] for _, text in files} == {"USER_ID,ITEM_ID,TIMESTAMP"}
    rows = [tuple(line.split(",")) for _, text in files for line in text.splitlines()[1:]]
    assert sorted(rows) == shop.emulator.rows("interactions")


def test_an_export_can_be_imported_again(shop: PersonalizeShop, group: str) -> None:
    before = shop.emulator.rows("users")
    _exported(shop, "USERS", ingestionMode="BULK")
    users = shop.emulator.dataset("users").arn
    arn = shop.create_import(users, "s3://events/out/export-1/", "again")

    assert ends(lambda: shop.client.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"])[
        "status"
    ] == "ACTIVE"  # fmt: skip
    assert before[0] == ("u1", 'a, "b"')
    assert shop.emulator.rows("users") == before


def test_an_export_of_bulk_data_has_former_rows_of_an_id_and_one_of_all_the_newest(
    shop: PersonalizeShop, group: str
) -> None:
    users = shop.emulator.dataset("users").arn
    assert shop.imported(users, "USER_ID,PLAN\nx,free\n", "more", importMode="INCREMENTAL") == ""

    _exported(shop, "USERS", "bulk", ingestionMode="BULK")
    _exported(shop, "USERS", "all", ingestionMode="ALL")

    assert [_files(f"out/{name}/")[0][1].count("\nx,") for name in ("bulk", "all")] == [2, 1]


def test_an_export_has_streamed_data_unless_asked_otherwise(shop: PersonalizeShop, group: str) -> None:
    job = _exported(shop, "USERS")

    assert job["ingestionMode"] == "PUT"
    assert _files("out/") == [("out/export-1/part-00000.csv", "USER_ID,PLAN\n")]


def test_an_export_is_described_with_its_place(shop: PersonalizeShop, group: str) -> None:
    job = _exported(shop, "USERS")

    assert job["jobOutput"] == {"s3DataDestination": {"path": "s3://events/out"}}
    assert job["datasetExportJobArn"].endswith(":dataset-export-job/export-1")
    (summary,) = shop.client.list_dataset_export_jobs()["datasetExportJobs"]
    assert set(summary) == {"datasetExportJobArn", "jobName", "status", "creationDateTime", "lastUpdatedDateTime"}


def test_an_export_needs_a_policy_that_lets_it_write(shop: PersonalizeShop, group: str) -> None:
    shop.allow(Action=["s3:GetObject", "s3:ListBucket"])

    assert _exported(shop, "USERS")["failureReason"] == "Insufficient privileges for accessing data in Amazon S3."


def test_actions_cannot_be_exported(shop: PersonalizeShop) -> None:
    shop.dataset(shop.group(), "Actions", ["ACTION_ID:string", "VALUE:long null", "KIND:string null categorical"])

    assert refusal(lambda: _exported(shop, "ACTIONS")) == (
        "InvalidInputException: Actions and Action interactions datasets cannot be exported."
    )


# -- data deletion ----------------------------------------------------------------------------------------------------


def test_a_deletion_goes_through_states_of_its_own_and_removes_users_everywhere(
    shop: PersonalizeShop, group: str
) -> None:
    arn = _delete(shop, group, shop.put("deleted.csv", "USER_ID\nu1\nnone\n"))

    def describe() -> Any:
        return shop.client.describe_data_deletion_job(dataDeletionJobArn=arn)["dataDeletionJob"]

    assert statuses(describe, 3) == ["PENDING", "IN_PROGRESS", "COMPLETED"]
    assert describe()["numDeleted"] == 1 + 20
    assert [row[0] for row in shop.emulator.rows("users")] == ["u2", "x"]
    assert "u1" not in {row[0] for row in shop.emulator.rows("interactions")}
    assert len(shop.emulator.rows("interactions")) == 980


def test_a_deletion_reads_csv_files_in_folders_below_and_ignores_others(shop: PersonalizeShop, group: str) -> None:
    shop.put("deleted/a.csv", "USER_ID\nu1\n")
    shop.put("deleted/2026/b.csv", "USER_ID\nu2\n")
    shop.put("deleted/notes.txt", "x\n")

    job = _ended(shop, _delete(shop, group, "s3://events/deleted/"))

    assert job["status"] == "COMPLETED"
    assert [row[0] for row in shop.emulator.rows("users")] == ["x"]


def test_a_deletion_fails_without_the_column(shop: PersonalizeShop, group: str) -> None:
    job = _ended(shop, _delete(shop, group, shop.put("deleted.csv", "user\nu1\n")))

    assert (job["status"], job["failureReason"]) == (
        "FAILED",
        "Input CSV is missing the following columns:[USER_ID].",
    )


def test_a_deletion_has_a_limited_input(shop: PersonalizeShop, group: str) -> None:
    shop.emulator.settings.max_deletion_bytes = 10

    job = _ended(shop, _delete(shop, group, shop.put("deleted.csv", "USER_ID\nu1\n")))

    assert job["failureReason"] == "The size of the input data is 11 bytes, at most 10 are allowed."


def test_a_deletion_does_not_read_a_bucket_with_a_key_of_its_own(shop: PersonalizeShop, group: str) -> None:
    s3 = boto3.client("s3")
    uri = shop.put("deleted.csv", "USER_ID\nu1\n")
    s3.put_bucket_encryption(
        Bucket="events",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        },
    )

    try:
        assert _ended(shop, _delete(shop, group, uri))["status"] == "FAILED"
    finally:
        s3.delete_bucket_encryption(Bucket="events")


def test_a_deletion_is_refused_during_an_import(shop: PersonalizeShop, group: str) -> None:
    uri = shop.put("deleted.csv", "USER_ID\nu1\n")
    users = shop.emulator.dataset("users").arn
    job = shop.create_import(users, shop.put("users.csv", "USER_ID,PLAN\nu1,\n"))

    assert refusal(lambda: _delete(shop, group, uri)) == f"ResourceInUseException: {group} is in use by {job}."


def test_a_group_has_five_pending_deletions(shop: PersonalizeShop, group: str) -> None:
    uri = shop.put("deleted.csv", "USER_ID\nu1\n")
    for number in range(5):
        _delete(shop, group, uri, f"deletion-{number}")

    assert refusal(lambda: _delete(shop, group, uri, "deletion-5")) == (
        "LimitExceededException: More than 5 resources with PENDING status."
    )
    assert _delete(shop, group, uri, "deletion-6").endswith("/deletion-6")


def test_deletions_are_listed_newest_first_in_pages(shop: PersonalizeShop, group: str) -> None:
    uri = shop.put("deleted.csv", "USER_ID\nu1\n")
    for number in range(4):
        _delete(shop, group, uri, f"deletion-{number}")

    first = shop.client.list_data_deletion_jobs(datasetGroupArn=group)
    second = shop.client.list_data_deletion_jobs(datasetGroupArn=group, nextToken=first["nextToken"])

    found = [job["jobName"] for page in (first, second) for job in page["dataDeletionJobs"]]
    assert found == ["deletion-3", "deletion-2", "deletion-1", "deletion-0"]


def test_a_planned_failure_of_a_deletion_has_any_text(shop: PersonalizeShop, group: str) -> None:
    shop.emulator.plan("data-deletion-job", Course(failure="No."))

    job = _ended(shop, _delete(shop, group, shop.put("deleted.csv", "USER_ID\nu1\n")))

    assert (job["status"], job["failureReason"]) == ("FAILED", "No.")
    assert len(shop.emulator.rows("users")) == 3


def test_items_are_left_by_a_deletion(shop: PersonalizeShop, group: str) -> None:
    items = shop.dataset(group, "Items", ITEMS)
    assert shop.imported(items, "ITEM_ID,GENRE,PRICE\nu1,a,\n", "items") == ""

    _ended(shop, _delete(shop, group, shop.put("deleted.csv", "USER_ID\nu1\n")))

    assert shop.emulator.rows("items") == [("u1", "a", "")]


def _exported(shop: PersonalizeShop, dataset_type: str, name: str = "export-1", **more: Any) -> Any:
    arn = shop.client.create_dataset_export_job(
        jobName=name,
        datasetArn=f"arn:aws:personalize:eu-central-1:123456789012:dataset/shop/{dataset_type}",
        roleArn=ROLE,
        jobOutput={"s3DataDestination": {"path": "s3://events/out"}},
        **more,
    )["datasetExportJobArn"]
    return ends(lambda: shop.client.describe_dataset_export_job(datasetExportJobArn=arn)["datasetExportJob"])


def _files(prefix: str) -> list[tuple[str, str]]:
    s3 = boto3.client("s3")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="events", Prefix=prefix).get("Contents", ())]
    return [(key, s3.get_object(Bucket="events", Key=key)["Body"].read().decode()) for key in keys]


def _delete(shop: PersonalizeShop, group: str, uri: str, name: str = "deletion-1") -> str:
    params = {"jobName": name, "datasetGroupArn": group, "dataSource": {"dataLocation": uri}, "roleArn": ROLE}
    return str(shop.client.create_data_deletion_job(**params)["dataDeletionJobArn"])


def _ended(shop: PersonalizeShop, arn: str) -> Any:
    return ends(lambda: shop.client.describe_data_deletion_job(dataDeletionJobArn=arn)["dataDeletionJob"])
