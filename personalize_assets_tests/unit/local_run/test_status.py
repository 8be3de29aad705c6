"""What a destination has, gathered from a small group in a folder; Personalize is not asked."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from personalize_assets.local_run.run import run_all
from personalize_assets.local_run.status import DaysStatus, Status, gather
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.dagster_runs import put_raw, small_config

CLICK = '{{"user": "{user}", "item": "i1", "time": 1790812801}}\n'
REJECT = '{"item": "i1", "time": 1790812801}\n'


def run(folder: Path, **changes: object) -> DatasetGroup:
    """A group of two days, the second of which has a reject, that is converted and exported."""
    put_raw(folder, CLICK.format(user="u1"))
    put_raw(folder, CLICK.format(user="u2") + REJECT, "2026-10-02")
    config = small_config(folder, checks="warn", **changes)
    run_all(config)
    return DatasetGroup(config)


def status_of(group: DatasetGroup) -> Status:
    return gather(group, asks=False).status


def test_an_empty_destination_has_neither_days_nor_an_export(tmp_path: Path) -> None:
    found = status_of(DatasetGroup(small_config(tmp_path)))

    assert found == Status(
        dataset_group="shop",
        destination=str(tmp_path / "out"),
        days=DaysStatus(count=0, first="", last="", with_rejects=()),
        datasets={},
        export=None,
        refused=None,
        imports={},
        checks=(),
    )
    assert list((tmp_path).glob("out/*")) == []


def test_days_and_the_export_are_counted(tmp_path: Path) -> None:
    group = run(tmp_path)

    found = status_of(group)

    assert found.days == DaysStatus(count=2, first="2026-10-01", last="2026-10-02", with_rejects=("2026-10-02",))
    one = found.datasets["interactions"]
    assert (one.kept, one.rejected, one.duplicates, one.exported) == (2, 1, 0, 2)
    latest = group.destination.exports.latest()
    assert latest
    assert found.export
    assert (found.export.run, found.export.made) == (latest.run, latest.made)
    assert one.bytes == latest.datasets["interactions"].bytes


def test_a_check_that_is_an_error_says_that_personalize_would_refuse_it(tmp_path: Path) -> None:
    found = status_of(run(tmp_path))

    assert not found.is_accepted
    assert found.checks[0].name == "at_least_1000_interactions_are_unique"
    assert found.checks[0].asset == "interactions_csv"
    assert found.checks[0].text.startswith("interactions_csv: at_least_1000_interactions_are_unique: found 2, allowed")


def test_a_refused_export_that_is_newer_is_named_with_its_reasons(tmp_path: Path) -> None:
    put_raw(tmp_path, CLICK.format(user="u1"))
    config = small_config(tmp_path)
    with pytest.raises(Exception, match="at least 1,000"):
        run_all(config)

    refused = status_of(DatasetGroup(config)).refused

    assert refused is not None
    assert (tmp_path / "out/exports/refused" / refused.run).is_dir()
    assert "at_least_1000_interactions_are_unique" in refused.findings["interactions"][0]


def test_a_csv_that_was_refused_where_others_of_its_export_became_current_is_named(tmp_path: Path) -> None:
    columns = {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "time"}
    users = {"USER_ID": "user", "CITY": {"path": "city", "categorical": True}}
    put_raw(
        tmp_path, "".join(f'{{"user": "u{n}", "item": "i1", "time": 1790812801, "city": "Ulm"}}\n' for n in range(30))
    )
    config = small_config(tmp_path, datasets={"interactions": {"columns": columns}, "users": {"columns": users}})
    with pytest.raises(Exception, match="at least 1,000"):
        run_all(config)

    found = status_of(DatasetGroup(config))

    assert found.export is not None
    assert found.refused is not None
    assert found.refused.run == found.export.run
    assert set(found.refused.findings) == {"interactions"}
    assert not found.is_accepted


def test_a_refused_export_that_is_older_than_the_current_one_is_left_out(tmp_path: Path) -> None:
    put_raw(tmp_path, CLICK.format(user="u1"))
    with pytest.raises(Exception, match="at least 1,000"):
        run_all(small_config(tmp_path))

    assert status_of(run(tmp_path)).refused is None


def test_a_recorded_import_is_pending_once_another_export_is_current(tmp_path: Path) -> None:
    group = run(tmp_path)
    latest = group.destination.exports.latest()
    assert latest
    group.destination.imports.end("interactions", latest.run, latest.run)

    held = status_of(group).imports["interactions"]
    put_raw(tmp_path, CLICK.format(user="u3"), "2026-10-03")
    run_all(group.config)
    later = status_of(DatasetGroup(group.config)).imports["interactions"]

    assert (held.holds, held.rows_held, held.is_pending) == (latest.run, 2, False)
    assert (later.holds, later.rows_held, later.is_pending) == (latest.run, 2, True)


def test_a_run_that_reads_and_a_column_that_is_not_trained_on_have_times(tmp_path: Path) -> None:
    group = run(tmp_path)
    group.destination.imports.add_untrained("interactions", ["PRICE"], 1790812801.5)
    group.destination.imports.begin("interactions", "20261001T000000Z-ab")

    found = status_of(group).imports["interactions"]

    assert found.untrained == {"PRICE": "2026-10-01T00:00:01+00:00"}
    assert list(found.reading) == ["20261001T000000Z-ab"]


def test_a_held_export_that_was_deleted_has_an_unknown_number_of_rows(tmp_path: Path) -> None:
    group = run(tmp_path)
    group.destination.imports.end("interactions", "x", "20200101T000000Z-ab")

    found = status_of(group).imports["interactions"]

    assert (found.rows_held, found.is_pending) == (None, True)


def test_the_json_has_the_same_keys_with_and_without_data(tmp_path: Path) -> None:
    empty = msgspec.to_builtins(status_of(DatasetGroup(small_config(tmp_path))))
    full = msgspec.to_builtins(status_of(run(tmp_path)))

    keys = [
        "dataset_group", "destination", "days", "datasets", "export", "refused", "imports", "checks", "errors",
    ]  # fmt: skip
    assert list(empty) == list(full) == keys
