"""The emulator of the Redshift Data API does what its docstring says, as seen by boto3's own client."""

from __future__ import annotations

import io
import json
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from personalize_assets_tests.helpers.redshift_data_emulator import RedshiftDataEmulator
from personalize_assets_tests.helpers.warehouse import keys

TO = "TO 's3://events/unloaded/a/' IAM_ROLE default FORMAT PARQUET"
UNLOAD = f"UNLOAD ('SELECT * FROM shop.t WHERE name <> ''it''''s''') {TO}"


@pytest.fixture
def data(redshift: RedshiftDataEmulator) -> Any:
    """A client, of a warehouse with a table of three rows."""
    redshift.table("shop.t", "id BIGINT, name VARCHAR", (1, "a"), (2, "it's"), (3, None))
    redshift.insert("shop.t", (4, "d"))
    return boto3.client("redshift-data", config=None)


def execute(data: Any, sql: str = "SELECT count(*) FROM shop.t", **changes: Any) -> str:
    params = {"Sql": sql, "WorkgroupName": "analytics", "Database": "prod", **changes}
    answer = data.execute_statement(**{name: value for name, value in params.items() if value is not None})
    return str(answer["Id"])


def states(data: Any, id: str) -> list[str]:
    """What descriptions say until the statement ends."""
    found = [data.describe_statement(Id=id)["Status"]]
    while found[-1] in ("SUBMITTED", "PICKED", "STARTED"):
        found.append(data.describe_statement(Id=id)["Status"])
    return found


