"""The converted days: for each one small object that names its current files and counts, in all datasets at once.

It is replaced by compare-and-swap: a run that read an older one is refused. Files of a replaced state stay for a while,
because an export may be reading them, and are listed in the object until a later run deletes them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from os.path import commonprefix
from typing import NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from personalize_assets.conversion.dataset_types import DATASET_TYPES, DATASETS
from personalize_assets.errors import TransientError
from personalize_assets.storage.manifests import DayAccounting, DayCommit, DayState, Reject, with_unneeded
from personalize_assets.storage.object_store import ObjectStore, StoredObject, Versioned
from personalize_assets.storage.small_objects import READS_AT_ONCE
from personalize_assets.storage.stored_structs import Found, StoredStructs

DAILY = {name: of.daily for name, of in DATASET_TYPES.items()}
"""The folder of a dataset's daily files, which is also the name of its daily asset."""
REJECTS = "rejects"
DATA_FOLDERS = (*DAILY.values(), REJECTS)

_Object = TypeVar("_Object", bound=msgspec.Struct)
_FOLDER = "days"
# Days with at most so many others between them are listed together: a request lists a thousand files.
_DAYS_BETWEEN = 7
# Reading fewer objects one by one takes no more requests than listing them first.
_FEW = 2
_REJECTS_HEAD_BYTES = 64 * 1024
# Each lost try means that another run has committed the day.
_TRIES = 5


class BusyDay(TransientError):
    """Days that other runs commit again and again."""


class MissingFiles(TransientError):
    """Files that a run wrote for a day are not there when they are to become current."""


class DayChange(NamedTuple):
    """What a run converted of a day: the rows by dataset, and what was read by source."""

    datasets: Mapping[str, DayCommit]
    sources: Mapping[str, DayAccounting]


class Days:
    """The converted days of a destination."""

    def __init__(self, store: ObjectStore, structs: StoredStructs) -> None:
        """Nothing is read yet."""
        self._store = store
        self._structs = structs

    def key(self, day: date | str) -> str:
        """The key of a day's object."""
        return f"{_FOLDER}/day={day}.json"

    def one(self, day: str) -> DayState | None:
        """What is converted of a day (ISO), or None. Raises ``DamagedFile``, as ``some`` and ``all`` do."""
        return self.some([day]).get(day)

    def some(self, days: Iterable[str]) -> dict[str, DayState]:
        """What is converted of some days (ISO), by day, oldest first; days that are not converted are left out."""
        return self._whole(self._find(days))

    def all(self) -> dict[str, DayState]:
        """What is converted of all days, by day (ISO), oldest first: one snapshot of each."""
        return self._whole(self.find_all())

    def find_all(self) -> dict[str, Found[DayState]]:
        """The objects of all days with their versions, by day (ISO), oldest first; a damaged one says nothing."""
        listed = {file.key: file for file in self._store.files(f"{_FOLDER}/day=")}
        keys = {day: key for key in listed if (day := day_of(key)) and key == self.key(day)}
        return dict(zip(keys, self._structs.find_all(list(keys.values()), listed, DayState), strict=True))

    def _find(self, days: Iterable[str]) -> dict[str, Found[DayState]]:
        return find_days(self._structs, _FOLDER, days, DayState)

    def _whole(self, found: Mapping[str, Found[DayState]]) -> dict[str, DayState]:
        states = {day: self._structs.checked(self.key(day), one, DayState, _advice(day)) for day, one in found.items()}
        return {day: state for day, state in states.items() if state is not None}

    def commit(
        self,
        changes: Mapping[str, DayChange],
        is_outdated: Callable[[Sequence[str]], Collection[str]] = lambda days: (),
        *,
        all_datasets: Collection[str] = DATASETS,
    ) -> list[str]:
        """Make what a run converted current, day by day (ISO); returns the days that are refused and stay as they are.

        Args:
            is_outdated: Those of some days whose raw files have moved on since the run read their catalog. It is asked
                after the days' objects are read and before they are replaced: the swap notices a commit in between.
            all_datasets: A damaged object is only replaced by one that says all about its day.

        Raises:
            MissingFiles: Nothing is changed then.
            DamagedFile, BusyDay, StoreError: Of the first day that cannot be committed, when the others are.
        """
        self._check_files_exist(changes)
        refused: list[str] = []
        waiting = dict(changes)
        for _ in range(_TRIES):
            days = sorted(waiting)
            before = self._find(days)
            refused += is_outdated(days)
            waiting = {day: waiting[day] for day in days if day not in refused}
            tries: dict[str, Future[bool]] = {}
            with ThreadPoolExecutor(READS_AT_ONCE) as threads:
                for day, change in waiting.items():
                    tries[day] = threads.submit(self._swap, day, before[day], change, all_datasets)
            waiting = {day: waiting[day] for day, done in tries.items() if not done.result()}
            if not waiting:
                return sorted(refused)
        raise BusyDay(
            f"{self._store.uri}/{self.key(next(iter(waiting)))} was replaced {_TRIES} times meanwhile: run again"
        )

    def _swap(self, day: str, before: Found[DayState], change: DayChange, all_datasets: Collection[str]) -> bool:
        if not set(all_datasets) <= change.datasets.keys():
            self._structs.checked(self.key(day), before, DayState, _advice(day))
        state = before.object or DayState(day=day)
        changed = replace(
            state, datasets={**state.datasets, **change.datasets}, sources={**state.sources, **change.sources}
        )
        unneeded = state.current_files() - changed.current_files()
        changed = replace(changed, replaced=with_unneeded(state.replaced, unneeded))
        return self._structs.swap(self.key(day), changed, before.stored)

    def _check_files_exist(self, changes: Mapping[str, DayChange]) -> None:
        named = {key for day, change in changes.items() for key in _state(day, change).current_files()}
        folders = sorted({key.partition("/")[0] for key in named})
        there = {file.key for folder in folders for file in self._files_of_days(folder, changes)}
        if missing := sorted(named - there):
            others = f", nor do {len(missing) - 1} other files of it" if missing[1:] else ""
            raise MissingFiles(
                f"{self._store.uri}/{missing[0]}, which the engine's report names, does not exist{others}; nothing was "
                "committed: run it again"
            )

    def forget_replaced(self, day: str, before: Versioned, state: DayState) -> bool:
        """Replace a day's object by one whose list of replaced files is shorter; False if it has changed meanwhile."""
        return self._structs.swap(self.key(day), state, before)

    def files_of_run(self, run_id: str, days: Iterable[str]) -> list[str]:
        """The keys of what a run wrote for days (ISO)."""
        days = list(days)
        return [file.key for folder in DATA_FOLDERS for file in self._files_of_days(folder, days) if run_id in file.key]

    def first_rejects(self, dataset: str, day: str, count: int) -> list[Reject]:
        """The first rejects of a dataset and day (ISO), from the first 64 KiB of one of their files."""
        state = self.one(day)
        commit = state.datasets.get(dataset) if state else None
        return self.first_rejects_in(commit.reject_files if commit else (), count)

    def first_rejects_in(self, keys: Iterable[str], count: int) -> list[Reject]:
        """The first rejects in the first of these files, from its first 64 KiB."""
        for key in keys:
            head = self._store.read(key, _REJECTS_HEAD_BYTES) or b""
            lines = head.splitlines() if len(head) < _REJECTS_HEAD_BYTES else head.splitlines()[:-1]
            return [msgspec.json.decode(line, type=Reject) for line in lines[:count]]
        return []

    def _files_of_days(self, folder: str, days: Iterable[str]) -> Iterator[StoredObject]:
        """The files of a folder that belong to days, in as few requests as their number allows."""
        keys = set(days)
        return (
            file
            for file in self._structs.objects.listed(day_ranges(f"{folder}/day=", keys))
            if day_of(file.key) in keys
        )


