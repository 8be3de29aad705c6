"""Destinations of older versions, which had a commit for each dataset of a day, and one CSV at a fixed key.

Their commits become objects of days, and their CSVs the latest export, before the first run of this version writes
anything. Files are left where they are.
"""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from personalize_assets.storage.days import DAILY, REJECTS, day_of
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.exports import EXPORTS, LATEST
from personalize_assets.storage.manifests import DayAccounting, DayCommit, DayState, ExportManifest, ExportSet
from personalize_assets.storage.stored_structs import StoredStructs

OLDER_SCHEMAS = "schemas"
_COMMIT = "_commit.json"
_DATASETS = ("interactions", "users", "items")  # that older versions had


def fold_older_layout(destination: Destination) -> None:
    """Write the objects of this version from those of older ones. What is there already stays.

    Raises ``DamagedFile`` for an object that cannot be decoded.
    """
    if not destination.store.holds():
        return
    structs = StoredStructs(destination.store)
    for state in _days(destination, structs):
        structs.swap(destination.days.key(state.day), state, None)
    _fold_exports(destination, structs)


def _days(destination: Destination, structs: StoredStructs) -> list[DayState]:
    datasets: dict[str, dict[str, DayCommit]] = {}
    sources: dict[str, dict[str, DayAccounting]] = {}
    for name in _DATASETS:
        folder = DAILY[name]
        for key in _commit_keys(destination, folder):
            advice = f"materialize {folder} again to replace it"
            if commit := structs.read(key, DayCommit, advice):
                datasets.setdefault(day_of(key), {})[name] = commit
    for key in _commit_keys(destination, REJECTS):
        source = key.rpartition("/")[2].removeprefix("_").removesuffix(_COMMIT)
        if accounting := structs.read(key, DayAccounting, "materialize the day's datasets again to replace it"):
            sources.setdefault(day_of(key), {})[source] = accounting
    return [DayState(day=day, datasets=its, sources=sources.get(day, {})) for day, its in sorted(datasets.items())]


def _fold_exports(destination: Destination, structs: StoredStructs) -> None:
    found = {}
    for name in _DATASETS:
        key = f"{EXPORTS}/{name}.manifest.json"
        if manifest := structs.read(key, ExportManifest, f"materialize {name}_csv again to replace it"):
            found[name] = replace(
                manifest, path=manifest.path or f"{EXPORTS}/{name}.csv", schema=f"{OLDER_SCHEMAS}/{name}.avsc"
            )
    if found:
        run = max(manifest.run for manifest in found.values())
        made = datetime.now(UTC).isoformat(timespec="seconds")
        structs.swap(LATEST, ExportSet(run=run, made=made, datasets=found), None)


def older_objects(destination: Destination) -> list[str]:
    """The keys of objects that this version does not read."""
    keys = [
        key for folder in (*(DAILY[name] for name in _DATASETS), REJECTS) for key in _commit_keys(destination, folder)
    ]
    latest = destination.exports.latest()
    current = (
        {key for manifest in latest.datasets.values() for key in (manifest.path, manifest.schema)} if latest else set()
    )
    for name in _DATASETS:
        of_csv = [f"{EXPORTS}/{name}.csv", f"{OLDER_SCHEMAS}/{name}.avsc"]
        if latest and not current & {*of_csv, f"{EXPORTS}/{name}/"}:
            keys += [*of_csv, f"{EXPORTS}/{name}.manifest.json"]
            keys += [file.key for file in destination.store.files(f"{EXPORTS}/{name}/")]
    return keys


def _commit_keys(destination: Destination, folder: str) -> list[str]:
    found = (file.key for file in destination.store.files(f"{folder}/day="))
    return [key for key in found if key.endswith(_COMMIT) and key.rpartition("/")[2].startswith("_")]
