"""What the Dagster UI shows: stable keys, numbers as numbers."""

import dagster as dg
import pytest
from msgspec import structs

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.spec import ConvertReport, DayProfile, ExportProfile, ExportReport, IdProfile
from personalize_assets.orchestration.metadata import (
    Metadata,
    catalog_metadata,
    column_schema,
    csv_metadata,
    day_metadata,
    report_link,
    run_metadata,
    schema_metadata,
    table_metadata,
    unload_metadata,
)
from personalize_assets.storage.manifests import (
    CatalogField,
    CatalogFile,
    DayAccounting,
    DayCatalog,
    DayCommit,
    ExportManifest,
    TableCommit,
    UnloadedFile,
    UnloadRecord,
)

FRAMINGS = {"a": "lines", "b": "stream", "c": "stream"}
CATALOG = DayCatalog(
    day="2026-10-01",
    sources={},
    bytes=300,
    foreign_files=1,
    files=tuple(CatalogFile("source", key, 100, "none", framing) for key, framing in FRAMINGS.items()),
    sampled_events=9,
    fields=(CatalogField("price", ("integer", "number"), 0.25),),
)
DAY = DayCommit(
    run="r",
    mapping="m",
    rows=10,
    kept=6,
    rejected={"missing:USER_ID": 3, "bad_timestamp": 1},
    dropped={"bad_value:AGE": 2},
)
MANIFEST = ExportManifest(
    dataset="users",
    columns=("USER_ID",),
    rows=9,
    bytes=90,
    duplicates=1,
    kept=10,
    days=("2026-10-01", "2026-10-02"),
    sha256="ab12",
    path="exports/users.csv",
    files=(),
    run="r",
)


def test_a_catalog_shows_its_files_and_its_fields_as_a_table() -> None:
    metadata = catalog_metadata(CATALOG, "/out/catalog/day=2026-10-01.json")

    fields = metadata.pop("fields")
    assert metadata == {
        "files": 3,
        "bytes": 300,
        "stream_files": 2,
        "foreign_files": 1,
        "keys_that_do_not_fit": 0,
        "archived_files": 0,
        "empty_files": 0,
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
        "dropped_values": 2,
        "dropped bad_value:AGE": 2,
        "path": dg.MetadataValue.path("s3://events/out/x"),
        "console": dg.MetadataValue.url("https://s3.console.aws.amazon.com/s3/buckets/events?prefix=out/x/"),
    }


def test_a_table_shows_its_rows_and_where_they_come_from() -> None:
    commit = TableCommit(run="r", days=("2026-10-01",), inputs="i", mapping="m", files=(), rows=4, kept=7, duplicates=3)

    assert table_metadata(commit, "/out/users") == {
        "dagster/row_count": 4,
        "days": 1,
        "daily_rows": 7,
        "path": dg.MetadataValue.path("/out/users"),
    }


def test_a_csv_shows_its_manifest() -> None:
    assert csv_metadata(MANIFEST, "/out/exports/users.csv") == {
        "dagster/row_count": 9,
        "size": "90 bytes",
        "bytes": 90,
        "duplicates": 1,
        "days": 2,
        "sha256": "ab12",
        "path": dg.MetadataValue.path("/out/exports/users.csv"),
    }


def test_a_schema_shows_its_text_to_copy() -> None:
    metadata = schema_metadata(2, '{"type": "record"}', "/out/schemas/users.avsc")

    assert metadata == {
        "fields": 2,
        "schema": dg.MetadataValue.md('```json\n{"type": "record"}\n```'),
        "path": dg.MetadataValue.path("/out/schemas/users.avsc"),
    }


@pytest.mark.parametrize(
    "metadata",
    [catalog_metadata(CATALOG, "/a"), day_metadata(DAY, "/a"), csv_metadata(MANIFEST, "/a")],
    ids=["catalog", "day", "csv"],
)
def test_dagster_takes_it_as_it_is(metadata: Metadata) -> None:
    event = dg.AssetMaterialization("asset", metadata=metadata)

    assert set(event.metadata) == set(metadata)


PREVIEW = ({"USER_ID": "u1", "COLOUR": None},)
PROFILE = ExportProfile(
    rows=4,
    unique=3,
    nulls={"USER_ID": 0, "COLOUR": 3},
    max_chars={},
    first={"TIMESTAMP": 1790812800},
    last={"TIMESTAMP": 1790816400},
    blamed={},
    categories={},
    preview=PREVIEW,
    events={"View": 3, "Buy": 1},
    days={"2026-10-01": 4},
    hours=(3, 1, *[0] * 22),
    ids={
        "USER_ID": IdProfile(distinct=3, estimated=False, with_two=1, histogram={"1": 2, "2-3": 1}),
        "ITEM_ID": IdProfile(distinct=2, estimated=False, with_two=2, histogram={"2-3": 2}),
    },
)


