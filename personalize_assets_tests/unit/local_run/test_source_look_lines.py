"""How `validate` prints what it found."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from personalize_assets.local_run.printed_json import print_json
from personalize_assets.local_run.source_look import DatasetLook, DayFiles, SourceCheck, SourceLook
from personalize_assets.local_run.source_look_lines import error_line, print_look, source_lines, warning_lines
from personalize_assets.storage.unread_keys import NO_KEYS

SOURCE = SourceLook(
    uri="s3://b/raw",
    layout="hive",
    example="day=<YYYY-MM-DD>/<file>",
    days=(DayFiles("2026-10-01", 1, 10), DayFiles("2026-10-02", 2, 2000)),
    unfit=NO_KEYS,
    early=3,
    problem="",
    lines=("Empty:    one",),
)
DATASET = DatasetLook(
    raw_files=3,
    events=1000,
    wanted=900,
    rows=900,
    kept=600,
    rejected={"missing:USER_ID": 300},
    dropped={"bad_value:AGE": 2},
    causes=("USER_ID: no path",),
    warnings=(),
)
FOUND = SourceCheck(
    dataset_group="shop",
    warehouse=False,
    sources=(SOURCE,),
    sampled_days=("2026-10-01", "2026-10-02"),
    malformed={"malformed_json": 2232, "not_an_object": 1},
    datasets={"interactions": DATASET},
)


def test_sources_datasets_dropped_values_and_causes_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_look(FOUND)

    assert capsys.readouterr().out == (
        "Group:    shop; its config is valid\n"
        "\n"
        "Source:   s3://b/raw, layout hive (day=<YYYY-MM-DD>/<file>)\n"
        "  3 files of 2 days, 2,010 bytes\n"
        "  2026-10-01  1 file, 10 bytes\n"
        "  2026-10-02  2 files, 2,000 bytes\n"
        "  3 files from before start_date; they are not read\n"
        "Empty:    one\n"
        "\n"
        "Of the events at the beginnings of files of 2 days (2026-10-01 to 2026-10-02):\n"
        "\n"
        "dataset       events  wanted  rows  kept  rejected\n"
        "interactions   1,000     900   900   600  300 missing:USER_ID\n"
        "\n"
        "Malformed: 2,232 malformed_json, 1 not_an_object; they are not among the events above\n"
        "\n"
        "Dropped values: 2 interactions bad_value:AGE; their rows are kept\n"
        "\n"
        "Likely causes of missing rows:\n"
        "  interactions: USER_ID: no path\n"
    )


NO_ROW = replace(DATASET, kept=0)


def test_what_is_likely_not_meant_is_a_warning() -> None:
    found = replace(FOUND, datasets={"interactions": replace(DATASET, warnings=("dedupe_by: a typo",))})

    assert list(warning_lines(found)) == ["Warning: interactions: dedupe_by: a typo"]


def test_entities_without_a_row_are_a_warning() -> None:
    found = replace(FOUND, datasets={"interactions": DATASET, "users": NO_ROW})

    assert list(warning_lines(found)) == ["Warning: users would be empty: no row of the sample could be used"]


def test_events_without_a_row_are_an_error() -> None:
    found = replace(FOUND, datasets={"interactions": NO_ROW, "users": DATASET})

    assert error_line(found) == "no interactions would come out: no row of the sample could be used"


def test_a_warehouse_without_files_is_neither() -> None:
    found = replace(FOUND, warehouse=True, datasets={"interactions": replace(NO_ROW, raw_files=0), "users": DATASET})

    assert found.gives_rows
    assert list(warning_lines(found)) == []


def test_of_many_days_the_first_three_and_the_last_seven_are_printed() -> None:
    days = tuple(DayFiles(f"2026-10-{day:02}", 1, 1) for day in range(1, 13))

    _, total, *lines = source_lines(replace(SOURCE, days=days, early=0, lines=()), warehouse=False)

    assert total == "  12 files of 12 days, 12 bytes"
    assert [line.split()[0] for line in lines[:5]] == ["2026-10-01", "2026-10-02", "2026-10-03", "...", "2026-10-06"]
    assert lines[3] == "  ... 2 more days; --json has all"
    assert lines[-1].startswith("  2026-10-12")


@pytest.mark.parametrize(
    ("warehouse", "line"), [(False, "  nothing there"), (True, "  no file yet: a run unloads the warehouse first")]
)
def test_a_source_without_files_says_why(warehouse: bool, line: str) -> None:
    empty = replace(SOURCE, days=(), early=0, lines=(), problem="nothing there")

    assert list(source_lines(empty, warehouse=warehouse))[1:] == [line]


def test_json_has_all_keys(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(FOUND)

    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["dataset_group", "warehouse", "sources", "sampled_days", "malformed", "datasets"]
    assert found["sources"][0]["days"][1] == {"day": "2026-10-02", "files": 2, "bytes": 2000}
    assert found["datasets"]["interactions"]["rejected"] == {"missing:USER_ID": 300}
