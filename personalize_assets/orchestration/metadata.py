"""What the UI shows of a materialization: structs to metadata values.

Keys are stable and numbers are numbers, because the UI plots them over the partitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from msgspec.structs import asdict

from personalize_assets.catalog.event_profile import EventProfile, as_text
from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.spec import DayProfile, ExportProfile, Report
from personalize_assets.orchestration.charts import day_charts, export_charts
from personalize_assets.sizes import format_size
from personalize_assets.storage.manifests import (
    DayAccounting,
    DayCatalog,
    DayCommit,
    ExportManifest,
    TableCommit,
    UnloadRecord,
)

Metadata = dict[str, Any]
"""What Dagster takes as metadata: plain values and ``dg.MetadataValue``s."""

_MAX_SAMPLES = 5
# Dagster's event log keeps the metadata of every materialization; the JSON file has the whole events.
_SAMPLE_CHARS = 3000
_DISTINCT = {"USER_ID": "distinct_users", "ITEM_ID": "distinct_items", "ACTION_ID": "distinct_actions"}


def catalog_metadata(catalog: DayCatalog, uri: str) -> Metadata:
    """A day's catalog: how many files and bytes, and the fields as a table."""
    return {
        "files": len(catalog.files),
        "bytes": catalog.bytes,
        "stream_files": sum(file.framing == "stream" for file in catalog.files),
        "foreign_files": catalog.foreign_files,
        "keys_that_do_not_fit": catalog.unfit.count,
        "archived_files": catalog.archived.count,
        "empty_files": catalog.empty.count,
        "fields": _typed_table(
            {"path": "string", "types": "string", "nulls": "float"},
            [{"path": field.path, "types": ", ".join(field.types), "nulls": field.nulls} for field in catalog.fields],
        ),
        "catalog": dg.MetadataValue.path(uri),
    }


def unload_metadata(tables: Mapping[str, UnloadRecord], uri: str) -> Metadata:
    """A day's unload: rows, files, bytes and cut texts, of all tables together and of each."""
    rows = [record.rows for record in tables.values()]
    return {
        **({"dagster/partition_row_count": sum(filter(None, rows))} if None not in rows else {}),
        "files": sum(len(record.files) for record in tables.values()),
        "bytes": sum(record.bytes for record in tables.values()),
        "cut_texts": sum(sum((record.cut or {}).values()) for record in tables.values()),
        "tables": _typed_table(
            {
                "table": "string",
                "rows": "int",
                "files": "int",
                "bytes": "int",
                "cut_texts": "string",
                "statement": "string",
            },
            [
                {
                    "table": name,
                    "rows": -1 if record.rows is None else record.rows,
                    "files": len(record.files),
                    "bytes": record.bytes,
                    "cut_texts": _cut_texts(record),
                    "statement": record.statement,
                }
                for name, record in tables.items()
            ],
        ),
        "unloaded": dg.MetadataValue.path(uri),
    }


def _cut_texts(record: UnloadRecord) -> str:
    if record.cut is None:
        return "not counted"
    return ", ".join(f"{column}: {count:,}" for column, count in record.cut.items()) or "no JSON text"


def event_profile_metadata(profile: EventProfile, uri: str) -> Metadata:
    """A day's events: their names, the fields that could be an item's id, and one event of each kind."""
    return {
        "sampled_events": profile.sampled_events,
        "kinds_of_events": len(profile.events),
        "event_field": profile.event_field or "none was found",
        "events": _typed_table(
            {"event": "string", "events": "int", "share %": "float", "items": "string"},
            [
                {
                    "event": kind.name or "(without a name)",
                    "events": kind.events,
                    "share %": round(100 * kind.share, 1),
                    "items": ", ".join(f"{path} ({count})" for path, count in kind.items.items()) or "none",
                }
                for kind in profile.events
            ],
        ),
        "item_fields": _typed_table(
            {
                "path": "string",
                "each": "string",
                "events": "int",
                "values": "int",
                "distinct": "int",
                "samples": "string",
            },
            [
                {**asdict(field), "each": field.each_of or "", "samples": ", ".join(field.samples)}
                for field in profile.item_fields
            ],
        ),
        "samples": dg.MetadataValue.md("\n\n".join(_code(event) for event in profile.samples[:_MAX_SAMPLES])),
        "profile": dg.MetadataValue.path(uri),
    }


