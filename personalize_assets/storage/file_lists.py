"""The current files of daily interactions, as lists that Athena reads (Hive's ``SymlinkTextInputFormat``).

A day's folder also holds files of replaced states for a while, so its rows are not those of all its files. Only for a
destination in S3: one small object a day, written after the day's own object. If a run dies in between, the list names
the former files until the day is committed again, or until they are deleted.
"""

from __future__ import annotations

from collections.abc import Iterable

from personalize_assets.storage.days import DAILY, commits_of
from personalize_assets.storage.destination import Destination

FOLDER = f"{DAILY['interactions']}/_lists"
"""Athena's table is here; a name that begins with an underscore is no data to other readers."""


def put_file_lists(destination: Destination, days: Iterable[str]) -> None:
    """Write the lists of days (ISO), of what is current now; nothing for a folder."""
    if not destination.uri.startswith("s3://"):
        return
    lists = {
        f"{FOLDER}/day={day}/files": "".join(f"{destination.uri_of(key)}\n" for key in commit.files).encode()
        for day, commit in commits_of(destination.days.some(days), "interactions").items()
    }
    destination.write_all(lists)
