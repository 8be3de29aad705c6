"""The closing table of a run: plain lines, and styled on a terminal."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from personalize_assets.local_run.summary import (
    CsvSummary,
    DatasetSummary,
    Summary,
    plain_table,
    print_summary,
    short_path,
    summarize,
)
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.manifests import DayAccounting, DayCommit, ExportManifest
from personalize_assets_tests.helpers.dagster_runs import small_config
from personalize_assets_tests.helpers.stored import put_day, put_export

SUMMARY = Summary(
    [
        DatasetSummary("interactions", 1234, 5, CsvSummary(34, 1200, 56_789, "/out/exports/interactions.csv")),
        DatasetSummary("users", 7, 0, CsvSummary(0, 7, 99, "s3://bucket/exports/users.csv")),
        DatasetSummary("items", 3, 0, None),
    ],
    {"interactions missing:USER_ID": 5, "malformed_json": 1000},
    "/out/rejects",
    ["/out/exports/latest/*.avsc"],
    {"interactions bad_value:EVENT_VALUE": 1200, "users too_long:CITY": 1},
)
LINES = [
    "dataset        kept  rejected  duplicates  exported   bytes  file",
    "interactions  1,234         5          34     1,200  56,789  /out/exports/interactions.csv",
    "users             7         0           0         7      99  s3://bucket/exports/users.csv",
    "items             3         0           -         -       -  none",
    "",
    "Rejected: 5 interactions missing:USER_ID, 1,000 malformed_json; see /out/rejects",
    "Dropped values: 1,200 interactions bad_value:EVENT_VALUE, 1 users too_long:CITY; their rows are kept",
    "Schemas:  /out/exports/latest/*.avsc",
]


def test_what_is_outside_the_window_is_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    csv = CsvSummary(34, 1000, 56_789, "/out/exports/interactions.csv", outside_window=200, last_days=30)

    print_summary(Summary([DatasetSummary("interactions", 1234, 5, csv)], {}, "/out/rejects", []))

    assert capsys.readouterr().out.splitlines()[2:] == [
        "",
        "Outside the window: 200 interactions more than 30 x 24 hours older than the newest (last_days); they are not "
        "exported",
    ]


def test_rows_of_listed_users_are_a_line_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    clicks = CsvSummary(34, 1000, 56_789, "/out/exports/interactions.csv", suppressed=1200)
    users = CsvSummary(0, 7, 99, "/out/exports/users.csv", suppressed=0)
    datasets = [DatasetSummary("interactions", 2234, 5, clicks), DatasetSummary("users", 7, 0, users)]

    print_summary(Summary(datasets, {}, "/out/rejects", []))

    assert capsys.readouterr().out.splitlines()[3:] == [
        "",
        "Suppressed: 1,200 interactions, 0 users of listed users (suppress); they are not exported",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> str:
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", terminal)
    print_summary(SUMMARY)
    return terminal.getvalue()


def test_where_there_is_no_terminal_the_table_is_plain_lines_of_any_length(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(SUMMARY)

    assert capsys.readouterr().out.splitlines() == LINES


def test_a_terminal_shows_the_same_lines_in_style(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    printed = on_a_terminal(monkeypatch, 120).replace("\x1b[1m", "").replace("\x1b[0m", "")

    assert [line.rstrip() for line in printed.splitlines()] == LINES


@pytest.mark.parametrize("columns", [20, 50, 75])
def test_a_terminal_that_is_too_narrow_gets_whole_numbers_and_paths_on_lines_that_it_breaks_itself(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    assert on_a_terminal(monkeypatch, columns).splitlines() == LINES


def test_numbers_are_aligned_to_the_right_and_texts_to_the_left() -> None:
    assert list(plain_table([("name", "rows", "file"), ("a", "1,000", "b")])) == ["name   rows  file", "a     1,000  b"]


def test_a_path_below_the_working_folder_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert short_path(f"{tmp_path}/out/exports/users/") == "out/exports/users/"
    assert short_path("/elsewhere/out") == "/elsewhere/out"
    assert short_path("s3://bucket/out") == "s3://bucket/out"


def test_dropped_values_are_counted_over_all_days_by_dataset_and_reason(tmp_path: Path) -> None:
    group = DatasetGroup(small_config(tmp_path))
    for day, count in (("2026-10-01", 2), ("2026-10-02", 3)):
        commit = DayCommit(run="r", mapping="m", rows=9, kept=9, dropped={"bad_value:EVENT_VALUE": count})
        put_day(group.destination, day, {"interactions": commit})

    assert summarize(group, group.destination.days.all()).dropped == {"interactions bad_value:EVENT_VALUE": 5}


def test_rejects_are_counted_over_all_days_by_dataset_and_reason(tmp_path: Path) -> None:
    group = DatasetGroup(small_config(tmp_path))
    for day, rejected in (("2026-10-01", {"missing:USER_ID": 2}), ("2026-10-02", {"missing:USER_ID": 1, "bad": 4})):
        rows = 10 + sum(rejected.values())
        commit = DayCommit(run="r", mapping="m", rows=rows, kept=10, rejected=rejected)
        malformed = DayAccounting(run="r", malformed={"malformed_json": 1})
        put_day(group.destination, day, {"interactions": commit}, {"source": malformed})
    put_export(
        group.destination,
        ExportManifest(
            dataset="interactions", columns=(), rows=15, kept=20, duplicates=5, bytes=300, sha256="", run="r", days=(),
            path="exports/r/interactions.csv", schema="exports/r/interactions.avsc",
        ),
    )  # fmt: skip

    summary = summarize(group, group.destination.days.all())

    assert summary.datasets == [
        DatasetSummary("interactions", 20, 7, CsvSummary(5, 15, 300, f"{tmp_path}/out/exports/latest/interactions.csv"))
    ]
    assert summary.schemas == [f"{tmp_path}/out/exports/latest/*.avsc"]
    assert summary.rejects == {"interactions missing:USER_ID": 3, "interactions bad": 4, "malformed_json": 2}
