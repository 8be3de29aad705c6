"""The component ``PersonalizeDatasetGroup``: ``build_definitions`` for projects of ``dg``."""

# No `from __future__ import annotations`: Dagster resolves the annotations of a dataclass as they are.
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import dagster as dg
from dagster.components.resolved.errors import ResolutionException
from dagster.components.utils.translation import TranslationFnResolver

from personalize_assets.components.scaffolder import DatasetGroupScaffolder
from personalize_assets.components.templates import fault, rendered, short_path
from personalize_assets.components.translated import Translation, translated_definitions
from personalize_assets.config import Config, ConfigError
from personalize_assets.config.embedded import embedded_value, leaves
from personalize_assets.config.fields import SWITCHES
from personalize_assets.config.loading import Overrides, Values, parse_yaml, put, read_text, validate
from personalize_assets.engines import Engine
from personalize_assets.orchestration.embedding import Embedding, prefix_of

_EXAMPLE = {
    "source": {"uri": "s3://acme-raw/segment", "layout": "segment", "start_date": "2026-10-01"},
    "destination": {"uri": "s3://acme-personalize/shop"},
    "dataset_group": {"name": "shop"},
    "datasets": {
        "interactions": {
            "where": {"event": ["Product Viewed"]},
            "columns": {"USER_ID": "userId", "ITEM_ID": "properties.sku", "TIMESTAMP": "timestamp"},
        }
    },
}


def _as_written(context: dg.ResolutionContext, value: Any) -> Any:
    return rendered(value, context)


def _from_file(context: dg.ResolutionContext, value: Any, *, is_dotted: bool) -> Any:
    """A mapping as this package reads YAML, not as Dagster does, with its templates rendered."""
    tree = context.source_position_tree
    position = tree.lookup(context.path) if tree else None
    if isinstance(value, Mapping) and position and Path(position.filename).is_file():
        try:
            name = short_path(position.filename)
            text = read_text(name, Path(position.filename))
            value = embedded_value(text, name, [*map(str, context.path)], position.start.line, is_dotted=is_dotted)
        except ConfigError as error:
            raise ResolutionException(str(error)) from None
    return rendered(value, context)


def _config(context: dg.ResolutionContext, value: Any) -> str | Mapping[str, Any]:
    found = _from_file(context, value, is_dotted=False)
    if isinstance(found, str | Mapping):
        return found
    raise fault(context, f"found {found!r}; write the path of a file, or the config as a mapping")


def _overrides(context: dg.ResolutionContext, value: Any) -> Mapping[str, Any]:
    found = _from_file(context, value, is_dotted=True)
    if found is None or isinstance(found, Mapping):
        return found or {}
    raise fault(context, f"found {found!r}; write a mapping, as destination.uri: s3://bucket/prefix")


def _switch(context: dg.ResolutionContext, value: Any) -> bool:
    found = rendered(value, context)
    switch = found if isinstance(found, bool) else SWITCHES.get(str(found).lower())
    if switch is None:
        raise fault(context, f"found {found!r}; write true or false")
    return switch


class SingleRun(dg.Model):
    """A backfill of any range is one run."""

    type: Literal["single_run"] = "single_run"


class MultiRun(dg.Model):
    """A backfill is runs of so many days at most."""

    type: Literal["multi_run"] = "multi_run"
    max_partitions_per_run: int = 1


def _backfill_policy(context: dg.ResolutionContext, value: Any) -> dg.BackfillPolicy | None:
    if isinstance(value, SingleRun):
        return dg.BackfillPolicy.single_run()
    return dg.BackfillPolicy.multi_run(value.max_partitions_per_run) if isinstance(value, MultiRun) else None


def _translation_resolver() -> TranslationFnResolver[str]:
    """Dagster's resolver of ``translation``, which takes no description of its own."""
    resolver = TranslationFnResolver[str](lambda name: {"name": name})
    resolver.description = (
        "Changes of each asset: key, group_name, description, metadata, tags, owners and others. `name` is the asset's "
        "name without a prefix, as interactions_csv; `spec` is its dagster.AssetSpec."
    )
    resolver.examples = [{"group_name": "shop"}, {"key": "shop/{{ name }}", "tags": {"tier": "gold"}}]
    return resolver


@dataclass(frozen=True)
class Op(dg.Resolvable):
    """What holds for all steps of the group."""

    tags: Annotated[
        Mapping[str, Any] | None,
        dg.Resolver(
            _as_written,
            inject_before_resolve=False,
            description="Tags of every step: how a host's executor runs it.",
            examples=[{"dagster-k8s/config": {"container_config": {"resources": {"limits": {"memory": "8Gi"}}}}}],
        ),
    ] = None
    pool: Annotated[
        str | None,
        dg.Resolver(
            _as_written,
            inject_before_resolve=False,
            description="The pool of the steps that run on the engine, instead of the one named after the engine.",
            examples=["spark"],
        ),
    ] = None
    backfill_policy: Annotated[
        dg.BackfillPolicy | None,
        dg.Resolver(
            _backfill_policy,
            model_field_type=SingleRun | MultiRun | None,
            inject_before_resolve=False,
            description="Of the daily assets, instead of runs of up to automation.max_days_per_run days. "
            "single_run is what `dg launch --partition-range` needs.",
            examples=[{"type": "single_run"}, {"type": "multi_run", "max_partitions_per_run": 7}],
        ),
    ] = None


