"""Section ``source.redshift``: a warehouse whose rows are unloaded to S3, day by day, and read there.

What belongs here: what its keys may be, alone and together. What does not: the SQL that is made of them
(``pipeline.unload_sql``), how it is run (``pipeline.unload``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from personalize_assets.config.errors import format_value
from personalize_assets.config.fields import Form, Uri

UNLOAD_LAYOUT = "day=%Y-%m-%d/**"
"""The layout of what is unloaded; a folder a table is below that of the day."""

# Redshift guide, page r_names: up to 127 bytes. The name of a table is that of a folder, too.
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]{0,126}", re.ASCII)
# API redshift-data: names of a cluster and a workgroup; the latter may be an ARN.
_CLUSTER = re.compile(r"[a-z][a-z0-9-]{0,62}", re.ASCII)
_WORKGROUP = re.compile(r"[a-z0-9-]{3,64}|arn:aws[a-z-]*:redshift-serverless:\S+", re.ASCII)
_ROLE_ARN = r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+"
_ROLES = re.compile(rf"default|{_ROLE_ARN}(,{_ROLE_ARN})*", re.ASCII)
_SECRET = re.compile(r"arn:aws[a-z-]*:secretsmanager:\S+", re.ASCII)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d", re.ASCII)
# Redshift Data API, page "Considerations": a statement has at most 100 KB.
_MOST_SQL_BYTES = 90_000
_SELECT = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


def _matching(pattern: re.Pattern[str], what: str, example: str) -> BeforeValidator:
    def check(value: object) -> object:
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        raise ValueError(f"{format_value(value)} is not {what}; write {example}")

    return BeforeValidator(check)


def _bucket_uri(value: str) -> str:
    if not value.startswith("s3://"):
        raise ValueError(f"{value!r} is a folder, to which Redshift cannot unload; write s3://bucket/prefix")
    if "'" in value or "\\" in value:
        raise ValueError(f"{value!r} has a quote or a backslash in it; write a prefix without")
    return value


def _tables(value: object) -> object:
    names = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not names:
        raise ValueError("found an empty list; write at least one table, as [product_viewed, order_completed]")
    for name in names:
        if isinstance(name, str) and "." in name:
            raise ValueError(f"{name!r} names a schema, too; write it as schema, and the table alone here")
        if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
            raise ValueError(f"{format_value(name)} is not a table; write names, as [product_viewed, order_completed]")
    return tuple(dict.fromkeys(names))


def _sql(value: object) -> object:
    if not isinstance(value, str) or not _SELECT.match(value):
        raise ValueError(f"found {format_value(value)}; write one query, as SELECT … FROM website.tracks")
    if value.rstrip().endswith(";"):
        raise ValueError("it ends with ';'; write the query alone, because the day and UNLOAD are put around it")
    if (found := len(value.encode())) > _MOST_SQL_BYTES:
        raise ValueError(f"it has {found:,} bytes of at most {_MOST_SQL_BYTES:,}; put it into a view, and select that")
    return value.strip()


_Identifier = Annotated[str, _matching(_IDENTIFIER, "a name in Redshift", "letters, digits, '_', '$' and '-'")]


class Redshift(BaseModel):
    """Where the rows are, and where and how they are unloaded.

    Attributes:
        workgroup: The workgroup of Redshift Serverless, its name or ARN; this or ``cluster``.
        cluster: The identifier of a provisioned cluster.
        database: The name of the database.
        schema_: The schema of ``tables``. Segment's is named after the source.
        tables: The tables. Each is unloaded by a statement of its own, with all its columns and
            ``warehouse_table``, its name.
        sql: One query instead, with the columns ``arrival`` and whatever the config maps.
        arrival: The column of the time at which a row arrived: its UTC day is the arrival day.
        role: The IAM role with which Redshift writes to S3: its ARN, several as a chain, or ``default``.
        db_user: The database user of a cluster; by default that of the IAM identity.
        secret_arn: A secret of Secrets Manager with user and password, instead.
        unload: Where the files are written.
        region: The region of that bucket, if it is not the warehouse's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    workgroup: Annotated[str, _matching(_WORKGROUP, "a workgroup", "its name, as analytics, or its ARN")] | None = None
    cluster: Annotated[str, _matching(_CLUSTER, "a cluster's identifier", "it as in the console, as shop-1")] | None = (
        None
    )
    database: _Identifier = Field(description="the database's name")
    schema_: _Identifier | None = Field(None, alias="schema")
    tables: Annotated[tuple[str, ...], Form("a name, or a list of names"), BeforeValidator(_tables)] = ()
    sql: Annotated[str, BeforeValidator(_sql)] | None = None
    arrival: _Identifier = "received_at"
    role: Annotated[
        str, _matching(_ROLES, "a role", "its ARN, as arn:aws:iam::123456789012:role/unload, or default")
    ] = Field(description="the ARN of the IAM role with which Redshift writes to S3, or default")
    db_user: str | None = None
    secret_arn: Annotated[str, _matching(_SECRET, "a secret's ARN", "arn:aws:secretsmanager:…")] | None = None
    unload: Annotated[Uri, Form("`s3://bucket/prefix`"), AfterValidator(_bucket_uri)] = Field(
        description="s3://bucket/prefix for the unloaded files"
    )
    region: Annotated[str, _matching(_REGION, "a region", "one as eu-central-1")] | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.workgroup is None) == (self.cluster is None):
            found = "neither workgroup nor cluster" if self.workgroup is None else "both workgroup and cluster"
            raise ValueError(f"{found}; write workgroup for Redshift Serverless, or cluster for a provisioned one")
        if bool(self.tables) == bool(self.sql):
            found = "both tables and sql" if self.tables else "neither tables nor sql"
            raise ValueError(f"{found}; write tables to unload them whole, or sql for one query")
        if self.tables and self.schema_ is None:
            raise ValueError("tables without schema; write the one they are in, as Segment names it after the source")
        if self.sql and self.schema_ is not None:
            raise ValueError("schema is of no use with sql; write the schema in the query, and remove schema")
        if self.db_user and self.workgroup:
            raise ValueError("db_user is for a cluster only; remove it: a workgroup's user is that of the IAM identity")
        if self.db_user and self.secret_arn:
            raise ValueError("both db_user and secret_arn; write one of them, because the secret names its user")
        return self


def with_location(source: object) -> object:
    """A source as written, with the ``uri`` and ``layout`` that its ``redshift`` implies.

    Raises ``ValueError`` if one of them is written, too.
    """
    if not isinstance(source, Mapping) or source.get("redshift") is None:
        return source
    for key in ("uri", "layout"):
        if key in source:
            raise ValueError(f"{key} is of no use with redshift, whose `unload` is what is read; remove {key}")
    redshift = source["redshift"]
    unload = redshift.get("unload") if isinstance(redshift, Mapping) else getattr(redshift, "unload", None)
    is_uri = isinstance(unload, str) and re.match(r"s3://[^/]", unload)
    # What is no URI is reported at `redshift.unload` alone.
    return {**source, "uri": unload if is_uri else "s3://unload", "layout": UNLOAD_LAYOUT}
