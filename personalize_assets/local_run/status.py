"""What a destination has, and what Personalize holds of it: for ``personalize-assets status``.

What belongs here: the answer as one struct, whose JSON has the same keys each time, and how it is gathered. What does
not: how it is printed (``status_lines``). Nothing is changed, and raw files are not listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.judging.red_checks import RedCheck, red_checks
from personalize_assets.local_run.summary import Summary, summarize
from personalize_assets.pipeline.converted_days import counted
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.access import imported_datasets, open_personalize
from personalize_assets.pipeline.importing.dataset_import import plan_import
from personalize_assets.pipeline.importing.import_results import ImportPlan
from personalize_assets.pipeline.importing.polling import Polling
from personalize_assets.storage.exports import REFUSED
from personalize_assets.storage.manifests import ComparedRows, DayState, ExportManifest, ExportSet, ImportRecord


class DaysStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The converted days from ``start_date`` on.

    Attributes:
        first: ISO; empty without any day. ``last`` likewise.
        with_rejects: The days (ISO) that have any.
    """

    count: int
    first: str
    last: str
    with_rejects: tuple[str, ...]


class DatasetStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset: its daily rows, and its CSV in the current export; 0 and empty without a CSV.

    Attributes:
        file: URI of the CSV; of the folder, with a slash at its end, for a folder of CSVs.
    """

    kept: int
    rejected: int
    duplicates: int
    exported: int
    bytes: int
    file: str


class ExportStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The current export: the run that made it, and when (ISO, UTC)."""

    run: str
    made: str


class RefusedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """An export that is newer than the current one, and did not become current: why, by dataset."""

    run: str
    made: str
    findings: dict[str, tuple[str, ...]]


class PlanStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What Personalize says, and so the next import would do.

    Attributes:
        mode: ``FULL`` or ``INCREMENTAL``; empty if nothing would be sent.
        pending: Rows that would be sent or, without a mode, that Personalize lacks.
        bytes: Of these.
        why: In words.
        steps: What would be made or changed before, a line each.
        unfinished: Import jobs that go on: name and state.
    """

    mode: str
    pending: int
    bytes: int
    why: str
    steps: tuple[str, ...]
    unfinished: dict[str, str]


class ComparedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of the export of a run, and those that Personalize held by its own export; ``at`` is ISO, UTC."""

    run: str
    exported: int
    held: int
    at: str


class ImportStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset's imports, as they are recorded in the destination.

    Attributes:
        holds: The run of the export whose rows Personalize holds; empty if none is recorded.
        rows_held: Rows of that export; None if it was deleted.
        is_pending: Whether the current export has other rows than that one.
        reading: Runs of exports that an import reads, and since when (ISO, UTC).
        untrained: Columns that not all solutions train on, and when they were added (ISO, UTC).
        compared: The last comparison; None before the first one.
        plan: What Personalize says; None if it was not asked, or there is an error.
    """

    holds: str
    rows_held: int | None
    is_pending: bool
    reading: dict[str, str]
    untrained: dict[str, str]
    compared: ComparedStatus | None = None
    plan: PlanStatus | None = None


class CheckStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A check that is not passed; ``is_error``: Personalize would refuse the data."""

    asset: str
    name: str
    is_error: bool
    text: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """All that ``personalize-assets status`` says.

    Attributes:
        datasets: By name; one that has neither a converted day nor a CSV is left out.
        export: None before the first one.
        refused: None if the current export is the newest one.
        imports: By dataset; empty if imports are off and none is recorded.
        checks: Errors first.
        errors: Why Personalize could not be asked.
    """

    dataset_group: str
    destination: str
    days: DaysStatus
    datasets: dict[str, DatasetStatus]
    export: ExportStatus | None
    refused: RefusedStatus | None
    imports: dict[str, ImportStatus]
    checks: tuple[CheckStatus, ...]
    errors: tuple[str, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Whether Personalize would accept what is there."""
        return not any(check.is_error for check in self.checks)


class Gathered(NamedTuple):
    """A status, with what its lines are printed from besides."""

    status: Status
    summary: Summary
    red: Sequence[RedCheck]


def gather(group: DatasetGroup, *, asks: bool) -> Gathered:
    """Read what the destination has, and with ``asks`` ask Personalize what the next import would do.

    That it cannot be asked is no error here, but in ``Status.errors``. Raises ``PersonalizeAssetsError`` for a
    destination that cannot be read.
    """
    destination = group.destination
    states = counted(group, destination.days.all())
    latest = destination.exports.latest()
    summary = summarize(group, states)
    imports = _imports(group, latest, always=asks)
    errors: list[str] = []
    if asks:
        imports = _with_plans(group, latest, imports, errors)
    red = red_checks(group, states)
    status = Status(
        dataset_group=group.config.dataset_group.name,
        destination=destination.uri,
        days=_days(states),
        datasets=_datasets(summary),
        export=ExportStatus(run=latest.run, made=latest.made) if latest else None,
        refused=_refused(group, latest),
        imports=imports,
        checks=tuple(
            CheckStatus(asset=check.asset, name=check.name, is_error=check.is_error, text=str(check)) for check in red
        ),
        errors=tuple(dict.fromkeys(errors)),
    )
    return Gathered(status, summary, red)


def _days(states: Mapping[str, DayState]) -> DaysStatus:
    days = sorted(states)
    with_rejects = tuple(day for day in days if _has_rejects(states[day]))
    first, last = (days[0], days[-1]) if days else ("", "")
    return DaysStatus(count=len(days), first=first, last=last, with_rejects=with_rejects)


def _has_rejects(state: DayState) -> bool:
    return any(commit.rejected for commit in state.datasets.values()) or any(
        read.malformed or read.unreadable for read in state.sources.values()
    )


def _datasets(summary: Summary) -> dict[str, DatasetStatus]:
    found = {}
    for one in summary.datasets:
        csv = one.csv
        found[one.name] = DatasetStatus(
            kept=one.kept,
            rejected=one.rejected,
            duplicates=csv.duplicates if csv else 0,
            exported=csv.rows if csv else 0,
            bytes=csv.bytes if csv else 0,
            file=csv.file if csv else "",
        )
    return found


def _refused(group: DatasetGroup, latest: ExportSet | None) -> RefusedStatus | None:
    exports = group.destination.exports
    # Names of runs begin with their time.
    newer = [run for run in exports.runs(REFUSED) if latest is None or run > latest.run]
    for run in reversed(newer):
        if (refused := exports.refused(run)) is not None:
            return RefusedStatus(run=run, made=refused.made, findings=refused.findings)
    return None


# -- imports ----------------------------------------------------------------------------------------------------------


def _imports(group: DatasetGroup, latest: ExportSet | None, *, always: bool) -> dict[str, ImportStatus]:
    """What is recorded; of all imported datasets if ``always``, or imports are on."""
    names = imported_datasets(group)
    records = {name: group.destination.imports.find(name) for name in names}
    if not (always or group.config.import_.on):
        records = {name: record for name, record in records.items() if record != ImportRecord()}
    return {name: _import(group, name, record, latest) for name, record in records.items()}


def _import(group: DatasetGroup, name: str, record: ImportRecord, latest: ExportSet | None) -> ImportStatus:
    current = latest.datasets.get(name) if latest else None
    held = _held(group, name, record.holds)
    return ImportStatus(
        holds=record.holds,
        rows_held=held.rows if held else None if record.holds else 0,
        is_pending=current is not None and (held is None or held.sha256 != current.sha256),
        reading={reader.partition(" ")[0]: _iso(at) for reader, at in record.reading.items()},
        untrained={column: _iso(at) for column, at in record.untrained.items()},
        compared=_compared(record.compared),
    )


def _compared(found: ComparedRows | None) -> ComparedStatus | None:
    if found is None:
        return None
    return ComparedStatus(run=found.run, exported=found.exported, held=found.held, at=_iso(found.at))


def _held(group: DatasetGroup, name: str, run: str) -> ExportManifest | None:
    made = group.destination.exports.of_run(run) if run else None
    return made.datasets.get(name) if made else None


def _with_plans(
    group: DatasetGroup, latest: ExportSet | None, imports: Mapping[str, ImportStatus], errors: list[str]
) -> dict[str, ImportStatus]:
    found = dict(imports)
    names = [name for name in imports if latest is not None and name in latest.datasets]
    try:
        api = open_personalize(group) if names else None
    except PersonalizeAssetsError as error:
        errors.append(str(error))
        return found
    for name in names:
        assert api is not None
        try:
            plan = plan_import(group, name, api, Polling(lambda line: None))
        except PersonalizeAssetsError as error:
            errors.append(str(error))
        else:
            found[name] = msgspec.structs.replace(found[name], plan=_plan(plan))
    return found


def _plan(plan: ImportPlan) -> PlanStatus:
    decision = plan.decision
    return PlanStatus(
        mode=decision.mode,
        pending=decision.rows,
        bytes=decision.bytes,
        why=decision.why,
        steps=plan.steps,
        unfinished={job.name: job.status for job in plan.unfinished},
    )


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
