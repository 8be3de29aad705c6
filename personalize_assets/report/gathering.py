"""Reads what a report says from a destination's records: manifests, profiles, commits, and beginnings of rejects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from importlib.metadata import version
from operator import add

from msgspec import structs

from personalize_assets.conversion.contract import MAX_DISTINCT_CATEGORIES, Column
from personalize_assets.conversion.dataset_types import DATASET_TYPES
from personalize_assets.conversion.mapping.masking import masked_profile
from personalize_assets.conversion.spec import ExportProfile, SourceCounts
from personalize_assets.judging.current_checks import CurrentCheck, current_checks
from personalize_assets.pipeline.converted_days import converted_days, missing_days
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.import_status import recorded_imports
from personalize_assets.pipeline.rejects import Filter, rejects_of
from personalize_assets.quality.evaluate import format_finding
from personalize_assets.report.facts import (
    CheckFacts,
    ColumnFacts,
    CsvFacts,
    DatasetFacts,
    DaysFacts,
    Ranked,
    RefusedFacts,
    Report,
    SourceFacts,
)
from personalize_assets.report.shown_ids import hides_broken, id_facts, masked_samples, shortened
from personalize_assets.storage.days import accounting_of, commits_of
from personalize_assets.storage.manifests import DayState, ExportManifest, ExportSet

_SAMPLES = 2
_SAMPLE_FILES = 12
_EVENT_TYPES = 30
_NAME_CHARACTERS = 120


def gather_report(group: DatasetGroup, states: Mapping[str, DayState] | None = None) -> Report:
    """Read what a report says. Nothing is changed; no raw file and no CSV is read.

    Checks are judged by records alone, also after a run that has read more: likely causes quote values of users, and
    the page must be the same whichever command writes it.

    Args:
        states: The converted days, by day (ISO), if they were read already.

    Raises:
        PersonalizeAssetsError: For a destination that cannot be read.
    """
    destination = group.destination
    states = converted_days(group) if states is None else states
    latest = destination.exports.latest()
    checks = current_checks(group, states, only_recorded=True)
    refused = destination.exports.newer_refused(latest)
    reasons = tuple(
        f"{check.asset}: {format_finding(check.rule.name, check.finding)}"
        for check in checks
        if check.is_red and check.rule.is_error
    )
    return Report(
        dataset_group=group.config.dataset_group.name,
        domain=group.config.dataset_group.domain,
        destination=destination.uri,
        written=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("personalize-assets"),
        run=latest.run if latest else "",
        made=latest.made if latest else "",
        refused=RefusedFacts(run=refused.run, made=refused.made, findings=refused.findings) if refused else None,
        verdict="refused" if reasons else "accepted" if latest and "interactions" in latest.datasets else "none",
        reasons=reasons,
        sources=_sources(group, states),
        datasets=tuple(_dataset(group, name, states, latest) for name in group.datasets),
        checks=tuple(map(_check, checks)),
        rejects=masked_samples(group, rejects_of(group, states, Filter(), _SAMPLES, _SAMPLE_FILES)),
        hides_broken=hides_broken(group),
        days=_days(group, states),
        imports=recorded_imports(group, latest, always=False),
    )


def _sources(group: DatasetGroup, states: Mapping[str, DayState]) -> tuple[SourceFacts, ...]:
    found = []
    for id in dict.fromkeys(group.source_ids.values()):
        datasets = tuple(name for name, source in group.source_ids.items() if source == id)
        settings = group.config.source_of(datasets[0])
        counts: SourceCounts = reduce(add, accounting_of(states, id).values(), SourceCounts())
        found.append(
            SourceFacts(
                name=id,
                uris=tuple(settings.uris),
                layout=str(settings.layout),
                datasets=datasets,
                raw_files=counts.raw_files,
                bytes=counts.bytes,
                read=counts.read,
                wanted=counts.wanted,
                not_wanted=counts.not_wanted,
                malformed=counts.malformed,
                unreadable=counts.unreadable,
            )
        )
    return tuple(found)


def _dataset(group: DatasetGroup, name: str, states: Mapping[str, DayState], latest: ExportSet | None) -> DatasetFacts:
    dataset, commits = group.datasets[name], commits_of(states, name)
    rejected: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    for commit in commits.values():
        rejected.update(commit.rejected)
        dropped.update(commit.dropped)
    manifest = latest.datasets.get(name) if latest else None
    hidden = group.hidden_columns(name)
    profile = masked_profile(manifest.profile, hidden) if manifest and manifest.profile else None
    ids = manifest.profile.ids if manifest and manifest.profile and dataset.is_events else {}
    return DatasetFacts(
        name=name,
        title=DATASET_TYPES[name].title,
        is_events=dataset.is_events,
        rows=sum(commit.rows for commit in commits.values()),
        kept=sum(commit.kept for commit in commits.values()),
        rejected=dict(rejected.most_common()),
        dropped=dict(dropped.most_common()),
        by_arrival_day={day: commit.kept for day, commit in sorted(commits.items())},
        csv=_csv(group, manifest, latest.run) if manifest and latest else None,
        columns=tuple(_column(column, profile, hidden) for column in dataset.columns),
        event_types=_event_types(profile),
        by_event_day=(profile.days if profile else None) or {},
        by_hour=(profile.hours if profile else None) or (),
        ids=tuple(id_facts(group, name, column, found) for column, found in ids.items()),
    )


def _csv(group: DatasetGroup, manifest: ExportManifest, run: str) -> CsvFacts:
    destination = group.destination
    return CsvFacts(
        rows=manifest.rows,
        kept=manifest.kept,
        duplicates=manifest.duplicates,
        outside_window=None if manifest.last_days is None else manifest.outside_window,
        suppressed=manifest.suppressed if manifest.suppress_list else None,
        bytes=manifest.bytes,
        file=destination.uri_of(destination.exports.shown(manifest.path, run)),
        sha256=manifest.sha256,
    )


def _event_types(profile: ExportProfile | None) -> tuple[Ranked, ...]:
    """The most frequent ones; the others are one entry, which says how many they are."""
    found = list((profile.events or {}).items()) if profile else []
    shown = [Ranked(shortened(name, _NAME_CHARACTERS), rows) for name, rows in found[:_EVENT_TYPES]]
    if others := found[_EVENT_TYPES:]:
        shown.append(Ranked(f"({len(others):,} others)", sum(rows for _, rows in others)))
    return tuple(shown)


def _column(column: Column, profile: ExportProfile | None, hidden: set[str]) -> ColumnFacts:
    name = column.name
    marks = [mark for mark in ("categorical", "textual") if getattr(column, mark)]
    if column.hash or name in hidden:
        marks.append("hashed" if column.hash else "masked")
    facts = ColumnFacts(
        name=name,
        type=column.type,
        is_required=column.required,
        paths=column.paths or (f"constant {column.constant!r}",),
        marks=tuple(marks),
    )
    if profile is None:
        return facts
    ids = profile.ids.get(name)
    events = profile.events if name == "EVENT_TYPE" else None
    distinct = ids.distinct if ids else len(events) if events is not None else profile.categories.get(name)
    is_capped = name in profile.categories and profile.categories[name] > MAX_DISTINCT_CATEGORIES
    return structs.replace(
        facts,
        nulls=profile.nulls.get(name),
        distinct=MAX_DISTINCT_CATEGORIES if is_capped else distinct,
        is_estimated=bool(ids and ids.estimated),
        is_capped=is_capped,
        max_chars=profile.max_chars.get(name),
        first=_time(profile.first.get(name)),
        last=_time(profile.last.get(name)),
    )


def _time(seconds: int | None) -> str | None:
    """ISO, UTC; the number itself for one that is no year of a calendar."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return f"{seconds:,} s"