def test_an_export_shows_numbers_to_plot_a_preview_and_charts() -> None:
    metadata = csv_metadata(structs.replace(MANIFEST, profile=PROFILE), "/out/exports/interactions.csv")

    numbers = {key: value for key, value in metadata.items() if isinstance(value, int | float)}
    assert numbers == {
        "dagster/row_count": 9, "bytes": 90, "duplicates": 1, "days": 2, "distinct_users": 3, "distinct_items": 2,
        "users_with_two_interactions": 1, "unique_rows": 3, "event_types": 2, "filled % USER_ID": 100.0,
        "filled % COLOUR": 25.0,
    }  # fmt: skip
    assert metadata["first_event"] == dg.MetadataValue.timestamp(1790812800.0)
    assert metadata["last_event"] == dg.MetadataValue.timestamp(1790816400.0)
    assert [record.data for record in metadata["preview"].records] == [{"USER_ID": "u1", "COLOUR": ""}]
    assert [key.startswith("chart: ") for key in metadata][:7] == [True] * 6 + [False]  # above the numbers
    assert sum(key.startswith("chart: ") for key in metadata) == 6


def test_a_day_shows_what_was_read_for_it_and_what_its_rows_are_like() -> None:
    profile = DayProfile(
        nulls={"USER_ID": 0, "COLOUR": 3},
        events={"View": 6},
        hours={"0": 6},
        times=(1790812800, 1790816400),
        preview=PREVIEW,
    )
    accounting = DayAccounting(run="r", raw_files=2, bytes=500, malformed={"malformed_json": 1})

    metadata = day_metadata(
        structs.replace(DAY, profile=profile),
        "/out/x",
        accounting,
        run_metadata(ConvertReport(days={}, seconds=2.0), "arrow"),
    )

    keys = ("raw_files", "raw_bytes", "malformed", "event_types", "filled % COLOUR")
    assert {key: metadata[key] for key in keys} == {
        "raw_files": 2, "raw_bytes": 500, "malformed": 1, "event_types": 1, "filled % COLOUR": 50.0,
    }  # fmt: skip
    assert (metadata["seconds"], metadata["engine"]) == (2.0, "arrow")


def test_a_run_far_away_shows_its_page() -> None:
    about = {"AWS Glue job run": "jr_1", "Page": "https://glue/run"}

    assert run_metadata(ExportReport(datasets={}, seconds=2.0, engine=about), "glue") == {
        "seconds": 2.0, "engine": "glue", "AWS Glue job run": "jr_1", "Page": dg.MetadataValue.url("https://glue/run"),
    }  # fmt: skip


def test_an_export_in_s3_links_to_its_page_in_the_console() -> None:
    assert csv_metadata(MANIFEST, "s3://bucket/out/exports/users.csv")["console"] == dg.MetadataValue.url(
        "https://s3.console.aws.amazon.com/s3/object/bucket?prefix=out/exports/users.csv"
    )


def test_the_report_is_a_path_and_in_s3_its_page_in_the_console() -> None:
    assert report_link("/out/report.html") == {"report": dg.MetadataValue.path("/out/report.html")}
    assert report_link("s3://bucket/out/report.html") == {
        "report": dg.MetadataValue.url("https://s3.console.aws.amazon.com/s3/object/bucket?prefix=out/report.html")
    }
    assert report_link(None) == {}


def test_the_column_schema_says_where_a_column_is_from_and_what_it_must_keep_to() -> None:
    columns = column_schema(
        Dataset(
            "items",
            (
                Column("ITEM_ID", ("each.sku", "sku"), required=True),
                Column("GENRES", ("genres",), categorical=True),
                Column("CREATION_TIMESTAMP", ("at",), type="timestamp"),
                Column("SHOP", constant="north"),
            ),
            {},
        )
    ).columns

    assert [(c.name, c.type, c.description, c.constraints.nullable, list(c.constraints.other)) for c in columns] == [
        ("ITEM_ID", "string", "from each.sku, else sku", False, ["at most 256 characters"]),
        ("GENRES", "string", "from genres, categorical", True, ["at most 1,000 characters"]),
        ("CREATION_TIMESTAMP", "long", "from at", True, ["whole epoch seconds (UTC)"]),
        ("SHOP", "string", "constant 'north'", True, ["at most 1,000 characters"]),
    ]


def test_an_unload_shows_what_each_table_has() -> None:
    files = (UnloadedFile("a", 3), UnloadedFile("b", 4))
    records = {
        "orders": UnloadRecord(sql="d", statement="s1", at=1.0, rows=7, files=files, cut={"products": 2}),
        "views": UnloadRecord(sql="d", statement="s2", at=1.0, rows=0, files=()),
    }

    metadata = unload_metadata(records, "s3://b/day=2026-10-01/")

    table = metadata.pop("tables").value.records
    assert metadata == {
        "dagster/partition_row_count": 7,
        "files": 2,
        "bytes": 7,
        "cut_texts": 2,
        "unloaded": dg.MetadataValue.path("s3://b/day=2026-10-01/"),
    }
    assert [record.data for record in table] == [
        {"table": "orders", "rows": 7, "files": 2, "bytes": 7, "cut_texts": "products: 2", "statement": "s1"},
        {"table": "views", "rows": 0, "files": 0, "bytes": 0, "cut_texts": "not counted", "statement": "s2"},
    ]


def test_an_unload_whose_rows_are_not_known_has_no_count_of_them() -> None:
    record = UnloadRecord(sql="d", statement="s", at=1.0, rows=None, files=())

    assert "dagster/partition_row_count" not in unload_metadata({"orders": record}, "s3://b/x")
