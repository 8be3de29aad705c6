"""The stage ``convert``, for any number of days: the job spec for an engine, and the commit of its report."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from msgspec import structs

from personalize_assets.conversion.dataset_types import EVENT_DATASETS
from personalize_assets.conversion.mapping.masking import Mask, masked_columns, masked_profile
from personalize_assets.conversion.spec import (
    ConvertReport,
    ConvertSpec,
    DatasetCounts,
    DayReport,
    Plan,
    RawFile,
    RawFileSet,
    SourceCounts,
)
from personalize_assets.errors import PersonalizeAssetsError, TransientError
from personalize_assets.pipeline import hash_keys
from personalize_assets.pipeline.accounting import balances
from personalize_assets.pipeline.arrivals import CommittedDay
from personalize_assets.pipeline.catalog import current_catalogs
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.ownership import claim_destination, confirm_owner
from personalize_assets.pipeline.rejects import masked
from personalize_assets.storage.days import DAILY, REJECTS, DayChange
from personalize_assets.storage.destination import fingerprint
from personalize_assets.storage.file_lists import put_file_lists
from personalize_assets.storage.manifests import DayAccounting, DayCatalog, DayCommit, DayState, Reject
from personalize_assets.storage.raw_files import NO_FILES
from personalize_assets.storage.run_ids import new_run_id
from personalize_assets.storage.stored_structs import DamagedFile


class DaysMovedOn(TransientError):
    """Another run catalogued newer files of some days; converting these days again takes the newer ones."""


@dataclass
class ConvertedDays:
    """Commits of some days, and the accounting of their sources, both by dataset and then by day (ISO)."""

    commits: dict[str, dict[str, DayCommit]] = field(default_factory=dict)
    accounting: dict[str, dict[str, DayAccounting]] = field(default_factory=dict)

    def add(self, name: str, day: str, commit: DayCommit, accounting: DayAccounting) -> None:
        """Add a dataset's day."""
        self.commits.setdefault(name, {})[day] = commit
        self.accounting.setdefault(name, {})[day] = accounting

    def __add__(self, other: ConvertedDays) -> ConvertedDays:
        """Both together; a day in both is that of ``other``."""
        total = ConvertedDays()
        for part in (self, other):
            for name, commits in part.commits.items():
                for day, commit in commits.items():
                    total.add(name, day, commit, part.accounting[name][day])
        return total

    def days(self) -> set[str]:
        """All days (ISO)."""
        return {day for commits in self.commits.values() for day in commits}


def plan_convert(group: DatasetGroup, days: Sequence[date], dataset_names: Collection[str]) -> ConvertSpec:
    """The job spec that makes the daily files of datasets for days, from the files in their catalogs.

    The key of hashed columns is not in it. Raises ``PersonalizeAssetsError`` if the key is missing in this environment,
    or if a day is not catalogued.
    """
    hash_keys.check_key(group.datasets)
    claim_destination(group)
    catalogs = current_catalogs(group, days)
    needed = {group.source_ids[name] for name in dataset_names}
    folders = {**DAILY, REJECTS: REJECTS}
    return ConvertSpec(
        sources=tuple(_raw_file_set(group, id, catalogs) for id in group.places if id in needed),
        plan=Plan(
            run_id=new_run_id(),
            make=tuple(name for name in group.datasets if name in dataset_names),
            folders={name: group.destination.uri_of(folder) for name, folder in folders.items()},
            now=int(time.time()),
            s3=dict(group.s3_options),
            mask=group.masked_paths,
        ),
        contents={day.isoformat(): catalog.content for day, catalog in catalogs.items()},
    )


def _raw_file_set(group: DatasetGroup, id: str, catalogs: dict[date, DayCatalog]) -> RawFileSet:
    places = group.places[id]
    return RawFileSet(
        id=id,
        dated=group.sources[id].layout.is_dated,
        files=tuple(
            RawFile(group.sources[file.source].uri(file.key), day, file.bytes, file.framing, file.compression)
            for day, catalog in catalogs.items()
            for file in catalog.files
            if file.source in places
        ),
        datasets=tuple(group.datasets[name] for name, its_source in group.source_ids.items() if its_source == id),
    )


def discard_convert(group: DatasetGroup, days: Sequence[date], spec: ConvertSpec) -> None:
    """Delete what a failed run of the engine left."""
    destination = group.destination
    destination.remove(destination.days.files_of_run(spec.plan.run_id, [day.isoformat() for day in days]))


def commit_convert(
    group: DatasetGroup, days: Sequence[date], spec: ConvertSpec, report: ConvertReport
) -> ConvertedDays:
    """Make the daily files of a report the current ones, day by day, and return their commits.

    A day without files gets empty commits: it is converted, and what it had before is no longer current. Raises
    ``PersonalizeAssetsError`` before anything is committed if the report does not account for every file of the spec,
    or names a file that does not exist, or if the destination has become another group's. A day whose files were
    catalogued anew meanwhile is left as it is, so that older content never replaces newer; when the others are
    committed, ``DaysMovedOn`` is raised.
    """
    _check_all_files_read(spec, report)
    confirm_owner(group)
    changes = {day.isoformat(): _change(group, day.isoformat(), spec, report) for day in days}
    moved_on = group.destination.days.commit(
        changes, lambda some: _moved_on(group, some, spec), all_datasets=group.datasets
    )
    if not set(EVENT_DATASETS).isdisjoint(spec.plan.make):
        put_file_lists(group.destination, changes.keys() - moved_on, spec.plan.make)
    if moved_on:
        discard_convert(group, [date.fromisoformat(day) for day in moved_on], spec)
        some = ", ".join(moved_on[:5]) + (", …" if len(moved_on) > 5 else "")
        those = "that day is" if len(moved_on) == 1 else f"these {len(moved_on)} days are"
        raise DaysMovedOn(
            f"the raw files of {some} changed and another run catalogued them while run {spec.plan.run_id} converted "
            f"their former content; {those} left unchanged: convert again"
        )
    done = ConvertedDays()
    for day, change in changes.items():
        for name, commit in change.datasets.items():
            done.add(name, day, commit, change.sources[group.source_ids[name]])
    return done


