"""The dataset group of the media team, by ``build_definitions``."""

from pathlib import Path

import dagster as dg

from personalize_assets.definitions import build_definitions


@dg.definitions
def media() -> dg.Definitions:
    """The assets, checks, jobs, sensors and schedule of the group."""
    return build_definitions(
        Path(__file__).with_name("personalize.yaml"),
        "media",
        group_name="media",
        run_tags={"team": "media"},
        pool="media",
        backfill_policy=dg.BackfillPolicy.single_run(),
        alerts=False,
    )
