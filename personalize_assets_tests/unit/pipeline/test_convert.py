"""Conversions: what is planned, what is committed, and which days are finished."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from personalize_assets.conversion.spec import ConvertReport, RawFile
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.arrivals import CommittedDay
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import (
    ConvertedDays,
    DaysMovedOn,
    commit_convert,
    converted_state,
    finished_days,
    first_rejects,
    plan_convert,
)
from personalize_assets.storage.manifests import DayAccounting, DayCommit, Reject
from personalize_assets.storage.raw_files import NO_FILES
from personalize_assets_tests.helpers.small_group import (
    CLICK,
    FIRST,
    IDENTIFY,
    NOW,
    SECOND,
    convert_here,
    put_events,
    run_here,
    small_group,
)
from personalize_assets_tests.helpers.stored import commits, put_day


def columns(**more: Any) -> dict[str, Any]:
    """Datasets with other columns of interactions."""
    return {"interactions": {"where": {"event": "Clicked"}, "columns": {"USER_ID": "user", "TIMESTAMP": "at", **more}}}


# -- plans -----------------------------------------------------------------------------------------------------------


def test_a_spec_names_the_catalogued_files_and_the_folders_to_write_to(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK)
    catalogs = catalog_days(group, [FIRST])
    put_events(group, FIRST, CLICK, name="later.json")

    spec = plan_convert(group, [FIRST], ["users"])

    (source,) = spec.sources
    size = (tmp_path / "raw/day=2026-10-01/a.json").stat().st_size
    assert source.files == (RawFile(f"{tmp_path}/raw/day=2026-10-01/a.json", FIRST, size, "lines"),)
    assert [dataset.name for dataset in source.datasets] == ["interactions", "users"], "all that the source is for"
    assert (spec.plan.make, spec.plan.folders["users"]) == (("users",), f"{tmp_path}/out/user_traits")
    assert spec.contents == {"2026-10-01": catalogs["2026-10-01"].content}


def test_files_of_a_flat_source_are_not_dated(tmp_path: Path) -> None:
    group = small_group(tmp_path, source={"uri": "raw", "layout": "flat", "start_date": "2026-10-01"})
    catalog_days(group, [FIRST])

    assert [source.dated for source in plan_convert(group, [FIRST], ["users"]).sources] == [False]


# -- commits ---------------------------------------------------------------------------------------------------------


def test_a_commit_names_the_files_as_keys_and_the_content_they_were_made_of(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK, {**CLICK, "sku": None}, IDENTIFY, '{"event": "Clicked", broken')
    content = catalog_days(group, [FIRST])["2026-10-01"].content

    converted = convert_here(group, FIRST)

    commit = converted.commits["interactions"]["2026-10-01"]
    accounting = converted.accounting["interactions"]["2026-10-01"]
    assert (commit.rows, commit.kept, commit.rejected) == (2, 1, {"missing:ITEM_ID": 1})
    assert (commit.run, commit.content, commit.key_mark) == (accounting.run, content, None)
    assert (accounting.read, accounting.wanted, accounting.malformed) == (4, 3, {"malformed_json": 1})
    keys = (*commit.files, *commit.reject_files, *accounting.reject_files)
    assert all((tmp_path / "out" / key).is_file() for key in keys)
    assert len(keys) == 3
    state = group.destination.days.one("2026-10-01")
    assert state is not None
    assert (state.datasets["interactions"], state.sources["source"]) == (commit, accounting)


def test_a_day_without_files_gets_empty_commits(tmp_path: Path) -> None:
    converted = convert_here(small_group(tmp_path), FIRST)

    commit = converted.commits["users"]["2026-10-01"]
    assert (commit.rows, commit.kept, commit.files, commit.content) == (0, 0, (), NO_FILES)
    assert converted.accounting["users"]["2026-10-01"].read == 0


def test_a_report_that_lost_a_file_commits_nothing(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK)
    put_events(group, SECOND, CLICK)
    catalog_days(group, [FIRST, SECOND])
    spec = plan_convert(group, [FIRST, SECOND], ["users"])
    report = run_here(spec)
    lost = ConvertReport(days={"2026-10-01": report.days["2026-10-01"]})

    with pytest.raises(PersonalizeAssetsError) as error:
        commit_convert(group, [FIRST, SECOND], spec, lost)

    assert str(error.value) == (
        f"the engine's report of run {spec.plan.run_id} accounts for 0 of 1 raw files of 2026-10-02 (source); nothing "
        "was committed: run it again"
    )
    assert commits(group.destination, "users") == {}


def test_an_older_conversion_that_ends_later_never_replaces_newer_content(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    for day in (FIRST, SECOND):
        put_events(group, day, CLICK)
    catalog_days(group, [FIRST, SECOND])
    slow = plan_convert(group, [FIRST, SECOND], ["interactions", "users"])
    report = run_here(slow)
    put_events(group, FIRST, CLICK, CLICK, name="late.json")
    newer = convert_here(group, FIRST).commits["interactions"]["2026-10-01"]

    with pytest.raises(DaysMovedOn) as error:
        commit_convert(group, [FIRST, SECOND], slow, report)

    assert str(error.value) == (
        f"the raw files of 2026-10-01 changed and another run catalogued them while run {slow.plan.run_id} converted "
        "their former content; that day is left unchanged: convert again"
    )
    days = commits(group.destination, "interactions")
    second = days["2026-10-02"]
    assert days["2026-10-01"] == newer
    assert (newer.kept, second.run) == (3, slow.plan.run_id)
    left = {file.key for file in group.destination.store.files("filtered_interactions/day=2026-10-01/")}
    assert left == {*newer.files}


def test_a_day_that_another_run_catalogued_with_the_same_files_is_committed(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK)
    catalog_days(group, [FIRST])
    spec = plan_convert(group, [FIRST], ["interactions", "users"])
    report = run_here(spec)
    catalog_days(group, [FIRST])

    assert commit_convert(group, [FIRST], spec, report).days() == {"2026-10-01"}


def test_days_of_two_conversions_are_put_together() -> None:
    def day(name: str, day: str, kept: int) -> ConvertedDays:
        made = ConvertedDays()
        made.add(name, day, DayCommit(run="r", mapping="m", kept=kept), DayAccounting(run="r", read=kept))
        return made

    total = day("users", "2026-10-01", 1) + day("users", "2026-10-02", 2) + day("users", "2026-10-01", 3)

    assert {at: commit.kept for at, commit in total.commits["users"].items()} == {"2026-10-01": 3, "2026-10-02": 2}
    assert {at: counts.read for at, counts in total.accounting["users"].items()} == {"2026-10-01": 3, "2026-10-02": 2}
    assert total.days() == {"2026-10-01", "2026-10-02"}


# -- finished days ---------------------------------------------------------------------------------------------------


def finished(group: Any, *days: date) -> list[str]:
    return sorted(finished_days(group, days, ["interactions"]).days())


def test_a_day_is_finished_once_it_is_converted_and_until_its_files_change(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK)
    catalog_days(group, [FIRST, SECOND])
    assert finished(group, FIRST, SECOND) == []

    converted = convert_here(group, FIRST)
    assert finished(group, FIRST, SECOND) == ["2026-10-01"]
    assert finished_days(group, [FIRST], ["interactions", "users"]) == converted

    put_events(group, FIRST, CLICK, name="b.json")
    catalog_days(group, [FIRST])
    assert finished(group, FIRST, SECOND) == []


def test_a_day_of_another_mapping_is_not_finished(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK)
    convert_here(group, FIRST)

    assert finished(small_group(tmp_path, datasets=columns(ITEM_ID="item")), FIRST) == []


def test_a_day_whose_counts_do_not_balance_or_whose_commit_is_damaged_is_not_finished(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK)
    commit = convert_here(group, FIRST).commits["interactions"]["2026-10-01"]

    put_day(group.destination, "2026-10-01", {"interactions": structs.replace(commit, kept=0)})
    assert finished(group, FIRST) == []

    group.destination.store.write("days/day=2026-10-01.json", b"{")
    assert finished(group, FIRST) == []


def test_a_finished_day_is_masked_as_the_config_says_now(tmp_path: Path) -> None:
    before = small_group(tmp_path)
    put_events(before, FIRST, CLICK)
    convert_here(before, FIRST)

    found = finished_days(small_group(tmp_path, mask=["sku"]), [FIRST], ["interactions"])

    profile = found.commits["interactions"]["2026-10-01"].profile
    assert profile is not None
    assert profile.preview == ({"USER_ID": "u1", "ITEM_ID": "***", "TIMESTAMP": NOW},)


# -- what is committed of a day --------------------------------------------------------------------------------------


def test_a_day_that_was_never_converted_is_that_of_no_files(tmp_path: Path) -> None:
    assert converted_state(small_group(tmp_path), FIRST) == CommittedDay(NO_FILES, "new")


def test_the_state_of_a_day_is_the_content_and_the_runs_of_its_commits(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK)
    first = convert_here(group, FIRST).commits["users"]["2026-10-01"]
    assert converted_state(group, FIRST) == CommittedDay(first.content or "", first.run)

    put_events(group, FIRST, CLICK, name="b.json")
    second = convert_here(group, FIRST, names=["users"]).commits["users"]["2026-10-01"]

    runs = "+".join(sorted([first.run, second.run]))
    assert converted_state(group, FIRST) == CommittedDay("several", runs)


def test_the_state_of_a_damaged_day_is_no_content(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    group.destination.store.write("days/day=2026-10-01.json", b"{")

    assert converted_state(group, FIRST) == CommittedDay("damaged", "damaged")


def test_rejects_are_masked_as_the_config_says_now(tmp_path: Path) -> None:
    before = small_group(tmp_path)
    put_events(before, FIRST, {"event": "Clicked", "user": "u1"})
    convert_here(before, FIRST)

    found = first_rejects(small_group(tmp_path, mask=["user"]), "interactions", "2026-10-01", 5)

    file = f"{tmp_path}/raw/day=2026-10-01/a.json"
    assert found == [Reject("interactions", "missing:ITEM_ID", file, '{"event":"Clicked","user":"***"}')]