def refusal(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return "{Code}: {Message}".format(**caught.value.response["Error"])


def manifest() -> dict[str, Any]:
    body = boto3.client("s3").get_object(Bucket="events", Key="unloaded/a/manifest")["Body"].read()
    found: dict[str, Any] = json.loads(body)
    return found


def test_a_query_goes_through_the_states_and_has_a_result(data: Any) -> None:
    id = execute(data)

    assert states(data, id) == ["PICKED", "STARTED", "FINISHED"]
    assert data.get_statement_result(Id=id)["Records"] == [[{"longValue": 4}]]


def test_an_unload_writes_parquet_and_a_verbose_manifest(data: Any) -> None:
    states(data, execute(data, f"{UNLOAD} MANIFEST VERBOSE"))

    assert keys("unloaded/a/") == ["0000_part_00.parquet", "0001_part_00.parquet", "manifest"]
    found = manifest()
    assert [entry["meta"]["record_count"] for entry in found["entries"]] == [1, 1]
    assert found["entries"][0]["url"] == "s3://events/unloaded/a/0000_part_00.parquet"
    assert found["schema"]["elements"] == [
        {"name": "id", "type": {"base": "bigint"}},
        {"name": "name", "type": {"base": "character varying", "max_length": 512}},
    ]
    body = boto3.client("s3").get_object(Bucket="events", Key="unloaded/a/0000_part_00.parquet")["Body"].read()
    file = pq.ParquetFile(io.BytesIO(body))
    assert file.read().to_pylist() == [{"id": 1, "name": "a"}]
    assert (file.metadata.format_version, file.metadata.row_group(0).column(0).compression) == ("1.0", "SNAPPY")
    assert found["entries"][0]["meta"]["content_length"] == len(body)


def test_files_of_before_are_an_error_unless_cleanpath_deletes_them(data: Any, redshift: RedshiftDataEmulator) -> None:
    states(data, execute(data, UNLOAD))
    again = execute(data, UNLOAD)

    assert states(data, again)[-1] == "FAILED"
    assert "Specified unload destination on S3 is not empty" in data.describe_statement(Id=again)["Error"]
    redshift.run("DELETE FROM shop.t WHERE id > 1")
    boto3.client("s3").put_object(Bucket="events", Key="unloaded/ab", Body=b"")
    assert states(data, execute(data, f"{UNLOAD} CLEANPATH"))[-1] == "FINISHED"
    assert keys() == ["a/0000_part_00.parquet", "ab"]


def test_an_unload_has_the_rows_of_its_start_and_writes_them_at_its_end(
    data: Any, redshift: RedshiftDataEmulator
) -> None:
    redshift.hold = True
    id = execute(data, UNLOAD)
    data.describe_statement(Id=id), data.describe_statement(Id=id)
    redshift.run("DELETE FROM shop.t")

    assert keys() == []
    redshift.hold = False
    states(data, id)
    assert len(keys()) == 2


def test_the_same_token_gives_the_same_statement_and_no_other_sql(data: Any, redshift: RedshiftDataEmulator) -> None:
    first, second = (execute(data, ClientToken="t") for _ in range(2))

    assert first == second
    assert len(redshift.statements) == 1
    params = {"WorkgroupName": "analytics", "Database": "prod", "ClientToken": "t"}
    assert refusal(data.execute_statement, Sql="SELECT 1", **params).startswith("ValidationException: ClientToken")


@pytest.mark.parametrize(
    "changes",
    [
        {"ClusterIdentifier": "shop-1"},
        {"WorkgroupName": None},
        {"Database": None},
        {"DbUser": "x"},
        {"WorkgroupName": "other"},
        {"WorkgroupName": None, "ClusterIdentifier": "other"},
        {"Sql": "SELECT '" + "x" * 102_400 + "'"},
    ],
)
def test_a_call_that_is_not_right_is_refused(data: Any, changes: dict[str, Any]) -> None:
    params = {"Sql": "SELECT 1", "WorkgroupName": "analytics", "Database": "prod", **changes}
    given = {name: value for name, value in params.items() if value is not None}

    assert refusal(data.execute_statement, **given).startswith("ValidationException: ")


def test_statements_are_listed_by_the_beginning_of_their_name_newest_first(
    data: Any, redshift: RedshiftDataEmulator
) -> None:
    redshift.page = 2
    ids = [execute(data, StatementName=name) for name in ("day 1", "day 2", "Day 3", "day 4")]
    states(data, ids[1])

    page = data.list_statements(StatementName="day")
    assert [one["StatementName"] for one in page["Statements"]] == ["day 4", "day 2"]
    rest = data.list_statements(StatementName="day", NextToken=page["NextToken"])
    assert ([one["Id"] for one in rest["Statements"]], "NextToken" in rest) == ([ids[0]], False)
    assert [one["Id"] for one in data.list_statements(Status="FINISHED")["Statements"]] == [ids[1]]


def test_statements_are_listed_for_a_day(data: Any, redshift: RedshiftDataEmulator) -> None:
    execute(data)
    now = redshift.now()
    redshift.now = lambda: now + 24 * 3600 + 1

    assert data.list_statements()["Statements"] == []


def test_what_goes_on_can_be_cancelled_and_nothing_else(data: Any) -> None:
    going, done = execute(data), execute(data, "SELECT 1")
    states(data, done)

    assert data.cancel_statement(Id=going)["Status"] is True
    assert states(data, going) == ["ABORTED"]
    assert refusal(data.cancel_statement, Id=done).startswith("ValidationException: Could not cancel a query")


def test_only_so_many_statements_are_active(data: Any, redshift: RedshiftDataEmulator) -> None:
    redshift.max_active = 1
    id = execute(data)

    assert "ActiveStatementsExceededException" in refusal(
        data.execute_statement, Sql="SELECT 1", WorkgroupName="analytics", Database="prod"
    )
    states(data, id)
    execute(data)


def test_a_statement_that_is_not_known_is_not_found(data: Any) -> None:
    assert refusal(data.describe_statement, Id="11111111-1111-1111-1111-111111111111").startswith("ResourceNotFound")
    assert refusal(data.describe_statement, Id="7").startswith("ValidationException")


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("UNLOAD ('SELECT * FROM shop.other') " + TO, 'relation "other" does not exist'),
        ("UNLOAD ('SELECT nothing FROM shop.t') " + TO, 'column "nothing" does not exist'),
        ("UNLOAD ('SELEC 1') " + TO, "syntax error"),
        (UNLOAD.replace("default", "'arn:aws:iam::1:role/x'"), "to assume IAM Role arn:aws:iam::1:role/x"),
        (UNLOAD.replace("s3://events", "s3://no-bucket-of-ours"), "NoSuchBucket"),
        (f"{UNLOAD} REGION 'us-west-2'", "PermanentRedirect"),
    ],
)  # fmt: skip
def test_a_statement_that_cannot_be_run_fails_with_a_text(data: Any, sql: str, error: str) -> None:
    id = execute(data, sql)

    assert states(data, id)[-1] == "FAILED"
    assert error in data.describe_statement(Id=id)["Error"]
    assert keys() == []


def test_a_table_that_the_user_may_not_read_fails(data: Any, redshift: RedshiftDataEmulator) -> None:
    redshift.denied = {"t"}
    id = execute(data, UNLOAD.replace("shop.t", '"shop"."t"'))

    states(data, id)

    assert data.describe_statement(Id=id)["Error"] == "ERROR: permission denied for relation t"


@pytest.mark.parametrize(
    ("empty", "left"),
    [("nothing", []), ("manifest", ["manifest"]), ("file", ["0000_part_00.parquet", "manifest"])],
)
def test_zero_rows_leave_what_a_test_chooses(
    data: Any, redshift: RedshiftDataEmulator, empty: str, left: list[str]
) -> None:
    redshift.empty = empty

    states(data, execute(data, f"UNLOAD ('SELECT * FROM shop.t WHERE id > 9') {TO} MANIFEST VERBOSE"))

    assert keys("unloaded/a/") == left


def test_an_answer_can_be_lost_after_the_call_was_done(data: Any, redshift: RedshiftDataEmulator) -> None:
    redshift.lost = {"ExecuteStatement": 1}

    execute(data)  # boto3 asks again, with the token that it made

    assert (len(redshift.statements), redshift.calls) == (1, ["ExecuteStatement"] * 2)
