"""What Dagster loads: the definitions of one config, merged. Decides nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence

import dagster as dg

from personalize_assets.config import Config, load_config
from personalize_assets.engines import make_engine
from personalize_assets.orchestration.alerts import alerts
from personalize_assets.orchestration.asset_checks import file_checks
from personalize_assets.orchestration.assets.daily_datasets import daily_datasets
from personalize_assets.orchestration.assets.descriptions import CONVERT_JOB, EXPORT_JOB, code_location
from personalize_assets.orchestration.assets.event_profile import event_profile
from personalize_assets.orchestration.assets.exports import exports
from personalize_assets.orchestration.assets.raw_event_catalog import raw_event_catalog
from personalize_assets.orchestration.assets.raw_events import raw_events
from personalize_assets.orchestration.assets.schemas import schemas
from personalize_assets.orchestration.assets.warehouse_unload import warehouse_unload
from personalize_assets.orchestration.automation import export_automation
from personalize_assets.orchestration.group import GroupDefs
from personalize_assets.orchestration.sensors import arrivals
from personalize_assets.orchestration.unload_schedule import unload_daily


def build_definitions(config: Config, key_prefix: Sequence[str] = ()) -> dg.Definitions:
    """The definitions of one dataset group.

    ``key_prefix`` is put before every asset key and name, so that the definitions of several groups can be merged.
    """
    defs = GroupDefs.of(config, key_prefix)
    is_warehouse = config.source.redshift is not None
    daily = [*([warehouse_unload(defs)] if is_warehouse else []), raw_event_catalog(defs), daily_datasets(defs)]
    over_all_days = [exports(defs), *schemas(defs)]
    convert_job = defs.job("convert", daily, CONVERT_JOB)
    export_job = defs.job("export", over_all_days, EXPORT_JOB)
    return dg.Definitions.merge(
        dg.Definitions(
            assets=[raw_events(defs), event_profile(defs), *daily, *over_all_days],
            asset_checks=file_checks(defs),
            jobs=[convert_job, export_job],
            sensors=[*([] if is_warehouse else [arrivals(defs, convert_job.name)]), alerts(defs)],
            schedules=[unload_daily(defs, convert_job.name)] if is_warehouse else [],
            resources={defs.engine_key: make_engine(config.engine, config)},
            metadata={defs.name(name): value for name, value in code_location(config).items()},
            # One process a run: all Spark steps of a run share a session.
            executor=dg.in_process_executor,
        ),
        export_automation(defs, export_job.name),
    )


@dg.definitions
def definitions() -> dg.Definitions:
    """The definitions of the config in ``$PERSONALIZE_CONFIG``, else of the sample, with the environment's values."""
    return build_definitions(load_config(env=os.environ))
