"""Paths that the config itself says can lead to no value are refused when it is loaded."""

from __future__ import annotations

import pytest

from personalize_assets_tests.helpers.example_config import load, problems_in

CONFIG = """
source:
  uri: raw
  layout: hive
  start_date: 2026-10-01{source}
destination: {{uri: out}}
dataset_group: {{name: shop}}
datasets:
  interactions:{mapping}
    columns:
      USER_ID: user
      ITEM_ID: {item}
      TIMESTAMP: at
      COLOURS: {{path: {colours}, categorical: true}}
"""


def config(source: str = "", mapping: str = "", item: str = "item", colours: str = "colours") -> str:
    return CONFIG.format(
        source="".join(f"\n  {line}" for line in source.splitlines()),
        mapping="".join(f"\n    {line}" for line in mapping.splitlines()),
        item=item,
        colours=colours,
    )


def wrong(text: str) -> list[str]:
    return [line.removeprefix("personalize.yaml: ") for line in problems_in(text)]


def test_a_path_of_one_value_into_the_array_of_each_names_the_path_of_the_element() -> None:
    text = config(mapping="each: order.lines\ndedupe_by: order.lines.id", item="[each.sku, order.lines.sku]")

    assert wrong(text) == [
        "datasets.interactions.dedupe_by: 'order.lines.id' leads into order.lines, of which `each` makes one row an "
        "element, and so to the values of all of them; write each.id for that of the row",
        "datasets.interactions.columns.ITEM_ID.path: 'order.lines.sku' leads into order.lines, of which `each` makes "
        "one row an element, and so to the values of all of them; write each.sku for that of the row",
    ]


@pytest.mark.parametrize(
    "mapping", ["each: lines\nwhere: {lines.state: [sold]}", "each: lines\nwhere: {lines.n: {min: 1}}"]
)
def test_a_condition_on_the_array_of_each_is_none_on_its_elements(mapping: str) -> None:
    (line,) = wrong(config(mapping=mapping))

    assert line.endswith("for that of the row")


@pytest.mark.parametrize(
    "text",
    [
        config(mapping="each: lines", item="each.sku", colours="lines.colour"),
        config(mapping="each: lines\nwhere: {lines: {exists: true}}", item="each.sku"),
        config(mapping="each: lines", item="'lines[kind=main].sku'"),
        config(mapping="each: lines", item="linesman.sku"),
        config(mapping="each: 'lines[kind=main]'", item="each.sku"),
    ],
)  # fmt: skip
def test_paths_that_take_several_values_or_pick_one_may_lead_into_it(text: str) -> None:
    assert load(text).datasets.interactions.each


def test_an_object_picked_from_an_array_is_no_value() -> None:
    assert wrong(config(item="'params[key=item]'", mapping="where: {'params[key=kind]': [view]}")) == [
        "datasets.interactions.where.params[key=kind]: 'params[key=kind]' ends at an object, which is no value; write "
        "one of its fields, as params[key=kind].value",
        "datasets.interactions.columns.ITEM_ID.path: 'params[key=item]' ends at an object, which is no value; write "
        "one of its fields, as params[key=item].value",
    ]


def test_the_array_of_an_envelope_is_no_field_of_its_events() -> None:
    assert wrong(config("events: body.records", item="parent.body.records.sku", colours="parent.body.colours")) == [
        "datasets.interactions.columns.ITEM_ID.path: 'parent.body.records.sku' leads into the events of the envelope "
        "(source.events), which are left out of `parent`; write the path of an event's own field"
    ]


def test_a_cell_of_a_csv_has_no_fields() -> None:
    assert wrong(config("format: csv", "each: lines", item="item.id", colours="'`a.b`'")) == [
        "datasets.interactions.columns.ITEM_ID.path: 'item.id' leads into a cell of a CSV, which is text; if it holds "
        "JSON, name it in source.parse (item), and if a column has this name, quote it: '`item.id`'"
    ]


def test_a_cell_of_a_csv_that_holds_json_has_fields() -> None:
    source = "format: csv\nparse: [Payload]\nignore_case: true"

    assert load(config(source, "each: payload.lines", item="each.id", colours="PAYLOAD.a.b"))


def test_a_path_that_is_no_column_of_a_csv_without_header_names_the_columns() -> None:
    source = "format: csv\ncsv: {header: off, columns: [user, article, at, colours]}\nparse: [payload]"

    assert wrong(config(source)) == [
        "source.parse: 'payload' is in no row: source.csv.columns has no 'payload'; write one of user, "
        "article, at, colours",
        "datasets.interactions.columns.ITEM_ID.path: 'item' is in no row: source.csv.columns has no 'item'; write one "
        "of user, article, at, colours",
    ]


def test_json_within_json_is_parsed_in_turn_also_in_a_csv() -> None:
    assert load(config("format: csv\nparse: [body, body.message]", item="body.message.sku"))
    assert wrong(config("format: csv\nparse: [body.message]")) == [
        "source.parse: 'body.message' leads into a cell of a CSV, which is text; if a column has this name, quote it: "
        "'`body.message`'"
    ]
