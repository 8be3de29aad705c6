"""What all assets of one dataset group share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import cast

import dagster as dg

from personalize_assets.engines import Engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline import Pipeline


@dataclass(frozen=True)
class Group:
    """One dataset group: its pipeline, its days, and the prefix that tells its assets from another group's."""

    pipeline: Pipeline
    partitions: dg.DailyPartitionsDefinition
    key_prefix: tuple[str, ...] = ()

    def key(self, name: str) -> dg.AssetKey:
        return dg.AssetKey([*self.key_prefix, name])

    def name(self, name: str) -> str:
        """A name for an op, a job or a resource: these have no prefixes in Dagster, and must differ between groups."""
        return "_".join([*self.key_prefix, name])

    @property
    def engine_key(self) -> str:
        return self.name("engine")

    @property
    def pool(self) -> str | None:
        """The Dagster pool of the steps that run on the engine: how many runs Glue takes at once is limited there."""
        return "glue" if self.pipeline.config.engine == "glue" else None

    def engine(self, context: dg.AssetExecutionContext) -> Engine:
        return cast("Engine", getattr(context.resources, self.engine_key))

    def is_checked(self, context: dg.AssetExecutionContext, key: dg.AssetKey) -> bool:
        """Whether the checks of an asset are part of the run: somebody may have asked for the asset alone."""
        return any(check.asset_key == key for check in context.selected_asset_check_keys)


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """The arrival days of a run: one partition, or a range of them in a single run."""
    return [date.fromisoformat(key) for key in context.partition_keys]


@contextmanager
def permanent_errors() -> Iterator[None]:
    """What the user must mend is not tried again, and is shown by its text alone."""
    try:
        yield
    except PersonalizeAssetsError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
