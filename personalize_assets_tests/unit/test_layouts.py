"""Keys to arrival days and back."""

from datetime import UTC, date, datetime
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.layouts import LAYOUTS, layout

DAY = date(2026, 10, 1)
MIDNIGHT = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp() * 1000)

FILE_NAMES = st.text(min_size=1).filter(
    lambda name: (
        "/" not in name
        and name[0] not in "._"
        and name not in ("dummy-object.txt", "manifest")
        and not name.endswith(("_$folder$", "_manifest", "-manifest"))
    )
)
DAYS = st.dates(min_value=date(1970, 1, 1))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("segment", f"segment-logs/website-prod/{MIDNIGHT}/1.gz"),
        ("segment", f"segment-logs/aBc9/{MIDNIGHT}/1.gz"),
        ("segment", f"segment-logs/website-prod/{MIDNIGHT + 86_399_999}/1.gz"),
        ("rudderstack", "rudder-logs/website-prod/2026-10-01/1.json.gz"),
        ("rudderstack", "rudder-logs/website-prod/10-01-2026/1.json.gz"),
        ("firehose", "2026/10/01/00/stream-1"),
        ("firehose", "2026/10/01/23/stream-1"),
        ("firehose", "2026/10/01/stream-1"),
        ("hive", "day=2026-10-01/part.json"),
        ("hive", "dt=2026-10-01/part.json"),
        ("hive", "date=2026-10-01/part.json"),
        ("hive", "year=2026/month=10/day=01/part.json"),
        ("hive", "year=2026/month=10/day=1/part.json"),
        ("hive", "year=2026/month=10/day=01/hour=07/part.json"),
        ("hive", "day=2026-10-01/source=web/hour=7/part.json"),
        ("flat", "events.json"),
        ("flat", "any/folders/2031-01-01/events.json"),
    ],
)
def test_a_key_of_the_layout_gives_its_arrival_day(name: str, key: str) -> None:
    assert layout(name, DAY).day_of(key) == DAY


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("segment", "segment-logs/dummy-object.txt"),
        ("segment", "website-prod/1790812800000/1.gz"),
        ("segment", "segment-logs/website-prod/1.gz"),
        ("segment", "segment-logs/website-prod/2026-10-01/1.gz"),
        ("segment", "segment-logs/website-prod/-86400000/1.gz"),
        ("segment", "segment-logs/website-prod/9999999999999999999/1.gz"),
        ("segment", f"segment-logs/website-prod/{'9' * 5000}/1.gz"),
        ("segment", "segment-logs/website-prod/1790812800000/more/1.gz"),
        ("rudderstack", "rudder-logs/website-prod/2026-13-01/1.json.gz"),
        ("rudderstack", "rudder-logs/website-prod/13-01-2026/1.json.gz"),
        ("rudderstack", "rudder-logs/website-prod/2026-1-1/1.json.gz"),
        ("rudderstack", "rudder-logs/2026-10-01/1.json.gz"),
        ("firehose", "2026/02/29/00/stream-1"),
        ("firehose", "2026/10/01/24/stream-1"),
        ("firehose", "2026/10/01/7/stream-1"),
        ("firehose", "2026/10/1/00/stream-1"),
        ("firehose", "2026/10/stream-1"),
        ("firehose", "errors/2026/10/01/00/stream-1"),
        ("hive", "day=2026-02-30/part.json"),
        ("hive", "day=__HIVE_DEFAULT_PARTITION__/part.json"),
        ("hive", "day=01/part.json"),
        ("hive", "month=10/day=01/part.json"),
        ("hive", "year=2026/month=10/part.json"),
        ("hive", "year=2026/month=010/day=01/part.json"),
        ("hive", "year=2026/month=10/day=/part.json"),
        ("hive", "day=2026-10-01/notes/part.json"),
        ("hive", "part.json"),
    ],
)
def test_a_key_that_does_not_match_the_layout_is_foreign(name: str, key: str) -> None:
    assert layout(name, DAY).day_of(key) is None


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize(
    "file",
    [
        "dummy-object.txt",
        "_SUCCESS",
        ".hidden",
        ".part-0.json.crc",
        "part_$folder$",
        "",
        "folder/",
        "manifest",
        "part_manifest",
    ],
)
def test_marks_left_by_tools_and_hidden_files_are_foreign_in_every_layout(name: str, file: str) -> None:
    keys = layout(name, DAY)

    assert keys.day_of(keys.key(DAY, file)) is None


