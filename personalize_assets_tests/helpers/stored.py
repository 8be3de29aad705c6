"""Reads and writes the small objects of a destination as a test needs them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from personalize_assets.storage.days import accounting_of, commits_of
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.exports import former_runs
from personalize_assets.storage.manifests import (
    DayAccounting,
    DayCommit,
    DayState,
    ExportManifest,
    ExportSet,
    TableCommit,
)
from personalize_assets.storage.stored_structs import encode


def commits(destination: Destination, dataset: str) -> dict[str, DayCommit]:
    """The current commits of a dataset, by day (ISO)."""
    return commits_of(destination.days.all(), dataset)


def accounting(destination: Destination, source: str) -> dict[str, DayAccounting]:
    """What was read of a source, by day (ISO)."""
    return accounting_of(destination.days.all(), source)


def put_day(
    destination: Destination,
    day: str,
    datasets: Mapping[str, DayCommit] | None = None,
    sources: Mapping[str, DayAccounting] | None = None,
) -> None:
    """Add commits and accounting to a day, whether their files exist or not."""
    state = destination.days.one(day) or DayState(day=day)
    changed = replace(
        state, datasets={**state.datasets, **(datasets or {})}, sources={**state.sources, **(sources or {})}
    )
    destination.store.write(destination.days.key(day), encode(changed))


def put_table(destination: Destination, dataset: str, commit: TableCommit) -> None:
    """Make a commit of a table current, whether its files exist or not."""
    assert destination.tables.swap(dataset, commit, destination.tables.find(dataset))


def put_export(destination: Destination, *manifests: ExportManifest) -> ExportSet:
    """Make an export with these manifests, and those of the former one, the latest."""
    before = destination.exports.find_latest()
    former = before.object.datasets if before.object else {}
    made = ExportSet(
        run=manifests[0].run,
        made="2026-10-02T00:00:00+00:00",
        datasets={**former, **{manifest.dataset: manifest for manifest in manifests}},
        former=former_runs(before.object),
    )
    assert destination.exports.publish(made, before)
    return made


def latest_csv(destination: Destination, dataset: str) -> bytes | None:
    """The bytes of a dataset's current CSV; None without an export."""
    manifest = destination.exports.manifest(dataset)
    return destination.store.read(manifest.path) if manifest else None
