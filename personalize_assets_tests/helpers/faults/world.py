"""A small shop whose right answers are known: raw files in three states, and the bytes of the export of each."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from personalize_assets.config import load_config
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.faults.child import run, run_here

NOW = 1_790_812_800  # 2026-10-01T00:00:00Z
STATES = ("before", "late file", "next day")
"""Three days; the same with a late file of the second day and one of the first gone; the same with a fourth day."""

Answers = Mapping[str, str]
"""The SHA-256 of each CSV, by dataset."""


@dataclass(frozen=True)
class World:
    """Raw files by state, destinations as runs without a fault left them, and the right answers.

    Every trial takes place in the same folder, because a destination knows where its raw files are.
    """

    folder: Path
    answers: Mapping[str, Answers]

    @property
    def out(self) -> Path:
        """The destination of trials in a folder."""
        return self.folder / "place/out"

    def begin(self, before: str | None, state: str, destination: str = "") -> Path:
        """Let the destination be as it was after a state, or empty, and the raw files those of another; the config."""
        place = self.folder / "place"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        if before:
            shutil.copytree(self.folder / before / "out", self.out, symlinks=True)
        self.arrive(state)
        return write_config(place, destination or str(self.out))

    def arrive(self, state: str) -> None:
        """Let the raw files be those of a state from now on, in one step."""
        new = self.folder / "place/raw.new"
        new.symlink_to(self.folder / state / "raw")
        new.replace(self.folder / "place/raw")


def write_config(folder: Path, destination: str) -> Path:
    """The config of the shop."""
    config: dict[str, Any] = {
        "source": {"uri": "raw", "layout": "hive", "start_date": "2026-10-01"},
        "destination": {"uri": destination},
        "checks": "warn",
        "dataset_group": {"name": "shop"},
        "datasets": {
            "interactions": {
                "where": {"event": "Clicked"},
                "dedupe_by": "id",
                "columns": {"USER_ID": "user", "ITEM_ID": "sku", "TIMESTAMP": "at"},
            },
            "users": {
                "where": {"event": "Identified"},
                "columns": {"USER_ID": "user", "CITY": {"path": "city", "categorical": True}},
            },
        },
    }
    path = folder / "personalize.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


def make_world(folder: Path) -> World:
    """Write the raw files of all states, and run each without a fault."""
    answers: dict[str, Answers] = {}
    world = World(folder, answers)
    for number, state in enumerate(STATES):
        raw = folder / state / "raw"
        for day in range(1, 4 + (number == 2)):
            _put(raw, day, "a.json", 20 * day)
            _put(raw, day, "b.json", 20 * day + 10)
        if number:
            _put(raw, 2, "late.json", 100)
            (raw / "day=2026-10-01/b.json").unlink()
        config = world.begin(STATES[number - 1] if number else None, state)
        assert run(run_here, config, {}) == 0
        answers[state] = answers_of(group_of(config))
        shutil.copytree(world.out, folder / state / "out", symlinks=True)
        # To read what is there; runs take place elsewhere.
        write_config(folder / state, str(folder / state / "out")).rename(folder / f"{state}.yaml")
    assert len({json.dumps(dict(answer)) for answer in answers.values()}) == len(STATES)
    return world


def _put(raw: Path, day: int, name: str, first: int) -> None:
    lines: list[dict[str, Any]] = []
    for n in range(first, first + 10):
        at = NOW + 86_400 * (day - 1) + n
        lines.append({"event": "Clicked", "id": f"m{n}", "user": f"u{n % 7}", "sku": f"i{n % 5}", "at": at})
        lines.append({"event": "Identified", "id": f"t{n}", "user": f"u{n % 7}", "city": f"c{n % 3}", "at": at})
    lines.append({"event": "Clicked", "id": "no item", "user": "u1", "at": NOW})
    folder = raw / f"day=2026-10-{day:02}"
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in lines) + '{"event": "Clicked", broken\n'
    (folder / name).write_text(text)


def group_of(config: Path) -> DatasetGroup:
    """The dataset group of a config."""
    return DatasetGroup(load_config(config, {}))


def answers_of(group: DatasetGroup) -> Answers:
    """The digests of the current CSVs as they are stored; empty without an export."""
    latest = group.destination.exports.latest()
    found = {}
    for name, manifest in (latest.datasets if latest else {}).items():
        data = group.destination.store.read(manifest.path)
        found[name] = "missing" if data is None else hashlib.sha256(data).hexdigest()
    return found
