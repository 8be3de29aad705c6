"""What the project that a dataset group's definitions are merged into decides about them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

_NO_LETTER_OF_A_NAME = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True)
class Embedding:
    """The wishes of a host project; each has a default that suits definitions on their own.

    Attributes:
        key_prefix: Before every asset key; its parts, joined by underscores, before every other name.
        group_name: The group of all assets in the UI; None for one a stage (raw, catalog, datasets, exports, schemas).
        op_tags: Of every step, such as ``dagster-k8s/config``.
        run_tags: Of every run that a job, sensor or schedule of these definitions starts.
        pool: Of the steps that run on the engine; None for the engine's own.
        backfill_policy: Of the daily assets; None for runs of ``automation.max_days_per_run`` days.
        keys: Keys of some assets, by the asset's name, instead of those that the prefix gives.
    """

    key_prefix: tuple[str, ...] = ()
    group_name: str | None = None
    op_tags: Mapping[str, Any] = field(default_factory=dict)
    run_tags: Mapping[str, str] = field(default_factory=dict)
    pool: str | None = None
    backfill_policy: dg.BackfillPolicy | None = None
    keys: Mapping[str, dg.AssetKey] = field(default_factory=dict)

    def key(self, name: str) -> dg.AssetKey:
        """The key of an asset."""
        return self.keys.get(name) or dg.AssetKey([*self.key_prefix, name])

    def name(self, name: str) -> str:
        """The name of an op, job, sensor, schedule or resource, which Dagster makes of letters, digits and ``_``."""
        return "_".join([*(_NO_LETTER_OF_A_NAME.sub("_", part) for part in self.key_prefix), name])


def prefix_of(written: str | Sequence[str]) -> tuple[str, ...]:
    """The parts of a key prefix; a text is one part. Raises ``ValueError`` for an empty part or one with a slash."""
    parts = (written,) if isinstance(written, str) else tuple(written)
    if parts == ("",):
        return ()
    for part in parts:
        if not isinstance(part, str) or not part or "/" in part:
            raise ValueError(
                f"key_prefix: {part!r} is not a part of an asset key; write a text, as 'shop', or several, as "
                "['media', 'shop'], without slashes"
            )
    return parts
