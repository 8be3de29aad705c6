"""What a report says, as structs: they cross from what reads the destination to the page and to ``--json``.

Counts of days are of converted days from ``start_date`` on; days are arrival days (ISO, UTC) unless they are said to be
those of events. Users are never named: see ``report.shown_ids``.
"""

from __future__ import annotations

import msgspec

from personalize_assets.pipeline.importing.import_status import ImportStatus
from personalize_assets.pipeline.rejects import Rejects


class SourceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of one source.

    Attributes:
        name: Its id: ``source``, or that of the dataset that has its own.
        uris: Where its raw files are.
        layout: How keys carry the arrival day.
        datasets: Those that are made from it.
        malformed: Broken events by reason.
        unreadable: Files of no supported format.
    """

    name: str
    uris: tuple[str, ...]
    layout: str
    datasets: tuple[str, ...]
    raw_files: int
    bytes: int
    read: int
    wanted: int
    not_wanted: int
    malformed: dict[str, int]
    unreadable: int


class CsvFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The current CSV of a dataset.

    Attributes:
        duplicates: Daily rows that repeat others or, of entities, were merged into others.
        outside_window: Daily rows that are older than ``last_days``; None without a window.
        suppressed: Daily rows of listed users; None without a list.
        file: Its URI; that of the folder, with a slash at its end, for a folder of CSVs.
    """

    rows: int
    kept: int
    duplicates: int
    outside_window: int | None
    suppressed: int | None
    bytes: int
    file: str
    sha256: str


class ColumnFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a CSV.

    Attributes:
        paths: Where its values come from; its constant if there are none.
        nulls: Empty cells; None without a profile.
        distinct: Distinct values, where they are counted: of ids, event types and categories.
        is_estimated: Whether ``distinct`` is estimated from a sample.
        is_capped: Whether there are more than ``distinct``.
        max_chars: Of its longest text.
        first: Least time (ISO, UTC) of a column of times; ``last`` likewise.
        marks: ``categorical``, ``textual``, ``hashed``, ``masked``.
    """

    name: str
    type: str
    is_required: bool
    paths: tuple[str, ...]
    nulls: int | None = None
    distinct: int | None = None
    is_estimated: bool = False
    is_capped: bool = False
    max_chars: int | None = None
    first: str | None = None
    last: str | None = None
    marks: tuple[str, ...] = ()


class Ranked(msgspec.Struct, frozen=True):
    """One of the most frequent ids or event types: how it is shown, and its rows.

    Long ones are cut, so that several may have the same label.
    """

    label: str
    rows: int


class IdFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The ids of an id column of events.

    Attributes:
        column: Its name.
        shown_as: ``ids``; ``hashes``, of which the first digits are shown; or ``numbers`` instead of ids.
        histogram: Ids by number of rows.
        top: The most frequent first.
    """

    column: str
    distinct: int
    is_estimated: bool
    with_two: int
    histogram: dict[str, int]
    shown_as: str
    top: tuple[Ranked, ...]


class DatasetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset over all converted days, and its current CSV.

    Attributes:
        title: For people.
        is_events: Whether a row is an event; else it is an entity.
        rejected: Rows by reason.
        dropped: Values by reason and column, as ``bad_value:AGE``.
        by_arrival_day: Rows kept, by arrival day.
        csv: None if there is none.
        columns: In the order of the CSV.
        event_types: Rows of the CSV by EVENT_TYPE, most frequent first, rare ones as one entry; empty for entities.
        by_event_day: Rows of the CSV by day of TIMESTAMP (ISO, UTC); empty for entities.
        by_hour: Rows of the CSV by hour of the day (UTC): 24 numbers; empty for entities.
        ids: Of events.
    """

    name: str
    title: str
    is_events: bool
    rows: int
    kept: int
    rejected: dict[str, int]
    dropped: dict[str, int]
    by_arrival_day: dict[str, int]
    csv: CsvFacts | None
    columns: tuple[ColumnFacts, ...]
    event_types: tuple[Ranked, ...]
    by_event_day: dict[str, int]
    by_hour: tuple[int, ...]
    ids: tuple[IdFacts, ...]


class CheckFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A check and its result.

    Attributes:
        asset: Name of its asset.
        result: ``passed``, ``failed`` or ``not checked``.
        is_error: Whether Personalize refuses data for which it fails; a warning otherwise.
        holds: What must hold, in words.
        when_red: What to do when it fails.
        source: Where the limit comes from.
    """

    asset: str
    name: str
    result: str
    is_error: bool
    observed: str
    allowed: str
    holds: str
    when_red: str
    source: str


class DaysFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The arrival days.

    Attributes:
        catalogued: How many have a catalog of their raw files.
        converted: How many are converted.
        first: The first converted day; empty without any. ``last`` likewise.
        unconverted: Days with a catalog that are not converted.
        gaps: Days between the first and the last that have no catalog and are not converted: nothing arrived, or
            nothing was looked at.
        incomplete: By dataset, the days of which another dataset is converted and this one is not.
    """

    catalogued: int
    converted: int
    first: str
    last: str
    unconverted: tuple[str, ...]
    gaps: tuple[str, ...]
    incomplete: dict[str, tuple[str, ...]]


class RefusedFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An export that is newer than the current one and did not become current: when (ISO, UTC), and why by dataset."""

    run: str
    made: str
    findings: dict[str, tuple[str, ...]]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that a report says.

    Attributes:
        written: When (ISO, UTC).
        version: Of this package.
        run: The run that made the current export; empty without one.
        made: When (ISO, UTC); empty without one.
        refused: None if the current export is the newest one.
        verdict: ``accepted``, ``refused``, or ``none`` without a CSV of interactions.
        reasons: Why Personalize would refuse it, a sentence each.
        rejects: Counts, and samples with ids of users masked.
        hides_broken: Whether texts of broken events are left out of the samples.
        imports: By dataset; empty if imports are off and none is recorded.
    """

    dataset_group: str
    domain: str
    destination: str
    written: str
    version: str
    run: str
    made: str
    refused: RefusedFacts | None
    verdict: str
    reasons: tuple[str, ...]
    sources: tuple[SourceFacts, ...]
    datasets: tuple[DatasetFacts, ...]
    checks: tuple[CheckFacts, ...]
    rejects: Rejects
    hides_broken: bool
    days: DaysFacts
    imports: dict[str, ImportStatus]
