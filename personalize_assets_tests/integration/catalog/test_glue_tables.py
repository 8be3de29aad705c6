"""What Athena is told of the files: statements, tables of the Data Catalog, a crawler instead."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest

from personalize_assets.catalog import glue_tables as data_catalog
from personalize_assets.catalog.athena import Partitions, raw_table
from personalize_assets.config import ConfigError, load_config
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.catalog import catalog_days, register_in_athena
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.glue_emulator import GlueEmulator

START = date(2026, 10, 1)
SEGMENT = "segment-logs/website/1790812800000/a.gz"


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


# Partitions


def partitions(layout: str, *keys: str) -> Partitions:
    return raw_table("s3://raw/events", layout, START, keys, {}).partitions


def test_segments_days_are_numbers_and_its_sources_are_those_seen() -> None:
    found = partitions("segment", SEGMENT, "segment-logs/android/1790812800000/b.gz")

    assert found.columns == (("source", "string"), ("day_ms", "bigint"))
    assert found.template == "segment-logs/${source}/${day_ms}/"
    assert found.properties == {
        "projection.source.type": "enum",
        "projection.source.values": "android,website",
        "projection.day_ms.type": "integer",
        "projection.day_ms.range": "1790812800000,2106432000000",
        "projection.day_ms.interval": "86400000",
    }


def test_firehose_has_its_days_in_three_folders_and_the_hours_below() -> None:
    found = partitions("firehose", "2026/10/01/00/stream-1")

    assert (found.columns, found.template) == ((("day", "string"),), "${day}/")
    assert found.properties == {
        "projection.day.type": "date",
        "projection.day.format": "yyyy/MM/dd",
        "projection.day.range": "2026/10/01,NOW",
        "projection.day.interval": "1",
        "projection.day.interval.unit": "DAYS",
    }


@pytest.mark.parametrize(
    ("key", "expected", "template"),
    [
        ("day=2026-10-01/a.json", ["day"], "day=${day}/"),
        ("dt=2026-10-01/hour=01/a.json", ["dt"], "dt=${dt}/"),
        ("year=2026/month=10/day=01/a.json", ["year", "month", "day"], "year=${year}/month=${month}/day=${day}/"),
    ],
)
def test_hives_folders_are_taken_as_they_are(key: str, expected: list[str], template: str) -> None:
    found = partitions("hive", key)

    assert ([name for name, _ in found.columns], found.template) == (expected, template)


@pytest.mark.parametrize(("key", "digits"), [("year=2026/month=03/day=01/a", "2"), ("year=2026/month=3/day=1/a", None)])
def test_months_and_days_have_as_many_digits_as_in_the_keys(key: str, digits: str | None) -> None:
    properties = partitions("hive", key).properties

    assert (properties.get("projection.month.digits"), properties.get("projection.day.digits")) == (digits, digits)


def test_a_flat_source_has_no_partitions() -> None:
    assert partitions("flat", "any/a.json") == Partitions()


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


# With S3 and the Data Catalog


def group(**env: str) -> DatasetGroup:
    """The sample's config on S3, with two events of one day."""
    body = b'{"event": "Product Clicked", "userId": "u", "traits": {"Favorite Departments": ["a"]}}\n{"messageId": 7}\n'
    boto3.client("s3").put_object(Bucket="events", Key=f"raw/{SEGMENT}", Body=body)
    places = {"PERSONALIZE__SOURCE__URI": "s3://events/raw", "PERSONALIZE__DESTINATION__URI": "s3://events/out"}
    return DatasetGroup(load_config(env={**places, **env}))


def read(key: str) -> str:
    text: str = boto3.client("s3").get_object(Bucket="events", Key=key)["Body"].read().decode()
    return text


def table(name: str) -> dict[str, Any]:
    found: dict[str, Any] = boto3.client("glue").get_table(DatabaseName="shop", Name=name)["Table"]
    return found


