"""Actions and their interactions beside the other datasets: from raw events to the exact rows of all five CSVs."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.config import load_config
from personalize_assets.engines import Engine
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.export import is_whole
from personalize_assets_tests.helpers.groups import FIRST, SECOND, convert, export
from personalize_assets_tests.helpers.samples import SAMPLE_DATA
from personalize_assets_tests.helpers.stored import commits, latest_csv

MIDNIGHT = 1_790_812_800  # 2026-10-01T00:00:00Z
DAY = 86_400

CONFIG = """
source: {uri: raw, layout: hive, start_date: 2026-10-01}
destination: {uri: out}
dataset_group: {name: bank, domain: custom}
datasets:
  interactions:
    where: {kind: [view]}
    dedupe_by: id
    columns: {USER_ID: user, ITEM_ID: page, TIMESTAMP: at}
  users:
    where: {kind: [user]}
    columns: {USER_ID: user, TIER: {path: tier, categorical: true}}
  items:
    where: {kind: [page]}
    columns: {ITEM_ID: page, LENGTH: {path: length, type: int}}
  actions:
    where: {kind: [offer]}
    columns:
      ACTION_ID: offer
      GROUP: {path: group, categorical: true}
      VALUE: {path: value, type: long}
      EXPIRATION_TIMESTAMP: ends
      REPEAT_FREQUENCY: {path: days, type: long}
      CREATION_TIMESTAMP: {path: at, keep: first}
  action_interactions:
    where: {kind: [offer_shown, offer_accepted, offer_declined]}
    dedupe_by: id
    last_days: 10
    columns:
      USER_ID: user
      ACTION_ID: offer
      EVENT_TYPE: {path: kind, map: {offer_shown: Viewed, offer_accepted: Taken, offer_declined: Not Taken}}
      TIMESTAMP: at
      IMPRESSION: offers