def _check(check: CurrentCheck) -> CheckFacts:
    rule, finding = check.rule, check.finding
    observed = f"{finding.observed:,}" if type(finding.observed) is int else str(finding.observed)
    return CheckFacts(
        asset=check.asset,
        name=rule.name,
        result="not checked" if not finding.is_checked else "passed" if finding.passed else "failed",
        is_error=rule.is_error,
        observed=observed,
        allowed=finding.allowed,
        holds=rule.holds,
        when_red=rule.when_red,
        source=rule.source,
    )


def _days(group: DatasetGroup, states: Mapping[str, DayState]) -> DaysFacts:
    start = group.config.source.start_date.isoformat()
    catalogued = {day for day in group.destination.catalogued_days() if day >= start}
    known = catalogued | states.keys()
    incomplete = {name: missing_days(group, states, name) for name in group.datasets}
    return DaysFacts(
        catalogued=len(catalogued),
        converted=len(states),
        first=min(states, default=""),
        last=max(states, default=""),
        unconverted=tuple(sorted(catalogued - states.keys())),
        gaps=_gaps(known),
        incomplete={name: days for name, days in incomplete.items() if days},
    )


def _gaps(known: set[str]) -> tuple[str, ...]:
    if not known:
        return ()
    first, last = date.fromisoformat(min(known)), date.fromisoformat(max(known))
    days = ((first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1))
    return tuple(day for day in days if day not in known)
