"""The schedule that unloads and converts days of a warehouse: in Redshift nothing tells of rows that have arrived."""

from collections.abc import Iterator

import dagster as dg

from personalize_assets.orchestration import run_tags
from personalize_assets.orchestration.automation import HOW_TO_SWITCH_ON
from personalize_assets.orchestration.group import GroupDefs
from personalize_assets.pipeline.unload import complete_days, days_to_unload

_DESCRIPTION = (
    "Once a day, unloads and converts the days that are over: the newest {days}, because the warehouse may get their "
    "rows late, and those that were never unloaded, at most {most} at a time. " + HOW_TO_SWITCH_ON
)


def unload_daily(defs: GroupDefs, job: str) -> dg.ScheduleDefinition:
    """The schedule; ``job`` unloads, catalogs and converts a day.

    A schedule rather than a condition on the asset, for the reasons given in ``automation``: a day is over at a time
    that the clock knows, and which days are still to be unloaded is stored in the destination.
    """
    group = defs.dataset_group
    automation = group.config.automation
    hour, minute = automation.unload_at.split(":")
    most = automation.max_days_per_run

    @dg.schedule(
        name=defs.name("unload_daily"),
        job_name=job,
        cron_schedule=f"{int(minute)} {int(hour)} * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING if automation.on else dg.DefaultScheduleStatus.STOPPED,
        description=_DESCRIPTION.format(days=automation.lookback_days, most=most),
    )
    def unload_daily(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        days = days_to_unload(group, complete_days(group))
        # The newest ones always: a long history must not keep yesterday waiting.
        asked = sorted({*days[-automation.lookback_days :], *days[:most]})
        if not asked:
            yield dg.SkipReason("every day that is over is unloaded")
        tick = context.scheduled_execution_time.date()
        for day in asked:
            # Catalog and convert leave a day as it is whose files are the same ones as before.
            yield dg.RunRequest(run_key=f"{tick}/{day}", partition_key=day.isoformat(), tags={run_tags.RESUME: "true"})

    return unload_daily
