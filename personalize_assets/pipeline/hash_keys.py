"""The key of hashed columns: it must be set, and the same for everything that is exported together."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.hashing import KEY, is_hashed, key_mark, key_problem
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.days import DAILY, commits_of
from personalize_assets.storage.destination import fingerprint
from personalize_assets.storage.manifests import DayCommit, DayState, TableCommit


def check_key(datasets: Mapping[str, Dataset]) -> None:
    """Raise ``PersonalizeAssetsError`` if columns are hashed and the environment has no usable key."""
    hashed = [name for name, dataset in datasets.items() if is_hashed(dataset)]
    if hashed and (problem := key_problem()):
        raise PersonalizeAssetsError(f"datasets.{hashed[0]}: {problem}")


def mark_of(dataset: Dataset) -> str | None:
    """The mark of the key in the environment, which tells it from other keys; None if no column is hashed."""
    return key_mark(os.environ[KEY]) if is_hashed(dataset) else None


def first_mark(commits: Iterable[DayCommit | TableCommit]) -> str | None:
    """The mark that these commits have in common; None if they have none."""
    return next((commit.key_mark for commit in commits if commit.key_mark), None)


def check_same_key(
    datasets: Mapping[str, Dataset],
    days: Mapping[str, DayState],
    tables: Mapping[str, TableCommit | None],
    assets: Collection[str],
) -> None:
    """Raise ``PersonalizeAssetsError`` if assets would be made of hashes of two keys.

    The same user would be two users, within a file or across files.
    """
    made: dict[str | None, str] = {}
    for name, dataset in datasets.items():
        if not is_hashed(dataset):
            continue
        mapping = fingerprint(dataset)
        for day, commit in commits_of(days, name).items():
            if commit.mapping == mapping:  # days of other mappings are refused where they are read
                made.setdefault(commit.key_mark, f"{DAILY[name]} of {day}")
        table = tables.get(name) if f"{name}_csv" in assets and name not in assets else None
        if table and table.mapping == mapping:
            made.setdefault(table.key_mark, name)
    if len(made) > 1:
        first, second, *_ = made.values()
        raise PersonalizeAssetsError(
            f"{first} and {second} were hashed with different values of {KEY}; with one key, materialize all days "
            "again, and then users and items, or use `personalize-assets run --force`"
        )
