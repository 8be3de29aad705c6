"""A whole config to edit, and what loading it gives: for tests that are about one key of many."""

from pathlib import Path

import pytest

from personalize_assets.config import Config, ConfigError, load_config

EXAMPLE = """\
source:
  uri: segment
  layout: segment
  start_date: 2026-10-01
destination:
  uri: ../data/segment
engine: local
dataset_group:
  name: workshop
  domain: custom
datasets:
  interactions:
    where: {event: [Product Clicked, Product Added, Order Completed]}
    each: properties.products
    dedupe_by: messageId
    columns:
      USER_ID: userId
      ITEM_ID: [each.sku, properties.sku]
      EVENT_TYPE: event
      EVENT_VALUE: {path: [each.price, properties.price], type: float}
      TIMESTAMP: timestamp
  users:
    where: {type: identify}
    columns:
      USER_ID: userId
      FAVORITE_DEPARTMENTS: {path: "traits.`Favorite Departments`", categorical: true}
      LIFETIME_VALUE: {path: traits.lifetime_value, type: float}
  items:
    where: {event: [Product Clicked, Product Added, Order Completed]}
    each: properties.products
    columns:
      ITEM_ID: [each.sku, properties.sku]
      CATEGORY_L1: {path: [each.category, properties.category], categorical: true}
      PRICE: {path: [each.price, properties.price], type: float}
"""
COLUMNS = "PERSONALIZE__DATASETS__INTERACTIONS__COLUMNS"


def edited(*edits: tuple[str, str]) -> str:
    """The example with pieces of its text replaced, each where it occurs first."""
    text = EXAMPLE
    for old, new in edits:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    return text


def load(text: str = EXAMPLE, env: dict[str, str] | None = None) -> Config:
    """The config of a text; it is stored as ``personalize.yaml`` in the working folder."""
    Path("personalize.yaml").write_text(text, encoding="utf-8")
    return load_config("personalize.yaml", env or {})


def problems_in(text: str = EXAMPLE, env: dict[str, str] | None = None) -> list[str]:
    """The lines of the error that loading a text gives."""
    with pytest.raises(ConfigError) as caught:
        load(text, env)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return list(caught.value.problems)


def problems_in_column(text: str, name: str = "PRICE") -> list[str]:
    """The lines of the error of a config whose last column, one of items, is written so."""
    return problems_in(EXAMPLE[: EXAMPLE.rindex("      PRICE:")] + f"      {name}: {text}\n")
