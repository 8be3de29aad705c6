"""Job report to what the Dagster UI shows. Keys are stable and numbers are numbers: the UI plots them over days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

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


def day_metadata(commit: Mapping[str, Any], uri: str) -> Metadata:
    """A dataset's day: rows kept, and rejected by reason."""
    rejected = commit["rejected"]
    return {
        "dagster/partition_row_count": commit["kept"],
        "rows": commit["rows"],
        "kept": commit["kept"],
        "rejected": sum(rejected.values()),
        **{f"rejected {reason}": count for reason, count in sorted(rejected.items())},
        "path": dg.MetadataValue.path(uri),
    }


def engine_metadata(report: Mapping[str, Any]) -> Metadata:
    """What an engine elsewhere says of its run, links as links; nothing of one in this process."""
    return {
        name: dg.MetadataValue.url(value) if str(value).startswith("https://") else value
        for name, value in report.get("engine", {}).items()
    }


def table_metadata(commit: Mapping[str, Any], uri: str) -> Metadata:
    """Users or items: their number, and how many daily rows they come from."""
    return {
        "dagster/row_count": commit["rows"],
        "days": len(commit["days"]),
        "daily_rows": commit["kept"],
        "path": dg.MetadataValue.path(uri),
    }


def csv_metadata(manifest: Mapping[str, Any], uri: str) -> Metadata:
    """An export as its manifest tells it."""
    return {
        "dagster/row_count": manifest["rows"],
        "bytes": manifest["bytes"],
        "duplicates": manifest["duplicates"],
        "days": len(manifest["days"]),
        "sha256": manifest["sha256"],
        "path": dg.MetadataValue.path(uri),
    }


def schema_metadata(schema: Mapping[str, Any], text: str, uri: str) -> Metadata:
    """An Avro schema, to read and to copy."""
    return {
        "fields": len(schema["fields"]),
        "schema": dg.MetadataValue.md(f"```json\n{text}\n```"),
        "path": dg.MetadataValue.path(uri),
    }
