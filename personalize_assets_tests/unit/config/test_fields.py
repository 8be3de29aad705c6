# ruff: noqa: E501 - the texts of errors are in one piece, so that a search finds them
"""Single values: what they become, and how wrong ones are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets.conversion.contract import Condition
from personalize_assets_tests.helpers.example_config import EXAMPLE, edited, load, problems_in, problems_in_column


def test_relative_uris_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    config = load()
    assert config.source.uri == str(tmp_path / "shop" / "segment")
    assert config.destination.uri == str(tmp_path / "data" / "segment")


def test_s3_uris_stay_as_they_are_without_the_last_slash() -> None:
    config = load(edited(("uri: segment", "uri: s3://raw/segment//logs/"), ("../data/segment", "s3://made/")))
    assert config.source.uri == "s3://raw/segment//logs"
    assert config.destination.uri == "s3://made"


def test_two_slashes_at_the_end_of_an_s3_uri_are_a_folder_without_a_name() -> None:
    assert load(edited(("uri: segment", "uri: s3://raw/logs//"))).source.uri == "s3://raw/logs//"


def test_a_source_may_have_several_uris_each_once() -> None:
    uris = load(edited(("uri: segment", "uri: [s3://raw/web/, s3://raw/ios, s3://raw/web]"))).source.uris

    assert uris == ("s3://raw/web", "s3://raw/ios")
    assert load(edited(("uri: segment", "uri: [s3://raw/web]"))).source.uri == "s3://raw/web"


def test_wanted_values_become_text_as_events_are_compared() -> None:
    where = "where: {Invited: true, n: [1, 0.50, 100000000000000000000], zip: 01234, day: 2026-10-01, at: 12:30}"
    dataset = load(edited(("where: {type: identify}", where))).conversion_datasets()["users"]
    assert dataset.where == {
        "Invited": ("true",),
        "n": ("1", "0.50", "100000000000000000000"),
        "zip": ("01234",),
        "day": ("2026-10-01",),
        "at": ("12:30",),
    }


def test_a_condition_is_a_mapping_whose_values_are_text_as_written() -> None:
    where = "where: {version: {not: [1.10, NO]}, age: {min: 18, max: 99.5}, at: {min: 2026-10-01}, id: {exists: true}}"
    config = load(edited(("where: {type: identify}", where)))

    assert config.conversion_datasets()["users"].where == {
        "version": Condition(none_of=("1.10", "NO")),
        "age": Condition(min="18", max="99.5"),
        "at": Condition(min="2026-10-01"),
        "id": Condition(exists=True),
    }
    assert '"age":{"min":"18","max":"99.5"}' in config.model_dump_json()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("layout: segment", "layout: s3", "source.layout: 's3' is not a layout; use one of segment, rudderstack, firehose, hive, flat, or a pattern of keys as 'year=%Y/month=%m/day=%d/**'"),
        ("layout: segment", "layout:", "source.layout: nothing is not a layout; use one of segment, rudderstack, firehose, hive, flat, or a pattern of keys as 'year=%Y/month=%m/day=%d/**'"),
        ("layout: segment", "layout: logs/*", "source.layout: 'logs/*' has no day in it; write %Y, %m and %d, or %Y and %j, %s or %Q, or use the layout flat"),
        ("layout: segment", 'layout: "%Y/%d/*"', "source.layout: '%Y/%d/*' has %d without %m, which is no day; write %Y, %m and %d, or %Y and %j, %s or %Q"),
        ("engine: local", "engine: flink", "engine: 'flink' is not an engine; use one of arrow, local, spark, glue, emr-serverless"),
        ("engine: local", "engine:", "engine: nothing is not an engine; use one of arrow, local, spark, glue, emr-serverless"),
        ("engine: local", "engine: sail", "engine: 'sail' has been replaced by 'arrow', which needs no server and no Java; write arrow instead"),
        ("domain: custom", "domain: shop", "dataset_group.domain: 'shop' is not a domain; use one of custom, ECOMMERCE, VIDEO_ON_DEMAND"),
        ("2026-10-01", "1 Oct", "source.start_date: '1 Oct' is not a day; write it as 2026-10-01"),
        ("2026-10-01", "20261001", "source.start_date: 20261001 is not a day; write it as 2026-10-01"),
        ("2026-10-01", "2026-13-01", "source.start_date: '2026-13-01' is not a day: month must be in 1..12; write it as 2026-10-01"),
        ("name: workshop", "name: my shop", "dataset_group.name: 'my shop' is not a dataset group's name; use 1 to 63 letters, digits, '-' and '_', with a letter or digit first (Personalize API, CreateDatasetGroup)"),
        ("uri: segment", "uri: ''", "source.uri: found an empty text; write a folder's path or s3://bucket/prefix"),
        ("uri: segment", "uri: []", "source.uri: found a list without texts; write at least one folder's path or s3://bucket/prefix"),
        ("uri: segment", "uri: [s3://raw, 5]", "source.uri: found a list without texts; write at least one folder's path or s3://bucket/prefix"),
        ("uri: segment", "uri: [s3://raw, s3:///a]", "source.uri: 's3:///a' names no bucket; write s3://bucket/prefix"),
        ("uri: segment", "uri: s3a://raw/logs", "source.uri: 's3a://raw/logs' is neither a folder nor in S3; write a folder's path or s3://bucket/prefix"),
        ("uri: segment", "uri: s3:/raw", "source.uri: 's3:/raw' is neither a folder nor in S3; write a folder's path or s3://bucket/prefix"),
        ("../data/segment", "s3:///made", "destination.uri: 's3:///made' names no bucket; write s3://bucket/prefix"),
        ("    each: properties.products\n    dedupe_by", "    each: each.products\n    dedupe_by", "datasets.interactions.each: 'each.products' starts at an element of `each`, which only columns, where and dedupe_by can; write a path of the event"),
        ("dedupe_by: messageId", "dedupe_by: message id", "datasets.interactions.dedupe_by: 'message id' is not a path: expected a dot at position 8, found ' '"),
        ("where: {type: identify}", "where: {type: []}", "datasets.users.where.type: found an empty list, which wants no event; write at least one value"),
        ("where: {type: identify}", "where: {type: [a, null]}", "datasets.users.where.type: found nothing, which is null in an event and equals nothing; write a value"),
        ("where: {type: identify}", "where: {type: {a: b}}", "datasets.users.where.type: found the unknown key a; write a list of values, or a mapping with not, min, max, exists"),
        ("where: {type: identify}", "where: {type: {}}", "datasets.users.where.type: found an empty mapping; write a list of values, or a mapping with not, min, max, exists"),
        ("where: {type: identify}", "where: {n: {min: many}}", "datasets.users.where.n: min: 'many' is neither a number nor a time; write one, as 10 or 2026-10-01"),
        ("where: {type: identify}", "where: {n: {not: []}}", "datasets.users.where.n: not: found an empty list, which refuses nothing; write at least one value"),
        ("where: {type: identify}", "where: {n: {min: 5, max: 1}}", "datasets.users.where.n: min is '5', which is more than max, '1'; no value is wanted then"),
        ("where: {type: identify}", "where: {n: {min: 5, max: 2026-10-01}}", "datasets.users.where.n: min is '5' and max is '2026-10-01': one is a time and one a number; write two alike"),
        ("where: {type: identify}", "where: {n: {exists: perhaps}}", "datasets.users.where.n: exists: found 'perhaps'; write true or false"),
        ("where: {type: identify}", "event_time: a..b", "datasets.users.event_time: 'a..b' is not a path: expected a name at position 3 (names are joined by dots; quote one that holds a dot or a space with backticks)"),
    ],
)  # fmt: skip
def test_a_wrong_value(old: str, new: str, line: str) -> None:
    assert problems_in(edited((old, new))) == [f"personalize.yaml: {line}"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{path: p, type: money}", ".type: 'money' is not a type; use one of string, int, long, float, double, boolean, timestamp"),
        ("a b", ": 'a b' is not a path: expected a dot at position 2, found ' '"),
        ("[a, b c]", ": 'b c' is not a path: expected a dot at position 2, found ' '"),
        ("[]", ": found an empty list; write at least one path"),
        ("[1]", ": found 1; write the path of a field, as properties.sku"),
        ("{path: a b}", ".path: 'a b' is not a path: expected a dot at position 2, found ' '"),
        ("{path: p, keep: last}", ".keep: 'last' is not a way to keep; use one of latest, first"),
        ("{path: p, map: {a: [b]}}", ".map.a: found a list; write a text, a number, true or false"),
        ("{constant: [a]}", ".constant: found a list; write a text, a number, true or false"),
    ],
)  # fmt: skip
def test_a_wrong_value_of_a_column(text: str, line: str) -> None:
    assert problems_in_column(text) == [f"personalize.yaml: datasets.items.columns.PRICE{line}"]


def test_the_environment_text_of_a_number_of_workers_is_a_number() -> None:
    assert load(env={"PERSONALIZE__GLUE__WORKERS": "10"}).glue.workers == 10


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("aws: {endpoint: 127.0.0.1}", "aws.endpoint: '127.0.0.1' is not a URL; write it as http://127.0.0.1:9000, or leave it out for AWS itself"),
        ("glue: {job: a b}", "glue.job: 'a b' is not a Glue job's name; use 1 to 255 letters, digits, '-', '_' and '.'"),
        ("glue: {workers: 1}", "glue.workers: found 1; write a number of workers from 2, one of which is the driver's"),
        ("glue: {worker_type: Z.2X}", "glue.worker_type: 'Z.2X' is not a worker type; use one of G.1X, G.2X, G.4X, G.8X, G.12X, G.16X, R.1X, R.2X, R.4X, R.8X"),
        ("mask: each.email", "mask: 'each.email' starts at an element of `each`, which only columns, where and dedupe_by can; write a path of the event"),
    ],
)  # fmt: skip
def test_a_wrong_value_of_another_section(written: str, line: str) -> None:
    assert problems_in(f"{EXAMPLE}{written}\n") == [f"personalize.yaml: {line}"]


def test_an_endpoint_has_no_slash_at_the_end() -> None:
    assert load(EXAMPLE + "aws: {endpoint: 'http://127.0.0.1:9000/'}\n").aws.endpoint == "http://127.0.0.1:9000"


def test_single_services_have_endpoints_by_boto3s_names() -> None:
    aws = load(EXAMPLE + "aws: {endpoints: {personalize: 'http://a:1/', redshift-data: 'http://b:2'}}\n").aws

    assert aws.endpoints == {"personalize": "http://a:1", "redshift-data": "http://b:2"}


def test_a_variable_names_a_services_endpoint_with_an_underscore_and_counts_more_than_the_file() -> None:
    file = EXAMPLE + "aws: {endpoints: {redshift-data: 'http://a:1', s3: 'http://b:2'}}\n"

    aws = load(file, env={"PERSONALIZE__AWS__ENDPOINTS__REDSHIFT_DATA": "http://c:3"}).aws

    assert aws.endpoints == {"redshift-data": "http://c:3", "s3": "http://b:2"}


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("personalise: 'http://a:1'", "aws.endpoints.personalise: 'personalise' is not a service of AWS; did you mean 'personalize' or 'personalize-events' or 'personalize-runtime'? use boto3's names, as s3, personalize, glue"),
        ("xyzzy: 'http://a:1'", "aws.endpoints.xyzzy: 'xyzzy' is not a service of AWS; use boto3's names, as s3, personalize, glue"),
        ("s3: a", "aws.endpoints.s3: 'a' is not a URL; write it as http://127.0.0.1:9000, or leave it out for AWS itself"),
    ],
)  # fmt: skip
def test_a_wrong_endpoint_of_a_service(written: str, line: str) -> None:
    assert problems_in(f"{EXAMPLE}aws: {{endpoints: {{{written}}}}}\n") == [f"personalize.yaml: {line}"]
