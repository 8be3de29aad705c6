"""What Dagster loads: everything that one config says, built by one function. Decides nothing by itself."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from personalize_assets.config import Config, load_config
from personalize_assets.engines import make_engine
from personalize_assets.orchestration.alerts import alerts
from personalize_assets.orchestration.asset_checks import file_checks
from personalize_assets.orchestration.assets.daily_datasets import convert
from personalize_assets.orchestration.assets.descriptions import CONVERT_JOB, EXPORT_JOB, location
from personalize_assets.orchestration.assets.event_profile import event_profile
from personalize_assets.orchestration.assets.exports import export
from personalize_assets.orchestration.assets.raw_event_catalog import raw_event_catalog
from personalize_assets.orchestration.assets.raw_events import raw_events
from personalize_assets.orchestration.assets.schemas import schemas
from personalize_assets.orchestration.automation import MAX_RUNTIME_TAGS, exports_follow
from personalize_assets.orchestration.group import Group
from personalize_assets.orchestration.sensors import arrivals
from personalize_assets.pipeline.pipeline import Pipeline


def build_definitions(config: Config, key_prefix: Sequence[str] = ()) -> dg.Definitions:
    """The definitions of one dataset group. With a ``key_prefix``, those of several can be merged in one project."""
    partitions = dg.DailyPartitionsDefinition(config.source.start_date.isoformat(), end_offset=1)
    group = Group(Pipeline(config), partitions, tuple(key_prefix))
    daily = [raw_event_catalog(group), convert(group)]
    over_all_days = [export(group), *schemas(group)]
    assets_and_jobs = dg.Definitions(
        assets=[raw_events(group), event_profile(group), *daily, *over_all_days],
        asset_checks=file_checks(group),
        jobs=[
            dg.define_asset_job(
                group.name("convert"), dg.AssetSelection.assets(*daily), description=CONVERT_JOB, tags=MAX_RUNTIME_TAGS
            ),
            dg.define_asset_job(
                group.name("export"),
                dg.AssetSelection.assets(*over_all_days),
                description=EXPORT_JOB,
                tags=MAX_RUNTIME_TAGS,
            ),
        ],
        sensors=[arrivals(group, group.name("convert")), alerts(group)],
        resources={group.engine_key: make_engine(config.engine, config)},
        metadata={group.name(name): value for name, value in location(config).items()},
        # One process a run: every Spark step of it uses the same session.
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(assets_and_jobs, exports_follow(group, group.name("export")))


@dg.definitions
def definitions() -> dg.Definitions:
    return build_definitions(load_config())