def _change(group: DatasetGroup, day: str, spec: ConvertSpec, report: ConvertReport) -> DayChange:
    made = report.days.get(day, DayReport())
    run = spec.plan.run_id
    return DayChange(
        {
            name: _day_commit(group, name, spec, day, made.datasets.get(name, DatasetCounts()))
            for name in spec.plan.make
        },
        {source.id: _accounting(group, run, made.sources.get(source.id, SourceCounts())) for source in spec.sources},
    )


def _moved_on(group: DatasetGroup, days: Sequence[str], spec: ConvertSpec) -> list[str]:
    catalogs = group.destination.catalogs([date.fromisoformat(day) for day in days])
    return [day.isoformat() for day, catalog in catalogs.items() if catalog.content != spec.contents[day.isoformat()]]


def _accounting(group: DatasetGroup, run: str, counts: SourceCounts) -> DayAccounting:
    keys = tuple(map(group.destination.key_of, counts.reject_files))
    return DayAccounting(**structs.asdict(structs.replace(counts, reject_files=keys)), run=run)


def _day_commit(group: DatasetGroup, name: str, spec: ConvertSpec, day: str, counts: DatasetCounts) -> DayCommit:
    key_of = group.destination.key_of
    with_keys = structs.replace(
        counts, files=tuple(map(key_of, counts.files)), reject_files=tuple(map(key_of, counts.reject_files))
    )
    return DayCommit(
        **structs.asdict(with_keys),
        run=spec.plan.run_id,
        mapping=fingerprint(group.datasets[name]),
        content=spec.contents[day],
        key_mark=hash_keys.mark_of(group.datasets[name]),
    )


def _check_all_files_read(spec: ConvertSpec, report: ConvertReport) -> None:
    """Without this check, a report that lost a task would empty a day."""
    for source in spec.sources:
        for day, files in Counter(file.day.isoformat() for file in source.files).items():
            read = report.days.get(day, DayReport()).sources.get(source.id, SourceCounts()).raw_files
            if read != files:
                raise PersonalizeAssetsError(
                    f"the engine's report of run {spec.plan.run_id} accounts for {read} of {files} raw files of "
                    f"{day} ({source.id}); nothing was committed: run it again"
                )


def finished_days(group: DatasetGroup, days: Sequence[date], dataset_names: Collection[str]) -> ConvertedDays:
    """Those of the days that need not be converted again, with their current commits.

    Their commits are of the files in the catalog and of the current mapping, and their counts balance. Profiles are
    masked again: they may have been made before the config's ``mask``.
    """
    finished = ConvertedDays({name: {} for name in dataset_names}, {name: {} for name in dataset_names})
    catalogs = current_catalogs(group, days)
    states = _current(group, [day.isoformat() for day in days])
    for day, catalog in catalogs.items():
        state = states.get(day.isoformat())
        found = list(_finished(group, catalog.content, state, dataset_names)) if state else []
        if len(found) == len(dataset_names):
            for name, commit, counts in found:
                finished.add(name, day.isoformat(), _masked(group, name, commit), counts)
    return finished


def _current(group: DatasetGroup, days: Sequence[str]) -> dict[str, DayState]:
    """What is converted of days, by day; damaged ones are left out: converting them again replaces them."""
    try:
        return group.destination.days.some(days)
    except DamagedFile:
        if len(days) == 1:
            return {}
        return {day: state for one in days for day, state in _current(group, [one]).items()}


def _finished(
    group: DatasetGroup, content: str | None, state: DayState, dataset_names: Collection[str]
) -> Iterator[tuple[str, DayCommit, DayAccounting]]:
    for name in dataset_names:
        commit, counts = state.datasets.get(name), state.sources.get(group.source_ids[name])
        if commit is None or counts is None:
            continue
        is_current = (commit.content, commit.mapping) == (content, fingerprint(group.datasets[name]))
        if is_current and balances(counts, commit):
            yield name, commit, counts


def _masked(group: DatasetGroup, name: str, commit: DayCommit) -> DayCommit:
    if commit.profile is None:
        return commit
    hidden = masked_columns(group.datasets[name], group.masked_paths)
    return structs.replace(commit, profile=masked_profile(commit.profile, hidden))


def converted_state(group: DatasetGroup, day: date) -> CommittedDay:
    """What is committed of a day in all datasets together, whatever mapping it was made with."""
    try:
        state = group.destination.days.one(day.isoformat())
    except DamagedFile:
        return CommittedDay("damaged", "damaged")
    commits = [state.datasets.get(name) if state else None for name in group.datasets]
    contents = {(commit.content or "unknown") if commit else NO_FILES for commit in commits}
    runs = sorted({commit.run for commit in commits if commit})
    return CommittedDay(contents.pop() if len(contents) == 1 else "several", "+".join(runs) or "new")


def first_rejects(group: DatasetGroup, name: str, day: str, count: int) -> list[Reject]:
    """The first rejects of a dataset and day (ISO), masked by the present config."""
    mask = Mask(group.masked_paths)
    return [masked(reject, mask) for reject in group.destination.days.first_rejects(name, day, count)]