@dg.scaffold_with(DatasetGroupScaffolder)
@dataclass(frozen=True)
class PersonalizeDatasetGroup(dg.Component, dg.Resolvable):
    """Turns raw click events into the CSVs and schemas that one dataset group of Amazon Personalize imports.

    Makes the assets, checks, jobs, sensors and schedule of one dataset group: raw events and their catalog, a daily
    table a dataset, the exported CSVs and their Avro schemas. It sets no executor and touches nothing but its own.

    `dg scaffold defs personalize_assets.components.PersonalizeDatasetGroup shop --source s3://acme-raw/segment`
    reads some of the raw files and writes a commented config beside defs.yaml.

    The config means the same inline as in a file: `on`, `12:30`, `NO` and `0123` are text as written, also where
    Dagster reads YAML 1.1. `{{ env.NAME }}` and other templates are resolved in attributes, not in the file that
    `config` names: set such values in `overrides`.
    """

    config: Annotated[
        str | Mapping[str, Any],
        dg.Resolver(
            _config,
            model_field_type=str | dict[Any, Any],
            inject_before_resolve=False,
            description="The config: the path of its file, relative to the folder of defs.yaml, or the config itself. "
            "Relative URIs in it start at the folder of the file.",
            examples=["personalize.yaml", _EXAMPLE],
        ),
    ]
    overrides: Annotated[
        Mapping[str, Any],
        dg.Resolver(
            _overrides,
            model_field_type=dict[Any, Any] | None,
            inject_before_resolve=False,
            description="Values put over the config's, with dotted keys or nested ones. A mapping is merged into the "
            "config's, any other value replaces it.",
            examples=[{"destination.uri": "s3://acme-{{ env.STAGE }}/shop", "automation.on": True}],
        ),
    ] = field(default_factory=dict)
    key_prefix: Annotated[
        str | Sequence[str],
        dg.Resolver(
            _as_written,
            model_field_type=str | list[str],
            inject_before_resolve=False,
            description="Before every asset key, and before the names of jobs, sensors, schedules and resources. "
            "Each group of a project needs its own. A text is one part.",
            examples=["shop", ["shops", "eu"]],
        ),
    ] = ()
    engine: Annotated[
        str | Engine | None,
        dg.Resolver(
            _as_written,
            model_field_type=str | None,
            inject_before_resolve=False,
            description="The name of the engine to use instead of the config's, or a template that gives an object of "
            "a class of your own below personalize_assets.engines.Engine.",
            examples=["arrow", "local", "glue", "{{ my_engine }}"],
        ),
    ] = None
    op: Annotated[
        Op | None,
        dg.Resolver.default(
            description="Tags, pool and backfill policy of the steps.",
            examples=[{"pool": "spark", "backfill_policy": {"type": "single_run"}}],
        ),
    ] = None
    run_tags: Annotated[
        Mapping[str, str],
        dg.Resolver(
            _as_written,
            model_field_type=dict[str, str] | None,
            inject_before_resolve=False,
            description="Tags of every run that jobs, sensors and schedules of the group start.",
            examples=[{"team": "shop"}],
        ),
    ] = field(default_factory=dict)
    translation: Annotated[
        Translation | None,
        _translation_resolver(),
    ] = None
    alerts: Annotated[
        bool,
        dg.Resolver(
            _switch,
            model_field_type=bool | str,
            inject_before_resolve=False,
            description="Whether to add the sensor that posts the group's failed runs to ALERT_WEBHOOK_URL.",
            examples=[True, False],
        ),
    ] = True

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        """What listings of components show."""
        return dg.ComponentTypeSpec(
            tags=["aws", "personalize"],
            produces=["asset", "asset_check", "schedule", "sensor", "job", "resource"],
        )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The definitions of the group. Reads its config; calls nothing.

        Raises:
            ConfigError: The config cannot be read, or with every problem found in it and the file or attribute at
                fault.
        """
        name, folder = _place(context)
        engine = self.engine if isinstance(self.engine, Engine) else None
        op = self.op or Op()
        try:
            prefix = prefix_of(self.key_prefix)
        except ValueError as error:
            raise ConfigError([f"{name}: attributes.{error}"]) from None
        embedding = Embedding(
            prefix,
            op_tags=dict(op.tags or {}),
            run_tags=dict(self.run_tags or {}),
            pool=op.pool,
            backfill_policy=op.backfill_policy,
        )
        return translated_definitions(
            self.loaded(name, folder, context.project_root),
            engine,
            embedding,
            self.translation,
            name,
            alerts=self.alerts,
        )

    def loaded(self, name: str, folder: Path, project: Path) -> Config:
        """The config with the overrides and the engine over it.

        Args:
            name: What errors call the file of the component.
            folder: Where the path of a config, or relative URIs of an inline one, start.
            project: Errors name paths below it as relative ones.

        Raises:
            ConfigError: As ``build_defs``.
        """
        attribute = f"{name}: attributes.config"
        if isinstance(self.config, str):
            file = Path(folder, Path(self.config).expanduser())
            if not file.is_file():
                raise ConfigError(
                    [
                        f"{attribute}: no such file: {short_path(file, project)}; write the path of a file, relative "
                        "to the folder of defs.yaml, or the config itself as a mapping"
                    ]
                )
            attribute = short_path(file, project)
            values: Values = parse_yaml(read_text(attribute, file), attribute)
            folder = file.absolute().parent
        else:
            values = dict(self.config)
        overrides = Overrides()
        for location, value in leaves(self.overrides):
            put(values, location, value, f"{name}: attributes.overrides", overrides)
        if isinstance(self.engine, str):
            put(values, ["engine"], self.engine, f"{name}: attributes.engine", overrides)
        return validate(values, attribute, folder, overrides)


def _place(context: dg.ComponentLoadContext) -> tuple[str, Path]:
    """What errors call the file of a component, and its folder."""
    path = context.path
    if path.is_dir():
        names = ("defs.yaml", "defs.yml", "component.yaml", "component.py")
        path = next((path / name for name in names if (path / name).is_file()), path / names[0])
    return short_path(path, context.project_root), path.parent
