"""Registers tables for Athena in the AWS Glue Data Catalog, or runs the user's crawler, if the config says so.

Always writes ``catalog/raw_events.sql`` and ``catalog/filtered_interactions.sql``, the same tables as statements; with
actions also ``catalog/filtered_action_interactions.sql``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

import msgspec

from personalize_assets.aws.client import boto3_client
from personalize_assets.aws.error_codes import explain_errors
from personalize_assets.catalog.athena import RAW, Table, interactions_table, raw_table
from personalize_assets.catalog.partitions import kind_of_key
from personalize_assets.config import Config
from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.reading.compression import ZIP
from personalize_assets.conversion.reading.formats.rows import ROW_GROUPS, ROWS
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.days import DAILY
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.file_lists import lists_folder
from personalize_assets.storage.manifests import DayCatalog

_FIELDS = "catalog/_fields.json"
_POLL_SECONDS = 10.0
_TABLE_RIGHTS = "glue:GetTable, glue:CreateTable and glue:UpdateTable on the catalog, the database and its tables"
_CRAWLER_RIGHTS = "glue:StartCrawler and glue:GetCrawler on the crawler"


class SeenFields(msgspec.Struct, frozen=True):
    """What all catalogs so far have shown: JSON types by path, and one key of each ``kind_of_key``."""

    fields: dict[str, list[str]] = {}
    keys: list[str] = []


def register_tables(
    config: Config, destination: Destination, events: Sequence[Dataset], catalogs: Sequence[DayCatalog]
) -> dict[str, str]:
    """Write the statements for what these catalogs show, and register the tables or run the crawler.

    ``events`` are the datasets of events, whose daily files get a table each.
    Returns what was done, by kind (``athena``, ``crawler``, ``tables``), as text for people; empty unless source and
    destination are in S3. Raw files of rows, as CSV or Parquet, get no table here: ``glue.catalog: crawler`` makes one.
    Nor do envelopes (``source.events``) and zip archives.
    Raises ``PersonalizeAssetsError`` if AWS Glue refuses, or the crawler fails.
    """
    if not (config.source.uris[0].startswith("s3://") and destination.uri.startswith("s3://")):
        return {}
    tables = _tables(config, destination, events, catalogs)
    database = config.glue.database
    for table in tables:
        destination.store.write(f"catalog/{table.name}.sql", table.ddl(database).encode())
    done = {"athena": destination.uri_of(f"catalog/{tables[0].name}.sql")}
    by = config.glue.catalog_mode
    if by == "crawler":
        _crawl(config)
        done["crawler"] = str(config.glue.crawler)
        tables = [table for table in tables if table.name != RAW and database]
    if by != "none" and database:
        _register(config, database, tables)
        done["tables"] = ", ".join(f"{database}.{table.name}" for table in tables)
    return done


def _tables(
    config: Config, destination: Destination, events: Sequence[Dataset], catalogs: Sequence[DayCatalog]
) -> list[Table]:
    source = config.source
    # Only the main source, and of several URIs the first: a dataset's own source has other events.
    files = [file for catalog in catalogs for file in catalog.files if file.source == "source"]
    seen = _update_seen_fields(destination, catalogs, source.layout, [file.key for file in files])
    fields = {path: set(types) for path, types in seen.fields.items()}
    streams = sum(file.framing == "stream" for file in files)
    tables = [
        interactions_table(
            DAILY[dataset.name],
            destination.uri_of(lists_folder(dataset.name)),
            source.start_date,
            daily_schema(dataset),
        )
        for dataset in events
    ]
    # A table over rows needs the order of their columns, or their physical types: that is a crawler's work. One over
    # envelopes would need fields that no catalog has: those of events are not where a query finds them. Zip archives
    # are read by nothing in Athena (guide, "Use compression").
    is_read = not any(file.framing in (ROWS, ROW_GROUPS) or file.compression == ZIP for file in files)
    if is_read and not source.events:
        fields = _as_stored(fields, source.parse)
        tables.insert(0, raw_table(source.uris[0], source.layout, source.start_date, seen.keys, fields, streams))
    return tables


def _as_stored(fields: dict[str, set[str]], parse: Sequence[str]) -> dict[str, set[str]]:
    """The fields as they are in the files: what a config decodes is text there."""
    below = tuple(f"{path}." for path in parse)
    found = {path: types for path, types in fields.items() if path not in parse and not path.startswith(below)}
    return {**found, **{path: {"string"} for path in parse if path in fields}} if parse else fields


def _update_seen_fields(
    destination: Destination, catalogs: Iterable[DayCatalog], layout: str, keys: Iterable[str]
) -> SeenFields:
    """Add these catalogs to what was seen before, so that a day with few fields does not remove columns."""
    kept = destination.store.read(_FIELDS)
    try:
        before = msgspec.json.decode(kept or b"{}", type=SeenFields)
    except msgspec.DecodeError:
        before = SeenFields()  # it fills again from the next catalogs
    fields = {path: set(types) for path, types in before.fields.items()}
    for catalog in catalogs:
        for field in catalog.fields:
            fields.setdefault(field.path, set()).update(field.types)
    by_kind: dict[tuple[str, ...], str] = {}
    by_folder: dict[str, str] = {}
    for key in (*before.keys, *keys):
        by_folder.setdefault(key.rpartition("/")[0], key)
    for key in by_folder.values():
        by_kind.setdefault(kind_of_key(layout, key), key)
    seen = SeenFields({path: sorted(types) for path, types in sorted(fields.items())}, sorted(by_kind.values()))
    text = json.dumps(msgspec.to_builtins(seen), indent=1, ensure_ascii=False).encode()
    if text != kept:
        destination.store.write(_FIELDS, text)
    return seen


def _register(config: Config, database: str, tables: Sequence[Table]) -> None:
    missing = (
        f"there is no such database{_where(config)}; create it (`personalize-assets deploy --parameter "
        f"DatabaseName={database}` does), or correct glue.database"
    )
    advice = {"EntityNotFoundException": missing}
    for table in tables:
        with explain_errors(f"Data Catalog {database!r}", _TABLE_RIGHTS, advice):
            glue = boto3_client(config.aws, "glue")
            wanted = table.table_input()
            try:
                found = glue.get_table(DatabaseName=database, Name=table.name)["Table"]
            except glue.exceptions.EntityNotFoundException:
                glue.create_table(DatabaseName=database, TableInput=wanted)
                continue
            # Glue keeps a version for each update.
            if any(found.get(key) != value for key, value in wanted.items()):
                glue.update_table(DatabaseName=database, TableInput=wanted)


def _crawl(config: Config) -> None:
    """Run the crawler, unless it runs already, and wait for its end."""
    name = config.glue.crawler
    missing = f"there is no such crawler{_where(config)}; correct glue.crawler, or write glue.catalog: tables"
    with explain_errors(f"Crawler {name!r}", _CRAWLER_RIGHTS, {"EntityNotFoundException": missing}):
        glue = boto3_client(config.aws, "glue")
        with suppress(glue.exceptions.CrawlerRunningException):
            glue.start_crawler(Name=name)
        while (crawler := glue.get_crawler(Name=name)["Crawler"])["State"] != "READY":
            time.sleep(_POLL_SECONDS)
    last = crawler.get("LastCrawl", {})
    if last.get("Status") != "SUCCEEDED":
        raise PersonalizeAssetsError(
            f"Crawler {name!r} ended as {last.get('Status')}: {last.get('ErrorMessage') or 'no reason given'}; "
            "see its log"
        )


def _where(config: Config) -> str:
    return f" in {config.aws.region}" if config.aws.region else ""