@pytest.fixture
def database(glue: GlueEmulator) -> Any:
    boto3.client("glue").create_database(DatabaseInput={"Name": "shop"})
    yield
    boto3.client("glue").delete_database(Name="shop")


def test_on_s3_the_statements_lie_beside_the_catalog_and_aws_glue_is_not_called(glue: GlueEmulator) -> None:
    shop = group()

    described = register_in_athena(shop, catalog_days(shop, [START]))

    assert described == {"athena": "s3://events/out/catalog/raw_events.sql"}
    assert "  `traits` struct<favorite_departments:array<string>>,\n" in read("out/catalog/raw_events.sql")
    assert "  `user_id` string,\n  `item_id` string,\n" in read("out/catalog/filtered_interactions.sql")
    assert "STORED AS PARQUET\nLOCATION 's3://events/out/filtered_interactions/'\n" in read(
        "out/catalog/filtered_interactions.sql"
    )
    assert glue.calls == ["CreateJob"]


def test_in_folders_nothing_is_written_for_athena(tmp_path: Path) -> None:
    shop = DatasetGroup(load_config(env={"PERSONALIZE__DESTINATION__URI": str(tmp_path)}))

    assert register_in_athena(shop, catalog_days(shop, [START])) == {}
    assert [file.name for file in (tmp_path / "catalog").iterdir()] == ["day=2026-10-01.json"]


def test_with_a_database_both_tables_are_registered(database: None, glue: GlueEmulator) -> None:
    shop = group(PERSONALIZE__GLUE__DATABASE="shop")

    described = register_in_athena(shop, catalog_days(shop, [START]))

    assert described["tables"] == "shop.raw_events, shop.filtered_interactions"
    raw, made = table("raw_events"), table("filtered_interactions")
    assert raw["TableType"] == "EXTERNAL_TABLE"
    assert [column["Name"] for column in raw["StorageDescriptor"]["Columns"]] == [
        "event",
        "messageid",
        "traits",
        "userid",
    ]
    assert raw["StorageDescriptor"]["SerdeInfo"]["Parameters"]["mapping.userid"] == "userId"
    assert raw["PartitionKeys"] == [{"Name": "source", "Type": "string"}, {"Name": "day_ms", "Type": "bigint"}]
    assert raw["Parameters"]["projection.enabled"] == "true"
    assert made["StorageDescriptor"]["Location"] == "s3://events/out/filtered_interactions/"
    assert {"Name": "timestamp", "Type": "bigint"} in made["StorageDescriptor"]["Columns"]


def test_a_quiet_day_does_not_narrow_a_table_and_nothing_new_makes_no_new_version(
    database: None, glue: GlueEmulator
) -> None:
    shop = group(PERSONALIZE__GLUE__DATABASE="shop")
    register_in_athena(shop, catalog_days(shop, [START]))
    glue.calls.clear()
    second = SEGMENT.replace("1790812800000", "1790899200000").replace("website", "android")
    boto3.client("s3").put_object(Bucket="events", Key=f"raw/{second}", Body=b'{"context": {"ip": "1"}}\n')

    register_in_athena(shop, catalog_days(shop, [date(2026, 10, 2)]))
    register_in_athena(shop, catalog_days(shop, [date(2026, 10, 2)]))

    assert {column["Name"] for column in table("raw_events")["StorageDescriptor"]["Columns"]} == {
        "context", "event", "messageid", "traits", "userid",
    }  # fmt: skip
    assert table("raw_events")["Parameters"]["projection.source.values"] == "android,website"
    assert glue.calls.count("UpdateTable") == 1


def test_a_database_that_is_not_there_says_how_to_make_it(glue: GlueEmulator) -> None:
    shop = group(PERSONALIZE__GLUE__DATABASE="shop")

    with pytest.raises(PersonalizeAssetsError) as error:
        register_in_athena(shop, catalog_days(shop, [START]))

    assert str(error.value) == (
        "Data Catalog 'shop': there is no such database; create it (`personalize-assets deploy --parameter "
        "DatabaseName=shop` does), or correct glue.database"
    )