def _code(event: Mapping[str, Any]) -> str:
    text = as_text(event)
    if len(text) > _SAMPLE_CHARS:
        text = text[:_SAMPLE_CHARS] + " …"
    # A fence longer than any in the text: an event may contain Markdown.
    return f"``````json\n{text.replace('``````', '`')}\n``````"


def column_schema(dataset: Dataset) -> dg.TableSchema:
    """A dataset's columns: types as in the Avro schema, the paths they are read from, and their limits."""
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
    commit: DayCommit,
    uri: str,
    accounting: DayAccounting | None = None,
    run: Metadata | None = None,
    *,
    charts: bool = True,
) -> Metadata:
    """A dataset's arrival day: rows kept and rejected, values dropped, what was read for it, and its profile.

    ``accounting``: of the dataset's source and the same day. ``run``: see ``run_metadata``; None for a day that this
    run did not convert.
    """
    metadata: Metadata = {
        **(dict(day_charts(commit.profile, commit.kept)) if commit.profile and charts else {}),
        "dagster/partition_row_count": commit.kept,
        "rows": commit.rows,
        "kept": commit.kept,
        "rejected": sum(commit.rejected.values()),
        **{f"rejected {reason}": count for reason, count in sorted(commit.rejected.items())},
        "dropped_values": sum(commit.dropped.values()),
        **{f"dropped {reason}": count for reason, count in sorted(commit.dropped.items())},
        **_location(uri),
    }
    if accounting:
        metadata["raw_files"] = accounting.raw_files
        metadata["raw_size"] = format_size(accounting.bytes)
        metadata["raw_bytes"] = accounting.bytes
        metadata["malformed"] = sum(accounting.malformed.values())
        metadata["unreadable_files"] = accounting.unreadable
    if commit.profile:
        metadata.update(_day_profile(commit.profile, commit.kept))
    return {**metadata, **(run or {})}


def _day_profile(profile: DayProfile, kept: int) -> Metadata:
    return {
        **_filled(profile.nulls, kept),
        **(_times(min(profile.times), max(profile.times)) if profile.times else {}),
        **({"event_types": len(profile.events)} if profile.events else {}),
        **_preview(profile.preview),
    }


def run_metadata(report: Report, engine: str) -> Metadata:
    """What all assets of one engine run share: its duration, its engine, and what the engine adds about its run.

    A URL becomes a link.
    """
    added = {
        name: dg.MetadataValue.url(value) if str(value).startswith("https://") else value
        for name, value in report.engine.items()
    }
    return {"seconds": float(report.seconds or 0), "engine": engine, **added}


def table_metadata(commit: TableCommit, uri: str, *, charts: bool = True) -> Metadata:
    """The table ``users`` or ``items``: its rows, the number of daily rows they come from, and its profile."""
    return {
        **_export_charts(commit.profile, charts),
        "dagster/row_count": commit.rows,
        "days": len(commit.days),
        "daily_rows": commit.kept,
        **({"suppressed": commit.suppressed} if commit.suppress_list else {}),
        **_location(uri),
        **_export_profile(commit.profile),
    }


def csv_metadata(manifest: ExportManifest, uri: str, *, charts: bool = True) -> Metadata:
    """An export, from its manifest."""
    return {
        **_export_charts(manifest.profile, charts),
        "dagster/row_count": manifest.rows,
        "size": format_size(manifest.bytes),
        "bytes": manifest.bytes,
        "duplicates": manifest.duplicates,
        **({"outside_window": manifest.outside_window} if manifest.last_days is not None else {}),
        **({"suppressed": manifest.suppressed} if manifest.suppress_list else {}),
        "days": len(manifest.days),
        "sha256": manifest.sha256,
        **_location(uri),
        **_export_profile(manifest.profile),
    }


