"""The Redshift Data API for tests: an HTTP server that runs the SQL on DuckDB and UNLOADs to the S3 of the environment.

moto's statements stay STARTED for ever and list nothing. The calls here are those of boto3's own client, which finds
the server by ``AWS_ENDPOINT_URL_REDSHIFT_DATA``. Each rule, and its source:

- Protocol JSON 1.1, ``X-Amz-Target: RedshiftData.<action>``, times as seconds: botocore's model ``redshift-data``.
- One of WorkgroupName and ClusterIdentifier, with Database; DbUser for a cluster alone; the states; ``Error`` as
  the cluster's text; CancelStatement of what goes on only; StatementName matched as a prefix, with case; pages of
  ListStatements: texts of the same model, and the API reference.
- The same ClientToken gives the same statement (``idempotencyToken`` of the model). With other SQL it is refused: as
  AWS handles such tokens elsewhere, not documented for this API.
- Statements are listed for 24 hours, SQL has at most 100 KB: Redshift guide, page data-api, "Considerations".
- UNLOAD (Redshift guide, page r_UNLOAD): a quote within the query is doubled; names ``<prefix><slice>_part_<nn>``, to
  which Parquet's ``.parquet`` is added; ``<prefix>manifest`` last, with columns, rows and bytes if VERBOSE; CLEANPATH
  first deletes what begins with the prefix; without it files that would be overwritten are an error; REGION must be
  given if the bucket is in another region; Parquet has SNAPPY in its row groups.
- What zero rows leave is documented for CSV and JSON only: ``empty`` chooses.
- A query sees the rows as they are when the statement starts; its files are there when it ends.
- The wording of errors: from posts of users, therefore not exact.
"""

from __future__ import annotations

import io
import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

import boto3
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

_JSON = "application/x-amz-json-1.1"
_MOST_SQL_BYTES = 100 * 1024
_LISTED_SECONDS = 24 * 3600
_UNFINISHED = ("SUBMITTED", "PICKED", "STARTED")
_UNLOAD = re.compile(
    r"\s*UNLOAD\s*\('(?P<query>(?:[^'\\]|''|\\.)*)'\)\s*TO\s*'s3://(?P<bucket>[^/']+)/(?P<prefix>[^']*)'"
    r"\s*IAM_ROLE\s*(?P<role>default|'[^']+')(?P<options>.*)",
    re.IGNORECASE | re.DOTALL,
)
_TYPES = {"VARCHAR": "character varying", "BIGINT": "bigint", "INTEGER": "integer", "DOUBLE": "double precision"}


@dataclass
class Statement:
    """A statement. A test may set ``status`` and ``error``: the next description has them."""

    id: str
    params: dict[str, Any]
    created: float
    status: str = "SUBMITTED"
    error: str = ""
    rows: list[list[Any]] | None = None
    columns: list[str] = field(default_factory=list)
    selected: tuple[pa.Table, dict[str, str]] | None = None

    @property
    def sql(self) -> str:
        return str(self.params["Sql"])

    @property
    def name(self) -> str:
        return str(self.params.get("StatementName", ""))


class _Refused(Exception):
    """An answer that is an error: its code and text."""


