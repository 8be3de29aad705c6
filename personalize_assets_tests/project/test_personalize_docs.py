"""docs/how-to/personalize.md matches the code: its policies are the stack's, its keys, commands and errors exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from personalize_assets.aws import personalize as client
from personalize_assets.aws.personalize_hints import _HINTS, hint_for
from personalize_assets.cli import main
from personalize_assets.config import load_config
from personalize_assets.config.imports import Import
from personalize_assets.orchestration.assets.imports import POOL
from personalize_assets.pipeline.importing.events_config import events_config
from personalize_assets.quality.imported import IMPORT_RULES
from personalize_assets_tests.helpers.readme import README, blocks, table
from personalize_assets_tests.helpers.samples import REPO, SAMPLE_DATA
from personalize_assets_tests.helpers.stack_policies import policy_of

PAGE = (REPO / "docs/how-to/personalize.md").read_text()
EVENTS_CONFIG, CALLER, ROLE, BUCKET = (json.loads(block) for block in blocks(PAGE, "json"))


def without_base(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The statements that are there for imports alone."""
    return [each for each in statements if each.get("Sid", "") in {found["Sid"] for found in CALLER["Statement"]}]


def test_the_policy_for_dagster_is_that_of_the_stack() -> None:
    assert CALLER["Statement"] == without_base(policy_of("DagsterPolicy"))


def test_the_role_and_the_bucket_have_the_policies_of_the_stack() -> None:
    assert ROLE["Statement"] == policy_of("PersonalizeRole")
    assert BUCKET["Statement"] == policy_of("BucketPolicy")


def test_the_stack_grants_every_operation_that_is_called() -> None:
    code = Path(client.__file__).read_text()
    called = {
        name.title().replace("_", "") for name in re.findall(r'"((?:create|describe|list|update)_[a-z_]+)"', code)
    }
    granted = {
        action.removeprefix("personalize:")
        for statement in CALLER["Statement"]
        if isinstance(statement["Action"], list)
        for action in statement["Action"]
    }

    assert len(called) >= 16
    assert granted == {*called, "TagResource"}


def test_every_key_is_in_the_table() -> None:
    named = {name for row in table(PAGE, "key") for name in re.findall(r"\w+", row[0].replace("`", ""))}

    assert named == set(Import.model_fields)


def test_the_defaults_of_the_table_are_those_of_the_code() -> None:
    defaults = {row[0]: row[1] for row in table(PAGE, "key")}

    assert defaults["mode"] == Import().mode
    assert defaults["timeout_minutes"] == str(Import().timeout_minutes)
    assert defaults["compare"] == ("on" if Import().compare else "off")


def test_the_config_loads(tmp_path: Path) -> None:
    (added,) = blocks(PAGE, "yaml")
    sample = (SAMPLE_DATA / "segment.yaml").read_text()
    _, below, datasets = sample.partition("\ndatasets:")
    source = re.search(r"^source:\n(?:  .*\n)+", sample, re.MULTILINE)
    assert source
    (tmp_path / "personalize.yaml").write_text(source[0] + added + below + datasets)
    (tmp_path / "segment").mkdir()

    config = load_config(tmp_path / "personalize.yaml", {})

    assert config.import_.on
    assert config.dataset_group.name == "shop"


@pytest.mark.parametrize(
    "line", sorted(set(re.findall(r"^ *(?:\$ )?(personalize-assets \w+.*)$", PAGE, re.MULTILINE)))
    + sorted(set(re.findall(r"`(personalize-assets \w+[^`]*)`", PAGE)))
)  # fmt: skip
def test_every_command_and_its_options_exist(line: str) -> None:
    _, command, *_ = line.split()
    help_text = CliRunner().invoke(main, [command, "--help"])

    assert help_text.exit_code == 0
    assert set(re.findall(r"--[a-z-]+", line)) - set(re.findall(r"--[a-z-]+", help_text.output)) == set()


def test_the_pool_and_the_checks_are_those_of_the_assets() -> None:
    assert f"dagster instance concurrency set {POOL} {client.MAX_UNFINISHED_JOBS}" in PAGE
    assert [rule.name for rule in IMPORT_RULES if f"`{rule.name}`" not in PAGE] == []


def test_the_events_config_is_made_like_that() -> None:
    assert events_config({"Product Clicked": 3, "Product Added": 2, "Order Completed": 1}) == EVENTS_CONFIG


def test_the_table_of_errors_has_an_example_of_each_hint() -> None:
    examples = [row[0] for row in table(PAGE, "Personalize says something like")]

    assert {hint_for(text) for text in examples} == {hint for _, hint in _HINTS}


def test_other_pages_lead_to_it() -> None:
    assert "(docs/how-to/personalize.md)" in README
    assert "docs/how-to/personalize.md" in (REPO / "CONTRIBUTING.md").read_text()
    assert "(personalize.md" in (REPO / "docs/how-to/production.md").read_text()
