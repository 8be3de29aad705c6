"""The current files of daily interactions, as lists that Athena reads (Hive's ``SymlinkTextInputFormat``).

A day's folder also holds files of replaced states for a while, so its rows are not those of all its files. Only for a
destination in S3: one small object a day, written after the day's own object. If a run dies in between, the list names
the former files until the day is committed again, or until they are deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from personalize_assets.conversion.dataset_types import EVENT_DATASETS
from personalize_assets.storage.days import DAILY, commits_of
from personalize_assets.storage.destination import Destination


def lists_folder(dataset: str) -> str:
    """Where Athena's table is; a name that begins with an underscore is no data to other readers."""
    return f"{DAILY[dataset]}/_lists"


def put_file_lists(destination: Destination, days: Iterable[str], datasets: Collection[str] = EVENT_DATASETS) -> None:
    """Write the lists of days (ISO), of what is current now of these datasets; nothing for a folder.

    Datasets of entities have no lists.
    """
    if not destination.uri.startswith("s3://"):
        return
    states = destination.days.some(days)
    lists = {}
    for name in EVENT_DATASETS:
        for day, commit in commits_of(states, name).items() if name in datasets else ():
            uris = "".join(f"{destination.uri_of(key)}\n" for key in commit.files)
            lists[f"{lists_folder(name)}/day={day}/files"] = uris.encode()
    destination.write_all(lists)
