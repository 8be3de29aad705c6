"""Columns of datasets, as a config that maps each to a path of its own name would give them."""

from __future__ import annotations

from typing import Any

import msgspec

from personalize_assets.conversion import contract
from personalize_assets.conversion.contract import Column


def column(dataset: str, name: str, domain: str = "custom", **options: Any) -> Column:
    """A column with what its name implies."""
    return msgspec.structs.replace(contract.implied(dataset, name, domain), **{"paths": (name.lower(),), **options})


def own(name: str, **options: Any) -> Column:
    """A column that Personalize does not know by name."""
    return Column(name=name, paths=("x",), **options)


COLOR = own("COLOR", categorical=True)


def interactions(*more: Column, domain: str = "custom") -> list[Column]:
    """The columns that interactions must have, and more."""
    return [*(column("interactions", name, domain) for name in ("USER_ID", "ITEM_ID", "TIMESTAMP")), *more]


def users(*more: Column) -> list[Column]:
    """The id of users, and more."""
    return [column("users", "USER_ID"), *more]


def items(*more: Column) -> list[Column]:
    """The id of items, and more."""
    return [column("items", "ITEM_ID"), *more]


def actions(*more: Column) -> list[Column]:
    """The id of actions, and more."""
    return [column("actions", "ACTION_ID"), *more]


def action_interactions(*more: Column) -> list[Column]:
    """The columns that action interactions must have, and more."""
    names = ("USER_ID", "ACTION_ID", "TIMESTAMP", "EVENT_TYPE")
    return [*(column("action_interactions", name) for name in names), *more]
