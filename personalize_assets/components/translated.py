"""Asset specs changed as a project's ``translation`` says, keys included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias, cast

import dagster as dg

from personalize_assets.config import Config, ConfigError
from personalize_assets.definitions import embedded_definitions
from personalize_assets.engines import Engine
from personalize_assets.orchestration.embedding import Embedding

Translation: TypeAlias = Callable[[dg.AssetSpec, str], dg.AssetSpec]
"""From a spec and the asset's name without a prefix, such as ``interactions_csv``, to the spec that a project wants."""


def translated_definitions(
    config: Config,
    engine: Engine | None,
    embedding: Embedding,
    translation: Translation | None,
    name: str,
    *,
    alerts: bool,
) -> dg.Definitions:
    """The definitions of a config, with each asset's spec translated.

    Sensors, jobs and checks know their assets by key. So keys are translated first, and the definitions made with them.

    Args:
        name: What errors call the file that holds the translation.

    Raises:
        ConfigError: If two assets get the same key.
    """
    defs = embedded_definitions(config, engine, embedding, alerts=alerts)
    if translation is None:
        return defs
    names = {spec.key: spec.key.path[-1] for spec in defs.resolve_all_asset_specs()}
    keys = {names[spec.key]: translation(spec, names[spec.key]).key for spec in defs.resolve_all_asset_specs()}
    for key, times in Counter(keys.values()).items():
        if times > 1:
            raise ConfigError(
                [
                    f"{name}: attributes.translation.key: {times} assets would have the key {key.to_user_string()}; "
                    "put the name of the asset into it, as shop/{{ name }}"
                ]
            )
    former = {key: dg.AssetKey([*embedding.key_prefix, asset]) for asset, key in keys.items()}
    defs = embedded_definitions(config, engine, replace(embedding, keys=keys), alerts=alerts)

    def translate(spec: dg.AssetSpec) -> dg.AssetSpec:
        before = spec.replace_attributes(key=former[spec.key])
        return translation(before, former[spec.key].path[-1]).replace_attributes(key=spec.key)

    assets = cast("Sequence[dg.AssetsDefinition | dg.AssetSpec]", defs.assets or ())
    # Not `defs.map_asset_specs`, which Dagster 1.13 still calls a preview, with a warning.
    return dg.Definitions(
        assets=[*dg.map_asset_specs(translate, assets)],
        asset_checks=defs.asset_checks,
        jobs=defs.jobs,
        schedules=defs.schedules,
        sensors=defs.sensors,
        resources=defs.resources,
        metadata=defs.metadata,
    )
