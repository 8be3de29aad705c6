"""The key of hashed columns, over all days: it must be there, and the same for everything that is exported together."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.hashing import KEY, is_hashed, key_mark, key_problem
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.destination import DAILY, Destination, fingerprint

MARK = "key_mark"
"""In a commit: tells the keys of two runs apart, without naming them."""


def must_be_there(datasets: Mapping[str, Dataset]) -> None:
    """Raise an error if columns are to be hashed and the environment has no key that can be used."""
    hashed = [name for name, dataset in datasets.items() if is_hashed(dataset)]
    if hashed and (problem := key_problem()):
        raise PersonalizeAssetsError(f"datasets.{hashed[0]}: {problem}")


def mark(dataset: Dataset) -> dict[str, str]:
    """What the commit of a dataset's day says of the key."""
    return {MARK: key_mark(os.environ[KEY])} if is_hashed(dataset) else {}


def mark_in(commits: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The mark that these commits carry, to hand on; empty if none of them does."""
    return next(({MARK: commit[MARK]} for commit in commits if MARK in commit), {})


def must_be_one(destination: Destination, datasets: Mapping[str, Dataset], make: Collection[str]) -> None:
    """Raise an error if hashes of two keys would meet: the same user would be two, in one file or across them."""
    made: dict[str, str] = {}
    for name, dataset in datasets.items():
        if not is_hashed(dataset):
            continue
        for day, commit in destination.daily_commits(name).items():
            if commit["mapping"] == fingerprint(dataset):  # others are told of where they are read
                made.setdefault(commit[MARK], f"{DAILY[name]} of {day}")
        table = destination.table_commit(name) if f"{name}_csv" in make and name not in make else None
        if table and table["mapping"] == fingerprint(dataset):
            made.setdefault(table[MARK], name)
    if len(made) > 1:
        first, second, *_ = made.values()
        raise PersonalizeAssetsError(
            f"{first} and {second} were hashed with different values of {KEY}; with one key, materialize all days "
            "again, and then users and items"
        )
