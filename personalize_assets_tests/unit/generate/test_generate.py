"""The generator as a whole: the same for a seed, and refusals."""

import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.generate import SHAPES, Written, generate
from personalize_assets.layouts import LAYOUTS, layout
from personalize_assets_tests.helpers.raw_files import (
    START,
    arrived,
    files_in,
    lines_in,
)

PATTERNS = ["*/%Y/%m/%d/%H/*", "logs/%Y%m%d_*.gz", "dt=%Y-%m-%d-%H/**", "logs/%s-*.json"]


@pytest.mark.parametrize("name", [*LAYOUTS, *PATTERNS])
def test_the_same_arguments_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    generate(tmp_path / "one", layout=name, days=2, users=60, seed=3)
    generate(tmp_path / "two", layout=name, days=2, users=60, seed=3)

    assert files_in(tmp_path / "one") == files_in(tmp_path / "two")


def test_another_seed_gives_other_events(tmp_path: Path) -> None:
    generate(tmp_path / "one", layout="segment", days=1, users=60, seed=3)
    generate(tmp_path / "two", layout="segment", days=1, users=60, seed=4)

    ids = [{event["messageId"] for _, _, event in arrived(tmp_path / seed)} for seed in ("one", "two")]
    assert not ids[0] & ids[1]


def test_one_seed_gives_the_same_events_in_every_layout(tmp_path: Path) -> None:
    of_layouts = []
    for number, name in enumerate([*LAYOUTS, *PATTERNS]):
        generate(tmp_path / str(number), layout=name, days=2, users=60, seed=3)
        of_layouts.append(
            Counter((event["messageId"], event.get("event")) for _, _, event in arrived(tmp_path / str(number), name))
        )

    assert of_layouts[0]
    assert all(other == of_layouts[0] for other in of_layouts)


@pytest.mark.parametrize("name", [name for name in (*LAYOUTS, *PATTERNS) if name != "flat"])
def test_every_day_has_files_and_no_file_is_outside_the_range(name: str, tmp_path: Path) -> None:
    generate(tmp_path / "raw", layout=name, days=3, users=100, seed=3)

    keys = layout(name, START)
    days = {keys.day_of(key) for key in files_in(tmp_path / "raw") if "dummy-object" not in key}
    assert days == {START + timedelta(days=n) for n in range(3)}


def test_the_start_can_be_another_day(tmp_path: Path) -> None:
    generate(tmp_path / "hive", layout="hive", days=1, users=60, seed=3, start=date(2024, 2, 29))

    assert {key.split("/")[0] for key in files_in(tmp_path / "hive")} == {"day=2024-02-29"}


def test_what_is_returned_is_what_was_written(tmp_path: Path) -> None:
    made = generate(tmp_path / "s", layout="segment", days=3, users=300, seed=3)

    files = files_in(tmp_path / "s")
    assert made.files == len(files)
    assert made.bytes == sum(map(len, files.values()))
    assert made.events == len(arrived(tmp_path / "s"))
    assert made.events + made.broken == len(lines_in(tmp_path / "s"))


@pytest.mark.parametrize("name", SHAPES)
def test_the_same_arguments_give_the_same_bytes_in_every_shape(name: str, tmp_path: Path) -> None:
    made = [generate(tmp_path / run, shape=name, days=2, users=30, seed=3) for run in ("one", "two")]

    files = files_in(tmp_path / "one")
    assert files == files_in(tmp_path / "two")
    assert made[0] == made[1]
    assert (made[0].files, made[0].bytes) == (len(files), sum(map(len, files.values())))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "shape and layout: a shape has a layout of its own; give one of the two"),
        ({"shape": "ga4", "layout": "hive"}, "shape and layout: a shape has a layout of its own; give one of the two"),
        ({"shape": "ga4", "format": "csv"}, "shape and format: 'ga4' has a format of its own; give format with layout"),
        ({"layout": "hive", "format": "xml"}, "format: 'xml' is not a format; use one of json, csv, parquet"),
        ({"shape": "matomo"}, "shape: 'matomo' is not a shape; use one of amplitude, cloudwatch, "),
    ],
)
def test_a_shape_or_format_that_is_none_is_refused(wrong: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        generate(tmp_path / "raw", days=1, users=10, seed=1, **wrong)  # type: ignore[arg-type]

    assert not (tmp_path / "raw").exists()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"days": 0}, "days: 0 is too few; give 1 or more"),
        ({"users": -1}, "users: -1 is too few; give 1 or more"),
        (
            {"layout": "csv"},
            "layout: 'csv' is not a layout; use one of segment, rudderstack, firehose, hive, flat, or a pattern of "
            "keys as 'year=%Y/month=%m/day=%d/**'",
        ),
        (
            {"layout": "%Y/*"},
            "layout: '%Y/*' has a year, but no day in it; write %Y, %m and %d, or %Y and %j, %s or %Q",
        ),
        (
            {"layout": "%Y-%m-%d.json"},
            "layout: '%Y-%m-%d.json' has no place for the name of a file; write a `*` into its last part",
        ),
    ],
)
def test_an_argument_out_of_range_is_refused_before_anything_is_written(
    wrong: dict[str, Any], message: str, tmp_path: Path
) -> None:
    arguments: dict[str, Any] = {"layout": "segment", "days": 1, "users": 1, "seed": 1} | wrong

    with pytest.raises(ValueError, match=re.escape(message)):
        generate(tmp_path / "out", **arguments)

    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")

    with pytest.raises(ValueError, match="is not an empty folder; remove it or name a new one"):
        generate(tmp_path, layout="segment", days=1, users=1, seed=1)

    assert files_in(tmp_path) == {"mine.txt": b"keep"}


@pytest.mark.parametrize("name", LAYOUTS)
def test_one_user_and_one_day_are_enough(name: str, tmp_path: Path) -> None:
    assert generate(tmp_path / name, layout=name, days=1, users=1, seed=1).days == 1


def test_progress_leads_to_what_is_written(tmp_path: Path) -> None:
    found: list[Written] = []

    made = generate(tmp_path, layout="hive", days=3, users=1500, seed=1, on_progress=found.append)

    assert [one.visits for one in found] == list(range(500, 500 * (len(found) + 1), 500))
    assert 0 <= found[-1].planned - found[-1].visits < 600  # the plan is right up to chance
    assert found[0].events < found[-1].events <= made.events
    assert found[-1].bytes <= made.bytes
