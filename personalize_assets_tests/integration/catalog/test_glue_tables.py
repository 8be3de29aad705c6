"""Tables of the Data Catalog, or a crawler instead, on an emulator of AWS Glue."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest

from personalize_assets.catalog import glue_tables
from personalize_assets.config import ConfigError, load_config
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.catalog import catalog_days, register_in_athena
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.glue_emulator import GlueEmulator
from personalize_assets_tests.helpers.recipes import RECIPES, config_of
from personalize_assets_tests.helpers.samples import SAMPLE_DATA

START = date(2026, 10, 1)
SEGMENT = "segment-logs/website/1790812800000/a.gz"


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
    assert "LOCATION 's3://events/out/filtered_interactions/_lists/'\n" in read("out/catalog/filtered_interactions.sql")
    assert glue.calls == ["CreateJob"]


def test_interactions_with_actions_have_a_table_of_their_own(glue: GlueEmulator) -> None:
    places = {"PERSONALIZE__SOURCE__URI": "s3://events/app", "PERSONALIZE__DESTINATION__URI": "s3://events/app-out"}
    shop = DatasetGroup(load_config(SAMPLE_DATA / "next_best_action.yaml", places))
    boto3.client("s3").put_object(Bucket="events", Key="app/day=2026-10-01/a.json", Body=b'{"event": "offer_shown"}\n')

    register_in_athena(shop, catalog_days(shop, [START]))

    statement = read("app-out/catalog/filtered_action_interactions.sql")
    assert "LOCATION 's3://events/app-out/filtered_action_interactions/_lists/'\n" in statement
    assert "  `user_id` string,\n  `action_id` string,\n  `event_type` string,\n" in statement


def test_raw_files_of_rows_get_no_table_of_json(glue: GlueEmulator) -> None:
    places = {"PERSONALIZE__SOURCE__URI": "s3://events/csv", "PERSONALIZE__DESTINATION__URI": "s3://events/csv-out"}
    shop = DatasetGroup(load_config(env=places))
    boto3.client("s3").put_object(Bucket="events", Key=f"csv/{SEGMENT}", Body=b"userId,event\nu,Product Clicked\n")

    described = register_in_athena(shop, catalog_days(shop, [START]))

    assert described == {"athena": "s3://events/csv-out/catalog/filtered_interactions.sql"}


@pytest.mark.parametrize(
    ("name", "has_raw"),
    [
        ("ga4", True),
        ("pinpoint", True),
        ("posthog", True),
        ("amplitude", False),  # zip archives
        ("kafka-connect", False),  # rows of Avro
        ("mparticle", False),  # envelopes
        ("movielens", False),  # rows of CSVs
        ("redshift", False),  # rows of Parquet
    ],
)
def test_a_recipe_has_a_table_of_its_raw_files_unless_athena_cannot_read_them(
    name: str, has_raw: bool, glue: GlueEmulator, tmp_path: Path
) -> None:
    s3 = boto3.client("s3")
    for file in (RECIPES / name).rglob("*"):
        if file.is_file():
            s3.put_object(Bucket="events", Key=f"raw/{file.relative_to(RECIPES)}", Body=file.read_bytes())
    recipe = DatasetGroup(load_config(config_of(name, tmp_path, "s3://events/raw", "s3://events/out")))

    register_in_athena(recipe, catalog_days(recipe, list(recipe.bytes_by_day())))

    made = s3.list_objects_v2(Bucket="events", Prefix="out/catalog/")["Contents"]
    tables = {file["Key"].removeprefix("out/catalog/") for file in made if file["Key"].endswith(".sql")}
    assert tables == {"filtered_interactions.sql"} | ({"raw_events.sql"} if has_raw else set())
    assert "  `user_id` string,\n  `item_id` string,\n  `event_type` string,\n" in read(
        "out/catalog/filtered_interactions.sql"
    )


def test_a_text_that_is_parsed_is_text_in_the_table(glue: GlueEmulator, tmp_path: Path) -> None:
    body = b'{"user": "u", "p": "{\\"sku\\": \\"s\\"}", "q": {"a": 1}}\n'
    boto3.client("s3").put_object(Bucket="events", Key="raw/day=2026-10-01/a.json", Body=body)
    (tmp_path / "personalize.yaml").write_text(
        "source: {uri: 's3://events/raw', layout: hive, start_date: 2026-10-01, parse: [p]}\n"
        "destination: {uri: 's3://events/out'}\n"
        "dataset_group: {name: shop}\n"
        "datasets: {interactions: {columns: {USER_ID: user, ITEM_ID: p.sku, TIMESTAMP: at}}}\n"
    )
    shop = DatasetGroup(load_config(tmp_path / "personalize.yaml"))

    register_in_athena(shop, catalog_days(shop, [START]))

    statement = read("out/catalog/raw_events.sql")
    assert "  `p` string,\n" in statement
    assert "`sku`" not in statement


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
    assert made["StorageDescriptor"]["Location"] == "s3://events/out/filtered_interactions/_lists/"
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


def test_the_folders_of_a_pattern_are_partitions_with_the_values_of_all_days(
    database: None, glue: GlueEmulator
) -> None:
    shop = group(
        PERSONALIZE__GLUE__DATABASE="shop",
        PERSONALIZE__SOURCE__URI="s3://events/own",
        PERSONALIZE__SOURCE__LAYOUT="customer_id=*/dt=%Y-%m-%d-%H/**",
    )
    for customer, day in (("a", 1), ("b", 2), ("a", 2)):
        for name in ("x", "y"):
            key = f"own/customer_id={customer}/dt=2026-10-0{day}-05/{name}.json"
            boto3.client("s3").put_object(Bucket="events", Key=key, Body=b'{"event": "View"}')

    for day in (1, 2):
        register_in_athena(shop, catalog_days(shop, [date(2026, 10, day)]))

    raw = table("raw_events")
    assert [column["Name"] for column in raw["PartitionKeys"]] == ["customer_id", "dt"]
    assert raw["Parameters"]["storage.location.template"] == "s3://events/own/customer_id=${customer_id}/dt=${dt}/"
    assert raw["Parameters"]["projection.customer_id.values"] == "a,b"
    assert raw["Parameters"]["projection.dt.format"] == "yyyy-MM-dd-HH"
    assert json.loads(read("out/catalog/_fields.json"))["keys"] == [
        "customer_id=a/dt=2026-10-01-05/x.json",
        "customer_id=b/dt=2026-10-02-05/x.json",
    ]


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
    monkeypatch.setattr(glue_tables, "_POLL_SECONDS", 0.01)
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


def test_a_crawler_that_fails_is_an_error(crawler: None, glue: GlueEmulator) -> None:
    glue.outcome = ("FAILED", "Service Principal: glue.amazonaws.com is not authorized")
    shop = group(**CRAWLER)

    with pytest.raises(PersonalizeAssetsError) as error:
        register_in_athena(shop, catalog_days(shop, [START]))

    assert str(error.value) == (
        "Crawler 'mine' ended as FAILED: Service Principal: glue.amazonaws.com is not authorized; see its log"
    )


def test_a_crawler_that_does_not_exist_is_an_error(glue: GlueEmulator) -> None:
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
            " is a folder, which Glue cannot reach; write s3://bucket/prefix, or use engine arrow",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(env: dict[str, str], expected: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(env=env)

    assert expected in str(error.value)
