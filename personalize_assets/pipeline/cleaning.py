"""Deletes what nothing needs any more. No stage fails because something could not be deleted.

Two kinds: files of former states, which the objects that replaced them list, and what runs left that were killed. The
first are deleted when they have been unneeded for ``destination.retention_hours``; the second, which no object names, a
day after they were written, and all of the destination is searched for them once a day.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from functools import partial

from msgspec.structs import replace

from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage import cleanup
from personalize_assets.storage.days import DATA_FOLDERS
from personalize_assets.storage.destination import PARTS
from personalize_assets.storage.exports import EXPORTS, LATEST_LINK, REFUSED, unneeded_runs
from personalize_assets.storage.file_lists import put_file_lists
from personalize_assets.storage.manifests import DayState, Replaced, SweepMark, TableCommit
from personalize_assets.storage.older_layout import OLDER_SCHEMAS, older_objects
from personalize_assets.storage.run_ids import RUN_ID
from personalize_assets.storage.tables import TABLES

# A run that takes longer than this would lose its files; its commit would notice it, and replace nothing.
_LEFTOVER_SECONDS = 24 * 3600
# So that what a run left is gone within two days.
_SWEEP_SECONDS = 24 * 3600


def clean(group: DatasetGroup) -> None:
    """Delete what former runs left and nothing needs any more, as far as that is possible."""
    cleanup.attempt(partial(_clean, group))


def _clean(group: DatasetGroup) -> None:
    destination = group.destination
    before = time.time() - 3600 * group.config.destination.retention_hours
    for day, stored, state in destination.days.with_versions():
        if expired := _expired(state, before):
            kept = replace(state, replaced=_without(state, expired))
            put_file_lists(destination, {day: state})  # a run may have died before it wrote the list
            if destination.remove(_files(expired)):
                destination.days.forget_replaced(day, stored, kept)
    for name in TABLES:
        if name not in group.datasets:
            continue
        found = destination.tables.find(name)
        if found.stored and found.object and (expired := _expired(found.object, before)):
            table = replace(found.object, replaced=_without(found.object, expired))
            if destination.remove(_files(expired)):
                destination.tables.forget_replaced(name, found.stored, table)
    _remove_former_exports(group)
    mark = destination.sweep_mark()
    if mark is None:
        destination.put_sweep_mark(SweepMark(time.time()))  # a new destination has none
    elif mark.at < time.time() - _SWEEP_SECONDS:
        destination.remove(leftovers(group))
        destination.remove_unfinished()
        destination.put_sweep_mark(SweepMark(time.time()))


def _expired(state: DayState | TableCommit, before: float) -> list[Replaced]:
    return [replaced for replaced in state.replaced if replaced.at < before]


def _without(state: DayState | TableCommit, expired: list[Replaced]) -> tuple[Replaced, ...]:
    return tuple(replaced for replaced in state.replaced if replaced not in expired)


def _files(expired: list[Replaced]) -> list[str]:
    return sorted({file for replaced in expired for file in replaced.files})


def _remove_former_exports(group: DatasetGroup) -> None:
    exports, keep = group.destination.exports, group.config.destination.keep_exports
    latest = exports.latest()
    if latest is None:
        return
    there = exports.runs() if len(latest.former) >= keep else ()
    unneeded = [exports.folder(run) for run in unneeded_runs(latest, there, keep)]
    refused = exports.runs(REFUSED)
    unneeded += [exports.refused_folder(run) for run in refused[:-keep]]
    store = group.destination.store
    group.destination.remove([file.key for folder in unneeded for file in store.files(f"{folder}/")])


def leftovers(group: DatasetGroup) -> list[str]:
    """Keys of files that a run wrote more than a day ago and nothing names, and of objects of older versions."""
    store, oldest = group.destination.store, time.time() - _LEFTOVER_SECONDS
    folders = (*DATA_FOLDERS, *TABLES, PARTS, EXPORTS, OLDER_SCHEMAS)
    old = {file.key for folder in folders for file in store.files(f"{folder}/") if file.modified < oldest}
    if not old:
        return []
    # Read after the listing: a file that was committed in between is among those named.
    named = _named(group)
    of_runs = {key for key in old if RUN_ID.search(key) and key not in named and not _is_export(group, key, named)}
    return sorted(of_runs.union(old & set(older_objects(group.destination))))


def _named(group: DatasetGroup) -> set[str]:
    """Keys of files that are current or wait to be deleted, and of folders of exports."""
    destination = group.destination
    named = {key for state in destination.days.all().values() for key in state.all_files()}
    for name in TABLES:
        if table := destination.tables.current(name):
            named.update(table.files, *(replaced.files for replaced in table.replaced))
    if latest := destination.exports.latest():
        named.update(destination.exports.folder(run) for run in (latest.run, *latest.former))
        named.update(file.key for manifest in latest.datasets.values() for file in manifest.files)
    return named


def _is_export(group: DatasetGroup, key: str, named: Collection[str]) -> bool:
    """Whether a file belongs to an export that is or was the latest, or was refused: those go by number, not age."""
    folder = "/".join(key.split("/")[:2])
    if folder == REFUSED:
        refused = "/".join(key.split("/")[:3])
        return group.destination.store.read(f"{refused}/refused.json", 1) is not None
    return folder in named or folder == LATEST_LINK
