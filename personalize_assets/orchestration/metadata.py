"""Job report to what the Dagster UI shows. Keys are stable and numbers are numbers: the UI plots them over days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.orchestration.charts import day_charts, export_charts
from personalize_assets.orchestration.check_results import table_of

Metadata = dict[str, Any]


def catalog_metadata(catalog: Mapping[str, Any], uri: str) -> Metadata:
    """A day's catalog: how many files and bytes, and the fields as a table."""
    files = catalog["files"]
    return {
        "files": len(files),
        "bytes": catalog["bytes"],
        "stream_files": sum(file["framing"] == "stream" for file in files),
        "foreign_files": catalog["foreign_files"],
        "fields": _fields_table(catalog["fields"]),
        "catalog": dg.MetadataValue.path(uri),
    }


def _fields_table(fields: list[dict[str, Any]]) -> dg.TableMetadataValue:
    columns = [dg.TableColumn("path"), dg.TableColumn("types"), dg.TableColumn("nulls", type="float")]
    records = [
        dg.TableRecord({"path": field["path"], "types": ", ".join(field["types"]), "nulls": field["nulls"]})
        for field in fields
    ]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns))


def column_schema(dataset: Dataset) -> dg.TableSchema:
    """A dataset's columns: types as in the Avro schema, where they come from, and what they must keep to."""
    return dg.TableSchema([_table_column(column) for column in dataset.columns])


def _table_column(column: Column) -> dg.TableColumn:
    column_type = COLUMN_TYPES[column.type]
    origin = f"constant {column.constant!r}" if column.constant is not None else f"from {', else '.join(column.paths)}"
    marks = [mark for mark in ("categorical", "textual") if getattr(column, mark)]
    limits = [f"at most {column.max_chars:,} characters"] if column.max_chars else []
    if column_type.unit:
        limits.append(column_type.unit)
    return dg.TableColumn(
        column.name,
        type=column_type.avro,
        description=", ".join([origin, *marks]),
        constraints=dg.TableColumnConstraints(nullable=not column.required, other=limits),
    )


def day_metadata(
    commit: Mapping[str, Any],
    uri: str,
    books: Mapping[str, Any] | None = None,
    run: Mapping[str, Any] | None = None,
    *,
    charts: bool = True,
) -> Metadata:
    """A dataset's day: rows kept, and rejected by reason; what was read for it; what its rows are like.

    ``books`` of its source and day. ``run``: what is the same for all days of a run, see ``run_metadata``.
    """
    rejected = commit["rejected"]
    shown = {
        "dagster/partition_row_count": commit["kept"],
        "rows": commit["rows"],
        "kept": commit["kept"],
        "rejected": sum(rejected.values()),
        **{f"rejected {reason}": count for reason, count in sorted(rejected.items())},
        "path": dg.MetadataValue.path(uri),
        **_console(uri),
    }
    if books:
        malformed = sum(books["malformed"].values())
        shown.update({"raw_files": books["raw_files"], "raw_bytes": books["bytes"], "malformed": malformed})
    if profile := commit.get("profile"):
        shown.update(_filled(profile["nulls"], commit["kept"]))
        if profile["times"]:
            shown.update(_times(*profile["times"]))
        if profile["events"]:
            shown["event_types"] = len(profile["events"])
        shown.update({**_preview(profile), **(day_charts(profile, commit["kept"]) if charts else {})})
    return {**shown, **(run or {})}


def run_metadata(report: Mapping[str, Any], engine: str) -> Metadata:
    """What all assets of one engine run share: its time, its engine, and what an engine elsewhere says of its run.

    An engine says it in ``report["engine"]``, a mapping; a link in it becomes one to click on.
    """
    said = {
        name: dg.MetadataValue.url(value) if str(value).startswith("https://") else value
        for name, value in report.get("engine", {}).items()
    }
    return {"seconds": float(report["seconds"]), "engine": engine, **said}


def table_metadata(commit: Mapping[str, Any], uri: str, *, charts: bool = True) -> Metadata:
    """Users or items: their number, how many daily rows they come from, and what they are like."""
    return {
        "dagster/row_count": commit["rows"],
        "days": len(commit["days"]),
        "daily_rows": commit["kept"],
        "path": dg.MetadataValue.path(uri),
        **_console(uri),
        **_profile(commit.get("profile"), charts),
    }


def csv_metadata(manifest: Mapping[str, Any], uri: str, *, charts: bool = True) -> Metadata:
    """An export as its manifest tells it."""
    return {
        "dagster/row_count": manifest["rows"],
        "bytes": manifest["bytes"],
        "duplicates": manifest["duplicates"],
        "days": len(manifest["days"]),
        "sha256": manifest["sha256"],
        "path": dg.MetadataValue.path(uri),
        **_console(uri),
        **_profile(manifest.get("profile"), charts),
    }


def _profile(profile: Mapping[str, Any] | None, charts: bool) -> Metadata:
    if profile is None:
        return {}
    shown: Metadata = {}
    names = {"USER_ID": "distinct_users", "ITEM_ID": "distinct_items"}
    for id_column, about in profile["ids"].items():
        shown[names[id_column]] = about["distinct"]
    if "events" in profile:
        users = profile["ids"]["USER_ID"]
        shown.update(users_with_two_interactions=users["with_two"], unique_rows=profile["unique"])
        if profile["events"]:
            shown["event_types"] = len(profile["events"])
    if "TIMESTAMP" in profile["first"]:
        shown.update(_times(profile["first"]["TIMESTAMP"], profile["last"]["TIMESTAMP"]))
    shown.update({**_filled(profile["nulls"], profile["rows"]), **_preview(profile)})
    return {**shown, **(export_charts(profile) if charts else {})}


def _filled(nulls: Mapping[str, int], rows: int) -> Metadata:
    """The share of each column that is not null, in percent; none where there are no rows."""
    return {f"filled % {name}": round(100 - 100 * count / rows, 2) for name, count in nulls.items()} if rows else {}


def _times(first: int, last: int) -> Metadata:
    return {
        "first_event": dg.MetadataValue.timestamp(float(first)),
        "last_event": dg.MetadataValue.timestamp(float(last)),
    }


def _preview(profile: Mapping[str, Any]) -> Metadata:
    return {"preview": table_of(profile["preview"])} if profile["preview"] else {}


def _console(uri: str) -> Metadata:
    """The page of a file or a folder in AWS's console; nothing for what lies in a folder of this machine."""
    if not uri.startswith("s3://"):
        return {}
    bucket, _, key = uri.rstrip("/").removeprefix("s3://").partition("/")
    page = f"https://s3.console.aws.amazon.com/s3/{'object' if key.endswith('.csv') else 'buckets'}/{bucket}"
    return {"console": dg.MetadataValue.url(f"{page}?prefix={key}{'' if key.endswith('.csv') else '/'}")}


def schema_metadata(schema: Mapping[str, Any], text: str, uri: str) -> Metadata:
    """An Avro schema, to read and to copy."""
    return {
        "fields": len(schema["fields"]),
        "schema": dg.MetadataValue.md(f"```json\n{text}\n```"),
        "path": dg.MetadataValue.path(uri),
    }
