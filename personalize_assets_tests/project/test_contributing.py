"""CONTRIBUTING follows an event through functions that exist, and names files that exist."""

from __future__ import annotations

import importlib
import re
from functools import reduce

import pytest

from personalize_assets_tests.helpers.samples import REPO

PACKAGE = REPO / "personalize_assets"
TEXT = (REPO / "CONTRIBUTING.md").read_text()
PATHS = ("Fast path", "Exact path")
MOST_HOPS = 20


def hops(path: str) -> list[tuple[str, str]]:
    """The module and the name within it of each hop, in the order of the page."""
    section = re.search(rf"^\*\*{path}\*\*.*?(?=^\*\*|^## )", TEXT, re.MULTILINE | re.DOTALL)
    assert section, f"CONTRIBUTING.md has no list {path!r}"
    numbered = re.findall(r"^(\d+)\. `([\w.]+):([\w.]+)`", section[0], re.MULTILINE)
    assert [int(number) for number, _, _ in numbered] == list(range(1, len(numbered) + 1))
    return [(module, name) for _, module, name in numbered]


@pytest.mark.parametrize("path", PATHS)
def test_each_hop_of_an_event_is_a_function_of_the_package(path: str) -> None:
    for module, name in hops(path):
        found = reduce(getattr, name.split("."), importlib.import_module(f"personalize_assets.{module}"))
        assert callable(found), f"{module}:{name}"


@pytest.mark.parametrize("path", PATHS)
def test_an_event_takes_few_hops(path: str) -> None:
    assert 10 <= len(hops(path)) <= MOST_HOPS


@pytest.fixture
def map_of_folders() -> str:
    """The first column of the map's table."""
    (table,) = re.findall(r"^\| folder \| holds \|\n(.*?)\n\n", TEXT, re.MULTILINE | re.DOTALL)
    return "\n".join(row.split("|")[1] for row in table.splitlines())


def test_every_folder_and_file_of_the_map_exists(map_of_folders: str) -> None:
    named = re.findall(r"`([\w/]+(?:/|\.py))`", map_of_folders)

    assert "conversion/" in named
    assert [name for name in named if not (PACKAGE / name).exists() and not (REPO / name).exists()] == []


def test_every_folder_of_the_package_is_on_the_map(map_of_folders: str) -> None:
    folders = {f"`{file.parent.name}/`" for file in PACKAGE.glob("*/__init__.py")}

    assert {name for name in folders if name not in map_of_folders} == set()
