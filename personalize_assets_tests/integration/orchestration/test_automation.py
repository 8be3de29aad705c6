"""Automatic exports, ranges that are bounded and resumed, and limits of time; without Spark."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner, Result
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from personalize_assets.cli import main
from personalize_assets.config import load_config
from personalize_assets.definitions import build_definitions
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.export import plan_export
from personalize_assets.pipeline.schemas import schema_of
from personalize_assets.storage.manifests import ExportManifest
from personalize_assets_tests.helpers.automated import CALLS, FAILURES, Automated, today
from personalize_assets_tests.helpers.stored import commits, put_export

TODAY = today()
DAYS = [TODAY - timedelta(days=n) for n in (4, 3, 2, 1, 0)]
RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
Start = Callable[..., Automated]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    def started(**settings: Any) -> Automated:
        (tmp_path / "raw").mkdir()
        group = Automated(tmp_path, str(tmp_path / "raw"), monkeypatch, start=DAYS[0], **settings)
        for day in DAYS:
            group.put("a.json", day)
        return group

    return started


def convert(group: Automated, days: list[date], **options: Any) -> dg.ExecuteInProcessResult:
    """One run over a range of days."""
    tags = {**dict(zip(RANGE, (str(days[0]), str(days[-1])), strict=True)), **options.pop("tags", {})}
    return group.definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=group.instance,
        tags=tags,
        asset_selection=[dg.AssetKey("raw_event_catalog"), dg.AssetKey("filtered_interactions")],
        raise_on_error=False,
        **options,
    )


# -- ranges ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", [("personalize_assets/resume", "true"), ("dagster/parent_backfill_id", "failed")])
def test_a_run_that_is_to_resume_leaves_out_the_days_that_are_finished(start: Start, tag: tuple[str, str]) -> None:
    group = start()
    convert(group, DAYS[1:3])

    assert convert(group, DAYS, tags=dict([tag])).success

    assert [[str(DAYS[1]), str(DAYS[2])], [str(DAYS[0]), str(DAYS[3]), str(DAYS[4])]] == CALLS
    assert group.instance.get_materialized_partitions(dg.AssetKey("filtered_interactions")) == set(map(str, DAYS))


def test_a_run_that_a_user_starts_converts_finished_days_too(start: Start) -> None:
    group = start()
    convert(group, DAYS[:2])
    convert(group, DAYS[:2])

    assert [[str(DAYS[0]), str(DAYS[1])]] * 2 == CALLS


def test_a_retry_of_a_failed_run_leaves_out_what_is_finished(start: Start) -> None:
    group = start()
    convert(group, DAYS[:1])
    FAILURES.append(ZeroDivisionError())
    failed = convert(group, DAYS[:2])
    assert not failed.success
    keys = frozenset({dg.AssetKey("raw_event_catalog"), dg.AssetKey("filtered_interactions")})
    job = group.definitions.resolve_implicit_global_asset_job_def().get_subset(asset_selection=keys)

    # As the UI's "Re-execute" and the daemon's retries make one.
    retry = group.instance.create_run_for_job(
        job,
        tags={**failed.dagster_run.tags, "dagster/parent_run_id": failed.run_id, "dagster/root_run_id": failed.run_id},
        parent_run_id=failed.run_id,
        root_run_id=failed.run_id,
        asset_selection=keys,
    )

    assert execute_run(InMemoryJob(job), retry, group.instance).success
    assert CALLS[-1] == [str(DAYS[1])]


def test_a_day_with_changed_files_a_damaged_commit_or_counts_that_do_not_balance_is_not_finished(
    start: Start,
) -> None:
    group = start()
    convert(group, DAYS)
    out = Path(group.config.destination.uri)
    group.put("b.json", DAYS[0])
    (out / f"days/day={DAYS[1]}.json").write_text("{")
    unbalanced = out / f"days/day={DAYS[2]}.json"
    unbalanced.write_text(unbalanced.read_text().replace('"read": 0', '"read": 7'))
    (out / f"days/day={DAYS[3]}.json").unlink()

    assert convert(group, DAYS, tags={"personalize_assets/resume": "true"}).success

    assert CALLS[-1] == [str(day) for day in DAYS[:4]]


def test_days_of_another_mapping_are_not_finished(start: Start, tmp_path: Path) -> None:
    group = start()
    convert(group, DAYS)
    env = {"PERSONALIZE__DATASETS__INTERACTIONS__COLUMNS__EVENT_TYPE": "kind"}
    group.definitions = build_definitions(load_config(tmp_path / "personalize.yaml", env))

    assert convert(group, DAYS[:2], tags={"personalize_assets/resume": "true"}).success

    assert CALLS[-1] == [str(DAYS[0]), str(DAYS[1])]


def test_a_range_is_one_run_up_to_the_bound_of_the_config(start: Start) -> None:
    assets = start(max_days_per_run=7).definitions.assets or ()
    daily = [asset for asset in assets if isinstance(asset, dg.AssetsDefinition) and asset.partitions_def]
    policies = {asset.backfill_policy for asset in daily}

    assert policies == {dg.BackfillPolicy.multi_run(7)}


def cli(tmp_path: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["run", "--config", str(tmp_path / "personalize.yaml"), *options])


def test_the_command_line_bounds_ranges_and_resumes_after_a_failure(start: Start, tmp_path: Path) -> None:
    start()
    FAILURES.extend([None, PersonalizeAssetsError("no permission")])

    failed = cli(tmp_path, "--max-days-per-run", "2")

    assert failed.exit_code == 1
    assert failed.stderr == (
        "Error: convert: no permission\n2 of 5 days are done; run again with --resume to leave them out\n"
    )
    CALLS.clear()
    cli(tmp_path, "--max-days-per-run", "2", "--resume")
    assert CALLS[:2] == [[str(DAYS[2]), str(DAYS[3])], [str(DAYS[4])]]


# -- exports ---------------------------------------------------------------------------------------------------------


def daily(group: Automated) -> dg.RunRequest | dg.SkipReason:
    repository = group.definitions.get_repository_def()
    context = dg.build_schedule_context(instance=group.instance, repository_def=repository)
    answers: Any = repository.get_schedule_def("export_daily")(context)
    (answer,) = answers
    assert isinstance(answer, dg.RunRequest | dg.SkipReason)
    return answer


def exported_now(group: DatasetGroup) -> ExportManifest:
    """The manifest of an export of all days that are converted now."""
    schema = group.destination.exports.put_schema("exports/r", "interactions", schema_of(group, "interactions"))
    (found,) = plan_export(group, ["interactions_csv"]).inputs.values()
    return ExportManifest(
        dataset="interactions", columns=(), rows=0, kept=0, duplicates=0, bytes=0, sha256="", run="r", days=found.days,
        inputs=found.inputs, schema=schema,
    )  # fmt: skip


def test_the_daily_export_runs_if_a_day_was_converted_since_the_last_one(start: Start) -> None:
    group = start()
    nothing = daily(group)
    convert(group, DAYS[:2])
    first = daily(group)
    converted = commits(group.group.destination, "interactions")
    put_export(group.group.destination, exported_now(group.group))
    exported = daily(group)
    convert(group, DAYS[:1])
    again = daily(group)

    assert len(converted) == 2
    assert [isinstance(one, dg.RunRequest) for one in (nothing, first, exported, again)] == [False, True, False, True]
    assert isinstance(exported, dg.SkipReason)
    assert exported.skip_message == "no day was converted since the last export"


def test_the_daily_export_is_at_the_hour_of_the_config_in_utc(start: Start) -> None:
    (schedule,) = start(export_at="23:05").definitions.schedules or ()

    assert isinstance(schedule, dg.ScheduleDefinition)
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("5 23 * * *", "UTC")


def eager(group: Automated, cursor: Any = None) -> tuple[set[str], Any]:
    """The assets that the conditions ask for now."""
    result = dg.evaluate_automation_conditions(group.definitions, group.instance, cursor=cursor)
    requested = {item.key.to_user_string() for item in result.results if item.true_subset.size}
    return requested, result.cursor


def test_an_eager_export_follows_a_convert_and_each_convert_once(start: Start) -> None:
    group = start(export="eager")
    before, cursor = eager(group)
    convert(group, DAYS[:2])
    after, cursor = eager(group, cursor)
    later, cursor = eager(group, cursor)
    convert(group, DAYS[3:4])
    again, cursor = eager(group, cursor)

    assert (before, after, later, again) == (set(), {"interactions_csv"}, set(), {"interactions_csv"})


def test_an_eager_export_waits_for_the_converts_that_are_under_way(start: Start) -> None:
    group = start(export="eager")
    _, cursor = eager(group)
    job = group.definitions.resolve_job_def("convert")
    starting = group.instance.create_run_for_job(
        job, tags={"dagster/partition": str(DAYS[4])}, status=dg.DagsterRunStatus.STARTING
    )
    convert(group, DAYS[:2])
    waiting, cursor = eager(group, cursor)
    group.instance.report_run_failed(starting)
    then, cursor = eager(group, cursor)

    assert (waiting, then) == (set(), {"interactions_csv"})


def test_days_whose_counts_do_not_balance_are_not_exported(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    group = start(export="eager")
    _, cursor = eager(group)
    monkeypatch.setattr("personalize_assets.judging.judged_days.unbalanced_rows", lambda commit: "7 rows, but 6 kept")
    convert(group, DAYS[:1])

    assert eager(group, cursor)[0] == set()


# -- limits ----------------------------------------------------------------------------------------------------------


def test_every_job_has_a_longest_time(start: Start) -> None:
    group = start(export="eager")

    jobs = [group.definitions.resolve_job_def(name) for name in ("convert", "export")]

    assert [job.tags["dagster/max_runtime"] for job in jobs] == ["21600", "21600"]
    (eagerly,) = (one for one in group.definitions.sensors or () if one.name == "export_eagerly")
    assert isinstance(eagerly, dg.AutomationConditionSensorDefinition)
    assert eagerly.run_tags == {"dagster/max_runtime": "21600"}


def test_the_csvs_may_be_so_old_where_they_are_made_by_themselves(start: Start) -> None:
    def policies(definitions: dg.Definitions) -> dict[str, Any]:
        graph = definitions.resolve_asset_graph()
        found = {key.to_user_string(): graph.get(key).freshness_policy for key in graph.get_all_asset_keys()}
        return {name: policy for name, policy in found.items() if policy}

    expected = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))
    assert policies(start().definitions) == {"interactions_csv": expected}
    assert policies(build_definitions(load_config())) == {}
