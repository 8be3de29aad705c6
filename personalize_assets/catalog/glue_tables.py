"""The AWS Glue Data Catalog: tables for Athena over what lies in S3, or a crawler of the user's that makes them.

Beside the catalogs, ``catalog/raw_events.sql`` and ``catalog/filtered_interactions.sql`` say the same as statements,
for whoever has not named a database. AWS Glue is called only where the config says so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from personalize_assets.aws.client import explained
from personalize_assets.catalog.athena import INTERACTIONS, FieldTypes, Table, interactions_table, raw_table
from personalize_assets.config import Config
from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.destination import DAILY, Destination

_FIELDS = "catalog/_fields.json"
_POLL_SECONDS = 10.0
_TABLE_RIGHTS = "glue:GetTable, glue:CreateTable and glue:UpdateTable on the catalog, the database and its tables"
_CRAWLER_RIGHTS = "glue:StartCrawler and glue:GetCrawler on the crawler"


def describe(
    config: Config, destination: Destination, interactions: Dataset, catalogs: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """Describe what these days' catalogs show. Returns what was done, for people; nothing where nothing is in S3."""
    if not (config.source.uri.startswith("s3://") and destination.uri.startswith("s3://")):
        return {}
    tables = _tables(config, destination, interactions, catalogs)
    database = config.glue.database
    for table in tables:
        destination.store.write(f"catalog/{table.name}.sql", table.ddl(database).encode())
    done = {"athena": destination.uri_of("catalog/raw_events.sql")}
    by = config.glue.describes_by
    if by == "crawler":
        _crawl(config)
        done["crawler"] = str(config.glue.crawler)
        tables = [table for table in tables if table.name == INTERACTIONS and database]
    if by != "none" and database:
        _register(config, database, tables)
        done["tables"] = ", ".join(f"{database}.{table.name}" for table in tables)
    return done


def _tables(
    config: Config, destination: Destination, interactions: Dataset, catalogs: Mapping[str, Mapping[str, Any]]
) -> list[Table]:
    source = config.source
    # A dataset's own source has other events; the table is of the main one.
    files = [file for catalog in catalogs.values() for file in catalog["files"] if file["source"] == "source"]
    fields, sources = _all_seen(destination, catalogs, [file["key"] for file in files])
    streams = sum(file["framing"] == "stream" for file in files)
    daily = destination.uri_of(DAILY["interactions"])
    return [
        raw_table(source.uri, source.layout, source.start_date, sources, fields, streams),
        interactions_table(daily, source.start_date, daily_schema(interactions)),
    ]


def _all_seen(
    destination: Destination, catalogs: Mapping[str, Mapping[str, Any]], keys: Sequence[str]
) -> tuple[FieldTypes, list[str]]:
    """Fields and one key a folder of a source, of these days and all before: a quiet day must not narrow the table."""
    kept = destination.store.read(_FIELDS)
    try:
        before = json.loads(kept) if kept else {}
        fields: FieldTypes = {path: set(types) for path, types in before.get("fields", {}).items()}
        sources = {key.split("/")[1]: key for key in before.get("keys", ()) if "/" in key}
    except (ValueError, AttributeError):
        fields, sources = {}, {}  # it is made of the catalogs, and will be again
    for catalog in catalogs.values():
        for field in catalog["fields"]:
            fields.setdefault(field["path"], set()).update(field["types"])
    for key in keys:
        sources.setdefault(key.split("/")[1] if "/" in key else key, key)
    told = {"fields": {path: sorted(types) for path, types in sorted(fields.items())}, "keys": sorted(sources.values())}
    text = json.dumps(told, indent=1, ensure_ascii=False).encode()
    if text != kept:
        destination.store.write(_FIELDS, text)
    return fields, sorted(sources.values())


def _register(config: Config, database: str, tables: Sequence[Table]) -> None:
    missing = (
        f"there is no such database{_where(config)}; create it (`personalize-assets deploy --parameter "
        f"DatabaseName={database}` does), or correct glue.database"
    )
    for table in tables:
        answers = {"EntityNotFoundException": missing}
        with explained(f"Data Catalog {database!r}", _TABLE_RIGHTS, answers):
            glue = config.aws.client("glue")
            wanted = table.table_input()
            try:
                found = glue.get_table(DatabaseName=database, Name=table.name)["Table"]
            except glue.exceptions.EntityNotFoundException:
                glue.create_table(DatabaseName=database, TableInput=wanted)
                continue
            if any(found.get(key) != value for key, value in wanted.items()):  # each update makes a version to keep
                glue.update_table(DatabaseName=database, TableInput=wanted)


def _crawl(config: Config) -> None:
    """Run a crawler and wait for its end; one that somebody else has started will do."""
    name = config.glue.crawler
    missing = f"there is no such crawler{_where(config)}; correct glue.crawler, or write glue.catalog: tables"
    with explained(f"Crawler {name!r}", _CRAWLER_RIGHTS, {"EntityNotFoundException": missing}):
        glue = config.aws.client("glue")
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
