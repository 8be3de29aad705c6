"""When the exports follow, how long a run may take, and how old an export may get."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg

from personalize_assets.orchestration.group import MAX_RUNTIME, Group

MAX_RUNTIME_TAGS = {"dagster/max_runtime": str(int(MAX_RUNTIME.total_seconds()))}

# An export a day, with two hours for the converts and the export itself; red after the second one that is missing.
_FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))

HOW_TO_SWITCH_ON = (
    "Off by default. It starts with `automation: on` in the config, or with the switch here; a switch that was used "
    "here counts more than the config."
)
_DAILY = "Exports once a day if a day was converted since the last export, by whichever way. " + HOW_TO_SWITCH_ON
_EAGER = "Exports as soon as the converts that are under way are done. " + HOW_TO_SWITCH_ON


def freshness(group: Group) -> dg.FreshnessPolicy | None:
    """How old a CSV may get; nothing where people export by hand."""
    return _FRESHNESS if group.pipeline.config.automation.on else None


def condition(group: Group) -> "dg.AutomationCondition[Any] | None":
    """When a table or CSV follows by itself, with ``export: eager``.

    Declarative automation, because it sees what a sensor of ours would have to find out: conversions by anybody, as by
    a backfill, that are finished, queued or under way. Not its ``eager()``, which never fires below a daily asset while
    any old day is missing. With ``export: daily`` it would be the harder way: see ``_daily``.
    """
    if group.pipeline.config.automation.export != "eager":
        return None
    above = dg.AutomationCondition
    return (
        above.any_deps_updated().since_last_handled()
        & ~above.any_deps_in_progress()
        & ~above.any_deps_match(above.backfill_in_progress())
        & ~above.in_progress()
        & above.all_deps_blocking_checks_passed()
    ).with_label("export_when_all_converts_are_done")


def exports_follow(group: Group, export: str) -> dg.Definitions:
    """The sensor or schedule that starts the exports; ``export`` is the name of their job."""
    if group.pipeline.config.automation.export == "eager":
        return dg.Definitions(sensors=[_eager(group)])
    return dg.Definitions(schedules=[_daily(group, export)])


def _eager(group: Group) -> dg.SensorDefinition:
    names = [name for dataset in group.pipeline.datasets for name in (dataset, f"{dataset}_csv")]
    keys = [group.key(name) for name in names if name != "interactions"]
    return dg.AutomationConditionSensorDefinition(
        group.name("export_eagerly"),
        target=dg.AssetSelection.assets(*keys),
        run_tags=MAX_RUNTIME_TAGS,
        default_status=(
            dg.DefaultSensorStatus.RUNNING if group.pipeline.config.automation.on else dg.DefaultSensorStatus.STOPPED
        ),
        minimum_interval_seconds=group.pipeline.config.automation.interval_seconds,
        description=_EAGER,
    )


def _daily(group: Group, export: str) -> dg.ScheduleDefinition:
    """A plain schedule: one run of one job at a set hour, whose skips say why, and which the UI shows in advance.

    As a condition it would need a cron tick and the state of six assets, and could not see what was converted outside
    of Dagster; the commits and manifests in the destination tell it of every way.
    """
    is_on = group.pipeline.config.automation.on
    hour, minute = group.pipeline.config.automation.export_at.split(":")

    @dg.schedule(
        name=group.name("export_daily"),
        job_name=export,
        cron_schedule=f"{int(minute)} {int(hour)} * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING if is_on else dg.DefaultScheduleStatus.STOPPED,
        description=_DAILY,
    )
    def export_daily(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        changed = group.pipeline.unexported()
        if changed:
            context.log.info(f"converted since the last export: {', '.join(changed)}")
            yield dg.RunRequest()
        else:
            yield dg.SkipReason("no day was converted since the last export")

    return export_daily
