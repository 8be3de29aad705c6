"""Sections of the config: defaults, shorter forms, and the datasets of a job spec."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import fastavro
import msgspec
import pytest

from personalize_assets.config import ConfigError, load_config
from personalize_assets.config.models import Glue
from personalize_assets.conversion import contract
from personalize_assets.conversion.avro import avro_schema
from personalize_assets.conversion.reading.formats.settings import CsvDialect, SourceFormat
from personalize_assets_tests.helpers.example_config import (
    EXAMPLE,
    edited,
    load,
    problems_in_column,
)


def test_the_example_of_the_design_loads() -> None:
    config = load()
    assert config.engine == "local"
    assert config.source.layout == "segment"
    assert config.source.start_date == date(2026, 10, 1)
    assert config.dataset_group.model_dump() == {
        "name": "workshop",
        "domain": "custom",
        "use_cases": (),
        "train_on": (),
        "owners": (),
    }


def test_a_layout_may_be_a_pattern() -> None:
    pattern = "customer_id=*/year=%Y/month=%m/day=%d/hour=%H/**"

    assert load(edited(("layout: segment", f'layout: "{pattern}"'))).source.layout == pattern


def test_the_engine_and_the_domain_have_defaults() -> None:
    config = load(edited(("engine: local\n", ""), ("  domain: custom\n", "")))
    assert (config.engine, config.dataset_group.domain) == ("arrow", "custom")


def test_an_export_is_a_single_file_unless_the_config_or_the_environment_says_otherwise() -> None:
    assert load().destination.single_file is True
    assert load(env={"PERSONALIZE__DESTINATION__SINGLE_FILE": "false"}).destination.single_file is False
    folder = edited(("uri: ../data/segment", "uri: ../data/segment\n  single_file: false"))
    assert load(folder).destination.single_file is False


def test_the_interactions_of_the_job_spec() -> None:
    assert load().conversion_datasets()["interactions"] == contract.Dataset(
        name="interactions",
        columns=(
            contract.Column(name="USER_ID", paths=("userId",), required=True),
            contract.Column(name="ITEM_ID", paths=("each.sku", "properties.sku"), required=True),
            contract.Column(name="EVENT_TYPE", paths=("event",), required=True),
            contract.Column(name="EVENT_VALUE", paths=("each.price", "properties.price"), type="float"),
            contract.Column(name="TIMESTAMP", paths=("timestamp",), type="timestamp", required=True),
        ),
        where={"event": ("Product Clicked", "Product Added", "Order Completed")},
        each="properties.products",
        dedupe_by="messageId",
    )


def test_users_take_the_time_and_the_message_id_of_the_interactions() -> None:
    assert load().conversion_datasets()["users"] == contract.Dataset(
        name="users",
        columns=(
            contract.Column(name="USER_ID", paths=("userId",), required=True),
            contract.Column(name="FAVORITE_DEPARTMENTS", paths=("traits.`Favorite Departments`",), categorical=True),
            contract.Column(name="LIFETIME_VALUE", paths=("traits.lifetime_value",), type="float"),
        ),
        where={"type": ("identify",)},
        event_time="timestamp",
        message_id="messageId",
    )


def test_the_event_time_is_the_first_timestamp_path_that_starts_at_the_event() -> None:
    config = load(edited(("TIMESTAMP: timestamp", "TIMESTAMP: [each.at, receivedAt, sentAt]")))
    assert config.conversion_datasets()["items"].event_time == "receivedAt"


def test_users_can_have_their_own_time_and_message_id() -> None:
    own = "where: {type: identify}\n    event_time: sentAt\n    message_id: id"
    users = load(edited(("where: {type: identify}", own))).conversion_datasets()["users"]
    assert (users.event_time, users.message_id) == ("sentAt", "id")


def test_the_message_id_of_users_is_their_own_dedupe_by_first() -> None:
    own = "where: {type: identify}\n    dedupe_by: id"
    users = load(edited(("where: {type: identify}", own))).conversion_datasets()["users"]
    assert (users.dedupe_by, users.message_id) == ("id", "id")


def test_a_dataset_can_have_its_own_source(tmp_path: Path) -> None:
    own = "  users:\n    source: {uri: crm, layout: hive}"
    config = load(edited(("  users:", own)))
    assert config.source_of("interactions") == config.source
    assert config.source_of("users").model_dump() == {
        "uri": str(tmp_path / "shop" / "crm"),
        "layout": "hive",
        "start_date": date(2026, 10, 1),
        "follow_links": False,
        "format": "auto",
        "csv": None,
        "parse": (),
        "events": None,
        "ignore_case": False,
        "redshift": None,
    }


def test_a_source_of_plain_json_leaves_no_trace_in_a_mapping() -> None:
    assert load(EXAMPLE).conversion_datasets()["users"].format is msgspec.UNSET


FLAT = """
source:
  uri: raw
  layout: hive
  start_date: 2026-10-01
  format: csv
