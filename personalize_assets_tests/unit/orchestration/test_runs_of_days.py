"""Which runs are about a day, whatever started them."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from personalize_assets.orchestration.runs_of_days import RunsOfDays
from personalize_assets.pipeline.arrivals import Runs, mark_of

CATALOG, TABLE = dg.AssetKey("raw_event_catalog"), dg.AssetKey("filtered_interactions")
DAY = "2026-10-02"
SIX_HOURS = 6 * 3600.0
# Dagster keeps no queued run without the place that its job is loaded from.
ORIGIN = RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("location"), "repository"), "job")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def runs(instance: dg.DagsterInstance, day: str = DAY, now: float = 0.0) -> Runs:
    return RunsOfDays(instance, {CATALOG, TABLE}, {"convert"}, "scope", now).of(day, "change")


def start(
    instance: dg.DagsterInstance,
    job: str = "convert",
    tags: dict[str, str] | None = None,
    status: dg.DagsterRunStatus = dg.DagsterRunStatus.QUEUED,
    assets: frozenset[dg.AssetKey] | None = None,
) -> dg.DagsterRun:
    return instance.add_run(
        dg.DagsterRun(job, tags=tags, status=status, asset_selection=assets, remote_job_origin=ORIGIN)
    )


def partition(day: str) -> dict[str, str]:
    return {"dagster/partition": day}


def in_range(*changes: str) -> dict[str, str]:
    """The tags of the sensor's run of several days with these changes."""
    marks = {"personalize_assets/range_of": "scope", "personalize_assets/changes": " ".join(map(mark_of, changes))}
    return {**between("2026-10-01", "2026-10-03"), **marks}


def between(first: str, last: str) -> dict[str, str]:
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


@pytest.mark.parametrize(
    ("tags", "is_under_way"),
    [
        (partition(DAY), True),
        (partition("2026-10-01"), False),
        (between("2026-10-01", "2026-10-03"), True),
        (between("2026-10-02", "2026-10-02"), True),
        (between("2026-10-03", "2026-10-09"), False),
        (between("2026-09-01", "2026-10-01"), False),
        ({}, True),
    ],
)
def test_a_run_of_the_job_covers_the_days_of_its_partition_or_range(
    instance: dg.DagsterInstance, tags: dict[str, str], is_under_way: bool
) -> None:
    start(instance, tags=tags)

    assert runs(instance) == Runs(is_under_way=is_under_way)


@pytest.mark.parametrize(
    ("job", "assets", "is_under_way"),
    [
        ("another", None, False),
        ("another", frozenset({TABLE}), True),
        ("convert", frozenset({dg.AssetKey("interactions_csv")}), False),
    ],
)
def test_a_run_counts_by_the_assets_that_it_makes(
    instance: dg.DagsterInstance, job: str, assets: frozenset[dg.AssetKey] | None, is_under_way: bool
) -> None:
    start(instance, job, partition(DAY), assets=assets)

    assert runs(instance).is_under_way is is_under_way


@pytest.mark.parametrize(
    ("status", "is_under_way"),
    [
        (dg.DagsterRunStatus.QUEUED, True),
        (dg.DagsterRunStatus.STARTING, True),
        (dg.DagsterRunStatus.STARTED, True),
        (dg.DagsterRunStatus.CANCELING, True),
        (dg.DagsterRunStatus.NOT_STARTED, False),
        (dg.DagsterRunStatus.SUCCESS, False),
        (dg.DagsterRunStatus.FAILURE, False),
        (dg.DagsterRunStatus.CANCELED, False),
    ],
)
def test_a_run_is_under_way_from_the_queue_to_its_end(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus, is_under_way: bool
) -> None:
    start(instance, tags=partition(DAY), status=status)

    assert runs(instance).is_under_way is is_under_way


def test_a_run_that_has_not_ended_after_the_longest_time_counts_as_dead(instance: dg.DagsterInstance) -> None:
    run = start(instance, tags=partition(DAY))
    instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", run.job_name), run.run_id)
    (record,) = instance.get_run_records()
    assert record.start_time is not None

    assert runs(instance, now=record.start_time + SIX_HOURS - 1).is_under_way
    assert not runs(instance, now=record.start_time + SIX_HOURS).is_under_way


def test_runs_of_the_sensor_for_a_change_are_counted_when_they_have_ended(instance: dg.DagsterInstance) -> None:
    tags = partition(DAY) | {"personalize_assets/day": f"scope/{DAY}", "personalize_assets/change": "change"}
    start(instance, tags=tags, status=dg.DagsterRunStatus.FAILURE)
    start(instance, tags={**tags, "personalize_assets/change": "other"}, status=dg.DagsterRunStatus.FAILURE)
    start(instance, tags={**tags, "personalize_assets/day": f"other/{DAY}"}, status=dg.DagsterRunStatus.FAILURE)
    start(
        instance,
        tags={**tags, "personalize_assets/permanent_failure": "true"},
        status=dg.DagsterRunStatus.FAILURE,
    )

    found = runs(instance)

    assert (found.is_under_way, found.finished, found.is_permanent) == (False, 2, True)


@pytest.mark.parametrize(("changes", "finished"), [(("other", "change"), 1), (("other",), 0)])
def test_a_run_of_several_days_that_ended_counts_for_each_of_their_changes(
    instance: dg.DagsterInstance, changes: tuple[str, ...], finished: int
) -> None:
    start(instance, tags=in_range(*changes), status=dg.DagsterRunStatus.FAILURE)

    assert runs(instance).finished == finished
