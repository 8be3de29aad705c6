"""How ``personalize-assets status`` prints what it found for people: as lines and tables."""

from __future__ import annotations

from collections.abc import Iterator

import click

from personalize_assets.local_run.closing import print_checks
from personalize_assets.local_run.status import DaysStatus, Gathered, Status
from personalize_assets.local_run.summary import print_summary, print_table, short_path
from personalize_assets.pipeline.importing.import_status import ImportStatus

_IMPORTS = ("import", "held", "pending", "state")


def print_status(found: Gathered) -> None:
    """Print a status for people: styled on a terminal, as the end of a run is, else as plain lines."""
    status = found.status
    for line in head_lines(status):
        click.echo(line)
    if status.datasets:
        click.echo()
        print_summary(found.summary)
    if status.imports:
        click.echo()
        print_table(_IMPORTS, [import_row(name, one, _exported(status, name)) for name, one in status.imports.items()])
        for line in import_lines(status):
            click.echo(line)
    print_checks(found.red)


def head_lines(status: Status) -> Iterator[str]:
    """The group, its days and its export."""
    yield f"Group:    {status.dataset_group}, in {short_path(status.destination)}"
    yield f"Days:     {_days_line(status.days)}"
    export = status.export
    yield f"Export:   {f'{export.run}, made {export.made}' if export else 'none yet'}"
    if status.refused:
        names = ", ".join(status.refused.findings)
        yield f"Refused:  {names} of {status.refused.run}, made {status.refused.made}; what was current before still is"
        for name, findings in status.refused.findings.items():
            yield from (f"  {name}: {finding}" for finding in findings)


def _days_line(days: DaysStatus) -> str:
    if not days.count:
        return "none is converted"
    rejects = len(days.with_rejects)
    having = f"{rejects:,} with rejects, the last {days.with_rejects[-1]}" if rejects else "none with rejects"
    return f"{days.count:,} converted, {days.first} to {days.last}; {having}"


def import_row(name: str, found: ImportStatus, exported: int) -> tuple[str, ...]:
    """The row of a dataset: rows that Personalize holds, those it lacks, and what happens next.

    Args:
        name: Of the dataset.
        exported: Rows of the current export.
    """
    plan = found.plan
    held = "unknown" if found.rows_held is None else f"{found.rows_held:,}"
    if plan is None:
        return name, held, "some" if found.is_pending else "0", _recorded(found)
    if plan.mode:
        return name, held, f"{plan.pending:,}", f"next import {plan.mode}: {plan.why}"
    # Without pending rows it holds those of the export, whatever the record says.
    return name, held if plan.pending else f"{exported:,}", f"{plan.pending:,}", plan.why


def _exported(status: Status, name: str) -> int:
    return status.datasets[name].exported if name in status.datasets else 0


def _recorded(found: ImportStatus) -> str:
    if not found.holds:
        return "no import is recorded"
    if not found.is_pending:
        return "the rows of the current export, as recorded"
    return f"the rows of the export {found.holds}, as recorded"


def import_lines(status: Status) -> Iterator[str]:
    """What goes on, what would be made, and what is not trained on."""
    for name, one in status.imports.items():
        yield from (f"{name}: an import reads the export {run} since {at}" for run, at in one.reading.items())
        if one.plan:
            yield from (f"{name}: the next import would {step}" for step in one.plan.steps)
            yield from (f"{name}: import job {job} is {state}" for job, state in one.plan.unfinished.items())
        if (compared := one.compared) is not None:
            yield (
                f"{name}: Personalize exported {compared.held:,} rows on {compared.at}, of {compared.exported:,} "
                f"imported of {compared.run}"
            )
        for column, at in one.untrained.items():
            yield f"{name}: column {column}, added {at}, is not yet trained on by every solution"
