"""``personalize-assets import``: what would be done, a question, and the imports of several datasets side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event

import click

from personalize_assets.catalog.field_ranking import count_of
from personalize_assets.conversion import waiting
from personalize_assets.conversion.progress import UNTIMED, Meter, OnProgress
from personalize_assets.errors import PersonalizeAssetsError, TransientError
from personalize_assets.local_run.summary import plain_table
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.access import imported_datasets, open_personalize
from personalize_assets.pipeline.importing.compared_import import ComparedImport, import_and_compare
from personalize_assets.pipeline.importing.dataset_import import plan_import
from personalize_assets.pipeline.importing.import_results import ImportPlan
from personalize_assets.pipeline.importing.polling import Polling
from personalize_assets.pipeline.transient import is_transient

_HEADER = ("dataset", "sent", "held", "pending", "import job")


class Stopped(BaseException):
    """Ends the wait of a thread after an interrupt; nothing may catch it as an error."""


def chosen_datasets(group: DatasetGroup, names: Sequence[str]) -> tuple[str, ...]:
    """The datasets to import: those named, by default all that the config imports.

    Raises ``PersonalizeAssetsError`` for one that the config has not.
    """
    unknown = [name for name in names if name not in group.datasets]
    if unknown:
        raise PersonalizeAssetsError(
            f"{unknown[0]} is not among the datasets of this config ({', '.join(group.datasets)}); correct --datasets"
        )
    return tuple(names) or imported_datasets(group)


def plan_imports(group: DatasetGroup, names: Sequence[str], *, again: bool = False) -> list[ImportPlan]:
    """What an import would do, printed as lines; nothing is changed."""
    api = open_personalize(group)
    place = api.place
    click.echo(
        f"Dataset group {group.config.dataset_group.name} in {place.region}, account {place.account}, with the role "
        f"{api.role}"
    )
    plans = [plan_import(group, name, api, Polling(lambda line: None), again=again) for name in names]
    for line in dict.fromkeys(step for plan in plans for step in plan.group_steps):
        click.echo(f"  {line}")
    for plan in plans:
        for line in _plan_lines(plan):
            click.echo(line)
    return plans


def _plan_lines(plan: ImportPlan) -> Iterator[str]:
    decision = plan.decision
    yield f"{plan.dataset}"
    yield from (f"  {step}" for step in plan.own_steps)
    yield from (f"  wait for import job {job.name} ({job.status}), and look again" for job in plan.unfinished)
    if decision.mode:
        sent = f"{count_of(decision.rows, 'row')}, {decision.bytes:,} bytes"
        yield f"  import {decision.mode}, {sent}: {decision.why}"
    else:
        yield f"  import nothing: {decision.why}"


def is_anything_to_do(plans: Sequence[ImportPlan]) -> bool:
    """Whether an import would change or send anything, or wait for a job."""
    return any(plan.steps or plan.decision.mode or plan.unfinished for plan in plans)


def import_all(
    group: DatasetGroup,
    names: Sequence[str],
    log: Callable[[str], None] = waiting.report,
    *,
    again: bool = False,
    on_progress: OnProgress = lambda progress: None,
) -> list[ComparedImport]:
    """Import datasets side by side, as Personalize does; all are done, or have failed, when this ends.

    ``on_progress`` gets the datasets that are done, and the bytes of CSVs that are compared.

    Raises the errors of those that failed as one; it is transient if all are. An interrupt ends all waits, and jobs go
    on in AWS.
    """
    api, stop = open_personalize(group), Event()
    logged: set[str] = set()

    def log_once(line: str) -> None:
        """What imports share, as the state of the dataset group, is a line of each of them."""
        if line not in logged:
            logged.add(line)
            log(line)

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise Stopped

    def work(name: str) -> ComparedImport:
        done = import_and_compare(group, name, api, Polling(log_once, sleep, compares=meter.plan_bytes), again=again)
        counted.finish(name, None)
        return done

    meter = Meter("import", on_progress, unit="datasets", bound=UNTIMED)
    counted = meter.plan(names, 0)
    meter.add(0, 0, 0)
    with ThreadPoolExecutor(len(names)) as threads:
        futures = [threads.submit(work, name) for name in names]
        try:
            wait(futures)
        except BaseException:
            stop.set()
            raise
    errors = [error for future in futures if (error := future.exception()) is not None]
    if len(errors) > 1 and all(isinstance(error, PersonalizeAssetsError) for error in errors):
        kind = TransientError if all(map(is_transient, errors)) else PersonalizeAssetsError
        raise kind("\n".join(map(str, errors)))
    return [future.result() for future in futures]


def print_outcomes(done: Sequence[ComparedImport]) -> None:
    """A table of what was sent and what Personalize holds."""
    outcomes = [one.outcome for one in done]
    rows = [
        (
            outcome.dataset,
            f"{sum(sent.rows for sent in outcome.sent):,}",
            f"{outcome.held.rows:,}" if outcome.held else "unknown",
            f"{outcome.pending:,}",
            outcome.job.name if outcome.job else "none",
        )
        for outcome in outcomes
    ]
    for line in plain_table([_HEADER, *rows]):
        click.echo(line)
    for outcome in outcomes:
        if outcome.pending:
            click.echo(f"{outcome.dataset}: {outcome.why}")
        for column in outcome.untrained:
            older = ", ".join(outcome.solutions)
            click.echo(f"{outcome.dataset}: column {column} is imported, and not yet trained on: {older} are older")
    for one in done:
        if one.comparison is not None:
            exported, held = one.comparison
            click.echo(f"{one.outcome.dataset}: Personalize exports {held:,} rows, and {exported:,} were imported")
    if outcomes:
        click.echo(f"Console: {outcomes[0].console}")
