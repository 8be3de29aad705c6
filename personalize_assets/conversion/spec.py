"""What a job is asked and what it answers: specs and reports of one Spark run, typed, and plain JSON at the edge.

A spec goes to an engine, a report comes back; between processes and machines both travel as JSON (``encode``,
``decode_spec``, ``decode_report``). Reports of tasks add up with ``+``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

import msgspec

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.kept import Kept, PartReport
from personalize_assets.conversion.reading.formats.settings import SourceFormat

PREVIEW_ROWS = 10
"""How many rows a preview shows."""
BLAMED_ROWS = 5
"""How many rows are shown of those with one problem."""
FREQUENT_IDS = 10
"""How many of the most frequent ids a profile names."""

_K = TypeVar("_K")


# -- convert ----------------------------------------------------------------------------------------------------------


class RawFile(msgspec.Struct, frozen=True):
    """A raw file, or one of its splits.

    Attributes:
        uri: A path, or ``s3://bucket/key``.
        day: Its arrival day (UTC).
        bytes: Its stored size.
        framing: ``lines`` or ``stream`` of JSON, ``rows``, or ``row_groups``, as found in the catalog.
        compression: How it is packed, as found in the catalog (``reading.compression``); outermost if in several ways.
        share: Number of the split, from 0.
        shares: Number of splits; 1 if the file is read as a whole.
    """

    uri: str
    day: date
    bytes: int
    framing: str
    compression: str = "none"
    share: int = 0
    shares: int = 1


class RawFileSet(msgspec.Struct, frozen=True):
    """Raw files of one source, and all datasets that are made from that source.

    ``dated`` is false where keys carry no arrival day (layout ``flat``).
    """

    id: str
    dated: bool
    files: tuple[RawFile, ...]
    datasets: tuple[Dataset, ...]

    @property
    def format(self) -> SourceFormat:
        """The format of the files, which all datasets of a source share."""
        format = self.datasets[0].format if self.datasets else msgspec.UNSET
        return SourceFormat() if isinstance(format, msgspec.UnsetType) else format


class Plan(msgspec.Struct, frozen=True):
    """What every task of ``convert`` needs to know.

    Attributes:
        run_id: Part of the names of all files that the run writes.
        make: The datasets to write.
        folders: Where to write each dataset, and ``rejects``; URIs.
        now: Seconds since the epoch; the latest timestamp is derived from it where files have no arrival day.
        s3: How S3 is reached (``reading.filesystem.FileSystem``).
        mask: Paths of events whose values must not appear in rejects and previews.
    """

    run_id: str
    make: tuple[str, ...]
    folders: dict[str, str]
    now: int
    s3: dict[str, Any]
    mask: tuple[str, ...] = ()


class Task(msgspec.Struct, frozen=True):
    """The files that one task reads: of one source, ordered by arrival day."""

    number: int
    source: RawFileSet

    @property
    def bytes(self) -> int:
        """The stored size of its files and splits."""
        return sum(file.bytes // file.shares for file in self.source.files)


class ConvertSpec(msgspec.Struct, frozen=True, tag_field="job", tag="convert"):
    """Which raw files to read, what to make of them, and where to write it.

    ``contents`` has the content digest of each arrival day (ISO), which the commit will carry; None where the catalog
    has none.
    """

    sources: tuple[RawFileSet, ...]
    plan: Plan
    contents: dict[str, str | None] = {}


class SourceCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of one source and arrival day: ``read = wanted + not_wanted + malformed + unreadable``.

    ``malformed`` counts by reason, a broken stretch as one a line; ``unreadable`` counts files of no supported format,
    of which each is one of ``read`` (none in what older versions wrote). ``reject_files`` are URIs in a report, keys in
    a commit.
    """

    raw_files: int = 0
    bytes: int = 0
    read: int = 0
    wanted: int = 0
    not_wanted: int = 0
    malformed: dict[str, int] = {}
    unreadable: int = 0
    reject_files: tuple[str, ...] = ()

    def __add__(self, other: SourceCounts) -> SourceCounts:
        """Add the counts of other files of the same source and day."""
        return SourceCounts(
            raw_files=self.raw_files + other.raw_files,
            bytes=self.bytes + other.bytes,
            read=self.read + other.read,
            wanted=self.wanted + other.wanted,
            not_wanted=self.not_wanted + other.not_wanted,
            malformed=sum_counts(self.malformed, other.malformed),
            unreadable=self.unreadable + other.unreadable,
            reject_files=self.reject_files + other.reject_files,
        )


class DayProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers about the kept rows of one dataset and arrival day.

    Attributes:
        nulls: Null cells by column.
        events: Rows by EVENT_TYPE.
        hours: Rows by hour of the day (UTC, "0" to "23"); hours without rows are left out.
        times: First and last TIMESTAMP in seconds since the epoch; empty without rows, and for entities.
        preview: The first rows, masked; at most ``PREVIEW_ROWS``.
    """

    nulls: dict[str, int] = {}
    events: dict[str, int] = {}
    hours: dict[str, int] = {}
    times: tuple[int, ...] = ()
    preview: tuple[dict[str, Any], ...] = ()

    def __add__(self, other: DayProfile) -> DayProfile:
        """Add the profile of later rows of the same day."""
        times = self.times + other.times
        return DayProfile(
            nulls=sum_counts(self.nulls, other.nulls),
            events=sum_counts(self.events, other.events),
            hours=sum_counts(self.hours, other.hours),
            times=(min(times), max(times)) if times else (),
            preview=(self.preview + other.preview)[:PREVIEW_ROWS],
        )


class DatasetCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one dataset and arrival day: ``rows = kept + rejected``.

    ``rejected`` counts by reason. ``dropped`` counts values of kept rows that could not be used, by reason and column
    (``bad_value:EVENT_VALUE``); it is empty in what older versions wrote. ``files`` and ``reject_files`` are URIs in a
    report, keys in a commit. ``months`` counts kept interactions by month of TIMESTAMP (``2026-10``, UTC); it is empty
    for entities, and in what older versions wrote. ``untimed`` counts kept rows of entities whose event
    has no readable ``event_time``.
    """

    rows: int = 0
    kept: int = 0
    rejected: dict[str, int] = {}
    dropped: dict[str, int] = {}
    files: tuple[str, ...] = ()
    reject_files: tuple[str, ...] = ()
    profile: DayProfile | None = None
    months: dict[str, int] = {}
    untimed: int = 0

    def __add__(self, other: DatasetCounts) -> DatasetCounts:
        """Add the counts of other rows of the same dataset and day."""
        profiles = [counts.profile for counts in (self, other) if counts.profile is not None]
        return DatasetCounts(
            rows=self.rows + other.rows,
            kept=self.kept + other.kept,
            rejected=sum_counts(self.rejected, other.rejected),
            dropped=sum_counts(self.dropped, other.dropped),
            files=self.files + other.files,
            reject_files=self.reject_files + other.reject_files,
            profile=sum(profiles[1:], profiles[0]) if profiles else None,
            months=sum_counts(self.months, other.months),
            untimed=self.untimed + other.untimed,
        )


class TaskDay(msgspec.Struct, frozen=True, kw_only=True):
    """What one task made of one arrival day: the counts of its source, and those of each dataset by name."""

    source: SourceCounts
    datasets: dict[str, DatasetCounts]


class TaskReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one task of ``convert`` did.

    ``cut`` are URIs of files of which a split ended inside an event: what came of their splits must not be used.
    ``days`` is by arrival day (ISO).
    """

    task: int
    source: str
    cut: tuple[str, ...] = ()
    days: dict[str, TaskDay] = {}

    @property
    def events(self) -> int:
        """Events read, for progress."""
        return sum(day.source.read for day in self.days.values())


class DayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a run made of one arrival day: the counts by source id, and by dataset."""

    sources: dict[str, SourceCounts] = {}
    datasets: dict[str, DatasetCounts] = {}

    def __add__(self, other: DayReport) -> DayReport:
        """Add the counts of other files of the same day."""
        sources, datasets = dict(self.sources), dict(self.datasets)
        for id, read in other.sources.items():
            sources[id] = sources[id] + read if id in sources else read
        for name, counts in other.datasets.items():
            datasets[name] = datasets[name] + counts if name in datasets else counts
        return DayReport(sources=sources, datasets=datasets)


class ConvertReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="job", tag="convert"):
    """What ``convert`` did, by arrival day (ISO).

    ``seconds`` is how long it took; ``engine`` is what an engine elsewhere adds about its run, such as a link.
    """

    days: dict[str, DayReport]
    seconds: float | None = None
    engine: dict[str, Any] = {}


# -- export -----------------------------------------------------------------------------------------------------------


class DailyFiles(msgspec.Struct, frozen=True):
    """The daily Parquet files (URIs) of one arrival day (ISO); ``months`` as in ``DatasetCounts``."""

    day: str
    files: tuple[str, ...]
    months: dict[str, int] = {}


class DatasetExport(msgspec.Struct, frozen=True):
    """One dataset to export.

    Attributes:
        daily: The daily files of all days, oldest day first. None for entities whose CSV is made of ``table``.
        table: URIs of the Parquet files of the table of entities.
        to_table: Prefix of the Parquet files to write (entities only).
        to_csv: Folder of the CSV parts to write.
        csv_header: Whether each part begins with the header, as a CSV of its own.
        keep_in: Folder of files for the next export; empty if there are to be none.
        kept: What the export before left; its files exist.
        last_days: The window: only interactions of so many times 24 hours before the newest; None for all.
        suppress_list: Digest of the ids in ``ExportSpec.suppressed``; empty if the dataset has no users, or all of them
            are exported.
    """

    dataset: Dataset
    daily: tuple[DailyFiles, ...] | None = None
    table: tuple[str, ...] | None = None
    to_table: str | None = None
    to_csv: str | None = None
    csv_header: bool = False
    keep_in: str = ""
    kept: Kept | None = None
    last_days: int | None = None
    suppress_list: str = ""


class ExportSpec(msgspec.Struct, frozen=True, tag_field="job", tag="export"):
    """What to export; ``s3`` and ``mask`` as in ``Plan``.

    ``scratch`` is the URI of a folder for files that the job itself writes and reads; on S3 the caller deletes them.
    ``suppressed`` is the URI of a file there with the ids of users that are not exported (``export.suppressed``); empty
    without any.
    """

    exports: tuple[DatasetExport, ...]
    s3: dict[str, Any]
    mask: tuple[str, ...] = ()
    scratch: str = ""
    suppressed: str = ""


