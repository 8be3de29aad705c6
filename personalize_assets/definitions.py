"""What Dagster loads: the definitions of one config, merged. Decides nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from personalize_assets.config import Config, load_config
from personalize_assets.engines import Engine
from personalize_assets.orchestration.alerts import failure_alerts
from personalize_assets.orchestration.asset_checks import file_checks
from personalize_assets.orchestration.assets.daily_datasets import daily_datasets
from personalize_assets.orchestration.assets.descriptions import CONVERT_JOB, EXPORT_JOB, IMPORT_JOB, code_location
from personalize_assets.orchestration.assets.event_profile import event_profile
from personalize_assets.orchestration.assets.exports import exports
from personalize_assets.orchestration.assets.imports import imports
from personalize_assets.orchestration.assets.raw_event_catalog import raw_event_catalog
from personalize_assets.orchestration.assets.raw_events import raw_events
from personalize_assets.orchestration.assets.schemas import schemas
from personalize_assets.orchestration.assets.warehouse_unload import warehouse_unload
from personalize_assets.orchestration.automation import export_automation, import_automation
from personalize_assets.orchestration.embedding import Embedding, prefix_of
from personalize_assets.orchestration.group import GroupDefs
from personalize_assets.orchestration.sensors import arrivals
from personalize_assets.orchestration.unload_schedule import unload_daily


def build_definitions(
    config: Config | str | Path,
    key_prefix: str | Sequence[str] = (),
    *,
    engine: Engine | None = None,
    group_name: str | None = None,
    op_tags: Mapping[str, Any] | None = None,
    run_tags: Mapping[str, str] | None = None,
    pool: str | None = None,
    backfill_policy: dg.BackfillPolicy | None = None,
    alerts: bool = True,
    env: Mapping[str, str] | None = None,
) -> dg.Definitions:
    """The definitions of one dataset group, to be merged into those of any project.

    They set no executor, and touch nothing but their own assets, jobs, sensors, schedules and resource. The host's
    jobs may select the assets like any others.

    Args:
        config: A config, or the path of its file.
        key_prefix: Put before every asset key, and before the names of everything else with what Dagster takes in a
            name (``shop-eu`` as ``shop_eu``), so that several groups fit into one project. A text is one part.
        engine: Used instead of the config's, for example one of your own.
        group_name: The UI's group of all assets, instead of one a stage.
        op_tags: Of every step, for example ``{"dagster-k8s/config": {…}}``.
        run_tags: Of every run that jobs, sensors and schedules start.
        pool: Of the steps that run on the engine, instead of the one named after the engine.
        backfill_policy: Of the daily assets, instead of runs of up to ``automation.max_days_per_run`` days.
            ``BackfillPolicy.single_run()`` is what ``dg launch --partition-range`` needs.
        alerts: Whether to add the sensor that posts this group's failed runs to ``ALERT_WEBHOOK_URL``.
        env: Variables that override the file (``PERSONALIZE__…``), if ``config`` is a path; none by default.

    Raises:
        ConfigError: If the file holds no valid config.
        ValueError: For a prefix that no asset key can have, or an ``env`` beside a config that is loaded already.
    """
    if isinstance(config, str | Path):
        config = load_config(config, env or {})
    elif env is not None:
        raise ValueError("env: the config is loaded already; write its path instead, or give env to load_config")
    embedding = Embedding(
        prefix_of(key_prefix), group_name, dict(op_tags or {}), dict(run_tags or {}), pool, backfill_policy
    )
    return embedded_definitions(config, engine, embedding, alerts=alerts)


def embedded_definitions(
    config: Config, engine: Engine | None, embedding: Embedding, *, alerts: bool = True
) -> dg.Definitions:
    """As ``build_definitions``, of a config that is loaded and of a host's wishes in one struct."""
    defs = GroupDefs.of(config, engine, embedding)
    is_warehouse = config.source.redshift is not None
    daily = [*([warehouse_unload(defs)] if is_warehouse else []), raw_event_catalog(defs), daily_datasets(defs)]
    over_all_days = [exports(defs), *schemas(defs)]
    profile, checks = event_profile(defs), file_checks(defs)
    convert_job = defs.job("convert", daily, CONVERT_JOB)
    export_job = defs.job("export", over_all_days, EXPORT_JOB)
    imported = imports(defs)
    import_jobs = [defs.job("imports", imported, IMPORT_JOB, defs.import_tags)] if imported else []
    made = [*daily, profile, *over_all_days, *imported]
    on_failure = [failure_alerts(defs, [*made, *checks])] if alerts else []
    return dg.Definitions.merge(
        dg.Definitions(
            assets=[raw_events(defs), *made],
            asset_checks=checks,
            jobs=[convert_job, export_job, *import_jobs],
            sensors=[*([] if is_warehouse else [arrivals(defs, convert_job.name)]), *on_failure],
            schedules=[unload_daily(defs, convert_job.name)] if is_warehouse else [],
            resources={defs.engine_key: defs.engine},
            metadata={defs.name(name): value for name, value in code_location(config, defs.engine).items()},
        ),
        export_automation(defs, export_job.name),
        import_automation(defs, imported),
    )


@dg.definitions
def definitions() -> dg.Definitions:
    """The definitions of the config in ``$PERSONALIZE_CONFIG``, else of the sample, with the environment's values."""
    # One process a run: all Spark steps of a run share a session.
    executor = dg.Definitions(executor=dg.in_process_executor)
    return dg.Definitions.merge(build_definitions(load_config(env=os.environ)), executor)
