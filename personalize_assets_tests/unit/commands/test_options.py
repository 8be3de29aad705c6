"""What the commands have in common: `-q`, `-v`, exit codes, engines."""

from __future__ import annotations

import logging

import click
import pytest
from click.testing import CliRunner

from personalize_assets.cli import main
from personalize_assets.commands.options import ENGINES, Group, ReportingCommand, exit_code_of_errors, is_quiet
from personalize_assets.config import fields
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets_tests.helpers.command import invoke


@pytest.fixture
def levels(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The levels that logs were set to."""
    found: list[int] = []
    monkeypatch.setattr(logging, "basicConfig", lambda *, level, **_: found.append(level))
    return found


@click.group(cls=Group)
def group() -> None:
    """Commands of these tests."""


@group.command(cls=ReportingCommand)
@click.option("--yes", is_flag=True)
@click.option("--dry-run", is_flag=True)
def work(yes: bool, dry_run: bool) -> None:
    """Works, and may ask."""
    click.echo("working")
    click.echo(f"quiet: {is_quiet()}", err=True)


@group.command()
def result() -> None:
    """Prints a result."""
    click.echo("42")


@group.command()
def fail() -> None:
    """Fails."""
    with exit_code_of_errors():
        raise PersonalizeAssetsError("raw: no such folder")


@group.command()
def wait() -> None:
    """Is interrupted."""
    raise KeyboardInterrupt


def call(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(group, arguments)
    return done.exit_code, done.stdout, done.stderr


def test_the_engines_are_those_of_the_config() -> None:
    assert ENGINES == fields.ENGINES


@pytest.mark.parametrize("arguments", [("-q", "work", "--yes"), ("work", "--quiet", "--yes")])
def test_quiet_leaves_reports_out_before_and_after_the_name(arguments: tuple[str, ...]) -> None:
    assert call(*arguments) == (0, "", "quiet: True\n")


def test_without_quiet_reports_are_printed() -> None:
    assert call("work", "--yes") == (0, "working\n", "quiet: False\n")


@pytest.mark.parametrize("arguments", [("-q", "work"), ("-q", "work", "--yes", "--dry-run")])
def test_quiet_leaves_neither_what_a_question_is_about_out_nor_a_dry_run(arguments: tuple[str, ...]) -> None:
    assert call(*arguments) == (0, "working\n", "quiet: True\n")


def test_quiet_leaves_results_in() -> None:
    assert call("-q", "result") == (0, "42\n", "")


def test_an_error_is_one_paragraph() -> None:
    assert call("fail") == (1, "", "Error: raw: no such folder\n")


def test_verbose_prints_the_traceback_too(levels: list[int]) -> None:
    code, _, errors = call("-v", "fail")

    assert code == 1
    assert errors.startswith("Traceback (most recent call last):")
    assert errors.endswith("\nError: raw: no such folder\n")


@pytest.mark.parametrize(("option", "level"), [("-v", logging.INFO), ("-vv", logging.DEBUG)])
def test_verbose_sets_the_level_of_the_logs(option: str, level: int, levels: list[int]) -> None:
    call("result", option)

    assert levels == [level]


def test_ctrl_c_is_one_sentence_and_exit_code_130() -> None:
    assert call("wait") == (130, "", "Stopped.\n")


def test_an_engine_that_is_none_is_a_wrong_argument() -> None:
    done = invoke("run", "--engine", "spork")

    assert done.exit_code == 2
    assert "'spork' is not an engine; use one of arrow, local, spark, glue, emr-serverless\n" in done.stderr


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_takes_the_common_options(name: str) -> None:
    text = invoke(name, "-h").stdout

    assert "-q, --quiet" in text
    assert "-v, --verbose" in text
    assert text.rstrip().endswith("Show this message and exit.")
