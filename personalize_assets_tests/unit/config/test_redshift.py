"""Section ``source.redshift``: its keys, and what is said of wrong ones."""

# ruff: noqa: E501 - the texts of errors are in one piece, so that a search finds them

from __future__ import annotations

from datetime import date

import pytest

from personalize_assets.config.redshift import Redshift
from personalize_assets_tests.helpers.example_config import edited, load, problems_in

TABLES = "    schema: website\n    tables: [product_viewed, order_completed]\n"
REDSHIFT = f"""\
  redshift:
    workgroup: analytics
    database: prod
{TABLES}    role: arn:aws:iam::123456789012:role/unload
    unload: s3://shop/unloaded/
"""
KEYS = "workgroup, cluster, database, schema, tables, sql, arrival, role, db_user, secret_arn, unload, region"


def with_redshift(*edits: tuple[str, str]) -> str:
    """The example config with Redshift as its source, and pieces of its text replaced."""
    base = (
        ("  uri: segment\n  layout: segment\n", REDSHIFT),
        ("engine: local\n", ""),
        ("EVENT_TYPE: event", "EVENT_TYPE: event_text"),
    )
    names = (("where: {event: [Product Clicked", "where: {event_text: [Product Clicked"),) * 2
    return edited(*base, *names, *edits)


def test_the_unloaded_files_are_the_source() -> None:
    source = load(with_redshift()).source

    assert (source.uri, source.layout, source.start_date) == (
        "s3://shop/unloaded",
        "day=%Y-%m-%d/**",
        date(2026, 10, 1),
    )
    assert source.redshift == Redshift(
        workgroup="analytics",
        database="prod",
        schema="website",
        tables=("product_viewed", "order_completed"),
        role="arn:aws:iam::123456789012:role/unload",
        unload="s3://shop/unloaded",
    )
    assert source.redshift.arrival == "received_at"


def test_a_variable_replaces_a_key() -> None:
    prefix = "PERSONALIZE__SOURCE__REDSHIFT__"
    env = {f"{prefix}SCHEMA": "shop", f"{prefix}TABLES": '["tracks"]', f"{prefix}WORKGROUP": "other"}

    redshift = load(with_redshift(), env).source.redshift

    assert redshift is not None
    assert (redshift.schema_, redshift.tables, redshift.workgroup) == ("shop", ("tracks",), "other")


