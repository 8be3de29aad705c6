"""A config within another file of YAML is read as in a file of its own."""

from __future__ import annotations

import pytest

from personalize_assets.config.embedded import as_scalar, embedded_value, leaves, location_of, with_values
from personalize_assets.config.errors import ConfigError
from personalize_assets.config.loading import parse_yaml

CONFIG = """\
source: {start_date: 2026-10-01}
automation: {on: off, export_at: 12:30}
datasets:
  interactions:
    where: {country: [NO, 0123, 1.10, yes]}
    columns:
      PRICE: {path: price, default: 0.50}
"""
INDENTED = "".join(f"    {line}\n" for line in CONFIG.splitlines())
DEFS = f"type: x\nattributes:\n  config:\n{INDENTED}  key_prefix: shop\n"


def test_a_config_within_another_file_means_the_same_as_in_one_of_its_own() -> None:
    assert embedded_value(DEFS, "defs.yaml", ["attributes", "config"], 3) == parse_yaml(CONFIG, "personalize.yaml")


def test_words_times_and_numbers_of_yaml_1_1_are_text_as_written() -> None:
    found = embedded_value(DEFS, "defs.yaml", ["attributes", "config"], 3)

    assert found["automation"] == {"on": "off", "export_at": "12:30"}
    assert found["datasets"]["interactions"]["where"] == {"country": ["NO", "0123", "1.10", "yes"]}
    assert found["datasets"]["interactions"]["columns"]["PRICE"]["default"] == "0.50"


def test_of_several_documents_the_one_is_read_whose_key_is_in_the_line() -> None:
    text = "attributes:\n  config: {a: b}\n---\nattributes:\n  config: {c: d}\n"

    assert embedded_value(text, "defs.yaml", ["attributes", "config"], 2) == {"a": "b"}
    assert embedded_value(text, "defs.yaml", ["attributes", "config"], 5) == {"c": "d"}


def test_an_anchor_of_another_part_of_the_file_is_followed() -> None:
    text = "attributes:\n  run_tags: &tags {country: NO}\n  config: {datasets: {users: {where: *tags}}}\n"

    assert embedded_value(text, "defs.yaml", ["attributes", "config"], 3)["datasets"]["users"]["where"] == {
        "country": "NO"
    }


def test_values_of_dotted_keys_are_text_where_the_config_keeps_their_spelling() -> None:
    text = "overrides:\n  datasets.users.where.country: 0123\n  automation.max_days_per_run: 7\n"

    assert embedded_value(text, "defs.yaml", ["overrides"], 1, is_dotted=True) == {
        "datasets.users.where.country": "0123",
        "automation.max_days_per_run": 7,
    }


def test_a_key_that_is_there_twice_is_refused_with_file_and_line() -> None:
    with pytest.raises(ConfigError) as refused:
        embedded_value("config:\n  a: 1\n  a: 2\n", "defs.yaml", ["config"], 1)

    assert str(refused.value) == "defs.yaml: line 3, column 3: the key 'a' is there twice; keep one"


def test_a_dotted_override_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"line 3, column 3: the key 'a\.b' is there twice"):
        embedded_value("config:\n  a.b: 1\n  a.b: 2\n", "defs.yaml", ["config"], 1, is_dotted=True)


def test_keys_that_are_not_in_the_line_are_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        embedded_value("attributes: {}\n", "defs.yaml", ["attributes", "config"], 1)

    assert str(refused.value) == "defs.yaml: line 1: no attributes.config is there; write it as plain keys"


@pytest.mark.parametrize(
    ("dotted", "keys"),
    [
        ("engine", ("engine",)),
        ("source.uri", ("source", "uri")),
        ("datasets.users.where", ("datasets", "users", "where")),
        ("datasets.users.where.properties.type", ("datasets", "users", "where", "properties.type")),
        ("datasets.users.columns.AGE.path", ("datasets", "users", "columns", "AGE", "path")),
    ],
)
def test_what_follows_where_is_one_key_of_a_dotted_text(dotted: str, keys: tuple[str, ...]) -> None:
    assert location_of(dotted) == keys


def test_leaves_are_values_with_the_keys_that_lead_to_them() -> None:
    values = {"source.uri": "a", "destination": {"uri": "b"}, "aws": {}, "nulls": ["x"]}

    assert list(leaves(values)) == [
        (("source", "uri"), "a"),
        (("destination", "uri"), "b"),
        (("aws",), {}),
        (("nulls",), ["x"]),
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("../data/shop-eu_1", "../data/shop-eu_1"),
        ("/raw", "/raw"),
        ("day=*/**", '"day=*/**"'),
        ("0123", '"0123"'),
        ("No", '"No"'),
        ("a: b", '"a: b"'),
        ("ends:", '"ends:"'),
        ("naïve shop", '"naïve shop"'),
    ],
)
def test_a_scalar_is_quoted_where_it_could_be_something_else(text: str, written: str) -> None:
    assert as_scalar(text) == written
    assert parse_yaml(f"key: {written}", "text")["key"] == text


def test_replaced_values_leave_comments_and_their_columns() -> None:
    text = "source:\n  uri: a        # where\n  layout: hive  # how\n"

    assert with_values(text, {("source", "uri"): "s3://b", ("source", "layout"): "day=%d"}) == (
        'source:\n  uri: s3://b   # where\n  layout: "day=%d" # how\n'
    )
