"""What a run prints at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run.closing import print_failed_closing
from personalize_assets.local_run.run import run_all
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.dagster_runs import put_raw, small_config

WRONG = '{"userId": "u1", "item": "i1", "time": 1790812801}\n'
CAUSE = "USER_ID: path `user` is in no wanted event; events have `userId`; 1 of 1 rows are rejects (missing:USER_ID)"


def test_with_checks_warn_the_red_checks_and_the_likely_causes_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    put_raw(tmp_path, WRONG)

    assert not run_all(small_config(tmp_path, checks="warn"))

    assert capsys.readouterr().out.partition("\n\n")[2].splitlines() == [
        "dataset       kept  rejected  duplicates  exported  bytes  file",
        "interactions     0         1           0         0     26  out/exports/latest/interactions.csv",
        "",
        "Rejected: 1 interactions missing:USER_ID; see out/rejects",
        "Schemas:  out/exports/latest/*.avsc",
        "Report:   out/report.html",
        "",
        "Personalize would refuse this export (docs/reference/checks.md says what to do):",
        "  interactions_csv: at_least_1000_interactions_are_unique: found 0, allowed is at least 1,000",
        "  interactions_csv: at_least_25_users_have_two_interactions: found 0, allowed is at least 25 and 1 % of 0 "
        "users",
        "",
        "Warnings of checks (docs/reference/checks.md says what to do):",
        "  filtered_interactions: few_rows_are_rejected: found 1.0, allowed is at most 25% of the rows",
        "  interactions_csv: at_least_50000_interactions_are_there: found 0, allowed is at least 50,000",
        "  interactions_csv: at_least_1000_users_have_two_interactions: found 0, allowed is at least 1,000",
        "",
        "Likely causes:",
        f"  {CAUSE}",
    ]


def test_a_typo_in_dedupe_by_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    put_raw(tmp_path, '{"user": "u1", "item": "i1", "time": 1790812801, "messageId": "m1"}\n')
    ids = {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "time"}

    run_all(small_config(tmp_path, checks="warn", datasets={"interactions": {"columns": ids, "dedupe_by": "mesageId"}}))

    assert (
        "Warning:  interactions: dedupe_by: path `mesageId` is in no wanted event; events have `messageId`; only rows "
        "that are equal in every column count as repeats"
    ) in capsys.readouterr().out.splitlines()


def test_days_before_a_later_start_date_are_not_exported_and_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for day, user in (("2026-10-01", "u1"), ("2026-10-02", "u2")):
        put_raw(tmp_path, f'{{"user": "{user}", "item": "i1", "time": 1790812801}}\n', day)
    run_all(small_config(tmp_path, checks="warn"))
    later = {"uri": "raw", "layout": "hive", "start_date": "2026-10-02"}

    run_all(small_config(tmp_path, checks="warn", source=later))

    assert (tmp_path / "out/exports/latest/interactions.csv").read_text() == (
        "USER_ID,ITEM_ID,TIMESTAMP\nu2,i1,1790812801\n"
    )
    assert (
        "Left out: converted days before start_date 2026-10-02 (2026-10-01 to 2026-10-01: 1); they stay stored, and "
        "count again with an earlier start_date"
    ) in capsys.readouterr().out.splitlines()


def test_a_run_that_fails_prints_the_table_and_the_rejects_and_its_error_has_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    put_raw(tmp_path, WRONG)

    with pytest.raises(PersonalizeAssetsError) as raised:
        run_all(small_config(tmp_path))

    assert capsys.readouterr().out.partition("\n\n")[2].splitlines() == [
        "dataset       kept  rejected  duplicates  exported  bytes  file",
        "interactions     0         1           -         -      -  none",
        "",
        "Rejected: 1 interactions missing:USER_ID; see out/rejects",
        "Report:   out/report.html",
    ]
    assert str(raised.value).endswith(f"as for a trial\nLikely causes:\n  {CAUSE}")


def test_a_table_that_cannot_be_read_is_said_and_leaves_the_error_of_the_stage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    group = DatasetGroup(small_config(tmp_path))
    (tmp_path / "out/days").mkdir(parents=True)
    (tmp_path / "out/days/day=2026-10-01.json").write_text("{")

    print_failed_closing(group)

    assert capsys.readouterr().out.startswith("The table of results cannot be read: ")


def test_before_any_day_is_converted_there_is_no_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_failed_closing(DatasetGroup(small_config(tmp_path)))

    assert capsys.readouterr().out == ""


def test_days_whose_raw_files_are_gone_are_named_and_their_rows_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for day, user in (("2026-10-01", "u1"), ("2026-10-02", "u2")):
        put_raw(tmp_path, f'{{"user": "{user}", "item": "i1", "time": 1790812801}}\n', day)
    config = small_config(tmp_path, checks="warn")
    run_all(config)
    (tmp_path / "raw/day=2026-10-01/a.json").unlink()
    capsys.readouterr()

    run_all(config)

    printed = capsys.readouterr().out.splitlines()
    assert (
        "Kept:     the rows of 1 converted day (2026-10-01 to 2026-10-01) whose raw files are gone; "
        "`run --days 2026-10-01..2026-10-01` converts these days to what is there now"
    ) in printed
    assert any(line.startswith("interactions     2         0           0         2") for line in printed)
