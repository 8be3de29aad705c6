"""What an export leaves for the next one: months of interactions, and candidates of entities.

An export reads again only what changed since; the bytes it writes are those of a full one. The structs travel in job
specs and reports, and the caller stores them between two exports.
"""

from __future__ import annotations

import msgspec


class PartReport(msgspec.Struct, frozen=True, kw_only=True):
    """One part of an export, in the order of the file.

    ``copies`` is the number of daily rows that it stands for, repeats included. Of the others, ``suppressed`` are of
    users that are not exported, and ``outside`` of other users and older than the window of the export. ``csv`` and
    ``parquet`` are URIs, None where nothing was written; ``csv_sha256`` is None for parts without a header, which are
    joined later.
    ``is_clean`` says that the CSV was read again after it was written, and that all its lines and values are as
    Personalize wants them.
    """

    part: int
    rows: int = 0
    copies: int = 0
    outside: int = 0
    suppressed: int = 0
    csv: str | None = None
    csv_bytes: int = 0
    csv_sha256: str | None = None
    parquet: str | None = None
    is_clean: bool = False


class HashRun(msgspec.Struct, frozen=True):
    """A file (URI) of the 64-bit hashes of keys of interactions; its format is that of ``export.key_hashes``.

    ``ends`` says where each bucket of hashes ends; ``of`` are the daily files (URIs) that the keys are from.
    """

    file: str
    ends: tuple[int, ...]
    of: tuple[str, ...] = ()

    @property
    def hashes(self) -> int:
        """The number of hashes."""
        return self.ends[-1]


class MonthSegment(msgspec.Struct, frozen=True, kw_only=True):
    """The exported interactions of one month of event time.

    Attributes:
        month: Such as ``2026-10`` (UTC).
        inputs: Identifies the daily files with rows of that month, and how many.
        parts: In the order of the file.
        hashes: Of the keys of all daily rows of the month.
        profile: URI of a file with the month's ``PartProfile``.
        cut: The rows that are older (seconds since the epoch) are in no part; None if all are.
        suppress_list: Digest of the ids of users that are in no part; empty if all are.
    """

    month: str
    inputs: str
    parts: tuple[PartReport, ...]
    hashes: tuple[HashRun, ...]
    profile: str
    cut: int | None = None
    suppress_list: str = ""


class InteractionSegments(msgspec.Struct, frozen=True, kw_only=True, tag_field="of", tag="interactions"):
    """What an export of interactions leaves for the next one, which rewrites only months that changed.

    Attributes:
        made: Identifies the mapping and the version of the code; other segments cannot be used.
        months: Oldest first.
        repeated: URIs of files with the keys that occur in several months, and the months in which they are left out.
    """

    made: str
    months: tuple[MonthSegment, ...]
    repeated: tuple[str, ...] = ()

    def files(self) -> set[str]:
        """The URIs of all files."""
        found = set(self.repeated)
        for month in self.months:
            found |= {part.csv for part in month.parts if part.csv}
            found |= {run.file for run in month.hashes} | {month.profile}
        return found


class Reduced(msgspec.Struct, frozen=True):
    """A Parquet file (URI) of candidate rows in the order of ids, its rows, and a sample of its ids."""

    file: str
    rows: int
    sample: tuple[str | None, ...]


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The candidate rows of entities of one arrival month, or of several.

    Attributes:
        until: The (last) arrival month, such as ``2026-10``.
        inputs: Identifies the daily files that went in.
        files: In no particular order.
    """

    until: str
    inputs: str
    files: tuple[Reduced, ...]


class EntityCheckpoints(msgspec.Struct, frozen=True, kw_only=True, tag_field="of", tag="entities"):
    """What an export of entities leaves for the next one, which reads only arrival months that changed.

    Attributes:
        made: As in ``InteractionSegments``.
        months: The candidates of each arrival month, oldest first.
        before: Those of all months but the newest, folded into one; None if there is only one month.
    """

    made: str
    months: tuple[Checkpoint, ...]
    before: Checkpoint | None = None

    def files(self) -> set[str]:
        """The URIs of all files."""
        checkpoints = (*self.months, *((self.before,) if self.before else ()))
        return {reduced.file for checkpoint in checkpoints for reduced in checkpoint.files}


Kept = InteractionSegments | EntityCheckpoints
"""What an export of a dataset leaves for the next one."""
