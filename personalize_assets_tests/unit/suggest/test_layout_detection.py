"""Which layout and which prefix the keys follow."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from personalize_assets.config.loading import parse_yaml
from personalize_assets.suggest import suggest
from personalize_assets.suggest.layout_detection import detect_layout
from personalize_assets_tests.helpers.sites import media_event, suggested, write_events


@pytest.mark.parametrize(
    ("key", "named", "uri", "layout"),
    [
        ("logs/web/2026/10/01/13/a", "logs", "logs/web", "firehose"),
        ("2026/10/01/a", "2026/10", "", "firehose"),
        ("segment-logs/web/1790812800000/a", "segment-logs/web", "", "segment"),
        ("x/rudder-logs/web/2026-10-01/a", "", "x", "rudderstack"),
        ("raw/year=2026/month=10/day=1/a", "", "raw", "hive"),
        ("logs/web/2026/10/01/13/a", "", "logs/web", "firehose"),
        ("customer_id=a/year=2026/month=10/day=01/hour=05/a", "", "", "customer_id=*/year=%Y/month=%m/day=%d/**"),
        ("2026-10-01/customer/a", "", "", "%Y-%m-%d/**"),
        ("x/dt=2026-10-01-05/a", "", "", "x/dt=%Y-%m-%d-%H/**"),
        ("x/dt=2026-10-01-05/a", "x", "x", "dt=%Y-%m-%d-%H/**"),
        ("logs/20261001_0.gz", "", "", "logs/%Y%m%d_*.gz"),
        ("2026/10/01/05/03/a", "", "", "%Y/%m/%d/**"),
    ],
)
def test_the_layout_is_found_from_whichever_folder_on(
    key: str, named: str, uri: str, layout: str, tmp_path: Path
) -> None:
    root = write_events(tmp_path / "top", map(media_event, range(40)), key)

    source = suggested(root / named, tmp_path).source

    assert (source.uri, source.layout) == (str(root / uri) if uri else str(root), layout)
    assert source.start_date.isoformat() == "2026-10-01"


def test_several_streams_of_one_bucket_are_one_source(tmp_path: Path) -> None:
    for number in range(5):
        write_events(tmp_path / "top", map(media_event, range(20)), f"web/2026/10/0{number + 1}/a")
    for stream in ("ios", "android"):
        write_events(tmp_path / "top", map(media_event, range(20)), f"{stream}/2026/10/01/a")

    text = suggest(str(tmp_path / "top"), folder=tmp_path)

    assert parse_yaml(text, "suggested.yaml")["source"] == {
        "uri": "top",
        "layout": "*/%Y/%m/%d/**",
        "start_date": "2026-10-01",
    }
    assert "# covers 7 of 7 keys, as android/2026/10/01/a" in text


def test_files_of_another_layout_beside_the_largest_are_named(tmp_path: Path) -> None:
    for number in range(5):
        write_events(tmp_path / "top", map(media_event, range(20)), f"web/2026/10/0{number + 1}/a")
    write_events(tmp_path / "top", map(media_event, range(20)), "app/day=2026-10-01/a")
    write_events(tmp_path / "top", map(media_event, range(20)), "old/x-2026-10-01/a")

    text = suggest(str(tmp_path / "top"), folder=tmp_path)

    assert parse_yaml(text, "suggested.yaml")["source"]["uri"] == "top/web"
    assert "# 71% of 7 keys are like <YYYY>/<MM>/<DD>/<file>" in text
    assert detect_layout(str(tmp_path / "top")).others == (
        f"{tmp_path}/top/app (hive)",
        f"{tmp_path}/top (old/x-%Y-%m-%d/**)",
    )


def test_the_reason_names_the_form_that_the_keys_have(tmp_path: Path) -> None:
    write_events(tmp_path, map(media_event, range(2)), "year=2026/month=10/day=01/a.json")

    assert detect_layout(str(tmp_path)).why == "100% of 1 keys are like year=<YYYY>/month=<MM>/day=<DD>/<file>"


def test_the_reason_says_if_a_day_cannot_be_listed_alone(tmp_path: Path) -> None:
    for stream in ("web", "ios"):
        write_events(tmp_path, map(media_event, range(2)), f"{stream}_20261001.json")

    found = detect_layout(str(tmp_path))

    assert (found.layout, found.why) == (
        "*_%Y%m%d.json",
        "covers 2 of 2 keys, as ios_20261001.json; the day is not in front, so each listing of a day reads the names "
        "of all files",
    )


def test_the_reason_for_a_pattern_counts_the_keys_that_it_covers(tmp_path: Path) -> None:
    for key in ("dt=2026-10-01-05/a", "dt=2026-10-02-06/a", "notes/a.json"):
        write_events(tmp_path, map(media_event, range(2)), key)

    found = detect_layout(str(tmp_path))

    assert (found.layout, found.why) == ("dt=%Y-%m-%d-%H/**", "covers 2 of 3 keys, as dt=2026-10-01-05/a")
    assert sorted(found.files) == [date(2026, 10, 1), date(2026, 10, 2)]


def test_keys_of_no_layout_are_flat_and_the_reason_names_one(tmp_path: Path) -> None:
    write_events(tmp_path, map(media_event, range(2)), "any/b.json")
    write_events(tmp_path, map(media_event, range(2)), "any/a.json")

    found = detect_layout(str(tmp_path))

    assert (found.uri, found.layout, found.others) == (str(tmp_path), "flat", ())
    assert found.why == "the keys carry no day in a way known here, as any/a.json; all files count as one day's"
    assert [file.key for files in found.files.values() for file in files] == ["any/a.json", "any/b.json"]


def test_half_of_the_keys_are_enough_for_a_layout(tmp_path: Path) -> None:
    write_events(tmp_path, map(media_event, range(2)), "day=2026-10-01/a.json")
    write_events(tmp_path, map(media_event, range(2)), "notes/a.json")

    found = detect_layout(str(tmp_path))

    assert found.layout == "hive"
    assert found.why == "50% of 2 keys are like day=<YYYY-MM-DD>/<file>"
    assert list(found.files) == [date(2026, 10, 1)]


def test_fewer_keys_than_half_are_named_beside_flat(tmp_path: Path) -> None:
    write_events(tmp_path, map(media_event, range(2)), "day=2026-10-01/a.json")
    write_events(tmp_path, map(media_event, range(2)), "notes/a.json")
    write_events(tmp_path, map(media_event, range(2)), "notes/b.json")

    found = detect_layout(str(tmp_path))

    assert (found.layout, found.others) == ("flat", (f"{tmp_path} (hive)",))
