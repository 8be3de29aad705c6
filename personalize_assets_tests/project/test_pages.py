"""Every page of the documentation: its commands are real, its links lead somewhere, its configs load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from personalize_assets.cli import main
from personalize_assets.config import load_config
from personalize_assets_tests.helpers.pages import (
    NOT_RUN,
    PAGES,
    folder_of,
    own_commands,
    own_mentions,
    reasons,
    shell_lines,
    to_run,
)
from personalize_assets_tests.helpers.readme import blocks
from personalize_assets_tests.helpers.samples import REPO

# Files that other programs read; their own tests look at them.
NOT_A_CONFIG = {
    "docs/how-to/kubernetes.md": "project/test_kubernetes.py",
    "docs/how-to/embedding.md": "project/test_embedding_docs.py",
    "docs/how-to/warehouses.md": "project/test_warehouses.py",
    "docs/reference/recipes.md": "end_to_end/test_recipes.py",
}


def heading_ids(page: Path) -> set[str]:
    """The ids of a page's headings, as GitHub makes them."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(page: str) -> None:
    text = re.sub(r"^ *```.*?^ *```$", "", (REPO / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, heading = link.partition("#")
        target = folder_of(page) / file if file else REPO / page
        if "://" in link:
            continue
        if not target.exists() or (heading and heading not in heading_ids(target)):
            broken.append(link)

    assert broken == []


def test_every_page_is_in_the_navigation_once() -> None:
    config = (REPO / "mkdocs.yml").read_text()
    named = re.findall(r": ([\w/-]+\.md)$", config, re.MULTILINE)

    assert sorted(f"docs/{page}" for page in named) == [page for page in PAGES if page.startswith("docs/")]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_in_a_block_is_taken(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ids.txt").touch()
    program = click.Context(main, **main.context_settings)
    for name, *arguments in own_commands(page):
        with main.commands[name].make_context(name, arguments, parent=program):
            pass


@pytest.mark.parametrize("page", PAGES)
def test_every_command_in_a_sentence_exists_with_its_options(page: str) -> None:
    for name, *words in own_mentions(page):
        command = main.commands[name]
        known = {"-h", "--help", "-q", "-v"}
        known |= {text for option in command.params for text in (*option.opts, *option.secondary_opts)}
        assert [word for word in words if word.startswith("-") and word not in known] == [], name


def test_tests_that_reasons_name_are_there() -> None:
    named = {path for *_, reason in NOT_RUN for path in re.findall(r"[\w/]+/test_\w+\.py", reason)}

    assert named
    assert [path for path in named if not (REPO / "personalize_assets_tests" / path).exists()] == []


def test_what_is_not_run_has_a_reason_that_is_needed() -> None:
    used = {n for page in PAGES for line in shell_lines(page) for n in reasons(page, line)}

    assert used == set(range(len(NOT_RUN)))
    assert len([page for page in PAGES if to_run(page)]) >= 6


def merged(base: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """A config with a part of another over it."""
    both = dict(base)
    for key, value in part.items():
        old = both.get(key)
        both[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return both


@pytest.mark.parametrize(
    ("page", "block"),
    [
        (page, block)
        for page in PAGES
        if page not in NOT_A_CONFIG
        for block in blocks((REPO / page).read_text(), "yaml")
    ],
)
def test_every_piece_of_a_config_loads_in_a_config_that_is_whole(page: str, block: str, tmp_path: Path) -> None:
    whole = (REPO / "sample_data" / "segment.yaml").read_text()
    base = yaml.load(whole, yaml.BaseLoader)
    in_s3 = {"source": {"uri": "s3://clicks/raw"}, "destination": {"uri": "s3://clicks/made"}}
    part = merged(in_s3, yaml.load(block, yaml.BaseLoader))
    (tmp_path / "personalize.yaml").write_text(yaml.safe_dump(merged(base, part), sort_keys=False))

    load_config(tmp_path / "personalize.yaml", {"PERSONALIZE_HASH_KEY": "a key of the tests"})


def test_the_checks_that_the_troubleshooting_names_exist() -> None:
    name = r"`([a-z0-9]+(?:_[a-z0-9]+){3,})`"
    named = set(re.findall(name, (REPO / "docs/how-to/troubleshooting.md").read_text()))

    assert len(named) >= 4
    assert named - set(re.findall(name, (REPO / "docs/reference/checks.md").read_text())) == set()