class Blamed(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows have one problem, and the first of them (masked; at most ``BLAMED_ROWS``)."""

    rows: int = 0
    shown: tuple[dict[str, Any], ...] = ()

    def __add__(self, other: Blamed) -> Blamed:
        """Add later rows with the same problem."""
        return Blamed(rows=self.rows + other.rows, shown=(self.shown + other.shown)[:BLAMED_ROWS])


class IdProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers about one id column: distinct ids, and how often they occur.

    Attributes:
        distinct: Number of distinct ids.
        estimated: Whether ``distinct`` and the others are estimated from a sample.
        with_two: Ids with at least two rows.
        histogram: Ids by number of rows.
        frequent: Rows of the most frequent ids; at most ``FREQUENT_IDS``.
    """

    distinct: int
    estimated: bool
    with_two: int
    histogram: dict[str, int] = {}
    frequent: dict[str, int] = {}


class Crossed(msgspec.Struct, frozen=True, kw_only=True):
    """How entities fit the events of the same job.

    ``unknown``: ids of events that the dataset lacks; ``used``: distinct ids of events; ``unused``: ids of the dataset
    without events.
    """

    unknown: int
    used: int
    unused: int


class ExportProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Numbers about a whole export.

    Attributes:
        rows: Rows of the CSV.
        nulls: Null cells by column.
        max_chars: Longest text by column, in characters.
        first: Least value by timestamp column, in seconds since the epoch.
        last: Greatest value by timestamp column.
        blamed: Rows with a problem, by ``problem:COLUMN``.
        categories: Distinct categories by column; 1,001 stands for more than 1,000.
        ids: By id column.
        preview: The first rows, masked; at most ``PREVIEW_ROWS``.
        missing_ids: By id column, the rows of each id that stands for a missing value, as ``undefined``.
        alike: By column, groups of event types or categories that differ only by case or white space (masked).
        all_equal: The columns, without ids, that have one value alone, apart from nulls.
        all_distinct: The categorical columns in which no category occurs twice.
        unique: Rows that differ in any column; None for entities.
        events: Rows by EVENT_TYPE, most frequent first; None for entities.
        days: Rows by day of TIMESTAMP (ISO, UTC); None for entities.
        hours: Rows by hour of the day (UTC); None for entities.
        crossed: None unless made in the same job as the dataset of its events.
    """

    rows: int
    nulls: dict[str, int]
    max_chars: dict[str, int]
    first: dict[str, int]
    last: dict[str, int]
    blamed: dict[str, Blamed]
    categories: dict[str, int]
    ids: dict[str, IdProfile]
    preview: tuple[dict[str, Any], ...]
    missing_ids: dict[str, dict[str, int]] = {}
    alike: dict[str, tuple[tuple[str, ...], ...]] = {}
    all_equal: tuple[str, ...] = ()
    all_distinct: tuple[str, ...] = ()
    unique: int | None = None
    events: dict[str, int] | None = None
    days: dict[str, int] | None = None
    hours: tuple[int, ...] | None = None
    crossed: Crossed | None = None


class DatasetExported(msgspec.Struct, frozen=True, kw_only=True):
    """What ``export`` made of one dataset.

    ``copies`` is how many daily rows went in; ``suppressed`` and ``outside`` as in ``PartReport``. ``reused`` is how
    many of the parts an earlier export wrote; ``kept`` is for the next one.
    """

    rows: int
    copies: int
    parts: tuple[PartReport, ...]
    profile: ExportProfile
    outside: int = 0
    suppressed: int = 0
    reused: int = 0
    kept: Kept | None = None


class ExportReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="job", tag="export"):
    """What ``export`` did, by dataset. The others as in ``ConvertReport``."""

    datasets: dict[str, DatasetExported]
    seconds: float | None = None
    engine: dict[str, Any] = {}


Spec = ConvertSpec | ExportSpec
Report = ConvertReport | ExportReport


def sum_counts(*counts: Mapping[_K, int]) -> dict[_K, int]:
    """Sum counts by key."""
    total: Counter[_K] = Counter()
    for part in counts:
        total.update(part)
    return dict(total)


def job_name(spec: Spec) -> str:
    """``convert`` or ``export``: the tag that a spec has in JSON."""
    return "convert" if isinstance(spec, ConvertSpec) else "export"


def encode(value: Spec | Report | TaskReport) -> bytes:
    """A spec or report as JSON."""
    return msgspec.json.encode(value)


def decode_spec(data: bytes) -> Spec:
    """A spec from JSON. Raises ``msgspec.ValidationError`` where it is none."""
    spec: Spec = msgspec.json.decode(data, type=Spec)
    return spec


def decode_report(data: bytes) -> Report:
    """A report from JSON. Raises ``msgspec.ValidationError`` where it is none."""
    report: Report = msgspec.json.decode(data, type=Report)
    return report
