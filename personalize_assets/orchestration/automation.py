"""When exports and imports start by themselves, and how old an export may become."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from personalize_assets.orchestration.group import GroupDefs
from personalize_assets.pipeline.export import unexported

# One export a day, and two hours for the converts and the export: yellow when one is missing, red when two are.
_FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))

HOW_TO_SWITCH_ON = (
    "Off by default. It starts with `automation: on` in the config, or with the switch here; a switch that was used "
    "here overrides the config."
)
_DAILY = "Exports once a day if any day was converted since the last export, in whatever way. " + HOW_TO_SWITCH_ON
_IMPORT = "Imports each export into Personalize once it is done. " + HOW_TO_SWITCH_ON
_EAGER = "Exports as soon as no convert is running or queued. " + HOW_TO_SWITCH_ON


def csv_freshness(defs: GroupDefs) -> dg.FreshnessPolicy | None:
    """How old a CSV may become; None where exports are started by hand."""
    return _FRESHNESS if defs.dataset_group.config.automation.on else None


def export_condition(defs: GroupDefs) -> "dg.AutomationCondition[Any] | None":
    """When Dagster makes a table or CSV by itself; None unless the config says ``export: eager``.

    Declarative automation knows every convert, also that of a backfill, that is finished, queued or running; a sensor
    of ours would have to find out. It is not Dagster's ``eager()``, which never fires below a daily asset while any old
    day is missing. For ``export: daily`` see ``_daily``.
    """
    if defs.dataset_group.config.automation.export != "eager":
        return None
    above = dg.AutomationCondition
    return (
        above.any_deps_updated().since_last_handled()
        & ~above.any_deps_in_progress()
        & ~above.any_deps_match(above.backfill_in_progress())
        & ~above.in_progress()
        & above.all_deps_blocking_checks_passed()
    ).with_label("export_when_all_converts_are_done")


def import_condition() -> "dg.AutomationCondition[Any]":
    """When Dagster imports by itself: once the CSV or its schema was made again, and no export runs any more."""
    above = dg.AutomationCondition
    return (
        above.any_deps_updated().since_last_handled()
        & ~above.any_deps_missing()
        & ~above.any_deps_in_progress()
        & ~above.in_progress()
        & above.all_deps_blocking_checks_passed()
    ).with_label("import_when_an_export_is_done")


def import_automation(defs: GroupDefs, assets: Sequence[dg.AssetsDefinition]) -> dg.Definitions:
    """The sensor that imports after exports; nothing without imports."""
    if not assets:
        return dg.Definitions()
    automation = defs.dataset_group.config.automation
    return dg.Definitions(
        sensors=[
            dg.AutomationConditionSensorDefinition(
                defs.name("import_after_exports"),
                target=dg.AssetSelection.assets(*assets),
                run_tags=defs.import_tags,
                default_status=dg.DefaultSensorStatus.RUNNING if automation.on else dg.DefaultSensorStatus.STOPPED,
                minimum_interval_seconds=automation.interval_seconds,
                description=_IMPORT,
            )
        ]
    )


def export_automation(defs: GroupDefs, job: str) -> dg.Definitions:
    """The sensor (``export: eager``) or schedule (``export: daily``) that starts the exports; ``job`` is theirs."""
    if defs.dataset_group.config.automation.export == "eager":
        return dg.Definitions(sensors=[_eager(defs)])
    return dg.Definitions(schedules=[_daily(defs, job)])


def _eager(defs: GroupDefs) -> dg.SensorDefinition:
    automation = defs.dataset_group.config.automation
    datasets = defs.dataset_group.datasets
    tables = [name for name, dataset in datasets.items() if not dataset.is_events]
    keys = [defs.key(name) for name in (*tables, *(f"{name}_csv" for name in datasets))]
    return dg.AutomationConditionSensorDefinition(
        defs.name("export_eagerly"),
        target=dg.AssetSelection.assets(*keys),
        run_tags=defs.run_tags,
        default_status=dg.DefaultSensorStatus.RUNNING if automation.on else dg.DefaultSensorStatus.STOPPED,
        minimum_interval_seconds=automation.interval_seconds,
        description=_EAGER,
    )


def _daily(defs: GroupDefs, job: str) -> dg.ScheduleDefinition:
    """A schedule rather than a condition: the UI shows its next tick, and a skipped one says why.

    A condition would need a cron tick and the state of six assets, and would not see days that were converted outside
    of Dagster. The commits and manifests in the destination have them all.
    """
    group = defs.dataset_group
    is_on = group.config.automation.on
    hour, minute = group.config.automation.export_at.split(":")

    @dg.schedule(
        name=defs.name("export_daily"),
        job_name=job,
        cron_schedule=f"{int(minute)} {int(hour)} * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING if is_on else dg.DefaultScheduleStatus.STOPPED,
        description=_DAILY,
    )
    def export_daily(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        changed = unexported(group)
        if changed:
            context.log.info(f"Converted since the last export: {', '.join(changed)}")
            yield dg.RunRequest()
        else:
            yield dg.SkipReason("no day was converted since the last export")

    return export_daily
