"""What all assets of one dataset group share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TypedDict, cast

import dagster as dg

from personalize_assets.engines import Engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline import Pipeline


class About(TypedDict):
    owners: list[str]
    tags: dict[str, str]


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

    def about(self, dataset: str | None = None) -> About:
        """Owners and tags, the same for every asset; the tags tell dataset groups, and datasets, apart in searches."""
        group = self.pipeline.config.dataset_group
        tags = {"personalize/dataset_group": group.name, "personalize/domain": group.domain}
        if dataset:
            tags["personalize/dataset"] = dataset
        return {"owners": list(group.owners), "tags": tags}

    @property
    def engine_key(self) -> str:
        return self.name("engine")

    def engine(self, context: dg.AssetExecutionContext) -> Engine:
        return cast("Engine", getattr(context.resources, self.engine_key))

    def asked_for(
        self, context: dg.AssetExecutionContext, checks: Iterable[dg.AssetCheckResult]
    ) -> list[dg.AssetCheckResult]:
        """Those results whose checks are part of the run: somebody may have asked for an asset alone."""
        selected = {(check.asset_key, check.name) for check in context.selected_asset_check_keys}
        return [check for check in checks if (check.asset_key, check.check_name) in selected]


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