"""

FIRST_DAY: list[dict[str, Any]] = [
    {"kind": "view", "id": "e1", "user": "u1", "page": "p1", "at": MIDNIGHT + 60},
    {"kind": "user", "user": "u1", "tier": "gold", "at": MIDNIGHT + 60},
    {"kind": "page", "page": "p1", "length": 7, "at": MIDNIGHT + 60},
    {"kind": "offer", "offer": "card", "group": "loans", "value": 11, "days": 7, "at": MIDNIGHT + 60},
    {"kind": "offer", "offer": "app", "group": ["app", "new"], "value": "5", "days": 0, "at": MIDNIGHT + 60},
    {"kind": "offer_shown", "id": "s1", "user": "u1", "offer": "card", "offers": ["card", "app"], "at": MIDNIGHT + 70},
    {"kind": "offer_accepted", "id": "s2", "user": "u1", "offer": "card", "at": MIDNIGHT + 80},
    {"kind": "offer_declined", "id": "s3", "user": "u2", "offer": "app", "at": MIDNIGHT + 70},
    {"kind": "offer_shown", "id": "s4", "user": "u2", "offer": None, "at": MIDNIGHT + 70},
    {"kind": "offer_shown", "id": "old", "user": "u2", "offer": "app", "at": MIDNIGHT - 20 * DAY},
    {"kind": "login", "user": "u2"},
]
SECOND_DAY: list[dict[str, Any]] = [
    FIRST_DAY[6],
    {"kind": "offer", "offer": "card", "value": 10, "ends": "2027-01-01", "at": MIDNIGHT + DAY},
    {"kind": "offer_shown", "id": "s5", "user": "u3", "offer": "x" * 257, "at": MIDNIGHT + DAY},
]


@pytest.fixture
def bank(tmp_path: Path) -> DatasetGroup:
    """A group with all five datasets, and two days of raw events."""
    (tmp_path / "personalize.yaml").write_text(CONFIG)
    for day, events in ((FIRST, FIRST_DAY), (SECOND, SECOND_DAY)):
        folder = tmp_path / f"raw/day={day}"
        folder.mkdir(parents=True)
        (folder / "events.json").write_text("".join(json.dumps(event) + "\n" for event in events))
    return DatasetGroup(load_config(tmp_path / "personalize.yaml", os.environ))


def lines(group: DatasetGroup, name: str) -> list[str]:
    return (latest_csv(group.destination, name) or b"").decode().splitlines()


def test_events_give_the_rows_of_all_five_datasets(bank: DatasetGroup, engine: Engine) -> None:
    convert(bank, engine, [FIRST, SECOND])
    export(bank, engine)

    assert {name: lines(bank, name) for name in bank.datasets} == {
        "interactions": ["USER_ID,ITEM_ID,TIMESTAMP", f"u1,p1,{MIDNIGHT + 60}"],
        "users": ["USER_ID,TIER", "u1,gold"],
        "items": ["ITEM_ID,LENGTH", "p1,7"],
        "actions": [
            "ACTION_ID,GROUP,VALUE,EXPIRATION_TIMESTAMP,REPEAT_FREQUENCY,CREATION_TIMESTAMP",
            f"app,app|new,5,,,{MIDNIGHT + 60}",
            f"card,loans,10,1798761600,7,{MIDNIGHT + 60}",
        ],
        "action_interactions": [
            "USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP,IMPRESSION",
            f"u1,card,Viewed,{MIDNIGHT + 70},card|app",
            f"u2,app,Not Taken,{MIDNIGHT + 70},",
            f"u1,card,Taken,{MIDNIGHT + 80},",
        ],
    }


def test_the_sample_of_the_repository_gives_its_rows(tmp_path: Path, engine: Engine) -> None:
    text = (SAMPLE_DATA / "next_best_action.yaml").read_text()
    (tmp_path / "personalize.yaml").write_text(text.replace("../data/next_best_action", str(tmp_path / "out")))
    shutil.copytree(SAMPLE_DATA / "next_best_action", tmp_path / "next_best_action")
    shop = DatasetGroup(load_config(tmp_path / "personalize.yaml", os.environ))

    convert(shop, engine, list(shop.bytes_by_day()))
    export(shop, engine)

    expected = {csv.stem: csv.read_bytes() for csv in (SAMPLE_DATA / "next_best_action/expected").iterdir()}
    assert {name: latest_csv(shop.destination, name) for name in shop.datasets} == expected


def test_what_cannot_be_used_is_counted_by_reason(bank: DatasetGroup, engine: Engine) -> None:
    convert(bank, engine, [FIRST, SECOND])

    actions = commits(bank.destination, "actions")[FIRST.isoformat()]
    assert (actions.kept, actions.dropped) == (2, {"out_of_range:VALUE": 1, "out_of_range:REPEAT_FREQUENCY": 1})
    of_days = commits(bank.destination, "action_interactions").values()
    assert [commit.rejected for commit in of_days] == [{"missing:ACTION_ID": 1}, {"too_long:ACTION_ID": 1}]


def test_repeats_and_rows_outside_the_window_are_accounted_for(bank: DatasetGroup, engine: Engine) -> None:
    convert(bank, engine, [FIRST, SECOND])
    outcome = export(bank, engine)

    manifest = outcome.manifests["action_interactions"]
    assert (manifest.kept, manifest.rows, manifest.duplicates, manifest.outside_window) == (5, 3, 1, 1)
    assert all(map(is_whole, outcome.manifests.values()))
    assert list(outcome.tables) == ["users", "items", "actions"]


def test_a_suppressed_user_has_no_interactions_with_actions(bank: DatasetGroup, engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "deleted.csv").write_text("USER_ID\nu1\n")
    (tmp_path / "personalize.yaml").write_text(f"{CONFIG}suppress: deleted.csv\n")
    group = DatasetGroup(load_config(tmp_path / "personalize.yaml", os.environ))

    convert(group, engine, [FIRST, SECOND])
    outcome = export(group, engine)

    assert lines(group, "action_interactions")[1:] == [f"u2,app,Not Taken,{MIDNIGHT + 70},"]
    assert len(lines(group, "actions")) == 3
    assert is_whole(outcome.manifests["action_interactions"])


def test_the_schemas_have_the_names_that_personalize_gives_the_records(bank: DatasetGroup, engine: Engine) -> None:
    convert(bank, engine, [FIRST, SECOND])
    outcome = export(bank, engine)

    found = {
        name: json.loads(bank.destination.store.read(manifest.schema) or b"")
        for name, manifest in outcome.manifests.items()
    }
    assert {name: schema["name"] for name, schema in found.items()} == {
        "interactions": "Interactions",
        "users": "Users",
        "items": "Items",
        "actions": "Actions",
        "action_interactions": "ActionInteractions",
    }
    assert found["actions"]["fields"][2:5] == [
        {"name": "VALUE", "type": ["null", "long"]},
        {"name": "EXPIRATION_TIMESTAMP", "type": ["null", "long"]},
        {"name": "REPEAT_FREQUENCY", "type": ["null", "long"]},
    ]


def test_a_later_export_takes_what_the_one_before_left(bank: DatasetGroup, engine: Engine) -> None:
    convert(bank, engine, [FIRST])
    export(bank, engine)
    kept = bank.destination.kept.current("action_interactions")
    convert(bank, engine, [SECOND])
    outcome = export(bank, engine)

    assert kept is not None
    assert outcome.manifests["action_interactions"].rows == 3
    assert len(lines(bank, "actions")) == 3


def test_the_profile_compares_actions_with_their_interactions(bank: DatasetGroup, engine: Engine) -> None:
    convert(bank, engine, [FIRST, SECOND])
    outcome = export(bank, engine)

    profile = outcome.manifests["actions"].profile
    assert profile is not None
    assert profile.crossed is not None
    assert (profile.crossed.unknown, profile.crossed.used, profile.crossed.unused) == (0, 2, 0)
    events = outcome.manifests["action_interactions"].profile
    assert events is not None
    assert events.events == {"Not Taken": 1, "Taken": 1, "Viewed": 1}
