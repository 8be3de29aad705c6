"""The small JSON objects below a destination, as structs: catalogs, commits and manifests.

They are encoded and decoded in ``storage.stored_structs`` and nowhere else. Unknown keys are ignored, and keys that
older versions did not write have defaults, so that their objects can be read. Keys of files are relative to the
destination.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable

import msgspec

from personalize_assets.conversion.kept import Kept
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.conversion.spec import DatasetCounts, ExportProfile, SourceCounts
from personalize_assets.storage.unread_keys import NO_KEYS, UnreadKeys


class CatalogSource(msgspec.Struct, frozen=True):
    """Where the files of a catalog are stored, the layout of their keys, and the format that the config gives."""

    uri: str
    layout: str
    format: SourceFormat | msgspec.UnsetType = msgspec.UNSET


class CatalogFile(msgspec.Struct, frozen=True):
    """A raw file of a day.

    Attributes:
        source: Id of its source.
        key: Relative to the source.
        bytes: Its stored size.
        compression: How it is packed (``conversion.reading.compression``), or ``none``; outermost if in several ways.
        framing: ``lines`` or ``stream`` of JSON, ``rows``, or ``row_groups`` (Parquet and ORC).
    """

    source: str
    key: str
    bytes: int
    compression: str
    framing: str


class CatalogField(msgspec.Struct, frozen=True):
    """A field of the sampled events: its path, its JSON types, and the share of events without a value."""

    path: str
    types: tuple[str, ...]
    nulls: float


class DayCatalog(msgspec.Struct, frozen=True, kw_only=True):
    """The raw files of an arrival day, and the fields found at the beginnings of these files.

    Attributes:
        day: ISO, UTC.
        sources: By source id; empty in catalogs of the first version.
        bytes: Stored size of all files.
        sampled_events: How many events ``fields`` was made from.
        fields: In the order of their paths.
        content: Digest of the listing (``storage.raw_files.content_digest``); None in catalogs of older versions.
        foreign_files: Files of the day's folders whose keys do not fit the layout.
        unfit: Those of them that may be raw files: marks of tools, as ``_SUCCESS``, are none.
        archived: Files that are in an archive of S3 and not in ``files``: they must be restored first.
        empty: Files without bytes.
    """

    day: str
    sources: dict[str, CatalogSource] = {}
    bytes: int = 0
    files: tuple[CatalogFile, ...]
    sampled_events: int = 0
    fields: tuple[CatalogField, ...] = ()
    content: str | None = None
    foreign_files: int = 0
    unfit: UnreadKeys = NO_KEYS
    archived: UnreadKeys = NO_KEYS
    empty: UnreadKeys = NO_KEYS


class DayAccounting(SourceCounts, frozen=True, kw_only=True):
    """What a run read of one source and arrival day; ``reject_files`` are keys."""

    run: str


class DayCommit(DatasetCounts, frozen=True, kw_only=True):
    """The current rows of one dataset and arrival day; ``files`` and ``reject_files`` are keys.

    Attributes:
        run: The run that wrote the files.
        mapping: Fingerprint of the column mapping they were made with.
        content: Digest of the raw files they were made of; None in commits of older versions.
        key_mark: Tells hash keys apart; None if no column is hashed.
    """

    run: str
    mapping: str
    content: str | None = None
    key_mark: str | None = None


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """Files (keys) that became unneeded, and when (seconds since the epoch): readers may still use them for a while."""

    files: tuple[str, ...]
    at: float


def with_unneeded(replaced: tuple[Replaced, ...], files: Collection[str]) -> tuple[Replaced, ...]:
    """With files (keys) that are not needed from now on."""
    return (*replaced, Replaced(files=tuple(sorted(files)), at=time.time())) if files else replaced


def _files_of(replaced: Iterable[Replaced]) -> set[str]:
    return {file for one in replaced for file in one.files}


class DayState(msgspec.Struct, frozen=True, kw_only=True):
    """All that is converted of an arrival day; it is replaced as a whole.

    Attributes:
        day: ISO, UTC.
        datasets: By dataset; one without files is converted and has no rows.
        sources: What was read, by source id.
        replaced: Files of former states, which a later run deletes.
    """

    day: str
    datasets: dict[str, DayCommit] = {}
    sources: dict[str, DayAccounting] = {}
    replaced: tuple[Replaced, ...] = ()

    def current_files(self) -> set[str]:
        """The keys of the files that are current."""
        found = {file for source in self.sources.values() for file in source.reject_files}
        for dataset in self.datasets.values():
            found.update(dataset.files, dataset.reject_files)
        return found

    def all_files(self) -> set[str]:
        """The keys of the files that are current, and of those that wait to be deleted."""
        return self.current_files() | _files_of(self.replaced)


class TableCommit(msgspec.Struct, frozen=True, kw_only=True):
    """The current files of the table ``users`` or ``items``.

    Attributes:
        run: The run that wrote the files.
        days: The arrival days that went in (ISO).
        inputs: Identifies the daily commits that went in; None in commits of older versions.
        mapping: As in ``DayCommit``.
        files: Keys.
        rows: Rows of the table.
        kept: Daily rows that went in.
        duplicates: How many of them were merged into others.
        seconds: Duration of the job; None in commits of older versions.
        profile: None in commits of older versions.
        key_mark: As in ``DayCommit``.
        replaced: As in ``DayState``.
    """

    run: str
    days: tuple[str, ...]
    inputs: str | None = None
    mapping: str
    files: tuple[str, ...]
    rows: int
    kept: int
    duplicates: int
    seconds: float | None = None
    profile: ExportProfile | None = None
    key_mark: str | None = None
    suppressed: int = 0
    suppress_list: str = ""
    replaced: tuple[Replaced, ...] = ()

    @property
    def accounted(self) -> int:
        """The daily rows of which it is known where they went."""
        return self.rows + self.duplicates + self.suppressed

    def all_files(self) -> set[str]:
        """The keys of the files that are current, and of those that wait to be deleted."""
        return {*self.files, *_files_of(self.replaced)}


class KeptFiles(msgspec.Struct, frozen=True, kw_only=True):
    """What the next export of a dataset may use; the URIs of its files are below the destination.

    ``dropped`` are keys of files that it does not name, with the seconds since the epoch at which that was noticed.
    """

    kept: Kept
    dropped: dict[str, float] = {}


class ExportedFile(msgspec.Struct, frozen=True):
    """One CSV: its key, rows without the header, size, and SHA-256 in hexadecimal.

    ``version`` is that of the stored file (``StoredObject``) if all its parts were found to be clean; as long as the
    file has it, it need not be read again to know what it holds. Else it is empty.
    """

    key: str
    rows: int
    bytes: int
    sha256: str
    version: str = ""


class ExportManifest(msgspec.Struct, frozen=True, kw_only=True):
    """A CSV of a dataset, one file or a folder of files. Other attributes as in ``TableCommit``.

    Attributes:
        columns: In the order of the file.
        bytes: Size of all files.
        sha256: Digest of the file; for a folder, the digest of its files' digests, one a line, in their order.
        path: Key of the file, or of the folder with a slash at its end.
        schema: Key of its Avro schema; empty in manifests of older versions.
        files: In the order of their names; empty in manifests of older versions, which knew single files only.
        outside_window: Interactions, without duplicates and suppressed ones, that are older than the window.
        last_days: The window; None without one.
        run: The run that made it; files of a former export that a later one takes over keep theirs.
    """

    dataset: str
    columns: tuple[str, ...]
    rows: int
    kept: int
    duplicates: int
    outside_window: int = 0
    last_days: int | None = None
    suppressed: int = 0
    suppress_list: str = ""
    bytes: int
    sha256: str
    path: str = ""
    schema: str = ""
    files: tuple[ExportedFile, ...] = ()
    run: str
    days: tuple[str, ...]
    inputs: str | None = None
    seconds: float | None = None
    profile: ExportProfile | None = None

    @property
    def csvs(self) -> tuple[ExportedFile, ...]:
        """``files``, also of a manifest of an older version."""
        return self.files or (ExportedFile(self.path, self.rows, self.bytes, self.sha256),)

    @property
    def accounted(self) -> int:
        """The daily rows of which it is known where they went."""
        return self.rows + self.duplicates + self.outside_window + self.suppressed


class ExportSet(msgspec.Struct, frozen=True, kw_only=True):
    """One export: the CSVs and schemas of all datasets, in a folder that never changes.

    Attributes:
        run: The run that made it, which names the folder.
        made: When (ISO, UTC).
        datasets: By dataset.
        former: Runs of the exports before it, the newest first.
    """

    run: str
    made: str
    datasets: dict[str, ExportManifest]
    former: tuple[str, ...] = ()


class RefusedExport(msgspec.Struct, frozen=True, kw_only=True):
    """CSVs that did not become current, and why: sentences by dataset."""

    run: str
    made: str
    findings: dict[str, tuple[str, ...]]
    datasets: dict[str, ExportManifest]


class OwnerMark(msgspec.Struct, frozen=True, kw_only=True):
    """The dataset group that a destination belongs to.

    Attributes:
        dataset_group: Its name.
        sources: URIs of the sources, by dataset.
        since: When it was written first (ISO, UTC).
        layout: Of the destination; 1 is that of versions that had a commit for each dataset of a day.
    """

    dataset_group: str
    sources: dict[str, str]
    since: str
    layout: int = 1


class RunMark(msgspec.Struct, frozen=True, kw_only=True):
    """What the last run of the command line found and left; see ``local_run.unchanged``.

    Attributes:
        settings: Digest of the settings.
        contents: Content digest of each arrival day of the run (ISO), as in ``DayCatalog``.
        stored: Digest of the listing of the destination.
    """

    settings: str
    contents: dict[str, str | None]
    stored: str


class SweepMark(msgspec.Struct, frozen=True):
    """When all of the destination was last searched for leftovers (seconds since the epoch)."""

    at: float


class Reject(msgspec.Struct, frozen=True):
    """A line of a reject file: an event or row that cannot be used.

    Attributes:
        dataset: None for an event that could not be read at all.
        reason: Such as ``missing:USER_ID``.
        file: URI of its raw file.
        raw: The event's text, masked; None if it cannot be shown.
    """

    dataset: str | None
    reason: str
    file: str
    raw: str | None


class UnloadedFile(msgspec.Struct, frozen=True):
    """A file that a warehouse wrote: its key below the source, and its size."""

    key: str
    bytes: int


class UnloadRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement of a warehouse unloaded for one table and arrival day, once it was complete.

    Attributes:
        sql: The digest of the statement's text and of where it ran.
        statement: Its id in the warehouse.
        at: When the statement was submitted, in seconds since the epoch.
        rows: None if the warehouse did not say.
        cut: By column of JSON text: the rows whose text reaches the column's width, and so may be cut. None if they
            were not counted.
    """

    sql: str
    statement: str
    at: float
    rows: int | None
    files: tuple[UnloadedFile, ...]
    cut: dict[str, int] | None = None

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(file.bytes for file in self.files)


class ComparedRows(msgspec.Struct, frozen=True):
    """What a dataset held by its own export, after an import: see ``pipeline.importing.comparison``.

    Attributes:
        run: Of the export that was imported.
        exported: Its rows.
        held: Those that Personalize exported.
        at: Seconds since the epoch.
    """

    run: str
    exported: int
    held: int
    at: float


class ImportRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What imports of a dataset read, and what Personalize does not yet train on.

    Attributes:
        holds: The run of the export whose rows Personalize holds; empty before the first import.
        reading: Runs of exports that imports read, each with a word that tells its import apart, and the seconds since
            the epoch at which that began.
        untrained: Columns that were added to a dataset, with the seconds since the epoch at which that was done.
        compared: The last comparison; None before the first one.
    """

    holds: str = ""
    reading: dict[str, float] = {}
    untrained: dict[str, float] = {}
    compared: ComparedRows | None = None