def report_link(uri: str | None) -> Metadata:
    """The report: its path, or on S3 its page in the AWS console, which opens it; nothing if it was not written."""
    if uri is None:
        return {}
    return {"report": _console(uri) if uri.startswith("s3://") else dg.MetadataValue.path(uri)}


def schema_metadata(fields: int, text: str, uri: str) -> Metadata:
    """An Avro schema: its number of fields, and its text to copy."""
    return {
        "fields": fields,
        "schema": dg.MetadataValue.md(f"```json\n{text}\n```"),
        "path": dg.MetadataValue.path(uri),
    }


def storage(kind: str, uri: str) -> Metadata:
    """Where an asset is stored and how, by Dagster's names, which its own views read."""
    return {"dagster/uri": uri, "dagster/storage_kind": kind}


def column_lineage(dataset: Dataset, above: dg.AssetKey) -> Metadata:
    """Each column comes from the one of its name in the asset above."""
    names = [column.name for column in dataset.columns]
    deps = {name: [dg.TableColumnDep(asset_key=above, column_name=name)] for name in names}
    return {"dagster/column_lineage": dg.TableColumnLineage(deps_by_column=deps)}


def rows_table(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows as a table; they may differ in their keys. A null or missing value is an empty cell."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    records = [dg.TableRecord({name: "" if row.get(name) is None else row[name] for name in names}) for row in rows]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name) for name in names]))


def _typed_table(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """A table with these columns (name to type) of rows that may have more keys; also without any row."""
    schema = dg.TableSchema([dg.TableColumn(name, type=kind) for name, kind in columns.items()])
    return dg.MetadataValue.table([dg.TableRecord({name: row[name] for name in columns}) for row in rows], schema)


def _export_charts(profile: ExportProfile | None, charts: bool) -> Metadata:
    return dict(export_charts(profile)) if profile is not None and charts else {}


def _export_profile(profile: ExportProfile | None) -> Metadata:
    if profile is None:
        return {}
    metadata: Metadata = {_DISTINCT[id_column]: ids.distinct for id_column, ids in profile.ids.items()}
    if profile.events is not None:
        metadata["users_with_two_interactions"] = profile.ids["USER_ID"].with_two
        metadata["unique_rows"] = profile.unique
    if profile.events:
        metadata["event_types"] = len(profile.events)
    if "TIMESTAMP" in profile.first:
        metadata.update(_times(profile.first["TIMESTAMP"], profile.last["TIMESTAMP"]))
    return {
        **metadata,
        **_filled(profile.nulls, profile.rows),
        **_preview(profile.preview),
    }


def _filled(nulls: Mapping[str, int], rows: int) -> Metadata:
    """The share of each column that is not null, in percent; nothing without rows."""
    return {f"filled % {name}": round(100 - 100 * count / rows, 2) for name, count in nulls.items()} if rows else {}


def _times(first: int, last: int) -> Metadata:
    return {
        "first_event": dg.MetadataValue.timestamp(float(first)),
        "last_event": dg.MetadataValue.timestamp(float(last)),
    }


def _preview(rows: Sequence[Mapping[str, Any]]) -> Metadata:
    return {"preview": rows_table(rows)} if rows else {}


def _location(uri: str) -> Metadata:
    """The path of a file or folder, and for S3 its page in the AWS console."""
    location: Metadata = {"path": dg.MetadataValue.path(uri)}
    if uri.startswith("s3://"):
        location["console"] = _console(uri)
    return location


def _console(uri: str) -> dg.UrlMetadataValue:
    """The page of a file or folder of S3 in the AWS console."""
    bucket, _, key = uri.rstrip("/").removeprefix("s3://").partition("/")
    is_file = key.endswith((".csv", ".html"))
    page = f"https://s3.console.aws.amazon.com/s3/{'object' if is_file else 'buckets'}/{bucket}"
    return dg.MetadataValue.url(f"{page}?prefix={key}{'' if is_file else '/'}")
