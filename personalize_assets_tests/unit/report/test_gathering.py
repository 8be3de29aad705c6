"""What a report says of a small group that was run."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.judging import check_facts
from personalize_assets.local_run.run import run_all
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.report import gathering
from personalize_assets.report.facts import Report
from personalize_assets.report.gathering import gather_report
from personalize_assets.storage.manifests import DayCommit
from personalize_assets_tests.helpers.dagster_runs import put_raw, small_config
from personalize_assets_tests.helpers.stored import put_day

SECOND = 1790812801
COLUMNS = {
    "USER_ID": "user",
    "ITEM_ID": "item",
    "EVENT_TYPE": "event",
    "EVENT_VALUE": {"path": "price", "type": "float"},
    "TIMESTAMP": "time",
}


def event(**fields: object) -> str:
    found = {"user": "ann@example.org", "item": "i1", "event": "View", "time": SECOND, **fields}
    return json.dumps({name: value for name, value in found.items() if value is not None}) + "\n"


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> DatasetGroup:
    """Two days with a gap between them: repeats, a dropped value, rejects and a broken line."""
    folder: Path = tmp_path_factory.mktemp("group")
    first = event() * 2 + event(price="$3") + event(user="bob@example.org", event="Buy") + event(item=None) + "broken\n"
    put_raw(folder, first)
    put_raw(folder, event(item="i2", time=SECOND + 2 * 86400), "2026-10-03")
    config = small_config(folder, checks="warn", datasets={"interactions": {"columns": COLUMNS}})
    run_all(config)
    return DatasetGroup(config)


@pytest.fixture(scope="module")
def report(group: DatasetGroup) -> Report:
    return gather_report(group)


def test_events_are_counted_from_the_raw_files_to_the_csv(report: Report) -> None:
    [source], [dataset] = report.sources, report.datasets

    assert (source.raw_files, source.read, source.wanted, source.not_wanted) == (2, 7, 6, 0)
    assert (source.malformed, source.unreadable) == ({"malformed_json": 1}, 0)
    assert (dataset.rows, dataset.kept, dataset.rejected) == (6, 5, {"missing:ITEM_ID": 1})
    assert dataset.dropped == {"bad_value:EVENT_VALUE": 1}
    assert dataset.csv is not None
    assert (dataset.csv.rows, dataset.csv.kept, dataset.csv.duplicates) == (3, 5, 2)
    assert dataset.csv.file.endswith("out/exports/latest/interactions.csv")


def test_rows_are_counted_by_day_of_arrival_and_by_day_of_the_event(report: Report) -> None:
    [dataset] = report.datasets

    assert dataset.by_arrival_day == {"2026-10-01": 4, "2026-10-03": 1}
    assert dataset.by_event_day == {"2026-10-01": 2, "2026-10-03": 1}
    assert (len(dataset.by_hour), sum(dataset.by_hour)) == (24, 3)


def test_columns_say_where_values_come_from_and_how_many_there_are(report: Report) -> None:
    columns = {column.name: column for column in report.datasets[0].columns}

    assert (columns["USER_ID"].paths, columns["USER_ID"].nulls, columns["USER_ID"].distinct) == (("user",), 0, 2)
    assert (columns["EVENT_TYPE"].distinct, columns["EVENT_VALUE"].nulls) == (2, 3)
    assert (columns["TIMESTAMP"].first, columns["TIMESTAMP"].last) == ("2026-10-01T00:00:01Z", "2026-10-03T00:00:01Z")


def test_no_user_is_named_anywhere(report: Report) -> None:
    users = {ids.column: ids for ids in report.datasets[0].ids}["USER_ID"]

    assert [(top.label, top.rows) for top in users.top] == [("user 1", 2), ("user 2", 1)]
    assert "example.org" not in msgspec.json.encode(report).decode()


def test_rejects_have_counts_and_masked_samples(report: Report) -> None:
    assert [(one.reason, one.count) for one in report.rejects.counts] == [("malformed_json", 1), ("missing:ITEM_ID", 1)]
    shown = {sample.reason: sample.raw for sample in report.rejects.samples}
    assert shown["malformed_json"] is None
    assert json.loads(shown["missing:ITEM_ID"] or "") == {"user": "***", "event": "View", "time": SECOND}


def test_days_without_a_catalog_between_the_others_are_gaps(report: Report) -> None:
    assert (report.days.catalogued, report.days.converted, report.days.gaps) == (2, 2, ("2026-10-02",))
    assert report.days.unconverted == ()


def test_a_failed_check_that_stands_for_a_refusal_is_a_reason(report: Report) -> None:
    assert report.verdict == "refused"
    assert report.reasons[0] == (
        "interactions_csv: at_least_1000_interactions_are_unique: found 3, allowed is at least 1,000"
    )
    results = {(check.name, check.result) for check in report.checks}
    assert ("at_least_1000_interactions_are_unique", "failed") in results
    assert ("required_columns_are_never_null", "passed") in results


def test_nothing_but_records_and_rejects_is_read(group: DatasetGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("scan_csv", "likely_causes", "first_rejects"):
        monkeypatch.setattr(check_facts, name, None)
    read: list[str] = []
    folder = type(group.destination.store)
    monkeypatch.setattr(folder, "blocks", lambda store, key: read.append(key))

    gather_report(DatasetGroup(group.config))

    assert read == []


def test_days_that_are_known_already_are_not_read_again(group: DatasetGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    states = group.destination.days.all()
    monkeypatch.setattr(gathering, "converted_days", None)

    assert gather_report(group, states).days.converted == 2


def test_a_destination_without_anything_has_a_report(tmp_path: Path) -> None:
    empty = gather_report(DatasetGroup(small_config(tmp_path)))

    assert (empty.verdict, empty.made, empty.days.converted, empty.rejects.total) == ("none", "", 0, 0)
    assert not (tmp_path / "out").exists()


def test_a_refused_export_is_named_besides_what_is_current(tmp_path: Path) -> None:
    put_raw(tmp_path, event())
    with pytest.raises(PersonalizeAssetsError):
        run_all(small_config(tmp_path))

    found = gather_report(DatasetGroup(small_config(tmp_path)))

    assert found.verdict == "none"
    assert found.refused is not None
    assert found.refused.findings["interactions"][0].startswith("at_least_1000_interactions_are_unique: found 1")


def test_the_event_types_after_the_thirtieth_are_one_entry(tmp_path: Path) -> None:
    long = "x" * 200  # they are cut to the same text
    put_raw(tmp_path, "".join(event(event=f"{long} {number}", user=f"u{number}") for number in range(33)))
    config = small_config(tmp_path, checks="warn", datasets={"interactions": {"columns": COLUMNS}})
    run_all(config)

    [dataset] = gather_report(DatasetGroup(config)).datasets

    assert [one.rows for one in dataset.event_types] == [*[1] * 30, 3]
    assert dataset.event_types[-1].label == "(3 others)"


def test_all_days_that_are_missing_are_said(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    group = DatasetGroup(config)
    for day in ("2026-10-01", "2027-10-01"):
        put_day(group.destination, day, {"interactions": DayCommit(run="r", mapping="m", rows=1, kept=1)})

    assert len(gather_report(group).days.gaps) == 364
