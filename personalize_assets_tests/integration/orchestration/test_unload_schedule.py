"""The schedule of a warehouse's days: which runs a tick asks for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from personalize_assets.definitions import build_definitions
from personalize_assets.pipeline import unload
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.redshift_data_emulator import RedshiftDataEmulator
from personalize_assets_tests.helpers.warehouse import FIRST, SECOND, Shop, config, fill


def tick(folder: Path, today: date, **automation: Any) -> list[dg.RunRequest]:
    """The runs that a tick of the schedule asks for, at 02:00 of a day."""
    made = build_definitions(config(folder, automation={"on": True, **automation}))
    schedule = made.get_repository_def().get_schedule_def("unload_daily")
    moment = datetime(today.year, today.month, today.day, 2, tzinfo=UTC)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance, scheduled_execution_time=moment, repository_def=made.get_repository_def()
        )
        found = schedule.evaluate_tick(context)
    return list(found.run_requests or ())


def days(requests: list[dg.RunRequest]) -> list[str | None]:
    return [request.partition_key for request in requests]


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> date:
    """The fifth day of the shop."""
    day = date(2026, 10, 5)
    monkeypatch.setattr(unload, "_today", lambda: day)
    return day


def test_a_tick_asks_for_every_day_that_is_over_and_was_never_unloaded(
    redshift: RedshiftDataEmulator, tmp_path: Path, today: date
) -> None:
    requests = tick(tmp_path, today)

    assert days(requests) == ["2026-10-01", "2026-10-02", "2026-10-03", "2026-10-04"]
    assert {request.tags["personalize_assets/resume"] for request in requests} == {"true"}
    assert requests[0].run_key == "2026-10-05/2026-10-01"


def test_days_with_a_final_unload_are_not_asked_for_again(
    redshift: RedshiftDataEmulator, tmp_path: Path, today: date
) -> None:
    fill(redshift)
    redshift.now = datetime(2026, 10, 4, 2, tzinfo=UTC).timestamp
    Shop(tmp_path).unload(FIRST, SECOND)

    assert days(tick(tmp_path, today)) == ["2026-10-02", "2026-10-03", "2026-10-04"]


def test_a_long_history_is_asked_for_in_parts_and_never_without_the_newest_days(
    redshift: RedshiftDataEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unload, "_today", lambda: date(2026, 10, 20))

    requests = tick(tmp_path, date(2026, 10, 20), max_days_per_run=2, lookback_days=1)

    assert days(requests) == ["2026-10-01", "2026-10-02", "2026-10-19"]


def test_nothing_is_asked_for_where_all_is_final(
    redshift: RedshiftDataEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(redshift)
    Shop(tmp_path).unload(FIRST, SECOND)
    monkeypatch.setattr(unload, "_today", lambda: date(2026, 10, 3))

    assert tick(tmp_path, date(2026, 10, 3)) == []


def test_its_time_is_in_the_config_and_it_is_off_by_default(tmp_path: Path) -> None:
    made = build_definitions(config(tmp_path, automation={"unload_at": "05:30"}))
    schedule = made.get_repository_def().get_schedule_def("unload_daily")

    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 5 * * *", "UTC")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED


def test_a_warehouse_has_no_sensor_of_arrivals_and_its_days_end_yesterday(tmp_path: Path) -> None:
    made = build_definitions(config(tmp_path))

    graph = made.resolve_asset_graph()
    assert [sensor.name for sensor in made.sensors or ()] == ["alerts"]
    assert {
        key.to_user_string(): sorted(parent.to_user_string() for parent in graph.get(key).parent_keys)
        for key in graph.get_all_asset_keys()
        if graph.get(key).group_name in ("raw", "catalog")
    } == {
        "raw_events": [],
        "warehouse_unload": ["raw_events"],
        "raw_event_catalog": ["warehouse_unload"],
        "event_profile": ["raw_event_catalog"],
    }
    partitions = graph.get(dg.AssetKey("warehouse_unload")).partitions_def
    assert partitions is not None
    assert partitions.get_partition_keys()[-1] == str(unload.complete_days(DatasetGroup(config(tmp_path)))[-1])
