"""What is said of Redshift's texts, and where statements run. The calls are in integration/pipeline/test_unload.py."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_assets.aws.error_codes import AwsError, TransientAwsError
from personalize_assets.aws.redshift_data import RedshiftData, Statement, hint_for
from personalize_assets.config.models import Aws
from personalize_assets.config.redshift import Redshift


def data(**changes: Any) -> RedshiftData:
    keys: dict[str, Any] = {
        "cluster": "shop-1", "database": "prod", "schema": "web", "tables": ["a"], "role": "default", "unload": "s3://b/x",
    }  # fmt: skip
    return RedshiftData(Redshift(**{name: value for name, value in {**keys, **changes}.items() if value}), Aws())


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("Redshift endpoint doesn't exist in this region.", "correct workgroup or cluster of source.redshift"),
        ('FATAL: database "prd" does not exist', "correct database of source.redshift"),
        ('FATAL: password authentication failed for user "loader"', "create that user in the database"),
        ("ERROR: permission denied for schema website", "run: GRANT USAGE ON SCHEMA website TO the database user"),
        ("ERROR: permission denied for relation tracks", "run: GRANT SELECT ON that table TO"),
        ("ERROR: User x does not have ASSUMEROLE permission on role y", "run: GRANT ASSUMEROLE ON the role"),
        ("ERROR: Not authorized to get credentials of role arn:aws:iam::1:role/x", "associate the role"),
        ("ERROR: exception name : UnauthorizedException, message : The requested role is not associated to cluster",
         "associate the role"),
        ("ERROR: S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid 5",
         "the role in source.redshift.role needs s3:PutObject"),
        ("ERROR: S3ServiceException:The bucket you are attempting to access must be addressed using the specified "
         "endpoint.,Status 301,Error PermanentRedirect", "write the bucket's region as source.redshift.region"),
        ("ERROR: S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket",
         "create the bucket, or correct source.redshift.unload"),
        ('ERROR: relation "website.trakcs" does not exist', "correct schema or tables of source.redshift"),
        ('ERROR: schema "web" does not exist', "correct schema or tables of source.redshift"),
        ('ERROR: column "received_at" does not exist in selected', "correct source.redshift.arrival"),
        ("ERROR: UNLOAD to Parquet does not support column type varbyte", "write source.redshift.sql"),
        ("ERROR: Query (5) cancelled on user's request", "look at the workgroup's query limits"),
        ("Secrets Manager can't find the specified secret.", "correct secret_arn of source.redshift"),
        ("ERROR: Assert", ""),
    ],
)  # fmt: skip
def test_a_text_of_redshift_gets_its_hint(message: str, hint: str) -> None:
    assert hint_for(message)[: len(hint) or None] == hint


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("ERROR: permission denied for relation tracks", AwsError),
        ("ERROR: system error, please retry", TransientAwsError),
        ("ERROR: S3ServiceException: Please reduce your request rate.,Status 503,Error SlowDown", TransientAwsError),
        ("The cluster is being resized", TransientAwsError),
    ],
)
def test_a_fault_of_the_service_is_transient(error: str, kind: type[Exception]) -> None:
    failure = data().failure("tracks of 2026-10-01", Statement("7", "FAILED", 0.0, "", error))

    assert type(failure) is kind
    where = "tracks of 2026-10-01: statement 7 in Redshift cluster 'shop-1'"
    assert str(failure).startswith(f"{where} ended as FAILED: {error}")


def test_a_statement_without_a_reason_says_so() -> None:
    failure = data().failure("a of 2026-10-01", Statement("7", "FAILED", 0.0))

    assert "ended as FAILED: Redshift gives no reason; its text is in the query history" in str(failure)


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({}, {"ClusterIdentifier": "shop-1", "Database": "prod"}),
        ({"db_user": "x"}, {"ClusterIdentifier": "shop-1", "Database": "prod", "DbUser": "x"}),
        ({"cluster": None, "workgroup": "analytics"}, {"WorkgroupName": "analytics", "Database": "prod"}),
        (
            {"secret_arn": "arn:aws:secretsmanager:x"},
            {"ClusterIdentifier": "shop-1", "Database": "prod", "SecretArn": "arn:aws:secretsmanager:x"},
        ),
    ],
)
def test_statements_run_where_and_as_whom_the_config_says(changes: dict[str, Any], target: dict[str, str]) -> None:
    assert data(**changes).target == target


def test_the_states_in_which_a_statement_goes_on() -> None:
    states = ("SUBMITTED", "PICKED", "STARTED", "FINISHED", "FAILED", "ABORTED")

    assert [Statement("7", state, 0.0).is_unfinished for state in states] == [True] * 3 + [False] * 3
