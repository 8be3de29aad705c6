"""Athena's tables and statements over the raw events and the daily interactions."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from personalize_assets.catalog.athena import interactions_table, raw_table

START = date(2026, 10, 1)


def columns(**types: str) -> tuple[tuple[str, str], ...]:
    """The columns that fields of these types become; ``__`` stands for a dot."""
    fields = {path.replace("__", "."): set(kinds.split(",")) for path, kinds in types.items()}
    return raw_table("s3://raw/events", "flat", START, [], fields).columns


# Columns


def test_every_json_type_has_athenas_and_a_mixture_is_text() -> None:
    assert columns(
        a="string", b="boolean", c="integer", d="number", e="integer,number", f="integer,string", g="array"
    ) == (
        ("a", "string"),
        ("b", "boolean"),
        ("c", "bigint"),
        ("d", "double"),
        ("e", "double"),
        ("f", "string"),
        ("g", "array<string>"),
    )


def test_objects_are_structs_and_arrays_of_objects_are_arrays_of_structs() -> None:
    assert columns(p="object", p__list="array", p__list__sku="string", p__list__price="number", p__n="integer") == (
        ("p", "struct<list:array<struct<price:double,sku:string>>,n:bigint>"),
    )


def test_a_field_that_is_now_an_object_and_now_a_text_is_a_text() -> None:
    assert columns(p="object,string", p__a="string") == (("p", "string"),)


def test_names_that_athena_does_not_allow_are_mapped() -> None:
    fields = {
        "traits": {"object"},
        "traits.`Favorite Departments`": {"array"},
        "traits.`a.b`": {"string"},
        "userId": {"string"},
        "été": {"string"},
    }

    table = raw_table("s3://raw/events", "flat", START, [], fields)

    assert table.columns == (
        ("traits", "struct<favorite_departments:array<string>,a_b:string>"),
        ("userid", "string"),
        ("_t_", "string"),
    )
    assert table.mappings == {
        "favorite_departments": "Favorite Departments",
        "a_b": "a.b",
        "userid": "userId",
        "_t_": "été",
    }


def test_names_that_differ_by_case_alone_stay_apart_at_every_level() -> None:
    fields = {"URL": {"string"}, "Url": {"string"}, "page": {"object"}, "page.url": {"string"}, "url": {"string"}}

    table = raw_table("s3://raw/events", "flat", START, [], fields)

    assert table.columns == (
        ("url", "string"),
        ("url_2", "string"),
        ("page", "struct<url_3:string>"),
        ("url_3", "string"),
    )
    assert table.mappings == {"url": "URL", "url_2": "Url", "url_3": "url"}


# The statement


def test_the_statement_is_what_athena_takes() -> None:
    fields = {"userId": {"string"}, "traits": {"object"}, "traits.`it's`": {"string"}}

    table = raw_table("s3://raw/events", "rudderstack", START, ["rudder-logs/web/2026-10-01/a.gz"], fields, 2)

    assert table.ddl("shop") == (
        "-- Raw events of the layout rudderstack, written by personalize_assets; 2 files hold more than an object a "
        "line, of which Athena reads the first or none\n"
        "CREATE EXTERNAL TABLE IF NOT EXISTS `shop`.`raw_events` (\n"
        "  `traits` struct<it_s:string>,\n"
        "  `userid` string\n"
        ")\n"
        "PARTITIONED BY (`source` string, `day` string)\n"
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'\n"
        "WITH SERDEPROPERTIES (\n"
        "  'case.insensitive' = 'FALSE',\n"
        "  'ignore.malformed.json' = 'TRUE',\n"
        "  'mapping.it_s' = 'it\\'s',\n"
        "  'mapping.userid' = 'userId'\n"
        ")\n"
        "LOCATION 's3://raw/events/'\n"
        "TBLPROPERTIES (\n"
        "  'classification' = 'json',\n"
        "  'projection.enabled' = 'true',\n"
        "  'storage.location.template' = 's3://raw/events/rudder-logs/${source}/${day}/',\n"
        "  'projection.source.type' = 'enum',\n"
        "  'projection.source.values' = 'web',\n"
        "  'projection.day.type' = 'date',\n"
        "  'projection.day.format' = 'yyyy-MM-dd',\n"
        "  'projection.day.range' = '2026-10-01,NOW',\n"
        "  'projection.day.interval' = '1',\n"
        "  'projection.day.interval.unit' = 'DAYS'\n"
        ");\n"
    )


# Glue's input


def test_glue_gets_the_same_table_as_the_statement() -> None:
    table = raw_table(
        "s3://raw/events", "rudderstack", START, ["rudder-logs/web/2026-10-01/a.gz"], {"userId": {"string"}}
    )

    assert table.table_input() == {
        "Name": "raw_events",
        "Description": "Raw events of the layout rudderstack, written by personalize_assets",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "classification": "json",
            "EXTERNAL": "TRUE",
            "projection.enabled": "true",
            "storage.location.template": "s3://raw/events/rudder-logs/${source}/${day}/",
            "projection.source.type": "enum",
            "projection.source.values": "web",
            "projection.day.type": "date",
            "projection.day.format": "yyyy-MM-dd",
            "projection.day.range": "2026-10-01,NOW",
            "projection.day.interval": "1",
            "projection.day.interval.unit": "DAYS",
        },
        "PartitionKeys": [{"Name": "source", "Type": "string"}, {"Name": "day", "Type": "string"}],
        "StorageDescriptor": {
            "Columns": [{"Name": "userid", "Type": "string"}],
            "Location": "s3://raw/events/",
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
                "Parameters": {
                    "case.insensitive": "FALSE",
                    "ignore.malformed.json": "TRUE",
                    "mapping.userid": "userId",
                },
            },
        },
    }


def test_daily_interactions_are_the_parquet_files_of_lists_with_a_partition_a_day() -> None:
    schema = pa.schema([("USER_ID", pa.string()), ("TIMESTAMP", pa.int64()), ("EVENT_VALUE", pa.float64())])

    table = interactions_table("filtered_interactions", "s3://made/out/filtered_interactions/_lists", START, schema)

    assert table.columns == (("user_id", "string"), ("timestamp", "bigint"), ("event_value", "double"))
    assert table.partitions.template == "day=${day}/"
    assert table.serde()[0] == "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    assert table.table_input()["StorageDescriptor"]["InputFormat"] == (
        "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
    )
    assert (
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'\n"
        "STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'\n"
        "OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n"
        "LOCATION 's3://made/out/filtered_interactions/_lists/'\n"
    ) in table.ddl(None)


def test_a_column_that_is_also_a_partition_is_left_out() -> None:
    table = raw_table("s3://raw", "hive", START, ["day=2026-10-01/a"], {"day": {"string"}, "a": {"string"}})

    assert table.columns == (("a", "string"),)
