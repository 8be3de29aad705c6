"""Days of a warehouse are unloaded: true boto3 against an emulator of the Data API, and moto's S3."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from personalize_assets.aws.error_codes import AwsError, TransientAwsError
from personalize_assets.aws.redshift_data import RedshiftData
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline import unload
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.transient import is_transient
from personalize_assets.pipeline.unload import ChangingUnload, IncompleteUnload, complete_days, days_to_unload
from personalize_assets_tests.helpers.redshift_data_emulator import RedshiftDataEmulator, Statement
from personalize_assets_tests.helpers.warehouse import FIRST, SECOND, THIRD, Shop, config, fill, keys, order, viewed


@pytest.fixture
def shop(redshift: RedshiftDataEmulator, tmp_path: Path) -> Shop:
    fill(redshift)
    return Shop(tmp_path)


def at(redshift: RedshiftDataEmulator, moment: datetime) -> None:
    """Let the warehouse have this time."""
    redshift.now = moment.replace(tzinfo=UTC).timestamp


def actions(redshift: RedshiftDataEmulator) -> dict[str, int]:
    return {name: redshift.calls.count(name) for name in sorted(set(redshift.calls))}


# What is unloaded


def test_each_table_of_a_day_is_unloaded_by_one_statement(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    records = shop.unload()

    assert {name: record.rows for name, record in records.items()} == {
        "product_viewed 2026-10-01": 1,
        "order_completed 2026-10-01": 0,
        "product_viewed 2026-10-02": 2,
        "order_completed 2026-10-02": 1,
    }
    assert keys() == [
        "day=2026-10-01/product_viewed/0000_part_00.parquet",
        "day=2026-10-01/product_viewed/manifest",
        "day=2026-10-02/order_completed/0000_part_00.parquet",
        "day=2026-10-02/order_completed/manifest",
        "day=2026-10-02/product_viewed/0000_part_00.parquet",
        "day=2026-10-02/product_viewed/0001_part_00.parquet",
        "day=2026-10-02/product_viewed/manifest",
    ]
    assert len(redshift.unloads()) == 4
    assert len({one.params["ClientToken"] for one in redshift.statements}) == len(redshift.statements)


def test_a_row_is_of_the_day_of_its_arrival_and_of_no_other(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    midnight = viewed("late", "u9", "p9", SECOND, "00:00:00", "2026-09-01 12:00:00")
    last = viewed("last", "u9", "p9", FIRST, "23:59:59.999999", "2026-09-01 12:00:00")
    redshift.insert("website.product_viewed", midnight, last)

    records = shop.unload()

    assert records["product_viewed 2026-10-01"].rows == 2
    assert records["product_viewed 2026-10-02"].rows == 3


def test_the_catalog_lists_the_files_of_an_unloaded_day_and_not_its_manifest(shop: Shop) -> None:
    shop.unload()

    catalog = catalog_days(shop.group, [SECOND])["2026-10-02"]

    of_day = [key for key in keys() if key.startswith("day=2026-10-02/")]
    assert [file.key for file in catalog.files] == [key for key in of_day if not key.endswith("manifest")]
    assert {"event_text", "warehouse_table"} <= {field.path for field in catalog.fields}


@pytest.mark.parametrize("empty", ["nothing", "manifest", "file"])
def test_a_day_without_rows_is_unloaded_whatever_that_leaves(
    shop: Shop, redshift: RedshiftDataEmulator, empty: str
) -> None:
    redshift.empty = empty

    records = shop.unload(THIRD)

    assert {record.rows for record in records.values()} == {0}
    assert {len(record.files) for record in records.values()} == {1 if empty == "file" else 0}
    assert "2026-10-03" in catalog_days(shop.group, [THIRD])


def test_a_query_is_unloaded_instead_of_tables(redshift: RedshiftDataEmulator, tmp_path: Path) -> None:
    fill(redshift)
    sql = (
        "SELECT id, event_text, received_at, sku, 'a\\n''b' AS note FROM website.product_viewed -- all of them\n"
        "UNION ALL SELECT id, event_text, received_at, NULL, products FROM website.order_completed -- and these"
    )

    records = Shop(tmp_path, tables=None, schema=None, sql=sql).unload(SECOND)

    assert {name: record.rows for name, record in records.items()} == {"query 2026-10-02": 3}
    assert keys()[0] == "day=2026-10-02/query/0000_part_00.parquet"


def test_a_cluster_with_a_database_user_is_asked_as_such(redshift: RedshiftDataEmulator, tmp_path: Path) -> None:
    fill(redshift)

    Shop(tmp_path, workgroup=None, cluster="shop-1", db_user="loader", role="default").unload(FIRST)

    of = redshift.unloads()[0].params
    assert {name: of.get(name) for name in ("ClusterIdentifier", "Database", "DbUser", "WorkgroupName")} == {
        "ClusterIdentifier": "shop-1", "Database": "prod", "DbUser": "loader", "WorkgroupName": None,
    }  # fmt: skip
    assert "IAM_ROLE default" in of["Sql"]


# Texts that are cut


def test_texts_as_long_as_their_column_are_counted(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    whole, cut, of_umlauts = "[" + " " * 506 + "]", "[" + "x" * 511, "ä" * 255
    rows = [order(f"x{n}", SECOND, "02:00:00", text) for n, text in enumerate((whole, cut, of_umlauts))]
    redshift.insert("website.order_completed", *rows)

    records = shop.unload(SECOND)

    assert records["order_completed 2026-10-02"].cut == {"products": 2}
    assert records["product_viewed 2026-10-02"].cut == {}


def test_the_width_of_a_column_is_the_one_that_redshift_lists(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    redshift.widths = {"products": 4096}
    redshift.insert("website.order_completed", order("x", SECOND, "02:00:00", "[" + "x" * 511))

    assert shop.unload(SECOND)["order_completed 2026-10-02"].cut == {"products": 0}


def test_an_unload_stands_if_its_cut_texts_cannot_be_counted(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    redshift.errors = {"GetStatementResult": [("AccessDeniedException", "not authorized")]}

    record = shop.unload(SECOND)["order_completed 2026-10-02"]

    assert (record.rows, record.cut) == (1, None)
    assert shop.lines[-1].startswith("cut texts are not counted: Redshift workgroup 'analytics': access denied")


# One statement for all who ask


def test_unloading_again_after_late_rows_runs_a_new_statement_that_has_them(
    shop: Shop, redshift: RedshiftDataEmulator
) -> None:
    first = shop.unload(FIRST)
    redshift.insert("website.product_viewed", viewed("v9", "u9", "p9", FIRST, "12:00:00", "2026-10-01 11:00:00"))

    again = shop.unload(FIRST)

    assert [of["product_viewed 2026-10-01"].rows for of in (first, again)] == [1, 2]
    assert len(redshift.unloads()) == 4
    assert keys()[:3] == [
        "day=2026-10-01/product_viewed/0000_part_00.parquet",
        "day=2026-10-01/product_viewed/0001_part_00.parquet",
        "day=2026-10-01/product_viewed/manifest",
    ]


def test_files_of_a_larger_unload_before_do_not_stay(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    shop.unload(SECOND)
    redshift.run("DELETE FROM website.product_viewed WHERE id = 'v3'")

    shop.unload(SECOND)

    assert [key for key in keys() if "product_viewed" in key] == [
        "day=2026-10-02/product_viewed/0000_part_00.parquet",
        "day=2026-10-02/product_viewed/manifest",
    ]


def test_a_retry_of_the_same_run_uses_what_is_unloaded(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    began = redshift.now()
    shop.unload(since=began)

    again = shop.unload(since=began)

    assert len(redshift.unloads()) == 4
    assert again["product_viewed 2026-10-02"].rows == 2
    assert shop.lines == ["4 of 4 unloads are done and left as they are"]


def test_a_statement_that_a_dead_process_left_is_waited_for(
    shop: Shop, redshift: RedshiftDataEmulator, tmp_path: Path
) -> None:
    class Died(TransientAwsError):
        """As if the process were gone: nothing is cancelled."""

    def die(seconds: float) -> None:
        raise Died("gone")

    redshift.hold = True
    with pytest.raises(Died):
        shop.unload(FIRST, sleep=die)
    redshift.hold = False

    records = shop.unload(FIRST)

    assert len(redshift.unloads()) == 2
    assert records["product_viewed 2026-10-01"].statement == redshift.unloads()[0].id
    assert re.fullmatch(
        r"product_viewed of 2026-10-01: statement \S+ is under way already \(\w+\); waiting for it", shop.lines[0]
    )


def test_two_runs_of_a_day_at_the_same_time_share_the_statements(
    shop: Shop, redshift: RedshiftDataEmulator, tmp_path: Path
) -> None:
    other = Shop(tmp_path)
    theirs: list[dict[str, Any]] = []

    def overlap(seconds: float) -> None:
        if not theirs:
            theirs.append({})
            theirs[0] = other.unload(SECOND)

    mine = shop.unload(SECOND, sleep=overlap)

    assert mine == theirs[0]
    assert len(redshift.unloads()) == 2


def test_processes_that_start_a_statement_at_the_same_moment_get_the_same(
    redshift: RedshiftDataEmulator, tmp_path: Path
) -> None:
    fill(redshift)
    mine, other = (Shop(tmp_path, tables=["product_viewed"]) for _ in range(2))

    def both_have_listed(name: str) -> None:
        if name == "ExecuteStatement":
            redshift.on_call = lambda name: None
            other.unload(FIRST)

    redshift.on_call = both_have_listed

    records = mine.unload(FIRST)

    assert len(redshift.unloads()) == 1
    assert records["product_viewed 2026-10-01"].rows == 1


def test_a_statement_that_another_run_started_and_cancelled_is_started_again(
    shop: Shop, redshift: RedshiftDataEmulator, tmp_path: Path
) -> None:
    def cancelled_by_other(seconds: float) -> None:
        if redshift.hold:
            redshift.hold = False
            for one in redshift.unloads():
                one.status = "ABORTED"

    redshift.hold = True
    with pytest.raises(TransientAwsError):
        Shop(tmp_path).unload(FIRST, sleep=_raising(TransientAwsError("gone")))

    records = shop.unload(FIRST, sleep=cancelled_by_other)

    assert [one.status for one in redshift.unloads()] == ["ABORTED"] * 2 + ["FINISHED"] * 2
    assert records["product_viewed 2026-10-01"].rows == 1


def _raising(error: BaseException) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        raise error

    return sleep


def test_a_newer_statement_that_replaces_the_files_is_waited_for(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    """Another run has unloaded the table again before the files of this one were listed."""
    finished: list[Statement] = []

    def again_meanwhile(name: str) -> None:
        ended = [one for one in redshift.unloads() if one.status == "FINISHED"]
        if name == "ListStatements" and ended and not finished:
            finished.extend(ended[:1])
            params = {**ended[0].params, "ClientToken": "other", "StatementName": ended[0].name + "2"}
            redshift.statements.append(Statement("11111111-1111-1111-1111-111111111111", params, redshift.now() + 1))

    redshift.on_call = again_meanwhile

    records = shop.unload(FIRST)

    assert records["product_viewed 2026-10-01"].statement == "11111111-1111-1111-1111-111111111111"


# Faults


@pytest.mark.parametrize("action", ["ListStatements", "ExecuteStatement", "DescribeStatement"])
@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException"])
def test_throttled_calls_are_made_again(shop: Shop, redshift: RedshiftDataEmulator, action: str, code: str) -> None:
    redshift.errors = {action: [(code, "later")] * 3}

    assert len(shop.unload()) == 4
    assert len(redshift.unloads()) == 4


def test_a_lost_answer_starts_no_second_statement(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    redshift.lost = {"ExecuteStatement": 2}

    shop.unload(FIRST)

    assert len(redshift.unloads()) == 2
    assert redshift.calls.count("ExecuteStatement") == 4


def test_a_full_warehouse_is_waited_for(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    full = ("ActiveStatementsExceededException", "200 statements are active")
    redshift.errors = {"ExecuteStatement": [full] * 12}

    assert len(shop.unload(FIRST)) == 2
    assert shop.slept >= 12


def test_a_service_that_is_away_is_a_transient_error_and_the_statement_goes_on(
    shop: Shop, redshift: RedshiftDataEmulator
) -> None:
    redshift.errors = {"DescribeStatement": [("InternalServerException", "away")] * 8}

    with pytest.raises(TransientAwsError):
        shop.unload(FIRST)

    assert "CancelStatement" not in redshift.calls
    assert len(shop.unload(FIRST)) == 2
    assert len(redshift.unloads()) == 2


@pytest.mark.parametrize(
    ("status", "error", "kind", "line"),
    [
        ("FAILED", "ERROR: Assert code 1000", AwsError,
         "ended as FAILED: ERROR: Assert code 1000; its text is in the query history of the console"),
        ("FAILED", "ERROR: connection was closed by the server", TransientAwsError,
         "ended as FAILED: ERROR: connection was closed by the server"),
        ("ABORTED", "", AwsError, "ended as ABORTED: it was cancelled; run again if that was not meant"),
    ],
)  # fmt: skip
def test_a_statement_that_does_not_finish_is_an_error_with_its_text(
    shop: Shop, redshift: RedshiftDataEmulator, status: str, error: str, kind: type[Exception], line: str
) -> None:
    redshift.outcomes = [(status, error)]

    with pytest.raises(AwsError) as caught:
        shop.unload(FIRST)

    assert type(caught.value) is kind
    assert str(caught.value).startswith(
        f"product_viewed of 2026-10-01: statement {redshift.unloads()[0].id} in Redshift workgroup 'analytics' "
    )
    assert line in str(caught.value)


def test_after_a_failed_statement_another_one_is_started(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    redshift.outcomes = [("FAILED", "ERROR: Assert code 1000")]
    with pytest.raises(AwsError):
        shop.unload(FIRST)

    assert shop.unload(FIRST)["product_viewed 2026-10-01"].rows == 1


def test_what_a_failed_statement_left_of_a_day_is_not_catalogued(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    shop.unload(FIRST)
    redshift.outcomes = [("FAILED", "ERROR: Assert code 1000")]
    with pytest.raises(AwsError):
        shop.unload(FIRST)

    with pytest.raises(ChangingUnload) as caught:
        catalog_days(shop.group, [FIRST])

    assert is_transient(caught.value)  # another run may be unloading it
    assert str(caught.value) == (
        "s3://events/unloaded: 1 of the 1 files unloaded of 2026-10-01 are missing, as day=2026-10-01/product_viewed/"
        "0000_part_00.parquet; it may be unloaded again at the moment: run again after that, or materialize "
        "warehouse_unload for that day, or use `personalize-assets run --days 2026-10-01`"
    )


def test_an_interrupt_cancels_what_goes_on(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    redshift.hold = True

    with pytest.raises(KeyboardInterrupt):
        shop.unload(sleep=_raising(KeyboardInterrupt()))

    assert {one.status for one in redshift.statements} == {"ABORTED"}
    assert redshift.calls.count("CancelStatement") == 4


def test_an_interrupt_while_a_statement_is_started_cancels_it_too(
    shop: Shop, redshift: RedshiftDataEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = RedshiftData.execute

    def interrupted(self: Any, name: str, sql: str, token: str) -> Any:
        real(self, name, sql, token)
        raise KeyboardInterrupt

    monkeypatch.setattr(RedshiftData, "execute", interrupted)

    with pytest.raises(KeyboardInterrupt):
        shop.unload(FIRST)

    assert [one.status for one in redshift.statements] == ["ABORTED"]


def test_an_interrupt_cancels_no_statement_of_another_run(
    shop: Shop, redshift: RedshiftDataEmulator, tmp_path: Path
) -> None:
    redshift.hold = True
    with pytest.raises(TransientAwsError):
        Shop(tmp_path).unload(FIRST, sleep=_raising(TransientAwsError("gone")))

    with pytest.raises(KeyboardInterrupt):
        shop.unload(FIRST, sleep=_raising(KeyboardInterrupt()))

    assert "CancelStatement" not in redshift.calls


def test_a_statement_that_cannot_be_cancelled_is_named(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    redshift.hold = True
    redshift.errors = {"CancelStatement": [("AccessDeniedException", "not authorized")] * 2}

    with pytest.raises(KeyboardInterrupt):
        shop.unload(FIRST, sleep=_raising(KeyboardInterrupt()))

    assert sum("could not be cancelled and may go on" in line for line in shop.lines) == 2


# What users meet


def error_of(shop: Shop) -> str:
    with pytest.raises(PersonalizeAssetsError) as caught:
        shop.unload(FIRST)
    return str(caught.value)


def test_a_missing_workgroup_says_which_keys_to_correct(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    redshift.workgroups = set()

    assert error_of(shop) == (
        "Redshift workgroup 'analytics': ExecuteStatement: Redshift endpoint doesn't exist in this region; correct "
        "workgroup or cluster of source.redshift, or aws.region, which must be the warehouse's"
    )


def test_denied_access_to_the_data_api_names_the_rights(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    redshift.errors = {"ListStatements": [("AccessDeniedException", "User: x is not authorized")]}

    assert error_of(shop) == (
        "Redshift workgroup 'analytics': access denied (ListStatements: User: x is not authorized); the role or user "
        "that runs this needs redshift-data:ExecuteStatement, redshift-data:DescribeStatement, "
        "redshift-data:ListStatements, redshift-data:CancelStatement, redshift-data:GetStatementResult and "
        "redshift-serverless:GetCredentials"
    )


def test_missing_credentials_say_where_to_put_them(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.unload(FIRST)  # the store of the destination has its client
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    assert error_of(shop) == (
        "Redshift workgroup 'analytics': no AWS credentials (Unable to locate credentials); set aws.profile in the "
        "config, AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"
    )


def test_a_role_that_is_not_associated_says_so(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    redshift.roles = {"default"}

    assert error_of(shop).endswith(
        "is not authorized to assume IAM Role arn:aws:iam::123456789012:role/unload; associate the role in "
        "source.redshift.role with the cluster or namespace; its trust policy must allow redshift.amazonaws.com (and "
        "redshift-serverless.amazonaws.com) to assume it"
    )


def test_a_table_that_may_not_be_read_gives_the_grant(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    redshift.denied = {"product_viewed"}

    assert error_of(shop).endswith(
        "ended as FAILED: ERROR: permission denied for relation product_viewed; run: GRANT SELECT ON that table TO the "
        "database user of this role"
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"tables": ["order_complete"]},
            'relation "order_complete" does not exist; correct schema or tables of source.redshift',
        ),
        ({"arrival": "arrived"}, 'column "arrived" does not exist; correct source.redshift.arrival'),
        (
            {"unload": "s3://no-such-bucket-here/x"},
            "NoSuchBucket; create the bucket, or correct source.redshift.unload",
        ),
        ({"region": "us-west-2"}, "PermanentRedirect; write the bucket's region as source.redshift.region"),
    ],
)
def test_a_statement_that_fails_says_which_key_to_correct(
    redshift: RedshiftDataEmulator, tmp_path: Path, changes: dict[str, Any], line: str
) -> None:
    fill(redshift)

    assert line in error_of(Shop(tmp_path, **changes))


def test_a_day_that_is_not_over_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unload, "_today", lambda: SECOND)

    with pytest.raises(PersonalizeAssetsError) as caught:
        shop.unload(FIRST, SECOND)

    assert str(caught.value) == (
        "2026-10-02 is not over (UTC), and rows that arrive later in it would be missing; wanted days up to "
        "2026-10-01: ask for it after 2026-10-02 24:00 UTC"
    )


# Which days


def test_a_day_is_unloaded_again_until_it_is_old_enough_to_be_final(
    shop: Shop, redshift: RedshiftDataEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[int, list[int]] = {}
    for today in range(2, 6):
        monkeypatch.setattr(unload, "_today", lambda today=today: date(2026, 10, today))
        at(redshift, datetime(2026, 10, today, 2))
        days = days_to_unload(shop.group, complete_days(shop.group))
        asked[today] = [day.day for day in days]
        shop.unload(*days, resume=True)

    assert asked == {2: [1], 3: [1, 2], 4: [1, 2, 3], 5: [2, 3, 4]}


def test_other_sql_makes_the_days_be_unloaded_again(shop: Shop, redshift: RedshiftDataEmulator, tmp_path: Path) -> None:
    shop.unload()
    changed = Shop(tmp_path, arrival="timestamp")

    assert days_to_unload(shop.group, [FIRST, SECOND]) == []
    assert days_to_unload(changed.group, [FIRST, SECOND]) == [FIRST, SECOND]
    with pytest.raises(IncompleteUnload, match="was unloaded by another statement than the config's: materialize"):
        catalog_days(changed.group, [FIRST])


def test_a_day_that_was_never_unloaded_is_not_catalogued(shop: Shop) -> None:
    shop.unload(FIRST)

    with pytest.raises(
        IncompleteUnload, match="product_viewed of 2026-10-02 is not unloaded: materialize warehouse_un"
    ):
        catalog_days(shop.group, [FIRST, SECOND])


def test_files_of_a_table_that_is_no_longer_named_are_refused(shop: Shop, tmp_path: Path) -> None:
    shop.unload()
    fewer = Shop(tmp_path, tables=["product_viewed"])

    with pytest.raises(IncompleteUnload, match=r"table is no longer in source\.redshift\.tables, delete its folder"):
        catalog_days(fewer.group, [SECOND])


def test_a_file_that_was_changed_after_the_unload_is_refused(shop: Shop, redshift: RedshiftDataEmulator) -> None:
    shop.unload(FIRST)
    boto3.client("s3").put_object(Bucket="events", Key=f"unloaded/{keys()[0]}", Body=b"short")

    with pytest.raises(IncompleteUnload, match=r"has 5 bytes, but [0-9,]+ were unloaded"):
        catalog_days(shop.group, [FIRST])


def test_a_manifest_that_lists_other_files_than_there_are_is_refused(
    shop: Shop, redshift: RedshiftDataEmulator
) -> None:
    def add_foreign(statement: Statement) -> None:
        key = "unloaded/day=2026-10-01/product_viewed/foreign.parquet"
        boto3.client("s3").put_object(Bucket="events", Key=key, Body=b"PAR1")

    redshift.on_start = add_foreign

    with pytest.raises(IncompleteUnload, match=r"what its manifest lists: \S*foreign\.parquet is missing"):
        shop.unload(FIRST)


def test_days_from_the_first_one_to_yesterday_are_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = DatasetGroup(config(tmp_path))
    monkeypatch.setattr(unload, "_today", lambda: FIRST + timedelta(days=2))

    assert complete_days(group) == [FIRST, SECOND]