# A crawler instead

CRAWLER = {"PERSONALIZE__GLUE__CATALOG": "crawler", "PERSONALIZE__GLUE__CRAWLER": "mine"}


@pytest.fixture
def crawler(glue: GlueEmulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(data_catalog, "_POLL_SECONDS", 0.01)
    boto3.client("glue").create_crawler(Name="mine", Role="r", Targets={"S3Targets": [{"Path": "s3://events/raw"}]})
    glue.calls.clear()
    yield
    boto3.client("glue").delete_crawler(Name="mine")


def test_a_crawler_is_run_and_waited_for(crawler: None, glue: GlueEmulator) -> None:
    glue.crawls_left = 3
    shop = group(**CRAWLER)

    described = register_in_athena(shop, catalog_days(shop, [START]))

    assert described["crawler"] == "mine"
    assert glue.calls == ["StartCrawler", "GetCrawler", "GetCrawler", "GetCrawler"]


def test_a_crawler_that_runs_already_is_waited_for(crawler: None, glue: GlueEmulator) -> None:
    glue.errors["StartCrawler"] = [("CrawlerRunningException", "it runs")]
    shop = group(**CRAWLER)

    assert register_in_athena(shop, catalog_days(shop, [START]))["crawler"] == "mine"


def test_a_crawler_that_fails_is_told(crawler: None, glue: GlueEmulator) -> None:
    glue.outcome = ("FAILED", "Service Principal: glue.amazonaws.com is not authorized")
    shop = group(**CRAWLER)

    with pytest.raises(PersonalizeAssetsError) as error:
        register_in_athena(shop, catalog_days(shop, [START]))

    assert str(error.value) == (
        "Crawler 'mine' ended as FAILED: Service Principal: glue.amazonaws.com is not authorized; see its log"
    )


def test_a_crawler_that_is_not_there_is_told(glue: GlueEmulator) -> None:
    shop = group(**CRAWLER)

    with pytest.raises(PersonalizeAssetsError, match=r"Crawler 'mine': there is no such crawler; correct glue.crawler"):
        register_in_athena(shop, catalog_days(shop, [START]))


# The config


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        (
            {"PERSONALIZE__GLUE__DATABASE": "shop"},
            " is a folder, which the Data Catalog cannot describe; write s3://bucket/prefix, or leave out glue",
        ),
        (
            {"PERSONALIZE__GLUE__CATALOG": "tables"},
            "glue.database: missing; write the Data Catalog's database for the tables, or catalog: none",
        ),
        (
            {"PERSONALIZE__GLUE__CATALOG": "crawler"},
            "glue.crawler: missing; write the name of the crawler to run, or catalog: tables",
        ),
        (
            {"PERSONALIZE__GLUE__CATALOG": "athena"},
            "'athena' is not a way to fill the Data Catalog; use one of none, tables, crawler",
        ),
        ({"PERSONALIZE__GLUE__WORKERS": "1"}, "write a number of workers from 2, one of which is the driver's"),
        ({"PERSONALIZE__GLUE__WORKER_TYPE": "Z.2X"}, "'Z.2X' is not a worker type; use one of G.1X, G.2X"),
        ({"PERSONALIZE__GLUE__JOB": "a job"}, "'a job' is not a Glue job's name; use 1 to 255 letters, digits"),
        ({"PERSONALIZE__GLUE__JBO": "a"}, "glue.jbo: unknown key; did you mean 'job'? use one of job, workers"),
        ({"PERSONALIZE__AWS__ENDPOINT": "localhost"}, "'localhost' is not a URL; write it as http://127.0.0.1:9000"),
        (
            {"PERSONALIZE_ENGINE": "glue"},
            " is a folder, which Glue cannot reach; write s3://bucket/prefix, or use engine local",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(env: dict[str, str], expected: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(env=env)

    assert expected in str(error.value)
