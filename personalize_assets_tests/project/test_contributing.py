"""CONTRIBUTING names the functions that an event passes through, and folders that exist."""

from __future__ import annotations

import importlib
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
import yaml

from personalize_assets.config import load_config
from personalize_assets.definitions import build_definitions
from personalize_assets_tests.helpers.samples import REPO

PACKAGE = REPO / "personalize_assets"
TEXT = (REPO / "CONTRIBUTING.md").read_text()
MOST_HOPS = 20

EVENT = '{"user": "u", "sku": "i", "at": 1790812800}'
# The struct decoder refuses what is no JSON, so the event takes the exact path.
NO_JSON = ', "more": NaN}'
RAW_FILES = {"fast": EVENT + "\n", "exact": EVENT.replace("}", NO_JSON) + "\n"}


def hops(path: str) -> list[str]:
    """The functions of the numbered list in order, each as `module:name`."""
    lines = re.findall(r"^(\d+)\. (.*)$", TEXT, re.MULTILINE)
    assert [int(number) for number, _ in lines] == list(range(1, len(lines) + 1))
    named = [re.findall(r"`([\w.]+:[\w.]+)`", line) for _, line in lines]
    return [names[-1 if path == "exact" else 0] for names in named]


def code_of(hop: str) -> CodeType:
    """The code of a function of the package; wrappers of decorators are taken off."""
    module, _, name = hop.partition(":")
    found: Any = reduce(getattr, name.split("."), importlib.import_module(f"personalize_assets.{module}"))
    found = getattr(found, "__wrapped__", found)
    code: CodeType = found.__code__
    return code


@contextmanager
def calls() -> Iterator[set[CodeType]]:
    """The code of every function that is called meanwhile, in all threads that start meanwhile too."""
    called: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.add(frame.f_code)

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(before)
        threading.setprofile(None)


@pytest.mark.parametrize("path", RAW_FILES)
def test_an_event_passes_through_each_function_named(path: str, tmp_path: Path) -> None:
    raw = tmp_path / "raw/day=2026-10-01/a.json"
    raw.parent.mkdir(parents=True)
    raw.write_text(RAW_FILES[path])
    config = {
        "source": {"uri": "raw", "layout": "hive", "start_date": "2026-10-01"},
        "destination": {"uri": "out"},
        "checks": "warn",
        "dataset_group": {"name": "shop"},
        "datasets": {"interactions": {"columns": {"USER_ID": "user", "ITEM_ID": "sku", "TIMESTAMP": "at"}}},
    }
    (tmp_path / "personalize.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    with calls() as called:
        definitions = build_definitions(load_config(tmp_path / "personalize.yaml", {}))
        definitions.resolve_job_def("convert").execute_in_process(partition_key="2026-10-01")
        definitions.resolve_job_def("export").execute_in_process()

    assert (
        tmp_path / "out/exports/latest/interactions.csv"
    ).read_text() == "USER_ID,ITEM_ID,TIMESTAMP\nu,i,1790812800\n"
    assert [hop for hop in hops(path) if code_of(hop) not in called] == []


def test_an_event_takes_few_hops() -> None:
    fast, exact = hops("fast"), hops("exact")

    assert len(fast) == len(exact) <= MOST_HOPS
    assert fast != exact


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