class _SqlError(Exception):
    """A statement that fails, with the cluster's text."""


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class RedshiftDataEmulator:
    """The server, and the warehouse behind it.

    Attributes:
        statements: Those that were started, oldest first.
        calls: Names of the calls that were made.
        errors: By name of a call: ``(code, message)`` of its next answers; the call itself is not done.
        lost: By name of a call: how many of its next answers are lost after the call was done.
        outcomes: State and error in which the next UNLOADs end, first to last; None for one that is done.
        hold: While set, statements stay STARTED once they are.
        on_start: Called when an UNLOAD has started, after CLEANPATH.
        on_call: Called with the name of each call before it is answered.
        workgroups: Those that exist; ``clusters`` likewise.
        roles: Those that are associated with the warehouse; ``default`` is one.
        denied: Tables that the database user may not read.
        region: Of the warehouse.
        empty: What an UNLOAD of zero rows leaves: ``nothing``, ``manifest`` alone, or a ``file`` without rows, too.
        slices: Files that an UNLOAD writes.
        widths: The width of text columns by name; 512 for the others, as Segment's.
        max_active: Statements that may be active at once.
        page: Statements on a page of ListStatements.
        now: The time in seconds since the epoch.
    """

    def __init__(self) -> None:
        """Start on a free port."""
        self._lock = threading.RLock()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.reset()

    def reset(self) -> None:
        """Forget statements, tables, and what a test has set."""
        self.__dict__.pop("_client", None)  # the environment may name another server now
        self._sql = duckdb.connect()
        self._sql.execute("SET TimeZone = 'UTC'")
        self._sql.execute("CREATE MACRO octet_length(text) AS strlen(text)")
        self.statements: list[Statement] = []
        self.calls: list[str] = []
        self.errors: dict[str, list[tuple[str, str]]] = {}
        self.lost: dict[str, int] = {}
        self.outcomes: list[tuple[str, str] | None] = []
        self.hold = False
        self.on_start: Callable[[Statement], None] = lambda statement: None
        self.on_call: Callable[[str], None] = lambda name: None
        self.workgroups = {"analytics"}
        self.clusters = {"shop-1"}
        self.roles = {"arn:aws:iam::123456789012:role/unload", "default"}
        self.denied: set[str] = set()
        self.region = "eu-central-1"
        self.empty = "nothing"
        self.slices = 2
        self.widths: dict[str, int] = {}
        self.max_active = 500
        self.page = 100
        self.now: Callable[[], float] = time.time

    def stop(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def run(self, sql: str, rows: Sequence[Sequence[Any]] = ()) -> None:
        """Run SQL in the warehouse, as its loader does; with rows once for each, which has the parameters ``?``."""
        with self._lock:
            if rows:
                self._sql.executemany(sql, [list(row) for row in rows])
            else:
                self._sql.execute(sql)

    def table(self, name: str, columns: str, *rows: Sequence[Any]) -> None:
        """Create a table, as ``website.tracks``, with columns as in CREATE TABLE, and put rows into it."""
        schema = name.partition(".")[0]
        self.run(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        self.run(f"CREATE TABLE {name} ({columns})")
        self.insert(name, *rows)

    def insert(self, name: str, *rows: Sequence[Any]) -> None:
        """Put rows into a table."""
        if rows:
            self.run(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)

    def unloads(self) -> list[Statement]:
        """The statements that are UNLOADs."""
        return [one for one in self.statements if _UNLOAD.fullmatch(one.sql)]

    # -- HTTP -------------------------------------------------------------------------------------------------------

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        service, _, action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")
        params = json.loads(Request(environ).get_data() or b"{}")
        self.on_call(action)
        with self._lock:
            self.calls.append(action)
            try:
                if self.errors.get(action):
                    raise _Refused(*self.errors[action].pop(0))
                if service != "RedshiftData" or not hasattr(self, f"_{action}"):
                    raise _Refused("UnknownOperationException", f"{service}.{action}")
                answer = getattr(self, f"_{action}")(params)
                if self.lost.get(action):
                    self.lost[action] -= 1
                    raise _Refused("InternalServerException", "the answer is lost")
            except _Refused as refused:
                code, message = refused.args
                status = 500 if code in ("InternalServerException", "ExecuteStatementException") else 400
                text = json.dumps({"__type": code, "Message": message})
                return Response(text, status, content_type=_JSON)(environ, start_response)
        return Response(json.dumps(answer), content_type=_JSON)(environ, start_response)

    # -- actions ------------------------------------------------------------------------------------------------------

    def _ExecuteStatement(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self._check_target(params)
        if not params.get("Sql") or len(params["Sql"].encode()) > _MOST_SQL_BYTES:
            raise _Refused("ValidationException", "Sql must have 1 to 100 KB")
        token = params.get("ClientToken", "")
        if not 1 <= len(token) <= 64:
            raise _Refused("ValidationException", "ClientToken must have length between 1 and 64")
        statement = next((one for one in self.statements if one.params["ClientToken"] == token), None)
        if statement is None:
            active = sum(one.status in _UNFINISHED for one in self.statements)
            if active >= self.max_active:
                raise _Refused("ActiveStatementsExceededException", f"{active} statements are active")
            statement = Statement(str(uuid4()), params, round(self.now(), 3))
            self.statements.append(statement)
        elif statement.params != params:
            raise _Refused("ValidationException", "ClientToken was used with other parameters")
        found: dict[str, Any] = {
            name: params[name] for name in ("ClusterIdentifier", "WorkgroupName", "Database") if name in params
        }
        return {"Id": statement.id, "CreatedAt": statement.created, **found}

    def _DescribeStatement(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        statement = self._by_id(params["Id"])
        self._go_on(statement)
        return {
            "Id": statement.id,
            "Status": statement.status,
            "CreatedAt": statement.created,
            "QueryString": statement.sql,
            "HasResultSet": statement.rows is not None,
            **({"Error": statement.error} if statement.error else {}),
        }

    def _ListStatements(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        oldest = self.now() - _LISTED_SECONDS
        wanted = params.get("Status", "ALL")
        found = [
            one
            for one in reversed(self.statements)
            if one.created > oldest
            and one.name.startswith(params.get("StatementName", ""))
            and wanted in ("ALL", one.status)
        ]
        start = int(params.get("NextToken", 0))
        size = min(self.page, params.get("MaxResults", 100))
        more = {"NextToken": str(start + size)} if len(found) > start + size else {}
        listed = [
            {"Id": one.id, "Status": one.status, "StatementName": one.name, "CreatedAt": one.created}
            for one in found[start : start + size]
        ]
        return {"Statements": listed, **more}

    def _CancelStatement(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        statement = self._by_id(params["Id"])
        if statement.status not in _UNFINISHED:
            raise _Refused(
                "ValidationException", f"Could not cancel a query that is already in {statement.status} state"
            )
        statement.status = "ABORTED"
        return {"Status": True}

    def _GetStatementResult(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        statement = self._by_id(params["Id"])
        if statement.rows is None:
            raise _Refused("ResourceNotFoundException", "Query does not have result. Please check query status")
        records = [
            [{"isNull": True} if value is None else {"longValue": value} for value in row] for row in statement.rows
        ]
        metadata = [{"name": name} for name in statement.columns]
        return {"Records": records, "ColumnMetadata": metadata, "TotalNumRows": len(records)}

    def _by_id(self, id: str) -> Statement:
        try:
            UUID(id)
        except ValueError:
            raise _Refused("ValidationException", "Id must be a UUID") from None
        found = next((one for one in self.statements if one.id == id), None)
        if found is None:
            raise _Refused("ResourceNotFoundException", "Query does not exist.")
        return found

    def _check_target(self, params: dict[str, Any]) -> None:
        workgroup, cluster = params.get("WorkgroupName"), params.get("ClusterIdentifier")
        if (workgroup is None) == (cluster is None):
            raise _Refused("ValidationException", "Exactly one of WorkgroupName and ClusterIdentifier must be given")
        if workgroup and params.get("DbUser"):
            raise _Refused("ValidationException", "DbUser cannot be used with WorkgroupName")
        if not params.get("Database"):
            raise _Refused("ValidationException", "Database must be given")
        if (workgroup and workgroup not in self.workgroups) or (cluster and cluster not in self.clusters):
            raise _Refused("ValidationException", "Redshift endpoint doesn't exist in this region.")

    # -- a statement --------------------------------------------------------------------------------------------------

    def _go_on(self, statement: Statement) -> None:
        """The next state; each description of a statement moves it on by one."""
        if statement.status == "SUBMITTED":
            statement.status = "PICKED"
        elif statement.status == "PICKED":
            statement.status = "STARTED"
            self._run(statement, self._start)
        elif statement.status == "STARTED" and not self.hold:
            self._run(statement, self._end)

    def _run(self, statement: Statement, step: Callable[[Statement], None]) -> None:
        try:
            step(statement)
        except _SqlError as error:
            statement.status, statement.error = "FAILED", str(error)

    def _start(self, statement: Statement) -> None:
        unload = _UNLOAD.fullmatch(statement.sql)
        if unload is None:
            return
        role = unload["role"].strip("'")
        if role not in self.roles:
            raise _SqlError(
                f"ERROR: User arn:aws:redshift:eu-central-1:1:dbuser:x is not authorized to assume IAM Role {role}"
            )
        s3 = self._s3(unload)
        prefix = unload["prefix"]
        keys = [one["Key"] for one in _listed(s3, unload["bucket"], prefix)]
        if re.search(r"\bCLEANPATH\b", unload["options"], re.IGNORECASE):
            for key in keys:
                s3.delete_object(Bucket=unload["bucket"], Key=key)
        elif keys and not re.search(r"\bALLOWOVERWRITE\b", unload["options"], re.IGNORECASE):
            raise _SqlError(f"ERROR: Specified unload destination on S3 is not empty. s3://{unload['bucket']}/{prefix}")
        relation = self._query(unload["query"].replace("''", "'").replace("\\\\", "\\"))
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
        statement.selected = relation.to_arrow_table(), types
        self.on_start(statement)

    def _end(self, statement: Statement) -> None:
        unload = _UNLOAD.fullmatch(statement.sql)
        if unload is None:
            relation = self._query(statement.sql)
            statement.columns = relation.columns
            statement.rows = [list(row) for row in relation.fetchall()]
            statement.status = "FINISHED"
            return
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            statement.status, statement.error = outcome
            return
        assert statement.selected is not None
        self._write(unload, *statement.selected)
        statement.status = "FINISHED"

    def _query(self, sql: str) -> Any:
        for table in self.denied:
            if re.search(rf'"{table}"', sql):
                raise _SqlError(f"ERROR: permission denied for relation {table}")
        try:
            relation = self._sql.sql(sql)
        except duckdb.CatalogException as error:
            missing = re.search(r"Table with name (\S+) does not exist", str(error))
            raise _SqlError(f'ERROR: relation "{missing[1] if missing else "?"}" does not exist') from error
        except duckdb.BinderException as error:
            missing = re.search(r'Referenced column "(\S+)" not found', str(error))
            found = f'column "{missing[1]}" does not exist' if missing else str(error)
            raise _SqlError(f"ERROR: {found}") from error
        except duckdb.Error as error:
            raise _SqlError(f"ERROR: syntax error: {error}") from error
        return relation

    def _write(self, unload: re.Match[str], table: pa.Table, types: dict[str, str]) -> None:
        s3, bucket, prefix = self._s3(unload), unload["bucket"], unload["prefix"]
        if not table.num_rows and self.empty == "nothing":
            return
        size = -(-table.num_rows // self.slices) or 1
        parts = [table.slice(start, size) for start in range(0, table.num_rows, size)]
        if not table.num_rows:
            parts = [table] if self.empty == "file" else []
        entries: list[dict[str, Any]] = []
        for number, part in enumerate(parts):
            file = io.BytesIO()
            pq.write_table(part, file, version="1.0", compression="snappy")
            key = f"{prefix}{number:04}_part_00.parquet"
            s3.put_object(Bucket=bucket, Key=key, Body=file.getvalue())
            meta = {"content_length": len(file.getvalue()), "record_count": part.num_rows}
            entries.append({"url": f"s3://{bucket}/{key}", "meta": meta})
        if not re.search(r"\bMANIFEST\b", unload["options"], re.IGNORECASE):
            return
        total = {name: sum(entry["meta"][name] for entry in entries) for name in ("content_length", "record_count")}
        columns = [{"name": name, "type": self._type(name, kind)} for name, kind in types.items()]
        author = {"name": "Amazon Redshift", "version": "1.0.0"}
        manifest = {"entries": entries, "schema": {"elements": columns}, "meta": total, "author": author}
        if not re.search(r"\bMANIFEST\s+VERBOSE\b", unload["options"], re.IGNORECASE):
            manifest = {"entries": [{"url": entry["url"]} for entry in entries]}
        s3.put_object(Bucket=bucket, Key=f"{prefix}manifest", Body=json.dumps(manifest, indent=2).encode())

    def _type(self, name: str, kind: str) -> dict[str, Any]:
        base = _TYPES.get(kind, kind.lower())
        return {"base": base, **({"max_length": self.widths.get(name, 512)} if kind == "VARCHAR" else {})}

    @cached_property
    def _client(self) -> Any:
        return boto3.client("s3")

    def _s3(self, unload: re.Match[str]) -> Any:
        client = self._client
        try:
            where = client.get_bucket_location(Bucket=unload["bucket"])["LocationConstraint"]
        except client.exceptions.ClientError:
            raise _SqlError(
                "ERROR: S3ServiceException:The specified bucket does not exist,Status 404,NoSuchBucket"
            ) from None
        given = re.search(r"\bREGION\s*(?:AS\s*)?'([^']+)'", unload["options"], re.IGNORECASE)
        if (where or "us-east-1") != (given[1] if given else self.region):
            raise _SqlError("ERROR: S3ServiceException: the S3 bucket is in a different region, PermanentRedirect")
        return client


def _listed(s3: Any, bucket: str, prefix: str) -> list[dict[str, Any]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [one for page in pages for one in page.get("Contents", ())]