@pytest.mark.parametrize(
    "edit",
    [
        ("workgroup: analytics", "workgroup: arn:aws:redshift-serverless:eu-central-1:123456789012:workgroup/0f"),
        ("workgroup: analytics", "cluster: shop-1"),
        ("workgroup: analytics", "cluster: shop-1\n    db_user: loader"),
        ("workgroup: analytics", "workgroup: analytics\n    secret_arn: arn:aws:secretsmanager:eu-central-1:1:secret:x"),
        ("role: arn:aws:iam::123456789012:role/unload", "role: default"),
        ("role: arn:aws:iam::123456789012:role/unload", "role: arn:aws:iam::123456789012:role/a,arn:aws:iam::123456789012:role/x/b"),
        ("tables: [product_viewed, order_completed]", "tables: tracks"),
        (TABLES, "    sql: SELECT id, received_at FROM website.tracks\n"),
        (TABLES, "    sql: |\n      WITH t AS (SELECT 1)\n      SELECT * FROM t\n"),
        ("database: prod", "database: prod\n    region: us-gov-west-1\n    arrival: loaded_at"),
        ("  start_date: 2026-10-01", "  start_date: 2026-10-01\n  format: parquet\n  parse: [products]"),
    ],
)  # fmt: skip
def test_other_ways_to_name_it(edit: tuple[str, str]) -> None:
    assert load(with_redshift(edit)).source.redshift is not None


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("    workgroup: analytics\n", "", "source.redshift: neither workgroup nor cluster; write workgroup for Redshift Serverless, or cluster for a provisioned one"),
        ("workgroup: analytics", "workgroup: analytics\n    cluster: shop-1", "source.redshift: both workgroup and cluster; write workgroup for Redshift Serverless, or cluster for a provisioned one"),
        ("workgroup: analytics", "workgroup: Ana lytics", "source.redshift.workgroup: 'Ana lytics' is not a workgroup; write its name, as analytics, or its ARN"),
        ("workgroup: analytics", "cluster: SHOP", "source.redshift.cluster: 'SHOP' is not a cluster's identifier; write it as in the console, as shop-1"),
        ("    database: prod\n", "", "source.redshift.database: missing; write the database's name"),
        ("database: prod", "databse: prod", f"source.redshift.databse: unknown key; did you mean 'database'? use one of {KEYS}"),
        ("schema: website", "schema: web.site", "source.redshift.schema: 'web.site' is not a name in Redshift; write letters, digits, '_', '$' and '-'"),
        ("    schema: website\n", "", "source.redshift: tables without schema; write the one they are in, as Segment names it after the source"),
        ("    tables: [product_viewed, order_completed]\n", "", "source.redshift: neither tables nor sql; write tables to unload them whole, or sql for one query"),
        ("[product_viewed, order_completed]", "[]", "source.redshift.tables: found an empty list; write at least one table, as [product_viewed, order_completed]"),
        ("[product_viewed, order_completed]", "[website.tracks]", "source.redshift.tables: 'website.tracks' names a schema, too; write it as schema, and the table alone here"),
        ("[product_viewed, order_completed]", '[a"b]', "source.redshift.tables: 'a\"b' is not a table; write names, as [product_viewed, order_completed]"),
        ("database: prod", "database: prod\n    sql: SELECT 1", "source.redshift: both tables and sql; write tables to unload them whole, or sql for one query"),
        (TABLES, "    sql: SELECT 1\n    schema: website\n", "source.redshift: schema is of no use with sql; write the schema in the query, and remove schema"),
        (TABLES, "    sql: DELETE FROM website.tracks\n", "source.redshift.sql: found 'DELETE FROM website.tracks'; write one query, as SELECT … FROM website.tracks"),
        (TABLES, "    sql: SELECT 1;\n", "source.redshift.sql: it ends with ';'; write the query alone, because the day and UNLOAD are put around it"),
        (TABLES, f"    sql: SELECT {'1' * 90_000}\n", "source.redshift.sql: it has 90,007 bytes of at most 90,000; put it into a view, and select that"),
        ("role: arn:aws:iam::123456789012:role/unload", "role: unload", "source.redshift.role: 'unload' is not a role; write its ARN, as arn:aws:iam::123456789012:role/unload, or default"),
        ("    role: arn:aws:iam::123456789012:role/unload\n", "", "source.redshift.role: missing; write the ARN of the IAM role with which Redshift writes to S3, or default"),
        ("database: prod", "database: prod\n    db_user: loader", "source.redshift: db_user is for a cluster only; remove it: a workgroup's user is that of the IAM identity"),
        ("workgroup: analytics", "cluster: shop-1\n    db_user: x\n    secret_arn: arn:aws:secretsmanager:x", "source.redshift: both db_user and secret_arn; write one of them, because the secret names its user"),
        ("database: prod", "database: prod\n    secret_arn: shop", "source.redshift.secret_arn: 'shop' is not a secret's ARN; write arn:aws:secretsmanager:…"),
        ("database: prod", "database: prod\n    region: Frankfurt", "source.redshift.region: 'Frankfurt' is not a region; write one as eu-central-1"),
        ("    unload: s3://shop/unloaded/\n", "", "source.redshift.unload: missing; write s3://bucket/prefix for the unloaded files"),
        ("s3://shop/unloaded/", "gs://shop", "source.redshift.unload: 'gs://shop' is neither a folder nor in S3; write a folder's path or s3://bucket/prefix"),
        ("s3://shop/unloaded/", "s3://shop/it's", "source.redshift.unload: \"s3://shop/it's\" has a quote or a backslash in it; write a prefix without"),
        ("  redshift:", "  uri: s3://shop/raw\n  redshift:", "source: uri is of no use with redshift, whose `unload` is what is read; remove uri"),
        ("  redshift:", "  layout: hive\n  redshift:", "source: layout is of no use with redshift, whose `unload` is what is read; remove layout"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_what_to_write(old: str, new: str, line: str) -> None:
    assert problems_in(with_redshift((old, new))) == [f"personalize.yaml: {line}"]


def test_a_folder_cannot_be_unloaded_to() -> None:
    (line,) = problems_in(with_redshift(("s3://shop/unloaded/", "raw")))

    assert line.startswith("personalize.yaml: source.redshift.unload: '/")
    assert line.endswith("/raw' is a folder, to which Redshift cannot unload; write s3://bucket/prefix")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("  start_date:", "  format: avro\n  start_date:", "source.format: 'avro', but redshift unloads Parquet; remove format"),
        ("  start_date:", "  csv: {}\n  start_date:", "source.csv: of no use with redshift, which unloads Parquet; remove csv"),
        ("../data/segment", "s3://shop/unloaded/out", "destination.uri: 's3://shop/unloaded/out' is inside source.redshift.unload, 's3://shop/unloaded'; write to a place apart from it"),
        ("dataset_group:", "automation: {arrivals: sqs, sqs_queue: https://sqs.x/1/q}\ndataset_group:", "automation.arrivals: sqs, but redshift has no arrivals: automation.unload_at says when its days are unloaded; remove it"),
    ],
)  # fmt: skip
def test_what_contradicts_it_elsewhere_is_named(old: str, new: str, line: str) -> None:
    assert problems_in(with_redshift((old, new))) == [f"personalize.yaml: {line}"]


SLUG = (
    "`event`, which is the table's name in the warehouse, as order_completed; write event_text, the event's name. "
    "If your tables have no event_text, write sql: SELECT … instead of tables"
)


def test_the_slug_is_refused_as_the_name_of_the_event() -> None:
    slugs = (("EVENT_TYPE: event_text", "EVENT_TYPE: event"), ("where: {event_text:", "where: {event:"))

    assert problems_in(with_redshift(*slugs)) == [
        f"personalize.yaml: datasets.interactions.where.event: {SLUG}",
        f"personalize.yaml: datasets.interactions.columns.EVENT_TYPE: {SLUG}",
    ]


def test_a_query_may_call_any_column_event() -> None:
    own = (TABLES, "    sql: SELECT event_text AS event, * FROM website.tracks\n")

    assert load(with_redshift(own, ("EVENT_TYPE: event_text", "EVENT_TYPE: event"))).source.redshift is not None
