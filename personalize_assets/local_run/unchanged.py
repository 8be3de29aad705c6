"""Whether a run would find everything as the last run left it.

Nothing is decided by what a run would do, but by whether anything that it reads or wrote has changed since: settings,
raw files, and every file of the destination, each by its listing (key, size, version). So a conversion in the UI, a
deleted CSV or another version of this package lead to work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from importlib.metadata import version

from personalize_assets.pipeline import hash_keys
from personalize_assets.pipeline.dataset_group import DatasetGroup, FilesBySource
from personalize_assets.pipeline.suppression import current_list
from personalize_assets.storage.destination import LAYOUT, REPORT, fingerprint
from personalize_assets.storage.manifests import RunMark
from personalize_assets.storage.raw_files import content_digest
from personalize_assets.storage.stored_structs import DamagedFile


def nothing_new(group: DatasetGroup, settings: str, listed: Mapping[date, FilesBySource]) -> bool:
    """Whether nothing has changed since the last run that succeeded. False as well if that was about other days.

    Args:
        settings: Their digest now, see ``settings_digest``.
        listed: The raw files of the days to run.
    """
    try:
        mark = group.destination.run_mark()
    except DamagedFile:
        return False
    if mark is None or mark.settings != settings:
        return False
    contents = {day.isoformat(): content_digest(files) for day, files in listed.items()}
    return mark.contents == contents and mark.stored == _stored_digest(group)


def mark_done(group: DatasetGroup, settings: str, contents: Mapping[str, str | None]) -> None:
    """Note that a run has succeeded.

    Args:
        settings: Their digest when it began.
        contents: The digests of its days (ISO), as they were catalogued.
    """
    mark = RunMark(settings=settings, contents=dict(contents), stored=_stored_digest(group))
    group.destination.put_run_mark(mark)


def settings_digest(group: DatasetGroup) -> str:
    """Identifies the config, the hash key, the list of ``suppress``, and the version of this package and its files."""
    parts: list[str | None] = [group.config.model_dump_json(), version("personalize-assets")]
    parts += [hash_keys.mark_of(dataset) for dataset in group.datasets.values()]
    # What another version would write in another way, at other keys too.
    parts += [str(LAYOUT), *map(fingerprint, group.datasets.values())]
    parts.append(current_list(group, group.datasets.values()).digest)
    if not all(source.layout.is_dated for source in group.sources.values()):
        # Without arrival days, which events are too late depends on the time of the run.
        parts.append(datetime.now(UTC).date().isoformat())
    return _digest(parts)


def _stored_digest(group: DatasetGroup) -> str:
    """Identifies the files of the destination that are output: not the report, nor keys that begin with _ or a dot."""
    files = (file for file in group.destination.store.files() if not file.key.startswith(("_", ".", REPORT)))
    return _digest(f"{file.key}\0{file.bytes}\0{file.version}" for file in files)


def _digest(parts: Iterable[str | None]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{part}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
