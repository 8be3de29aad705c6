"""What is published says the same everywhere: version, Pythons, extras, sizes, and the forms for issues."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from docs import sizes
from personalize_assets.cli import main
from personalize_assets_tests.helpers.installed_packages import packages_of
from personalize_assets_tests.helpers.readme import table
from personalize_assets_tests.helpers.samples import REPO

PAGE = sizes.PAGE.read_text()
CHANGELOG = (REPO / "CHANGELOG.md").read_text()
CI = (REPO / ".github" / "workflows" / "ci.yml").read_text()


@pytest.fixture
def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
    return found


def test_every_place_names_the_same_version(project: dict[str, Any]) -> None:
    pages = [path for folder in ("docker", "docs") for path in (REPO / folder).rglob("*") if path.is_file()]
    named = {
        version
        for path in [*pages, *(REPO / ".github" / "ISSUE_TEMPLATE").iterdir()]
        if path.suffix in ("", ".md", ".yaml", ".yml")
        for version in re.findall(r"(?:personalize.assets[:-]|tag: |placeholder: )(\d+\.\d+\.\d+)", path.read_text())
    }

    assert named == {project["version"]}


def test_the_command_prints_the_version(project: dict[str, Any]) -> None:
    result = CliRunner().invoke(main, ["--version"], prog_name="personalize-assets")

    assert result.stdout == f"personalize-assets, version {project['version']}\n"


def test_the_changelog_has_a_dated_section_for_the_version_and_one_for_what_comes(project: dict[str, Any]) -> None:
    titles = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)

    assert titles[0] == "[Unreleased]"
    assert re.fullmatch(rf"\[{re.escape(project['version'])}\] - \d{{4}}-\d\d-\d\d", titles[1])
    dates = [title.rpartition(" ")[2] for title in titles[1:]]
    assert all(later >= earlier for later, earlier in pairwise(dates))


def test_changes_are_of_the_kinds_of_keep_a_changelog_and_each_is_listed_once_a_version() -> None:
    for section in re.split(r"^## ", CHANGELOG, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^### (.*)$", section, re.MULTILINE)
        assert len(kinds) == len(set(kinds))
        assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_pythons_of_the_classifiers_are_those_of_the_forks_ci(project: dict[str, Any]) -> None:
    versions = [line.split(" :: ")[2] for line in project["classifiers"] if " :: Python :: 3." in line]

    assert yaml.safe_load(CI)["jobs"]["quick"]["strategy"]["matrix"]["python-version"] == versions
    assert project["requires-python"] == f">={versions[0]}"
    assert f"**Python** {', '.join(versions[:-1])} or {versions[-1]}." in PAGE


def test_ci_of_forks_runs_the_script_and_targets_of_the_makefile_and_nothing_else() -> None:
    jobs = yaml.safe_load(CI)["jobs"]
    commands = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()}

    assert commands == {"checks": [".ci/run"], "quick": ["make demo", "make test"]}


@pytest.mark.parametrize("name", ["source", "wrong_result"])
def test_an_issue_begins_with_what_the_commands_print(name: str) -> None:
    text = (REPO / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml").read_text()
    fields = [field for field in yaml.safe_load(text)["body"] if field["type"] != "markdown"]

    assert fields[0]["id"] == "version"
    assert fields[0]["validations"] == {"required": True}
    assert len({field["id"] for field in fields}) == len(fields)
    assert {"`personalize-assets --version`", "`personalize-assets validate --json`"} <= set(
        re.findall(r"`personalize-assets [^`]*`", text)
    )


def test_the_page_lists_the_extras_that_users_install(project: dict[str, Any]) -> None:
    extras = set(project["optional-dependencies"]) - {"dev", "bench"}

    assert {row[0] for row in table(PAGE, "extra")} == set(sizes.EXTRAS) == extras


def test_a_users_environment_is_under_1_300_megabytes_and_as_large_as_the_page_says() -> None:
    measured = sizes.megabytes(packages_of("personalize-assets"))
    named = re.search(r"packages come along, (\d+) MB", PAGE)
    listed = {row[0] for row in table(PAGE, "package")}

    assert measured < 1300
    assert named
    # The page is measured on one Python and system; other wheels are larger or smaller.
    assert measured == pytest.approx(int(named[1]), rel=0.25)
    # Of the last ones, sizes are so close that another version or system swaps them.
    assert set(sizes.largest()[:6]) <= listed
