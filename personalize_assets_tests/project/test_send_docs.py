"""docs/how-to/send.md has commands, variables, limits and links that are real."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from personalize_assets import cli
from personalize_assets.generate.senders.clock import Clock
from personalize_assets.generate.senders.http_api import LIMITS
from personalize_assets.generate.senders.options import TARGETS, Options
from personalize_assets_tests.helpers.readme import blocks
from personalize_assets_tests.helpers.samples import REPO

PAGE = (REPO / "docs/how-to/send.md").read_text()
COMMANDS = re.findall(r"^(personalize-assets send .*?)(?:  +#.*)?$", PAGE, re.MULTILINE)


def options_of(command: str) -> Options:
    """The options that a command line means."""
    send = cli.main.commands["send"]
    given = send.make_context("send", shlex.split(command)[2:]).params
    return Options(**given)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_taken(command: str) -> None:
    options_of(command).check()


def test_every_target_has_a_command_and_a_row() -> None:
    assert {options_of(command).to for command in COMMANDS} == set(TARGETS)
    assert {name for name in TARGETS if f"\n| `{name}` |" in PAGE} == set(TARGETS)


def test_the_variables_are_those_that_are_read() -> None:
    with pytest.raises(ValueError, match="not set in the environment") as raised:
        Options("segment").target({}, Clock())

    read = set(re.findall(r"SEGMENT_WRITE_KEY\w*", str(raised.value)))
    assert set(re.findall(r"SEGMENT_WRITE_KEY\w*", PAGE)) == read


def test_the_limits_are_those_that_are_kept() -> None:
    assert f"up to {LIMITS.events} events and {LIMITS.bytes // 1000} KB a request" in PAGE


def test_the_policies_are_json() -> None:
    policies = blocks((REPO / "docs/tutorial/segment.md").read_text(), "json")

    assert [json.loads(policy)["Version"] for policy in policies] == ["2012-10-17"] * 2


def test_the_readme_and_the_page_on_sources_link_to_it() -> None:
    assert "(docs/how-to/send.md)" in (REPO / "README.md").read_text()
    assert "(send.md)" in (REPO / "docs/how-to/sources.md").read_text()