destination: {uri: out}
dataset_group: {name: flat}
datasets:
  interactions:
    columns: {USER_ID: user, ITEM_ID: item, TIMESTAMP: at}
"""


def test_a_source_can_say_how_its_csv_is_written() -> None:
    csv = "{delimiter: '|', quote: null, escape: '\\', header: off, columns: [user, item, at], 'null': ''}"
    config = load(FLAT.replace("format: csv", f"format: csv\n  csv: {csv}"))
    dialect = CsvDialect("|", None, "\\", False, ("user", "item", "at"), ("",))
    assert config.source.conversion_format == SourceFormat("csv", dialect)
    assert {dataset.format for dataset in config.conversion_datasets().values()} == {SourceFormat("csv", dialect)}


def test_a_dataset_can_have_its_own_format() -> None:
    own = (
        "  users:\n    source: {uri: crm, layout: hive, format: csv}\n"
        "    columns: {USER_ID: user, AGE: {path: age, type: int}}\n"
    )
    datasets = load(FLAT.replace("  format: csv\n", "") + own).conversion_datasets()
    assert (datasets["users"].format, datasets["interactions"].format) == (SourceFormat("csv"), msgspec.UNSET)


@pytest.mark.parametrize(
    ("csv", "message"),
    [
        ("{header: off}", "header: off without columns; write the names of the columns, as columns: [user, item]"),
        ("{escape: '\"'}", "quote and another key are both '\"'; write another character, or quote: null"),
        ("{delimiter: ''}", "'' is not a delimiter; write one, as ',', '|', \"\\t\" or '::'"),
        ("{quote: ab}", "'ab' is not one character; write one, or null"),
        ("{columns: user}", "found 'user'; write the names of all columns, as [user, item, rating]"),
        ("{columns: [a, a]}", "in which a name is twice; write another name for one of them"),
        ("{'null': 5}", "found 5; write the texts of empty cells, as ['', NULL]"),
    ],
)
def test_a_csv_that_cannot_be_is_refused(csv: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(edited(("  layout:", f"  format: csv\n  csv: {csv}\n  layout:")))
    assert message in str(error.value)


def test_a_window_is_a_number_of_days_and_no_part_of_the_mapping() -> None:
    whole, windowed = (
        load(EXAMPLE.replace("dedupe_by: messageId", f"dedupe_by: messageId{more}"))
        for more in ("", "\n    last_days: 30")
    )

    assert (whole.datasets.interactions.last_days, windowed.datasets.interactions.last_days) == (None, 30)
    assert whole.conversion_datasets() == windowed.conversion_datasets()


def test_no_where_wants_every_event() -> None:
    assert load(edited(("    where: {type: identify}\n", ""))).conversion_datasets()["users"].where == {}


def test_a_column_can_say_everything() -> None:
    text = "{constant: 5, type: int, required: true, keep: first}"
    made = load(EXAMPLE + f"      X: {text}\n").conversion_datasets()["items"].columns[-1]
    assert made == contract.Column(name="X", constant="5", type="int", required=True, keep="first")


def test_users_and_items_are_optional() -> None:
    config = load(EXAMPLE[: EXAMPLE.index("  users:")])
    assert list(config.conversion_datasets()) == ["interactions"]


def test_the_schemas_of_the_example_are_avro() -> None:
    for name, dataset in load().conversion_datasets().items():
        parsed: Any = fastavro.parse_schema(avro_schema(name, dataset.columns, "custom"))
        assert [field["name"] for field in parsed["fields"]] == [c.name for c in dataset.columns]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ": found nothing; write a path, a list of paths, or a mapping with path or constant"),
        ("5", ": found 5; write a path, a list of paths, or a mapping with path or constant"),
        ("{type: float}", ": neither path nor constant; write one of them"),
        ("{path: p, constant: 1}", ": both path and constant; write `default` for a value where the path has none"),
        ("{default: 1}", ": neither path nor constant; write one of them"),
        ("{constant: 1, default: 1}", ": default without path; write constant for a value of every row"),
    ],
)  # fmt: skip
def test_a_column_is_one_path_or_constant(text: str, line: str) -> None:
    assert problems_in_column(text) == [f"personalize.yaml: datasets.items.columns.PRICE{line}"]


def test_checks_are_strict_unless_the_config_says_warn() -> None:
    assert load().is_strict
    assert not load(edited(("engine: local\n", "engine: local\nchecks: warn\n"))).is_strict


def test_everything_is_off_without_the_section(tmp_path: Path) -> None:
    assert not load_config(env={}).automation.on


@pytest.mark.parametrize(
    ("written", "on"),
    [("on", True), ("true", True), ("{on: on}", True), ("off", False), ("{settle_minutes: 5}", False)],
)
def test_automation_is_a_switch_or_a_mapping_with_one(tmp_path: Path, written: str, on: bool) -> None:
    assert load_config(automated(tmp_path, written), {}).automation.on is on


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("maybe", "automation.on: found 'maybe'; write on or off, or a mapping with the key `on` and others"),
        ("{lookback_days: 0}", "automation.lookback_days: 0 is not a number from 1 on; write one, as 2"),
        ("{settle_minutes: -1}", "automation.settle_minutes: -1 is not a number from 0 on; write one, as 1"),
        ("{export: now}", "automation.export: 'now' is not a time to export; use one of daily, eager"),
        ("{export_at: 4}", "automation.export_at: 4 is not a time of day; write it as 04:00 (UTC)"),
        ("{arrivals: sns}", "automation.arrivals: 'sns' is not a way to learn of files; use one of list, sqs"),
        ("{arrivals: sqs}", "automation: arrivals: sqs without sqs_queue; write the queue's URL there"),
        (
            "{sqs_queue: raw-events}",
            "automation.sqs_queue: 'raw-events' is not a queue's URL; write it in full, as "
            "https://sqs.eu-central-1.amazonaws.com/123456789012/raw-events",
        ),
        (
            "{sqs_queue: 'https://sqs/1/q'}",
            "automation: sqs_queue is of no use with arrivals: list; write arrivals: sqs, or remove sqs_queue",
        ),
    ],
)
def test_an_impossible_automation_is_refused(tmp_path: Path, written: str, message: str) -> None:
    path = automated(tmp_path, written)

    with pytest.raises(ConfigError) as error:
        load_config(path, {})

    assert str(error.value) == f"{path}: {message}"


def automated(folder: Path, written: str) -> Path:
    path = folder / "personalize.yaml"
    path.write_text(
        "source: {uri: raw, layout: hive, start_date: 2026-10-01}\n"
        "destination: {uri: out}\n"
        "dataset_group: {name: shop}\n"
        "datasets: {interactions: {columns: {USER_ID: user, ITEM_ID: item, TIMESTAMP: time}}}\n"
        f"automation: {written}\n"
    )
    return path


@pytest.mark.parametrize(
    ("written", "mode"),
    [
        ({}, "none"),
        ({"database": "shop"}, "tables"),
        ({"database": "shop", "catalog": "none"}, "none"),
        ({"catalog": "crawler", "crawler": "mine"}, "crawler"),
    ],
)
def test_the_data_catalog_is_filled_where_a_database_is_named(written: dict[str, str], mode: str) -> None:
    assert Glue.model_validate(written).catalog_mode == mode


def test_the_job_is_named_after_its_group_unless_the_config_names_one() -> None:
    named = load_config(env={"PERSONALIZE__DATASET_GROUP__NAME": "my_shop"})
    assert named.glue_job == "personalize-assets-my_shop"
    assert load_config(env={"PERSONALIZE__GLUE__JOB": "shared"}).glue_job == "shared"


def test_a_column_of_dates_knows_which_of_its_paths_are_the_time_of_the_event() -> None:
    dates = '      D: {path: [properties.released, timestamp, "`timestamp`", sentAt], type: timestamp}\n'
    made = load(EXAMPLE + dates).conversion_datasets()["items"].columns[-1]

    assert made.event_times == ("timestamp", "`timestamp`")
    assert [made.needs_event_time(path) for path in (*made.paths, None)] == [False, True, True, False, False]


def test_the_event_time_of_another_source_is_its_own() -> None:
    dates = "      D: {path: [timestamp, updated], type: timestamp}\n"
    other = EXAMPLE.replace("  items:\n", "  items:\n    source: {uri: erp, layout: hive}\n    event_time: updated\n")
    made = load(other + dates).conversion_datasets()["items"].columns[-1]

    assert made.event_times == ("updated",)
