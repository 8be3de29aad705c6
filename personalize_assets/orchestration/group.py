"""What all definitions of one dataset group share: names, owners, tags, partitions, the engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypedDict, cast

import dagster as dg

from personalize_assets.config import Config
from personalize_assets.conversion.progress import lines
from personalize_assets.conversion.spec import ConvertReport, ConvertSpec, ExportReport, ExportSpec
from personalize_assets.engines import Engine
from personalize_assets.orchestration import run_tags
from personalize_assets.pipeline.dataset_group import DatasetGroup

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition


class OwnersAndTags(TypedDict):
    """Keyword arguments of ``dg.AssetSpec``."""

    owners: list[str]
    tags: dict[str, str]


@dataclass(frozen=True)
class GroupDefs:
    """One dataset group as Dagster sees it.

    Attributes:
        dataset_group: Config, datasets, sources and destination: what the stages in ``pipeline`` work on.
        partitions: Arrival days, from the first day of the source to today (UTC), or to yesterday for a warehouse,
            whose days are unloaded once they are over.
        key_prefix: Tells the definitions of several groups in one project apart.
    """

    dataset_group: DatasetGroup
    partitions: dg.DailyPartitionsDefinition
    key_prefix: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Config, key_prefix: Sequence[str] = ()) -> GroupDefs:
        """The dataset group of a config. Nothing is read or called."""
        today = 0 if config.source.redshift else 1
        partitions = dg.DailyPartitionsDefinition(config.source.start_date.isoformat(), end_offset=today)
        return cls(DatasetGroup(config), partitions, tuple(key_prefix))

    def key(self, name: str) -> dg.AssetKey:
        """The key of an asset."""
        return dg.AssetKey([*self.key_prefix, name])

    def name(self, name: str) -> str:
        """The name of an op, job, sensor, schedule or resource: Dagster has no prefixes for them."""
        return "_".join([*self.key_prefix, name])

    def owners_and_tags(self, dataset: str | None = None) -> OwnersAndTags:
        """The owners of an asset, and the tags that find those of a dataset group or a dataset in a search."""
        settings = self.dataset_group.config.dataset_group
        tags = {"personalize/dataset_group": settings.name, "personalize/domain": settings.domain}
        if dataset:
            tags["personalize/dataset"] = dataset
        return {"owners": list(settings.owners), "tags": tags}

    def job(self, name: str, assets: Sequence[dg.AssetsDefinition], description: str) -> UnresolvedAssetJobDefinition:
        """A job over all of these assets, which may not run longer than ``run_tags.MAX_RUNTIME``."""
        return dg.define_asset_job(
            self.name(name),
            dg.AssetSelection.assets(*assets),
            description=description,
            tags=run_tags.MAX_RUNTIME_TAGS,
        )

    @property
    def engine_key(self) -> str:
        """The name of the engine's resource."""
        return self.name("engine")

    @property
    def pool(self) -> str | None:
        """The Dagster pool of the steps that run on the engine; it limits how many runs Glue has at once."""
        return "glue" if self.dataset_group.config.engine == "glue" else None

    def run_convert(self, context: dg.AssetExecutionContext, spec: ConvertSpec) -> ConvertReport:
        """Run a spec on the engine, and log its progress; the op must require ``engine_key``."""
        return self._engine(context).convert(context, spec, lines(context.log.info))

    def run_export(self, context: dg.AssetExecutionContext, spec: ExportSpec) -> ExportReport:
        """As ``run_convert``."""
        return self._engine(context).export(context, spec, lines(context.log.info))

    def _engine(self, context: dg.AssetExecutionContext) -> Engine:
        return cast("Engine", getattr(context.resources, self.engine_key))

    @property
    def backfill_policy(self) -> dg.BackfillPolicy:
        """A range of days is one run up to ``automation.max_days_per_run``, so that a failure costs no more days."""
        return dg.BackfillPolicy.multi_run(self.dataset_group.config.automation.max_days_per_run)


def selected(context: dg.AssetExecutionContext, results: Iterable[dg.AssetCheckResult]) -> list[dg.AssetCheckResult]:
    """The results whose checks are part of the run. A run may leave out the checks of an asset that it makes."""
    keys = {(check.asset_key, check.name) for check in context.selected_asset_check_keys}
    return [result for result in results if (result.asset_key, result.check_name) in keys]


def arrival_days(context: dg.AssetExecutionContext) -> list[date]:
    """The arrival days of a run: one partition, or a range of them."""
    return [date.fromisoformat(key) for key in context.partition_keys]
