"""What must hold after any fault."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.destination import REPORT
from personalize_assets.storage.exports import EXPORTS, LATEST_LINK
from personalize_assets_tests.helpers.faults.world import Answers, answers_of

_SMALL = ("_group.json", "_run.json", "_sweep.json", "_lock", "exports/latest.json", REPORT)


def problems(group: DatasetGroup, allowed: Iterable[Answers]) -> list[str]:
    """What is wrong with what is current; empty if it is one of the allowed states and all its files are there."""
    found = []
    destination = group.destination
    try:
        answers = answers_of(group)
        if answers not in list(allowed):
            found.append("wrong current state: the CSVs are none of the right ones")
        latest = destination.exports.latest()
        for name, manifest in (latest.datasets if latest else {}).items():
            if manifest.sha256 != answers[name]:
                found.append(f"half visible: the manifest of {name} is of another file")
            if destination.exports.schema(manifest) is None:
                found.append(f"half visible: the schema of {name} is missing")
        states = destination.days.all()
        named = {key for state in states.values() for key in state.current_files()}
        for dataset in ("users",):
            if table := destination.tables.current(dataset):
                named.update(table.files)
        there = {file.key for file in destination.store.files()}
        found += [f"half visible: {key} is named and missing" for key in sorted(named - there)]
    except PersonalizeAssetsError as error:
        found.append(f"half visible: {error}")
    return found + _problems_of_link(group, allowed)


def _problems_of_link(group: DatasetGroup, allowed: Iterable[Answers]) -> list[str]:
    """The link leads to a complete export, the latest or one before it."""
    link = Path(group.destination.uri) / LATEST_LINK
    if not link.is_symlink():
        return []
    csvs = {file.stem for file in link.glob("*.csv")} if link.exists() else set()
    complete = link.exists() and all(csvs == set(answer) for answer in allowed if answer)
    return [] if complete else ["half visible: the link exports/latest leads to no complete export"]


def two_days_later(group: DatasetGroup, right: Answers, again: Callable[[float], int]) -> list[str]:
    """Run twice more, a day apart each, by ``again`` with a clock so many hours ahead; what is wrong or left then."""
    codes = [again(26 * day) for day in (1, 2)]
    found = [f"the run after it fails with {code}" for code in codes if code]
    found += problems(group, [right])
    return found + [f"leftover: {key}" for key in leftovers(group)]


def leftovers(group: DatasetGroup) -> list[str]:
    """The keys of files that nothing names."""
    destination = group.destination
    named = {key for state in destination.days.all().values() for key in state.all_files()}
    latest = destination.exports.latest()
    runs = {latest.run, *latest.former} if latest else set()
    for name in group.datasets:
        kept = destination.kept.current(name)
        if kept:
            named |= {destination.key_of(uri) for uri in kept.kept.files()} | set(kept.dropped)
        table = destination.tables.find(name).object
        if table:
            named |= table.all_files()
    left = []
    for key in _all_keys(group):
        folder, _, rest = key.partition("/")
        is_small = key in _SMALL or folder in ("days", "catalog") or key.endswith(("/_commit.json", "/kept.json"))
        is_export = folder == EXPORTS and rest.split("/")[0] in {*runs, "latest"}
        if not is_small and not is_export and key not in named:
            left.append(key)
    return left


def _all_keys(group: DatasetGroup) -> list[str]:
    """All keys, in a folder also those of files with a leading dot and of links."""
    if group.destination.uri.startswith("s3://"):
        return [file.key for file in group.destination.store.files() if "/_lists/" not in file.key]
    root = Path(group.destination.uri)
    return [str((Path(above) / name).relative_to(root)) for above, _, names in os.walk(root) for name in sorted(names)]
