"""Import jobs of the emulator of Personalize, as seen by boto3's own client."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from personalize_assets_tests.helpers.personalize_emulator import Course
from personalize_assets_tests.helpers.personalize_shop import (
    INTERACTIONS,
    ITEMS,
    ROLE,
    USERS,
    PersonalizeShop,
    ends,
    interactions,
    refusal,
    statuses,
)

PREFIX = "Failed to create a data import job for {} dataset. "
USER_ROWS = "USER_ID,PLAN\nu1,free\nu2,\n"


@pytest.fixture
def dataset(shop: PersonalizeShop) -> str:
    """An ACTIVE dataset of interactions."""
    return shop.dataset(shop.group())


@pytest.fixture
def users(shop: PersonalizeShop) -> str:
    """An ACTIVE dataset of users."""
    return shop.dataset(shop.group(), "Users", USERS)


@pytest.fixture
def items(shop: PersonalizeShop) -> str:
    """An ACTIVE dataset of items."""
    return shop.dataset(shop.group(), "Items", ITEMS)


def test_an_import_goes_through_its_states_and_its_rows_are_in_the_dataset(shop: PersonalizeShop, users: str) -> None:
    arn = shop.create_import(users, shop.put("users.csv", USER_ROWS))

    def describe() -> Any:
        return shop.client.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"]

    assert statuses(describe, 4) == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE", "ACTIVE"]
    assert shop.emulator.rows("users") == [("u1", "free"), ("u2", "")]
    assert shop.emulator.columns("users") == ("USER_ID", "PLAN")
    (job,) = shop.emulator.jobs("users")
    assert (job.name, job.rows_read) == ("job-1", 2)


def test_an_import_is_described_with_all_that_was_asked_for(shop: PersonalizeShop, users: str) -> None:
    uri = shop.put("users.csv", USER_ROWS)
    arn = shop.create_import(users, uri)

    job = shop.client.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"]

    assert job.pop("creationDateTime").tzinfo is not None
    assert job.pop("lastUpdatedDateTime").tzinfo is not None
    assert job == {
        "jobName": "job-1",
        "datasetImportJobArn": "arn:aws:personalize:eu-central-1:123456789012:dataset-import-job/job-1",
        "datasetArn": users,
        "dataSource": {"dataLocation": uri},
        "roleArn": ROLE,
        "status": "CREATE PENDING",
        "importMode": "FULL",
        "publishAttributionMetricsToS3": False,
    }


def test_a_summary_of_an_import_has_its_mode_but_neither_source_nor_role(shop: PersonalizeShop, users: str) -> None:
    shop.create_import(users, shop.put("users.csv", USER_ROWS))

    (job,) = shop.client.list_dataset_import_jobs(datasetArn=users)["datasetImportJobs"]

    assert set(job) == {
        "datasetImportJobArn", "jobName", "status", "creationDateTime", "lastUpdatedDateTime", "importMode",
    }  # fmt: skip


def test_the_first_import_must_be_full(shop: PersonalizeShop, users: str) -> None:
    uri = shop.put("users.csv", USER_ROWS)

    refused = refusal(lambda: shop.create_import(users, uri, importMode="INCREMENTAL"))

    assert refused == "InvalidInputException: The first import of a dataset must have the import mode FULL."


def test_a_full_import_replaces_the_rows(shop: PersonalizeShop, users: str) -> None:
    assert shop.imported(users, USER_ROWS) == ""
    assert shop.imported(users, "USER_ID,PLAN\nu3,paid\n", "job-2") == ""

    assert shop.emulator.rows("users") == [("u3", "paid")]


def test_an_incremental_import_replaces_users_of_the_same_id_and_adds_others(shop: PersonalizeShop, users: str) -> None:
    assert shop.imported(users, USER_ROWS) == ""
    assert shop.imported(users, "USER_ID,PLAN\nu2,paid\nu3,\n", "job-2", importMode="INCREMENTAL") == ""

    assert shop.emulator.rows("users") == [("u1", "free"), ("u2", "paid"), ("u3", "")]


def test_the_last_row_of_an_id_counts(shop: PersonalizeShop, users: str) -> None:
    assert shop.imported(users, "USER_ID,PLAN\nu1,paid\nu1,free\n") == ""

    assert shop.emulator.rows("users") == [("u1", "free")]


def test_interactions_equal_in_every_column_are_kept_once(shop: PersonalizeShop, dataset: str) -> None:
    assert shop.imported(dataset, interactions(1_000)) == ""
    assert shop.imported(dataset, interactions(1_000, first=600), "job-2", importMode="INCREMENTAL") == ""

    assert len(shop.emulator.rows("interactions")) == 1_600


@pytest.mark.parametrize("mode", ["FULL", "INCREMENTAL"])
def test_interactions_need_a_thousand_records_in_each_import(shop: PersonalizeShop, dataset: str, mode: str) -> None:
    assert shop.imported(dataset, interactions(1_000)) == ""

    failure = shop.imported(dataset, interactions(999, first=5_000), "job-2", importMode=mode)

    assert failure == PREFIX.format("Interactions") + "The input data has 999 records, at least 1000 are required."
    assert len(shop.emulator.rows("interactions")) == 1_000


def test_all_files_directly_in_a_folder_are_read_and_none_below(shop: PersonalizeShop, users: str) -> None:
    shop.put("in/a.csv", "USER_ID,PLAN\nu1,free\n")
    shop.put("in/b.csv", "USER_ID,PLAN\nu2,paid\n")
    shop.put("in/old/c.csv", "USER_ID,PLAN\nu3,paid\n")
    shop.put("in/", "")
    arn = shop.create_import(users, "s3://events/in/")

    job = ends(lambda: shop.client.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"])

    assert job["status"] == "ACTIVE"
    assert shop.emulator.rows("users") == [("u1", "free"), ("u2", "paid")]


def test_another_file_in_the_folder_is_read_too_unless_that_is_switched_off(shop: PersonalizeShop, users: str) -> None:
    shop.put("in/a.csv", "USER_ID,PLAN\nu1,free\n")
    shop.put("in/manifest.json", "{}")

    failed = ends(_described(shop, shop.create_import(users, "s3://events/in/")))
    shop.emulator.settings.reads_only_csv = True
    done = ends(_described(shop, shop.create_import(users, "s3://events/in/", "job-2")))

    assert failed["failureReason"] == PREFIX.format("Users") + (
        "Input CSV is missing the following columns:[USER_ID, PLAN]."
    )
    assert done["status"] == "ACTIVE"


@pytest.mark.parametrize(
    "uri", ["s3://events/none.csv", "s3://events/in", "s3://events/none/", "s3://none/a.csv", "https://events/a.csv"]
)
def test_a_location_without_a_file_is_refused_at_once(shop: PersonalizeShop, users: str, uri: str) -> None:
    shop.put("in/a.csv", USER_ROWS)

    assert refusal(lambda: shop.create_import(users, uri)) == "InvalidInputException: Invalid Data location."


def test_a_file_is_read_when_the_job_ends(shop: PersonalizeShop, users: str) -> None:
    arn = shop.create_import(users, shop.put("users.csv", USER_ROWS))
    shop.put("users.csv", "USER_ID,PLAN\nu9,free\n")

    assert ends(_described(shop, arn))["status"] == "ACTIVE"
    assert shop.emulator.rows("users") == [("u9", "free")]


@pytest.mark.parametrize(
    ("csv", "gist"),
    [
        ("USER_ID\nu1\n", "Input CSV is missing the following columns:[PLAN]."),
        ("user_id,Plan\nu1,a\n", "Input CSV is missing the following columns:[USER_ID, PLAN]."),
        ('"USER_ID","PLAN"\nu1,a\n', "Input CSV is missing the following columns:[USER_ID, PLAN]."),
        ("\ufeffUSER_ID,PLAN\nu1,a\n", "Input CSV is missing the following columns:[USER_ID]."),
        ("USER_ID,PLAN,AGE\nu1,a,3\n", "Input CSV has columns that are not in the schema:[AGE]."),
        (
            "PLAN,USER_ID\na,u1\n",
            "The columns of the input CSV are not in the order of the schema:[PLAN, USER_ID], schema:[USER_ID, PLAN].",
        ),
        ("", "Input CSV job-1.csv is empty."),
        (b"USER_ID,PLAN\nu1,\xe4\n", "Input CSV job-1.csv is not encoded in UTF-8."),
        (
            "USER_ID,PLAN\nu1\n",
            "Input CSV has 1 columns in record 1 of job-1.csv, the schema has 2. "
            "Make sure that each record is on a single line.",
        ),
        (
            'USER_ID,PLAN\nu1,"a\nb"\n',
            "Input CSV has a quote that is not closed in record 1 of job-1.csv. Each record must be on a single line.",
        ),
        (
            'USER_ID,PLAN\nu1,"a ""b"" c"\n',
            "Input CSV has a double quote that is not escaped with a backslash in record 1 of job-1.csv.",
        ),
        (
            "USER_ID,PLAN\n,a\n",
            "Column USER_ID has a null value in record 1 of job-1.csv, but its type does not allow null.",
        ),
        (
            f"USER_ID,PLAN\n{'u' * 257},a\n",
            "Length cannot be more than 256 characters for USER_ID. If no values exceed the character limit, make sure "
            "your data follows the formatting guidelines listed in "
            "https://docs.aws.amazon.com/personalize/latest/dg/data-prep-formatting.html.",
        ),
        (
            f"USER_ID,PLAN\nu1,{'p' * 1001}\n",
            "Length cannot be more than 1000 characters for PLAN. If no values exceed the character limit, make sure "
            "your data follows the formatting guidelines listed in "
            "https://docs.aws.amazon.com/personalize/latest/dg/data-prep-formatting.html.",
        ),
    ],
)  # fmt: skip
def test_a_csv_that_does_not_fit_fails_the_job_and_changes_nothing(
    shop: PersonalizeShop, users: str, csv: str | bytes, gist: str
) -> None:
    assert shop.imported(users, csv) == PREFIX.format("Users") + gist
    assert shop.emulator.rows("users") == []


@pytest.mark.parametrize(
    ("cell", "fits"),
    [(cell, True) for cell in ("1.5", "-2", ".50", "1e3", "")] + [(cell, False) for cell in ("NaN", "1,5", "a")],
)
def test_a_float_is_a_decimal_or_null(shop: PersonalizeShop, items: str, cell: str, fits: bool) -> None:
    failure = shop.imported(items, f'ITEM_ID,GENRE,PRICE\ni1,a,"{cell}"\n')

    gist = f"Value '{cell}' of column PRICE in record 1 of job-1.csv is not of type float."
    assert failure == ("" if fits else PREFIX.format("Items") + gist)


@pytest.mark.parametrize("cell", ["1790812800.0", "9223372036854775808", "2026-10-01", "1_000"])
def test_a_timestamp_is_an_integer_of_64_bits(shop: PersonalizeShop, dataset: str, cell: str) -> None:
    failure = shop.imported(dataset, f"{interactions(1_000)}u,i,{cell}\n")

    assert failure == PREFIX.format("Interactions") + (
        f"Value '{cell}' of column TIMESTAMP in record 1001 of job-1.csv is not of type long."
    )


def test_quotes_and_backslashes_are_escaped_with_a_backslash(shop: PersonalizeShop, items: str) -> None:
    text = r"""ITEM_ID,GENRE,PRICE
