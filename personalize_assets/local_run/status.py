"""What a destination has, and what Personalize holds of it: for ``personalize-assets status``.

What belongs here: the answer as one struct, whose JSON has the same keys each time, and how it is gathered. What does
not: how it is printed (``status_lines``). Nothing is changed, and raw files are not listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.judging.red_checks import RedCheck, red_checks
from personalize_assets.local_run.summary import Summary, summarize
from personalize_assets.pipeline.converted_days import counted
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.access import open_personalize
from personalize_assets.pipeline.importing.dataset_import import plan_import
from personalize_assets.pipeline.importing.import_results import ImportPlan
from personalize_assets.pipeline.importing.import_status import ImportStatus, PlanStatus, recorded_imports
from personalize_assets.pipeline.importing.polling import Polling
from personalize_assets.storage.manifests import DayState, ExportSet


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
    """CSVs that the newest export made and that did not become current: why, by dataset."""

    run: str
    made: str
    findings: dict[str, tuple[str, ...]]


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
        refused: None if all CSVs of the newest export became current.
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
        """Whether Personalize would accept what is there, and nothing newer was refused."""
        return self.refused is None and not any(check.is_error for check in self.checks)


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
    imports = recorded_imports(group, latest, always=asks)
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
    refused = group.destination.exports.newer_refused(latest)
    return RefusedStatus(run=refused.run, made=refused.made, findings=refused.findings) if refused else None


# -- imports ----------------------------------------------------------------------------------------------------------


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
