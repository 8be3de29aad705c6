"""Deletes what nothing needs any more. No stage fails because something could not be deleted.

Two kinds: files of former states, which the objects that replaced them list, and what runs left that were killed. The
first are deleted when they have been unneeded for ``destination.retention_hours``; the second, which no object names, a
day after they were written, and all of the destination is searched for them once a day.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import TypeVar

from msgspec.structs import replace

from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage import cleanup
from personalize_assets.storage.days import DATA_FOLDERS
from personalize_assets.storage.destination import PARTS
from personalize_assets.storage.exports import (
    DELETIONS,
    EXPORTS,
    INCREMENTS,
    LATEST_LINK,
    REFUSED,
    unneeded_runs,
)
from personalize_assets.storage.file_lists import put_file_lists
from personalize_assets.storage.manifests import DayState, SweepMark, TableCommit
from personalize_assets.storage.older_layout import OLDER_SCHEMAS, older_objects
from personalize_assets.storage.run_ids import RUN_ID
from personalize_assets.storage.tables import TABLES

_State = TypeVar("_State", DayState, TableCommit)
# A run that takes longer than this would lose its files; its commit would notice it, and replace nothing.
_LEFTOVER_SECONDS = 24 * 3600
# What jobs of Personalize read, which may take a day: gone after the job, unless its run has died.
_SENT = (f"{INCREMENTS}/", f"{DELETIONS}/")
_SENT_SECONDS = 3 * 24 * 3600
# So that what a run left is gone within two days.
_SWEEP_SECONDS = 24 * 3600


def clean(group: DatasetGroup) -> None:
    """Delete what former runs left and nothing needs any more, as far as that is possible."""
    cleanup.attempt(partial(_clean, group))


def _clean(group: DatasetGroup) -> None:
    destination = group.destination
    _remove_replaced(group)
    _remove_former_exports(group)
    mark = destination.sweep_mark()
    if mark is None:
        destination.put_sweep_mark(SweepMark(time.time()))  # a new destination has none
    elif mark.at < time.time() - _SWEEP_SECONDS:
        destination.remove(leftovers(group))
        destination.remove_unfinished()
        destination.put_sweep_mark(SweepMark(time.time()))


def _remove_replaced(group: DatasetGroup) -> None:
    """Delete the files of former states of days and tables whose time is over, and shorten the lists of them."""
    destination = group.destination
    before = time.time() - 3600 * group.config.destination.retention_hours

    def expire(state: _State, forget: Callable[[_State], bool]) -> None:
        expired = {file for replaced in state.replaced if replaced.at < before for file in replaced.files}
        if expired and destination.remove(sorted(expired)):
            forget(replace(state, replaced=tuple(one for one in state.replaced if one.at >= before)))

    days = destination.days.find_all()
    outdated = [
        day for day, (_, state) in days.items() if state and any(replaced.at < before for replaced in state.replaced)
    ]
    put_file_lists(destination, outdated)  # a run may have died before it wrote them
    for day in outdated:
        stored, state = days[day]
        if stored and state:
            expire(state, partial(destination.days.forget_replaced, day, stored))
    for name in TABLES:
        if name in group.datasets:
            stored, table = destination.tables.find(name)
            if stored and table:
                expire(table, partial(destination.tables.forget_replaced, name, stored))


def _remove_former_exports(group: DatasetGroup) -> None:
    exports, keep = group.destination.exports, group.config.destination.keep_exports
    latest = exports.latest()
    if latest is None:
        return
    there = exports.runs() if len(latest.former) >= keep else ()
    read = _read_by_imports(group) if there else ()
    unneeded = [exports.folder(run) for run in unneeded_runs(latest, there, keep, read)]
    refused = exports.runs(REFUSED)
    unneeded += [exports.refused_folder(run) for run in refused[:-keep]]
    store = group.destination.store
    group.destination.remove([file.key for folder in unneeded for file in store.files(f"{folder}/")])


def _read_by_imports(group: DatasetGroup) -> set[str]:
    """The runs whose exports imports may read: all of them, if a record is damaged."""
    read = group.destination.imports.runs(group.datasets)
    return set(group.destination.exports.runs()) if read is None else read


def leftovers(group: DatasetGroup) -> list[str]:
    """Keys of files that a run wrote more than a day ago and nothing names, and of objects of older versions."""
    store, now = group.destination.store, time.time()
    folders = (*DATA_FOLDERS, *TABLES, PARTS, EXPORTS, OLDER_SCHEMAS)
    ages = {file.key: now - file.modified for folder in folders for file in store.files(f"{folder}/")}
    old = {key for key, age in ages.items() if age > _LEFTOVER_SECONDS}
    if not old:
        return []
    # Read after the listing: a file that was committed in between is among those named.
    named = _named(group)
    sent = {key for key in old if key.startswith(_SENT)}
    old -= sent
    long_sent = {key for key in sent if ages[key] > _SENT_SECONDS}
    of_runs = {key for key in old if RUN_ID.search(key) and key not in named and not named & _folders_of(key)}
    return sorted(of_runs.union(long_sent, old & set(older_objects(group.destination))))


def _named(group: DatasetGroup) -> set[str]:
    """Keys of files that are current or wait to be deleted, and of folders of exports, which go by number, not age."""
    destination = group.destination
    exports = destination.exports
    named = {LATEST_LINK, *(key for state in destination.days.all().values() for key in state.all_files())}
    for name in TABLES:
        if table := destination.tables.current(name):
            named |= table.all_files()
    if latest := exports.latest():
        named.update(map(exports.folder, (latest.run, *latest.former, *_read_by_imports(group))))
        named.update(file.key for manifest in latest.datasets.values() for file in manifest.files)
    named.update(exports.refused_folder(run) for run in exports.runs(REFUSED) if exports.is_refused(run))
    return named


def _folders_of(key: str) -> set[str]:
    return {str(folder) for folder in PurePosixPath(key).parents}
