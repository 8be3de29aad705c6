"""What the Dagster UI shows: stable keys, numbers as numbers."""

from typing import Any

import dagster as dg
import pytest

from personalize_assets.metadata import (
    Metadata,
    catalog_metadata,
    csv_metadata,
    day_metadata,
    schema_metadata,
    table_metadata,
)

CATALOG: dict[str, Any] = {
    "day": "2026-10-01",
    "bytes": 300,
    "foreign_files": 1,
    "files": [{"key": "a", "framing": "lines"}, {"key": "b", "framing": "stream"}, {"key": "c", "framing": "stream"}],
    "fields": [{"path": "price", "types": ["integer", "number"], "nulls": 0.25}],
}
DAY: dict[str, Any] = {"rows": 10, "kept": 6, "rejected": {"missing:USER_ID": 3, "bad_timestamp": 1}, "files": []}
MANIFEST: dict[str, Any] = {
    "rows": 9,
    "bytes": 90,
    "duplicates": 1,
    "kept": 10,
    "days": ["2026-10-01", "2026-10-02"],
    "sha256": "ab12",
}


def test_a_catalog_shows_its_files_and_its_fields_as_a_table() -> None:
    shown = catalog_metadata(CATALOG, "/out/catalog/day=2026-10-01.json")

    fields = shown.pop("fields")
    assert shown == {
        "files": 3,
        "bytes": 300,
        "stream_files": 2,
        "foreign_files": 1,
        "catalog": dg.MetadataValue.path("/out/catalog/day=2026-10-01.json"),
    }
    assert [record.data for record in fields.records] == [{"path": "price", "types": "integer, number", "nulls": 0.25}]
    assert [column.name for column in fields.schema.columns] == ["path", "types", "nulls"]


def test_a_day_shows_its_rows_and_every_reason_for_a_reject() -> None:
    assert day_metadata(DAY, "s3://events/out/x") == {
        "dagster/partition_row_count": 6,
        "rows": 10,
        "kept": 6,
        "rejected": 4,
        "rejected bad_timestamp": 1,
        "rejected missing:USER_ID": 3,
        "path": dg.MetadataValue.path("s3://events/out/x"),
        "console": dg.MetadataValue.url("https://s3.console.aws.amazon.com/s3/buckets/events?prefix=out/x/"),
    }


def test_a_table_shows_its_rows_and_where_they_come_from() -> None:
    assert table_metadata({"rows": 4, "days": ["2026-10-01"], "kept": 7}, "/out/users") == {
        "dagster/row_count": 4,
        "days": 1,
        "daily_rows": 7,
        "path": dg.MetadataValue.path("/out/users"),
    }


def test_a_csv_shows_its_manifest() -> None:
    assert csv_metadata(MANIFEST, "/out/exports/users.csv") == {
        "dagster/row_count": 9,
        "bytes": 90,
        "duplicates": 1,
        "days": 2,
        "sha256": "ab12",
        "path": dg.MetadataValue.path("/out/exports/users.csv"),
    }


def test_a_schema_shows_its_text_to_copy() -> None:
    shown = schema_metadata({"fields": [1, 2]}, '{"type": "record"}', "/out/schemas/users.avsc")

    assert shown == {
        "fields": 2,
        "schema": dg.MetadataValue.md('```json\n{"type": "record"}\n```'),
        "path": dg.MetadataValue.path("/out/schemas/users.avsc"),
    }


@pytest.mark.parametrize(
    "shown",
    [catalog_metadata(CATALOG, "/a"), day_metadata(DAY, "/a"), csv_metadata(MANIFEST, "/a")],
    ids=["catalog", "day", "csv"],
)
def test_dagster_takes_it_as_it_is(shown: Metadata) -> None:
    event = dg.AssetMaterialization("asset", metadata=shown)

    assert set(event.metadata) == set(shown)
