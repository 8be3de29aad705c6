"""The rejects that are stored: for ``personalize-assets rejects`` and the report.

Counts are those of the days' objects, and so exact; samples come from the beginnings of the reject files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from personalize_assets.conversion.mapping.masking import Mask
from personalize_assets.conversion.reading.file_formats import UNREADABLE_FILE
from personalize_assets.pipeline.converted_days import counted
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.manifests import DayState, Reject

_MOST_OF_A_FILE = 1000
MOST_FILES = 60
"""Requests to a bucket that samples may cost: a rare reason may be in no beginning of any file."""


class Filter(NamedTuple):
    """Which rejects are meant; None for all.

    Attributes:
        days: ISO.
        reason: One, as ``missing:USER_ID``, or a kind of them, as ``missing``.
        dataset: Its rows; events that could not be read have none.
    """

    days: Sequence[str] | None = None
    reason: str | None = None
    dataset: str | None = None

    def has(self, dataset: str, reason: str) -> bool:
        """Whether rejects of a dataset, or none (empty), and a reason are meant."""
        is_reason = self.reason is None or reason == self.reason or reason.startswith(f"{self.reason}:")
        return is_reason and self.dataset in (None, dataset)


class RejectCount(msgspec.Struct, frozen=True):
    """How many rejects a dataset has for a reason; ``dataset`` is empty for events that could not be read."""

    dataset: str
    reason: str
    count: int


class RejectSample(msgspec.Struct, frozen=True):
    """A reject as it is stored, masked: ``raw`` is the event's text, None if it cannot be shown; ``day`` is ISO."""

    day: str
    dataset: str
    reason: str
    file: str
    raw: str | None


class Rejects(msgspec.Struct, frozen=True):
    """All that ``personalize-assets rejects`` says.

    Attributes:
        days: How many converted days were looked at.
        total: The sum of ``counts``.
        counts: The largest first.
        samples: In the order of ``counts``, newest days first.
    """

    dataset_group: str
    days: int
    total: int
    counts: tuple[RejectCount, ...]
    samples: tuple[RejectSample, ...]


class _RejectFile(NamedTuple):
    day: str
    key: str
    counts: Mapping[tuple[str, str], int]
    """Rejects of the file's day and part, by dataset and reason."""


def find_rejects(group: DatasetGroup, wanted: Filter, limit: int) -> Rejects:
    """Count the rejects of the converted days, and read up to ``limit`` samples of each reason and dataset.

    Raises ``PersonalizeAssetsError`` for a destination that cannot be read.
    """
    days = group.destination.days
    return rejects_of(
        group, counted(group, days.all() if wanted.days is None else days.some(wanted.days)), wanted, limit
    )


def rejects_of(
    group: DatasetGroup, states: Mapping[str, DayState], wanted: Filter, limit: int, most_files: int = MOST_FILES
) -> Rejects:
    """As ``find_rejects``, of days (ISO) that are read already.

    Samples are from the first 64 KiB of at most ``most_files`` files, so a rare reason may have fewer.
    """
    counts: Counter[tuple[str, str]] = Counter()
    files: list[_RejectFile] = []
    for day in sorted(states, reverse=True):
        for keys, found in _parts(states[day]):
            of_part = {place: count for place, count in found.items() if count and wanted.has(*place)}
            counts.update(of_part)
            files += [_RejectFile(day, key, of_part) for key in keys if of_part]
    order = sorted(counts, key=lambda place: (-counts[place], place))
    samples = _samples(group, files, {place: min(limit, counts[place]) for place in order}, most_files)
    return Rejects(
        dataset_group=group.config.dataset_group.name,
        days=len(states),
        total=counts.total(),
        counts=tuple(RejectCount(*place, counts[place]) for place in order),
        samples=tuple(sample for place in order for sample in samples[place]),
    )


def _parts(state: DayState) -> Iterator[tuple[Sequence[str], dict[tuple[str, str], int]]]:
    """The reject files of each part of a day, with the counts by dataset and reason that they are of."""
    for name, commit in state.datasets.items():
        yield commit.reject_files, {(name, reason): count for reason, count in commit.rejected.items()}
    for read in state.sources.values():
        broken = {("", reason): count for reason, count in read.malformed.items()}
        yield read.reject_files, {**broken, ("", UNREADABLE_FILE): read.unreadable}


def _samples(
    group: DatasetGroup, files: Sequence[_RejectFile], missing: dict[tuple[str, str], int], most_files: int
) -> dict[tuple[str, str], list[RejectSample]]:
    """The first rejects of files, as many of each dataset and reason as are missing."""
    found: dict[tuple[str, str], list[RejectSample]] = {place: [] for place in missing}
    read = 0
    mask = Mask(group.masked_paths)
    for file in files:
        if read >= most_files or not any(missing[place] for place in file.counts):
            continue
        read += 1
        for reject in group.destination.days.first_rejects_in([file.key], _MOST_OF_A_FILE):
            place = reject.dataset or "", reject.reason
            if missing.get(place):
                missing[place] -= 1
                found[place].append(_sample(file.day, masked(reject, mask)))
    return found


def _sample(day: str, reject: Reject) -> RejectSample:
    return RejectSample(day, reject.dataset or "", reject.reason, reject.file, reject.raw)


def masked(reject: Reject, mask: Mask) -> Reject:
    """The same reject as the config now lets it be shown: it may have been made before the config's ``mask``."""
    if reject.raw is None or not mask:
        return reject
    return msgspec.structs.replace(reject, raw=mask.raw(reject.raw.encode("utf-8", "surrogatepass")))


def printable(text: str) -> str:
    """A text of others without what a terminal or a browser would obey: control characters and the like as escapes."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
