"""What all definitions of one dataset group share: names, owners, tags, partitions, the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypedDict, cast

import dagster as dg

from personalize_assets.config import Config
from personalize_assets.conversion.progress import lines
from personalize_assets.conversion.spec import ConvertReport, ConvertSpec, ExportReport, ExportSpec
from personalize_assets.engines import Engine, make_engine
from personalize_assets.orchestration import run_tags
from personalize_assets.orchestration.embedding import Embedding
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
        engine: What its jobs run on.
        embedding: What the host project decides.
    """

    dataset_group: DatasetGroup
    partitions: dg.DailyPartitionsDefinition
    engine: Engine
    embedding: Embedding

    @classmethod
    def of(cls, config: Config, engine: Engine | None = None, embedding: Embedding | None = None) -> GroupDefs:
        """The dataset group of a config; by default on the config's engine. Nothing is read or called."""
        today = 0 if config.source.redshift else 1
        partitions = dg.DailyPartitionsDefinition(config.source.start_date.isoformat(), end_offset=today)
        engine = engine or make_engine(config.engine, config)
        return cls(DatasetGroup(config), partitions, engine, embedding or Embedding())

    def key(self, name: str) -> dg.AssetKey:
        """The key of an asset."""
        return self.embedding.key(name)

    def name(self, name: str) -> str:
        """The name of an op, job, sensor, schedule or resource: Dagster has no prefixes for them."""
        return self.embedding.name(name)

    def group(self, stage: str) -> str:
        """The group of an asset in the UI."""
        return self.embedding.group_name or stage

    def kinds(self, *stored: str) -> set[str]:
        """What an asset that the engine makes is made of: the engine, and how it is stored."""
        return {self.engine.kind, *stored}

    def owners_and_tags(self, dataset: str | None = None) -> OwnersAndTags:
        """The owners of an asset, and the tags that find those of a dataset group or a dataset in a search."""
        settings = self.dataset_group.config.dataset_group
        tags = {"personalize/dataset_group": settings.name, "personalize/domain": settings.domain}
        if dataset:
            tags["personalize/dataset"] = dataset
        return {"owners": list(settings.owners), "tags": tags}

    def job(
        self, name: str, assets: Sequence[dg.AssetsDefinition], description: str, tags: Mapping[str, str] | None = None
    ) -> UnresolvedAssetJobDefinition:
        """A job over all of these assets; by default it may not run longer than ``run_tags.MAX_RUNTIME``."""
        return dg.define_asset_job(
            self.name(name),
            dg.AssetSelection.assets(*assets),
            description=description,
            tags=self.run_tags if tags is None else tags,
        )

    @property
    def run_tags(self) -> dict[str, str]:
        """The tags of all runs that these definitions start."""
        return {**run_tags.MAX_RUNTIME_TAGS, **self.embedding.run_tags}

    @property
    def import_tags(self) -> dict[str, str]:
        """The tags of runs that import: they may wait as long as the config says, and an hour besides."""
        minutes = self.dataset_group.config.import_.timeout_minutes + 60
        return {**self.run_tags, **run_tags.max_runtime(timedelta(minutes=minutes))}

    @property
    def engine_key(self) -> str:
        """The name of the engine's resource."""
        return self.name("engine")

    @property
    def op_tags(self) -> dict[str, Any]:
        """The tags of every step."""
        return dict(self.embedding.op_tags)

    @property
    def pool(self) -> str:
        """The Dagster pool of the steps that run on the engine; a limit of it is one of steps at the same time."""
        return self.embedding.pool or self.engine.name

    def run_convert(self, context: dg.AssetExecutionContext, spec: ConvertSpec) -> ConvertReport:
        """Run a spec on the engine, and log its progress; the op must require ``engine_key``."""
        return self._engine(context).convert(context, spec, lines(context.log.info))

    def run_export(self, context: dg.AssetExecutionContext, spec: ExportSpec) -> ExportReport:
        """As ``run_convert``."""
        return self._engine(context).export(context, spec, lines(context.log.info))

    def engine_name(self, context: dg.AssetExecutionContext) -> str:
        """The name of the engine that a run has, which the host project may have put in place of this one."""
        return self._engine(context).name

    def _engine(self, context: dg.AssetExecutionContext) -> Engine:
        return cast("Engine", getattr(context.resources, self.engine_key))

    @property
    def backfill_policy(self) -> dg.BackfillPolicy:
        """A range of days is one run up to ``automation.max_days_per_run``, so that a failure costs no more days.

        The host project may want another one: a single run is what ``dg launch --partition-range`` needs.
        """
        return self.embedding.backfill_policy or dg.BackfillPolicy.multi_run(
            self.dataset_group.config.automation.max_days_per_run
        )


def selected(context: dg.AssetExecutionContext, results: Iterable[dg.AssetCheckResult]) -> list[dg.AssetCheckResult]:
    """The results whose checks are part of the run. A run may leave out the checks of an asset that it makes."""
    keys = {(check.asset_key, check.name) for check in context.selected_asset_check_keys}
    return [result for result in results if (result.asset_key, result.check_name) in keys]


def arrival_days(context: dg.AssetExecutionContext) -> list[date]:
    """The arrival days of a run: one partition, or a range of them. Raises ``dg.Failure`` for a run without either."""
    if not context.has_partition_key and not context.has_partition_key_range:
        raise dg.Failure(
            "this run is for no day; choose the days: in the UI a partition or a range of them, on the command line "
            "`dg launch --partition 2026-10-01`, or `personalize-assets run`, which finds the days itself",
            allow_retries=False,
        )
    return [date.fromisoformat(key) for key in context.partition_keys]
