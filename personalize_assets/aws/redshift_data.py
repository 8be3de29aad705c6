"""The Redshift Data API: statements are started, described, listed and cancelled, and their errors explained.

What belongs here: one call each, which waits while there is no room for another statement. What does not: which
statements there are, and what is done with them (``pipeline.unload``).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

from personalize_assets.aws.client import boto3_client
from personalize_assets.aws.error_codes import AwsError, TransientAwsError, bare, explain_errors
from personalize_assets.config.models import Aws
from personalize_assets.config.redshift import Redshift
from personalize_assets.conversion import waiting
from personalize_assets.conversion.tries import back_off

UNFINISHED = frozenset({"SUBMITTED", "PICKED", "STARTED"})
"""States of a statement that goes on (API DescribeStatement, ``Status``); the others are FINISHED, FAILED, ABORTED."""

# API ExecuteStatement, errors: so many statements or sessions are active that one more is refused.
_NO_ROOM = frozenset({"ActiveStatementsExceededException", "ActiveSessionsExceededException"})
_MAX_TRIES = 8
_ACTIONS = ["ExecuteStatement", "DescribeStatement", "ListStatements", "CancelStatement", "GetStatementResult"]

_HINTS: tuple[tuple[str, str], ...] = (
    # A call that is refused.
    (r"(endpoint|workgroup|cluster|namespace)\b.*(doesn't exist|not ?found|does not exist)|no such (work|clu)",
     "correct workgroup or cluster of source.redshift, or aws.region, which must be the warehouse's"),
    (r"secret", "correct secret_arn of source.redshift: the secret must hold username and password, and this role "
     "needs secretsmanager:GetSecretValue on it"),
    (r"database \S+ does not exist", "correct database of source.redshift"),
    (r"(user|password)\b.*(does not exist|authentication failed)",
     "create that user in the database, or correct db_user or secret_arn of source.redshift"),
    # A statement that fails: rights in the database.
    (r"permission denied for schema (\S+)", "run: GRANT USAGE ON SCHEMA {1} TO the database user of this role"),
    (r"permission denied for (?:relation|table) (\S+)",
     "run: GRANT SELECT ON that table TO the database user of this role"),
    (r"assumerole", "run: GRANT ASSUMEROLE ON the role TO the database user FOR UNLOAD"),
    # Rights in AWS.
    (r"not authorized to (get credentials of|assume) (iam )?role|not associated|not attached|no default iam role",
     "associate the role in source.redshift.role with the cluster or namespace; its trust policy must allow "
     "redshift.amazonaws.com (and redshift-serverless.amazonaws.com) to assume it"),
    (r"different region|must be addressed using the specified endpoint|permanentredirect|authorizationheadermalformed",
     "write the bucket's region as source.redshift.region"),
    (r"(no ?such ?bucket|bucket does not exist)", "create the bucket, or correct source.redshift.unload"),
    (r"access ?denied|status 403|forbidden",
     "the role in source.redshift.role needs s3:PutObject, s3:GetObject, s3:DeleteObject and s3:ListBucket on "
     "source.redshift.unload, and the rights on the bucket's KMS key if it has one"),
    # What is selected.
    (r'relation "?([^\s"]+)"? does not exist|schema "?([^\s"]+)"? does not exist',
     "correct schema or tables of source.redshift: Segment has a table per event, as order_completed, in a schema "
     "named after the source"),
    (r'column "?([^\s"]+)"? does not exist', "correct source.redshift.arrival, which names the column of the arrival "
     "time, or the columns in source.redshift.sql"),
    (r"parquet.*(type|support)|(type|support).*parquet|unsupported.*type",
     "write source.redshift.sql, which leaves that column out or casts it: VARBYTE, GEOMETRY and HLLSKETCH cannot be "
     "unloaded as Parquet"),
    (r"statement_?timeout|timeout|cancelled on user|query cancel",
     "look at the workgroup's query limits and at who cancelled it, and run again"),
)  # fmt: skip
_TRANSIENT = re.compile(
    r"internal error|system error|connection (was |has been )?(closed|reset|lost|terminated)|could not connect"
    r"|shutting down|restart|being (resized|modified|resumed)|is paused|status 50\d|slow ?down|request ?timeout"
    r"|out of memory|disk full",
    re.IGNORECASE,
)


class Statement(NamedTuple):
    """A statement as the Data API describes it.

    Attributes:
        id: Of the Data API.
        status: ``SUBMITTED``, ``PICKED``, ``STARTED``, ``FINISHED``, ``FAILED`` or ``ABORTED``.
        created: When it was submitted, in seconds since the epoch.
        name: As it was given.
        error: Redshift's own text; empty without one, and in a listing.
    """

    id: str
    status: str
    created: float
    name: str = ""
    error: str = ""

    @property
    def is_unfinished(self) -> bool:
        """Whether it goes on."""
        return self.status in UNFINISHED


class RedshiftData:
    """The statements of one workgroup or cluster.

    Methods raise ``AwsError``, and its subclass ``TransientAwsError`` for what may be gone later. A call whose answer
    is lost, or that is throttled, is made again: with the same token it starts no second statement.
    """

    def __init__(self, redshift: Redshift, aws: Aws, sleep: Callable[[float], None] = time.sleep) -> None:
        """Make no call yet; ``sleep`` waits so many seconds for room."""
        self._redshift = redshift
        self._aws = aws
        self._sleep = sleep
        is_serverless = redshift.workgroup is not None
        self.what = f"Redshift {'workgroup' if is_serverless else 'cluster'} {redshift.workgroup or redshift.cluster!r}"
        credentials = "redshift-serverless:GetCredentials"
        if not is_serverless:
            credentials = "redshift:GetClusterCredentials" + ("" if redshift.db_user else "WithIAM")
        if redshift.secret_arn:
            credentials = "secretsmanager:GetSecretValue"
        self._rights = f"{', '.join(f'redshift-data:{action}' for action in _ACTIONS)} and {credentials}"

    @property
    def target(self) -> dict[str, str]:
        """Where and as whom statements run: arguments of ExecuteStatement."""
        keys = {
            "WorkgroupName": self._redshift.workgroup,
            "ClusterIdentifier": self._redshift.cluster,
            "Database": self._redshift.database,
            "DbUser": self._redshift.db_user,
            "SecretArn": self._redshift.secret_arn,
        }
        return {name: value for name, value in keys.items() if value}

    @cached_property
    def _client(self) -> Any:
        return boto3_client(self._aws, "redshift-data", retries={"mode": "standard", "total_max_attempts": _MAX_TRIES})

    def named(self, beginning: str) -> list[Statement]:
        """The statements of the last 24 hours whose name begins so, newest first; those of this IAM role."""
        found: list[Statement] = []
        more: dict[str, str] = {}
        while True:
            with self._explained():
                answer = self._client.list_statements(StatementName=beginning, Status="ALL", MaxResults=100, **more)
            found += [_statement(one) for one in answer["Statements"]]
            if not answer.get("NextToken"):
                return sorted(found, key=lambda one: one.created, reverse=True)
            more = {"NextToken": answer["NextToken"]}

    def execute(self, name: str, sql: str, token: str) -> Statement:
        """Start a statement; of calls with the same token and SQL only the first does. Waits while there is no room."""
        from botocore.exceptions import ClientError

        failures = 0
        with waiting.waiting_for(f"{self.what}: {name}") as wait, self._explained():
            while True:
                try:
                    answer = self._client.execute_statement(
                        Sql=sql, StatementName=name, ClientToken=token, **self.target
                    )
                except ClientError as error:
                    code = bare(error.response["Error"]["Code"])
                    if code not in _NO_ROOM:
                        raise
                    failures += 1
                    wait.state = f"{code}: as many statements as allowed; waiting for one to end"
                    self._sleep(back_off(failures))
                else:
                    return Statement(answer["Id"], "SUBMITTED", _seconds(answer["CreatedAt"]), name)

    def describe(self, id: str) -> Statement:
        """A statement as it is now."""
        with self._explained():
            return _statement(self._client.describe_statement(Id=id))

    def cancel(self, id: str) -> None:
        """Cancel a statement; one that has ended stays as it is."""
        with self._explained():
            try:
                self._client.cancel_statement(Id=id)
            except self._client.exceptions.ValidationException:
                if self.describe(id).is_unfinished:
                    raise

    def numbers(self, id: str) -> list[int]:
        """The first row of a finished statement whose columns are whole numbers; null is 0."""
        with self._explained():
            (row, *_) = self._client.get_statement_result(Id=id)["Records"]
        return [int(field.get("longValue", 0)) for field in row]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from botocore.exceptions import ClientError

        with explain_errors(self.what, self._rights):
            try:
                yield
            except ClientError as error:
                message = error.response["Error"].get("Message", "")
                hint = hint_for(message)
                code = bare(error.response["Error"]["Code"])
                if code not in ("ValidationException", "ResourceNotFoundException", "BadRequestException") or not hint:
                    raise
                raise AwsError(f"{self.what}: {error.operation_name}: {message.rstrip('.')}; {hint}") from error

    def failure(self, what: str, statement: Statement) -> AwsError:
        """The error for a statement that ended as FAILED or ABORTED: Redshift's text, and what to do."""
        found = statement.error.strip() or "Redshift gives no reason"
        hint = hint_for(found)
        if statement.status == "ABORTED" and not statement.error:
            found, hint = "it was cancelled", "run again if that was not meant"
        text = f"{what}: statement {statement.id} in {self.what} ended as {statement.status}: {found}"
        kind = TransientAwsError if statement.status == "FAILED" and _TRANSIENT.search(found) else AwsError
        return kind(f"{text}; {hint}" if hint else f"{text}; its text is in the query history of the console")


def hint_for(message: str) -> str:
    """What to do about a text of Redshift; empty if that is not known."""
    for pattern, hint in _HINTS:
        if found := re.search(pattern, message, re.IGNORECASE | re.DOTALL):
            return hint.replace("{1}", found[1].strip('";,.') if found.groups() and found[1] else "")
    return ""


def _statement(answer: Any) -> Statement:
    return Statement(
        answer["Id"],
        answer.get("Status", "SUBMITTED"),
        _seconds(answer.get("CreatedAt")),
        answer.get("StatementName", ""),
        answer.get("Error", ""),
    )


def _seconds(moment: Any) -> float:
    return float(moment.timestamp()) if moment is not None else 0.0