i1,"a, \"b\" \\ \c",
i2,5" \d,1
"""

    assert shop.imported(items, text) == ""
    assert shop.emulator.rows("items") == [("i1", 'a, "b" \\ \\c', ""), ("i2", '5" \\d', "1")]


def test_a_line_may_end_with_carriage_return(shop: PersonalizeShop, users: str) -> None:
    assert shop.imported(users, "USER_ID,PLAN\r\nu1,a\r\n") == ""
    assert shop.emulator.rows("users") == [("u1", "a")]


def test_a_textual_value_is_cut(shop: PersonalizeShop) -> None:
    items = shop.dataset(shop.group(), "Items", ["ITEM_ID:string", "ABOUT:string null textual"])

    assert shop.imported(items, f'ITEM_ID,ABOUT\ni1,"{"x" * 20_001}"\n') == ""
    assert shop.emulator.rows("items") == [("i1", "x" * 20_000)]


def test_action_interactions_have_three_event_types(shop: PersonalizeShop) -> None:
    fields = [*INTERACTIONS, "EVENT_TYPE:string"]
    taken = shop.dataset(shop.group(), "Action_Interactions", [fields[0], "ACTION_ID:string", *fields[2:]])
    header = "USER_ID,ACTION_ID,TIMESTAMP,EVENT_TYPE\n"

    failure = shop.imported(taken, f"{header}u1,a1,5,Clicked\n")

    assert failure == PREFIX.format("ActionInteractions") + (
        "Value 'Clicked' of column EVENT_TYPE in record 1 of job-1.csv is none of Taken, Not Taken, Viewed."
    )
    assert shop.imported(taken, f"{header}u1,a1,5,Taken\nu1,a2,5,Not taken\nu1,a3,5,Viewed\n", "job-2") == ""


def test_action_interactions_need_a_thousand_records_in_an_incremental_import_only(shop: PersonalizeShop) -> None:
    fields = ["USER_ID:string", "ACTION_ID:string", "TIMESTAMP:long", "EVENT_TYPE:string"]
    taken = shop.dataset(shop.group(), "Action_Interactions", fields)
    text = "USER_ID,ACTION_ID,TIMESTAMP,EVENT_TYPE\nu1,a1,5,Taken\n"

    assert shop.imported(taken, text) == ""
    assert shop.imported(taken, text, "job-2", importMode="INCREMENTAL") == (
        PREFIX.format("ActionInteractions") + "The input data has 1 records, at least 1000 are required."
    )


@pytest.mark.parametrize(("mode", "limit"), [("FULL", "max_full_bytes"), ("INCREMENTAL", "max_incremental_bytes")])
def test_the_size_of_all_files_is_limited_for_each_mode(
    shop: PersonalizeShop, users: str, mode: str, limit: str
) -> None:
    assert shop.imported(users, USER_ROWS) == ""
    setattr(shop.emulator.settings, limit, len(USER_ROWS) - 1)

    assert shop.imported(users, USER_ROWS, "job-2", importMode=mode) == (
        PREFIX.format("Users") + "The size of the input data is 25 bytes, at most 24 are allowed."
    )


DENIED = PREFIX.format("Users") + "Insufficient privileges for accessing data in Amazon S3."
ACCOUNT = {"aws:SourceAccount": "123456789012"}


@pytest.mark.parametrize(
    ("changes", "is_allowed"),
    [
        ({}, True),
        ({"Principal": {"Service": ["personalize.amazonaws.com", "glue.amazonaws.com"]}}, True),
        ({"Principal": {"Service": "glue.amazonaws.com"}}, False),
        ({"Action": "s3:*"}, True),
        ({"Action": "s3:GetObject"}, False),
        ({"Resource": "arn:aws:s3:::events"}, False),
        ({"Resource": ["arn:aws:s3:::events", "arn:aws:s3:::events/job-*"]}, True),
        ({"Resource": ["arn:aws:s3:::events", "arn:aws:s3:::events/exports/*"]}, False),
        ({"Condition": {"StringEquals": ACCOUNT}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}}, False),
        ({"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:personalize:eu-central-1:123456789012:*"}}}, True),
        ({"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:personalize:us-east-1:123456789012:*"}}}, False),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, False),
    ],
)
def test_the_bucket_policy_must_let_personalize_in(
    shop: PersonalizeShop, users: str, changes: dict[str, Any], is_allowed: bool
) -> None:
    shop.allow(**changes)

    assert shop.imported(users, USER_ROWS) == ("" if is_allowed else DENIED)


def test_a_bucket_without_a_policy_is_not_read_unless_that_is_switched_off(shop: PersonalizeShop, users: str) -> None:
    boto3.client("s3").delete_bucket_policy(Bucket="events")

    assert shop.imported(users, USER_ROWS) == DENIED
    shop.emulator.settings.checks_bucket_policy = False
    assert shop.imported(users, USER_ROWS, "job-2") == ""


def test_statements_for_objects_and_for_the_list_may_be_apart(shop: PersonalizeShop, users: str) -> None:
    service = {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}}
    read = {**service, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::events/exports/*"}
    condition = {"StringEquals": ACCOUNT, "StringLike": {"s3:prefix": "exports/*"}}
    listing = {**service, "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::events", "Condition": condition}
    policy = {"Version": "2012-10-17", "Statement": [read, listing]}
    boto3.client("s3").put_bucket_policy(Bucket="events", Policy=json.dumps(policy))
    inside, outside = shop.put("exports/a.csv", USER_ROWS), shop.put("a.csv", USER_ROWS)

    assert ends(_described(shop, shop.create_import(users, inside)))["status"] == "ACTIVE"
    assert ends(_described(shop, shop.create_import(users, outside, "job-2")))["failureReason"] == DENIED


def test_a_role_that_does_not_exist_may_not_read(shop: PersonalizeShop, users: str) -> None:
    shop.emulator.settings.roles = {"arn:aws:iam::123456789012:role/other"}

    assert shop.imported(users, USER_ROWS) == DENIED


def test_an_import_needs_a_role(shop: PersonalizeShop, users: str) -> None:
    uri = shop.put("users.csv", USER_ROWS)

    refused = refusal(
        shop.client.create_dataset_import_job, jobName="job-1", datasetArn=users, dataSource={"dataLocation": uri}
    )

    assert refused == "InvalidInputException: roleArn must be specified."


def test_the_name_of_a_job_is_taken_for_ever_even_if_it_failed(shop: PersonalizeShop, users: str) -> None:
    assert shop.imported(users, "X\n1\n") != ""
    uri = shop.put("users.csv", USER_ROWS)

    assert refusal(lambda: shop.create_import(users, uri)) == (
        "ResourceAlreadyExistsException: Another resource with Arn "
        "arn:aws:personalize:eu-central-1:123456789012:dataset-import-job/job-1 already exists."
    )


def test_names_of_jobs_are_unique_over_all_datasets(shop: PersonalizeShop) -> None:
    group = shop.group()
    users, items = shop.dataset(group, "Users", USERS), shop.dataset(group, "Items", ITEMS)
    assert shop.imported(users, USER_ROWS) == ""

    assert refusal(lambda: shop.imported(items, "x")).startswith("ResourceAlreadyExistsException: ")


def test_a_dataset_has_one_job_at_a_time(shop: PersonalizeShop, users: str) -> None:
    uri = shop.put("users.csv", USER_ROWS)
    first = shop.create_import(users, uri)

    assert refusal(lambda: shop.create_import(users, uri, "job-2")) == (
        f"ResourceInUseException: {users} is in use by {first}."
    )


def test_five_jobs_may_run_in_the_region(shop: PersonalizeShop, users: str) -> None:
    uri = shop.put("users.csv", USER_ROWS)
    others = shop.emulator.add_foreign_import_jobs(5)

    assert refusal(lambda: shop.create_import(users, uri)) == (
        "LimitExceededException: More than 5 resources with PENDING or IN_PROGRESS status."
    )
    ends(_described(shop, others[0].arn))
    assert shop.create_import(users, uri).endswith("/job-1")


def test_a_client_that_only_tries_again_gets_a_slot(shop: PersonalizeShop, users: str) -> None:
    uri = shop.put("users.csv", USER_ROWS)
    shop.emulator.add_foreign_import_jobs(5)
    refused = [refusal(lambda: shop.create_import(users, uri)).partition(":")[0] for _ in range(2)]

    assert refused == ["LimitExceededException"] * 2
    assert shop.create_import(users, uri).endswith("/job-1")


def test_a_dataset_must_be_active(shop: PersonalizeShop) -> None:
    uri = shop.put("users.csv", USER_ROWS)
    group, schema = shop.group(), shop.schema("shop-u", "Users", USERS)
    users = shop.client.create_dataset(name="u", schemaArn=schema, datasetGroupArn=group, datasetType="Users")
    arn = users["datasetArn"]

    assert refusal(lambda: shop.create_import(arn, uri)) == (
        f"ResourceInUseException: {arn} is in the state CREATE PENDING; it must be ACTIVE."
    )


def test_a_planned_failure_has_any_text(shop: PersonalizeShop, users: str) -> None:
    shop.emulator.plan("dataset-import-job", Course(failure="The service is out of order."))

    assert shop.imported(users, USER_ROWS) == "The service is out of order."
    assert shop.emulator.rows("users") == []


def test_a_job_may_be_stuck_until_a_test_ends_it(shop: PersonalizeShop, users: str) -> None:
    shop.emulator.plan("dataset-import-job", Course(stuck_at="CREATE IN_PROGRESS"))
    arn = shop.create_import(users, shop.put("users.csv", USER_ROWS))

    assert statuses(_described(shop, arn), 50)[1:] == ["CREATE IN_PROGRESS"] * 49
    shop.emulator.jobs("users")[0].status = "ACTIVE"
    assert _described(shop, arn)()["status"] == "ACTIVE"


def test_a_job_may_pass_through_a_state_that_is_unknown(shop: PersonalizeShop, users: str) -> None:
    shop.emulator.plan("dataset-import-job", Course(via=("CREATE VALIDATING",)))
    arn = shop.create_import(users, shop.put("users.csv", USER_ROWS))

    assert statuses(_described(shop, arn), 4) == [
        "CREATE PENDING", "CREATE IN_PROGRESS", "CREATE VALIDATING", "ACTIVE",
    ]  # fmt: skip
    assert len(shop.emulator.rows("users")) == 2


def test_jobs_of_a_dataset_that_was_made_again_are_still_listed(shop: PersonalizeShop, users: str) -> None:
    assert shop.imported(users, USER_ROWS) == ""
    shop.client.delete_dataset(datasetArn=users)
    while shop.client.list_datasets()["datasets"]:
        pass
    again = shop.dataset(
        users.replace(":dataset/", ":dataset-group/").removesuffix("/USERS"), "Users", schema=_schema(shop)
    )
    uri = shop.put("users.csv", USER_ROWS)

    assert again == users
    assert shop.emulator.rows("users") == []
    assert [job["jobName"] for job in shop.client.list_dataset_import_jobs(datasetArn=users)["datasetImportJobs"]] == [
        "job-1"
    ]
    assert refusal(lambda: shop.create_import(users, uri, "job-2", importMode="INCREMENTAL")) == (
        "InvalidInputException: The first import of a dataset must have the import mode FULL."
    )


def _schema(shop: PersonalizeShop) -> str:
    return str(shop.client.list_schemas()["schemas"][0]["schemaArn"])


def _described(shop: PersonalizeShop, arn: str) -> Any:
    return lambda: shop.client.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"]