@pytest.mark.parametrize(
    "key", ["", "/", "/events.json", "_temporary/events.json", ".git/events.json", "../events.json"]
)
def test_hidden_and_nameless_files_are_foreign_even_where_any_folder_is_allowed(key: str) -> None:
    assert layout("flat", DAY).day_of(key) is None


def test_a_folder_without_a_name_is_a_folder() -> None:
    assert layout("flat", DAY).day_of("a//events.json") == DAY
    assert layout("hive", DAY).day_of("day=2026-10-01//events.json") is None


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "flat"])
@given(day=DAYS, file=FILE_NAMES, hour=st.integers(0, 23))
def test_the_day_of_a_written_key_is_the_day_it_was_written_for(name: str, day: date, file: str, hour: int) -> None:
    keys = layout(name, DAY)

    assert keys.day_of(keys.key(day, file, source="android-prod", hour=hour)) == day


@given(day=DAYS, start=DAYS, file=FILE_NAMES)
def test_every_flat_key_belongs_to_the_start_date(day: date, start: date, file: str) -> None:
    keys = layout("flat", start)

    assert keys.day_of(keys.key(day, file)) == start


@pytest.mark.parametrize("name", LAYOUTS)
@given(key=st.text())
def test_no_key_is_an_error(name: str, key: str) -> None:
    layout(name, DAY).day_of(key)


@pytest.mark.parametrize(
    ("name", "prefixes"),
    [
        ("segment", (f"segment-logs/*/{MIDNIGHT}/",)),
        ("rudderstack", ("rudder-logs/*/2026-10-01/", "rudder-logs/*/10-01-2026/")),
        ("firehose", ("2026/10/01/",)),
        (
            "hive",
            (
                "day=2026-10-01/",
                "dt=2026-10-01/",
                "date=2026-10-01/",
                "year=2026/month=10/day=01/",
                "year=2026/month=10/day=1/",
            ),
        ),
        ("flat", ("",)),
    ],
)
def test_the_prefixes_of_a_day_are_all_that_has_to_be_listed(name: str, prefixes: tuple[str, ...]) -> None:
    assert layout(name, DAY).prefixes(DAY) == prefixes


def test_hive_prefixes_name_a_number_once_where_padding_changes_nothing() -> None:
    assert [p for p in layout("hive", DAY).prefixes(date(2026, 10, 12)) if p.startswith("year")] == [
        "year=2026/month=10/day=12/"
    ]


def test_flat_has_no_prefix_for_a_day_that_is_not_the_start_date() -> None:
    assert layout("flat", DAY).prefixes(date(2026, 10, 2)) == ()


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "flat"])
@given(day=DAYS)
def test_a_written_key_is_below_a_prefix_of_its_day(name: str, day: date) -> None:
    keys = layout(name, DAY)

    assert any(fnmatchcase(keys.key(day, "file"), prefix + "*") for prefix in keys.prefixes(day))


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_has_a_name_and_an_example_for_people(name: str) -> None:
    keys = layout(name, DAY)

    assert keys.name == name
    assert keys.example.endswith("<file>")


def test_an_unknown_layout_is_refused_with_the_names_that_are_allowed() -> None:
    with pytest.raises(ValueError, match="'s3' is not a layout; use one of segment, rudderstack, firehose, hive, flat"):
        layout("s3", DAY)
