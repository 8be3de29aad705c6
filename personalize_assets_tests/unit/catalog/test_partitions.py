"""Partition projection: which columns the folders of a layout are, and where a partition's files are."""

from __future__ import annotations

from datetime import date

import pytest

from personalize_assets.catalog.partitions import Partitions, kind_of_key, partitions_of

START = date(2026, 10, 1)
SEGMENT = "segment-logs/website/1790812800000/a.gz"


def partitions(layout: str, *keys: str) -> Partitions:
    return partitions_of(layout, START, keys)


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


def dates(form: str, first: str, unit: str = "DAYS", column: str = "day") -> dict[str, str]:
    """The properties of a column of dates."""
    return {
        f"projection.{column}.type": "date",
        f"projection.{column}.format": form,
        f"projection.{column}.range": f"{first},NOW",
        f"projection.{column}.interval": "1",
        f"projection.{column}.interval.unit": unit,
    }


@pytest.mark.parametrize(
    ("pattern", "key", "template", "properties"),
    [
        ("%Y/%m/%d/%H/%M/*", "2026/10/01/05/03/a", "${day}/", dates("yyyy/MM/dd", "2026/10/01")),
        ("%Y/%m/%d/%H/*", "2026/10/1/5/a", "${day}/", dates("yyyy/MM/d", "2026/10/1")),
        (
            "dt=%Y-%m-%d-%H/**",
            "dt=2026-10-01-05/a",
            "dt=${dt}/",
            dates("yyyy-MM-dd-HH", "2026-10-01-00", "HOURS", "dt"),
        ),
        ("dt=%Y%m%d/**", "dt=20261001/a", "dt=${dt}/", dates("yyyyMMdd", "20261001", "DAYS", "dt")),
        ("logs/v%Y/%m/%d/*", "logs/v2026/10/01/a", "logs/v${day}/", dates("yyyy/MM/dd", "2026/10/01")),
        ("%Y/m%m/%d-x/*", "2026/m10/01-x/a", "${day}-x/", dates("yyyy/'m'MM/dd", "2026/m10/01")),
        ("%Y/%j/*", "2026/274/a", "${day}/", dates("yyyy/DDD", "2026/274")),
        (
            "month=%Y-%m/date=%Y-%m-%d/**",
            "month=2026-10/date=2026-10-01/a",
            "month=${month}/date=${date}/",
            {**dates("yyyy-MM", "2026-10", "MONTHS", "month"), **dates("yyyy-MM-dd", "2026-10-01", "DAYS", "date")},
        ),
        (
            "*/%Y-%m-%d/*",
            "web/2026-10-01/a",
            "${source}/${day}/",
            {
                "projection.source.type": "enum",
                "projection.source.values": "web",
                **dates("yyyy-MM-dd", "2026-10-01"),
            },
        ),
    ],
)
def test_the_folders_of_a_pattern_are_dates(pattern: str, key: str, template: str, properties: dict[str, str]) -> None:
    found = partitions(pattern, key)

    assert (found.template, found.properties) == (template, properties)


def test_the_columns_of_a_pattern_are_those_of_its_folders_with_the_values_seen() -> None:
    keys = (
        "customer_id=a/device=web/year=2026/month=10/day=01/hour=05/x",
        "customer_id=b/device=ios/year=2026/month=10/day=02/hour=05/x",
    )

    found = partitions("customer_id=*/device=*/year=%Y/month=%m/day=%d/hour=%H/**", *keys)

    assert found.columns == tuple((name, "string") for name in ("customer_id", "device", "year", "month", "day"))
    assert found.template == "customer_id=${customer_id}/device=${device}/year=${year}/month=${month}/day=${day}/"
    assert found.properties == {
        "projection.customer_id.type": "enum",
        "projection.customer_id.values": "a,b",
        "projection.device.type": "enum",
        "projection.device.values": "ios,web",
        "projection.year.type": "integer",
        "projection.year.range": "2026,2036",
        "projection.month.type": "integer",
        "projection.month.range": "1,12",
        "projection.month.digits": "2",
        "projection.day.type": "integer",
        "projection.day.range": "1,31",
        "projection.day.digits": "2",
    }


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("logs/%Y%m%d_*.gz", "logs/20261001_0.gz"),
        ("**/%Y-%m-%d/*", "a/2026-10-01/b"),
        ("logs/%s/*", "logs/1790812800/a"),
        ("run=%Y-%m-%d-%H-%M-%S/*", "run=2026-10-01-05-00-00/a"),
        ("web-*-%Y%m%d/*", "web-1-20261001/a"),
        ("*/%Y-%m-%d/*", "a,b/2026-10-01/c"),
        ("*/%Y-%m-%d/*", "/2026-10-01/c"),
    ],
)
def test_folders_that_athena_cannot_compute_are_no_partitions(pattern: str, key: str) -> None:
    assert partitions(pattern, key) == Partitions()


@pytest.mark.parametrize(
    ("layout", "one", "other", "is_same"),
    [
        ("segment", SEGMENT, "segment-logs/website/1790899200000/b.gz", True),
        ("segment", SEGMENT, "segment-logs/android/1790812800000/b.gz", False),
        ("hive", "day=2026-10-01/a", "day=2026-10-02/b", True),
        ("hive", "day=2026-10-01/a", "year=2026/month=10/day=01/a", False),
        ("hive", "year=2026/month=10/day=01/a", "year=2026/month=10/day=1/a", False),
        ("*/%Y/%m/%d/%H/*", "web/2026/10/01/05/a", "web/2026/11/12/06/b", True),
        ("*/%Y/%m/%d/%H/*", "web/2026/10/01/05/a", "ios/2026/10/01/05/a", False),
        ("flat", "a", "b/c", True),
    ],
)
def test_a_key_is_of_the_same_kind_if_it_shows_nothing_new(layout: str, one: str, other: str, is_same: bool) -> None:
    assert (kind_of_key(layout, one) == kind_of_key(layout, other)) is is_same
