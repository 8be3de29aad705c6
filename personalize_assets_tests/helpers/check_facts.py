"""Facts of exports and days for rules, that a test changes in one point."""

from __future__ import annotations

from datetime import date
from typing import Any

from personalize_assets.conversion.contract import Column, Dataset, is_in_domain
from personalize_assets.conversion.spec import ExportProfile, IdProfile
from personalize_assets.quality.rule import ExportFacts

INTERACTIONS = Dataset(
    "interactions",
    (
        Column("USER_ID", required=True),
        Column("ITEM_ID", required=True),
        Column("EVENT_TYPE"),
        Column("TIMESTAMP", type="timestamp", required=True),
        Column("COLOUR", categorical=True),
    ),
    {},
)
USERS = Dataset("users", (Column("USER_ID", required=True), Column("TIER", categorical=True)), {})
ITEMS = Dataset(
    "items",
    (Column("ITEM_ID", required=True), Column("PRICE", type="float"), Column("TEXT", textual=True)),
    {},
)
ACTIONS = Dataset(
    "actions",
    (Column("ACTION_ID", required=True), Column("VALUE", type="long"), Column("GROUP", categorical=True)),
    {},
)
ACTION_INTERACTIONS = Dataset(
    "action_interactions",
    (
        Column("USER_ID", required=True),
        Column("ACTION_ID", required=True),
        Column("EVENT_TYPE", required=True),
        Column("TIMESTAMP", type="timestamp", required=True),
    ),
    {},
)
DATASETS = {each.name: each for each in (INTERACTIONS, USERS, ITEMS, ACTIONS, ACTION_INTERACTIONS)}
_EVENTS = {
    "interactions": {"View": 50_000, "Purchase": 10_000},
    "action_interactions": {"Viewed": 40_000, "Taken": 10_000, "Not Taken": 10_000},
}


def profile(name: str, **changes: Any) -> ExportProfile:
    """The profile of 60,000 rows (1,000 of actions) without a problem: 2,000 ids, each with two rows or more."""
    of_events = {
        "unique": 60_000,
        "events": _EVENTS.get(name),
        "days": {"2026-10-01": 60_000},
        "hours": (60_000, *[0] * 23),
    }
    fields: dict[str, Any] = {
        "rows": 1_000 if name == "actions" else 60_000,
        "nulls": {column.name: 0 for column in DATASETS[name].columns},
        "max_chars": {},
        "first": {},
        "last": {},
        "blamed": {},
        "categories": {},
        "ids": {
            id_column: IdProfile(distinct=2000, estimated=False, with_two=2000) for id_column in DATASETS[name].ids
        },
        "preview": (),
        **(of_events if name in _EVENTS else {}),
    }
    return ExportProfile(**{**fields, **changes})


def export_facts(name: str = "interactions", /, **changes: Any) -> ExportFacts:
    """Facts that every rule accepts. ``changes`` are of the facts, or else of the profile."""
    fields: dict[str, Any] = {
        "dataset": DATASETS[name],
        "domain": "ECOMMERCE" if is_in_domain(name, "ECOMMERCE") else "custom",
        "kept": 60_000,
        "duplicates": 0,
        "bytes": 1_000_000,
        "use_cases": (),
        "train_on": (),
        "today": date(2026, 10, 2),
    }
    of_facts = {key: value for key, value in changes.items() if key in fields}
    of_profile = {key: value for key, value in changes.items() if key not in fields}
    return ExportFacts(**{**fields, **of_facts}, profile=profile(name, **of_profile))
