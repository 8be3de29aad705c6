"""What the commands have in common: options and their types, ``-q`` and ``-v``, and exit codes."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from personalize_assets.errors import PersonalizeAssetsError

if TYPE_CHECKING:
    from personalize_assets.local_run.display import Display
    from personalize_assets.pipeline.dataset_group import DatasetGroup

ENGINES = ("arrow", "local", "spark", "glue", "emr-serverless")
"""As ``config.fields.ENGINES``, which takes a while to import; a test compares them."""

REFUSED = 3
"""The exit code if Personalize would refuse what is there."""

_Function = TypeVar("_Function", bound=Callable[..., Any])
_QUIET, _VERBOSE = f"{__name__}.quiet", f"{__name__}.verbose"


def config_option(function: _Function) -> _Function:
    """The option ``--config``: the config file."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="Config file.  [default: $PERSONALIZE_CONFIG, else personalize.yaml here]",
    )(function)


def is_quiet() -> bool:
    """Whether the present command was called with ``-q``."""
    return bool(click.get_current_context().meta.get(_QUIET))


def command_display() -> Display:
    """What shows the progress of the present command."""
    from personalize_assets.local_run.display import choose_display

    return choose_display(is_logged=bool(click.get_current_context().meta.get(_VERBOSE)))


def _set_quiet(context: click.Context, option: click.Parameter, value: bool) -> None:
    if value:
        context.meta[_QUIET] = True


def _set_verbose(context: click.Context, option: click.Parameter, value: int) -> None:
    if value:
        context.meta[_VERBOSE] = True
        level = logging.INFO if value == 1 else logging.DEBUG
        logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)


def common_options() -> list[click.Parameter]:
    """``-q`` and ``-v``, before the name of a command or after it."""
    quiet = click.Option(
        ["-q", "--quiet"],
        is_flag=True,
        expose_value=False,
        callback=_set_quiet,
        help="Print results, questions and errors alone: no progress, no table at the end.",
    )
    verbose = click.Option(
        ["-v", "--verbose"],
        count=True,
        show_default=False,
        expose_value=False,
        callback=_set_verbose,
        help="Log what libraries do to stderr, and print tracebacks; -vv logs more.",
    )
    return [quiet, verbose]


class Command(click.Command):
    """A command that ends with 130 and one sentence after Ctrl-C, unless it has a sentence of its own."""

    reports = False
    """Whether what it prints is a report on its work, which ``-q`` leaves out, and not its result."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own options, and those that all have in common before ``--help``."""
        *own, help = super().get_params(ctx)
        return [*own, *common_options(), help]

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command."""
        try:
            if not self._is_silent(ctx):
                return super().invoke(ctx)
            with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
                return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            sys.exit(130)

    def _is_silent(self, ctx: click.Context) -> bool:
        """Not where there is a question to read, or a dry run, which only prints."""
        if not (self.reports and ctx.meta.get(_QUIET)):
            return False
        return bool(ctx.params.get("yes", True)) and not ctx.params.get("dry_run", False)


class ReportingCommand(Command):
    """A command whose output reports on its work: the files that it writes are the result."""

    reports = True


class Group(click.Group):
    """The commands."""

    command_class = Command

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own options, and those that all have in common before ``--help``."""
        *own, help = super().get_params(ctx)
        return [*own, *common_options(), help]


@contextmanager
def exit_code_of_errors() -> Iterator[None]:
    """Print a ``PersonalizeAssetsError`` without a traceback, unless ``-v`` asks for it, and exit with code 1."""
    try:
        yield
    except PersonalizeAssetsError as error:
        context = click.get_current_context(silent=True)
        if context and context.meta.get(_VERBOSE):
            traceback.print_exc()
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


@contextmanager
def stoppable(sentence: str) -> Iterator[None]:
    """As ``exit_code_of_errors``; after Ctrl-C, print a sentence and exit with code 130, whatever it made fail."""
    from personalize_assets.local_run.interrupts import watching_for_ctrl_c

    with exit_code_of_errors(), watching_for_ctrl_c() as was_pressed:
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, KeyboardInterrupt) or was_pressed():
                click.echo(sentence, err=True)
                sys.exit(130)
            raise


class EngineName(click.Choice[str]):
    """The name of an engine; a wrong one is an error of usage with the same text as in a config."""

    def __init__(self) -> None:
        """The engines of this package."""
        super().__init__(ENGINES)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as it is."""
        if value not in ENGINES:
            self.fail(f"{value!r} is not an engine; use one of {', '.join(ENGINES)}", param, ctx)
        return value


class Days(click.ParamType[tuple[date, date]]):
    """``2026-10-01..2026-10-07``, both included, or one day; gives the first and the last day."""

    name = "A..B"

    def convert(
        self, value: str | tuple[date, date], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[date, date]:
        """Parse the text of the option; a wrong one is an error of usage."""
        if isinstance(value, tuple):
            return value
        first, dots, last = value.partition("..")
        if dots and not (first and last):
            missing = "last" if first else "first"
            self.fail(
                f"{value!r} has no {missing} day; write both, as 2026-10-01..2026-10-07, or one day alone", param, ctx
            )
        try:
            days = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            self.fail(f"{value!r} is not a range of days; write it as 2026-10-01..2026-10-07", param, ctx)
        if days[0] > days[1]:
            self.fail(f"{value!r} ends before it starts", param, ctx)
        return days


def each_day(days: tuple[date, date]) -> list[date]:
    """The days from the first to the last, both included."""
    first, last = days
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def check_dataset(name: str | None, group: DatasetGroup) -> None:
    """Raise an error of usage for a dataset that is not in the config; None and ``rejects`` stand for none."""
    if name not in (None, "rejects", *group.datasets):
        raise click.UsageError(
            f"dataset group {group.config.dataset_group.name} has no {name}; its datasets are "
            f"{', '.join(group.datasets)}"
        )


def is_confirmed(question: str, *, yes: bool) -> bool:
    """Ask a question, unless ``yes`` answers it; without an answer it is no."""
    try:
        return yes or click.confirm(question)
    except click.Abort:
        click.echo()
        return False