def commits_of(states: Mapping[str, DayState], dataset: str) -> dict[str, DayCommit]:
    """The commits of a dataset, by day (ISO)."""
    return {day: state.datasets[dataset] for day, state in states.items() if dataset in state.datasets}


def accounting_of(states: Mapping[str, DayState], source: str) -> dict[str, DayAccounting]:
    """What was read of a source, by day (ISO)."""
    return {day: state.sources[source] for day, state in states.items() if source in state.sources}


def current_files(states: Mapping[str, DayState], name: str) -> list[str]:
    """The keys of the current daily files of a dataset, or of all ``rejects``, oldest day first."""
    if name != REJECTS:
        return [file for commit in commits_of(states, name).values() for file in commit.files]
    return [
        file
        for state in states.values()
        for parts in (state.sources, state.datasets)
        for part in parts.values()
        for file in part.reject_files
    ]


def find_days(
    structs: StoredStructs, folder: str, days: Iterable[str], kind: type[_Object]
) -> dict[str, Found[_Object]]:
    """The objects ``<folder>/day=<day>.json`` of days (ISO) with their versions, by day, oldest first."""
    keys = {day: f"{folder}/day={day}.json" for day in sorted(set(days))}
    listed = None
    if len(keys) > _FEW:
        listed = {file.key: file for file in structs.objects.listed(day_ranges(f"{folder}/day=", keys))}
    return dict(zip(keys, structs.find_all(list(keys.values()), listed, kind), strict=True))


def day_ranges(begin: str, days: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Prefix, after and before of the keys of days (ISO); few of other days are among them."""
    ranges: list[list[str]] = []
    for day in sorted(days):
        is_near = ranges and (date.fromisoformat(day) - date.fromisoformat(ranges[-1][-1])).days <= _DAYS_BETWEEN
        if is_near:
            ranges[-1].append(day)
        else:
            ranges.append([day])
    for first, *_, last in ([*those, those[-1]] for those in ranges):
        # What follows the day is a slash, or a dot in the key of an object; both come before the digit.
        yield begin + commonprefix((first, last)), begin + first, f"{begin}{last}0"  # noqa: RUF071 - of text, not of paths


def _state(day: str, change: DayChange) -> DayState:
    return DayState(day=day, datasets=dict(change.datasets), sources=dict(change.sources))


def day_of(key: str) -> str:
    """The day in the key of a day's object or file."""
    return key.partition("/day=")[2][: len("2026-10-01")]


def _advice(day: str) -> str:
    return f"materialize the daily datasets of {day} again, all together, to replace it"
