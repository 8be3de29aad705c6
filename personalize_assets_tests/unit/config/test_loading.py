# ruff: noqa: E501 - the texts of errors stand in one piece, so that a search finds them
"""personalize.yaml: what it comes to, and what its errors say. Every test writes its own file and has its own environment."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import fastavro
import pytest

from personalize_assets.config import Config, ConfigError, load_config
from personalize_assets.conversion import contract
from personalize_assets.conversion.avro import avro_schema
from personalize_assets_tests.helpers.samples import REPO

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


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors name the file as given, so each test works in the folder of its file."""
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")


def edited(*edits: tuple[str, str]) -> str:
    text = EXAMPLE
    for old, new in edits:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    return text


def load(text: str = EXAMPLE, env: dict[str, str] | None = None) -> Config:
    Path("personalize.yaml").write_text(text, encoding="utf-8")
    return load_config("personalize.yaml", env or {})


def lines(text: str = EXAMPLE, env: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(text, env)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return list(caught.value.problems)


def column(text: str, name: str = "PRICE", dataset: str = "items") -> list[str]:
    """The errors of a config whose column, by default the last of all, is written so."""
    return lines(EXAMPLE[: EXAMPLE.rindex("      PRICE:")] + f"      {name}: {text}\n")


# What it comes to


def test_the_example_of_the_design_loads() -> None:
    config = load()
    assert config.engine == "local"
    assert config.source.layout == "segment"
    assert config.source.start_date == date(2026, 10, 1)
    assert config.dataset_group.model_dump() == {"name": "workshop", "domain": "custom", "use_cases": (), "owners": ()}


def test_relative_uris_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    config = load()
    assert config.source.uri == str(tmp_path / "shop" / "segment")
    assert config.destination.uri == str(tmp_path / "data" / "segment")


def test_s3_uris_stay_as_they_are_without_the_last_slash() -> None:
    config = load(edited(("uri: segment", "uri: s3://raw/segment//logs/"), ("../data/segment", "s3://made/")))
    assert config.source.uri == "s3://raw/segment//logs"
    assert config.destination.uri == "s3://made"


def test_the_engine_and_the_domain_have_defaults() -> None:
    config = load(edited(("engine: local\n", ""), ("  domain: custom\n", "")))
    assert (config.engine, config.dataset_group.domain) == ("sail", "custom")


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
    }


def test_wanted_values_become_text_as_events_are_compared() -> None:
    where = "where: {Invited: yes, n: [1, 0.50, 100000000000000000000], zip: 01234, day: 2026-10-01, at: 12:30}"
    dataset = load(edited(("where: {type: identify}", where))).conversion_datasets()["users"]
    assert dataset.where == {
        "Invited": ("true",),
        "n": ("1", "0.5", "100000000000000000000"),
        "zip": ("01234",),
        "day": ("2026-10-01",),
        "at": ("12:30",),
    }


def test_keys_are_text_as_they_are_written() -> None:
    mapped = "{path: x, categorical: true, map: {yes: Member, 1: One, true: 2.0}}"
    config = load(
        edited(("where: {type: identify}", "where: {on: off}"), ("  users:", "  users:")) + f"      M: {mapped}\n"
    )
    assert config.conversion_datasets()["users"].where == {"on": ("false",)}
    assert config.conversion_datasets()["items"].columns[-1].map == {"yes": "Member", "1": "One", "true": "2"}


def test_no_where_wants_every_event() -> None:
    assert load(edited(("    where: {type: identify}\n", ""))).conversion_datasets()["users"].where == {}


def test_a_column_can_say_everything() -> None:
    text = "{constant: 5, type: int, required: true, keep: first}"
    made = load(EXAMPLE + f"      X: {text}\n").conversion_datasets()["items"].columns[-1]
    assert made == contract.Column(name="X", constant=5, type="int", required=True, keep="first")


def test_users_and_items_are_optional() -> None:
    config = load(EXAMPLE[: EXAMPLE.index("  users:")])
    assert list(config.conversion_datasets()) == ["interactions"]


def test_the_schemas_of_the_example_are_avro() -> None:
    for name, dataset in load().conversion_datasets().items():
        parsed: Any = fastavro.parse_schema(avro_schema(name, dataset.columns, "custom"))
        assert [field["name"] for field in parsed["fields"]] == [c.name for c in dataset.columns]


def test_a_variable_changes_its_own_place_only_also_where_an_anchor_is_shared() -> None:
    shared = ("where: {event: [Product Clicked, Product Added, Order Completed]}", "where: &shared {event: [A]}")
    text = edited(shared, ("where: {event: [Product Clicked, Product Added, Order Completed]}", "where: *shared"))
    config = load(text, {"PERSONALIZE__DATASETS__ITEMS__WHERE__EVENT": "B"})
    assert config.datasets.interactions.where == {"event": ("A",)}
    assert config.conversion_datasets()["items"].where == {"event": ("B",)}


# Where the file is


def test_personalize_config_names_the_file() -> None:
    load()
    Path("other.yaml").write_text(edited(("workshop", "other")), encoding="utf-8")
    assert load_config(env={"PERSONALIZE_CONFIG": "other.yaml"}).dataset_group.name == "other"


def test_a_path_given_goes_before_personalize_config() -> None:
    load()
    assert load_config("personalize.yaml", {"PERSONALIZE_CONFIG": "other.yaml"}).dataset_group.name == "workshop"


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    load()
    monkeypatch.setenv("PERSONALIZE_CONFIG", "personalize.yaml")
    monkeypatch.setenv("PERSONALIZE_ENGINE", "sail")
    assert load_config().engine == "sail"


def test_importing_the_module_reads_nothing() -> None:
    code = (
        "import sys; reads = []\n"
        "sys.addaudithook(lambda e, a: e == 'open' and reads.append(str(a[0])))\n"
        "import personalize_assets.config\n"
        "print([r for r in reads if r.endswith(('.yaml', '.env'))])"
    )
    env = {"PERSONALIZE_CONFIG": "absent.yaml"}
    root = REPO
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, cwd=root, check=True)
    assert done.stdout == "[]\n"


# The environment's values


def test_personalize_engine_goes_over_the_file() -> None:
    assert load(env={"PERSONALIZE_ENGINE": "sail", "PERSONALIZE__ENGINE": "glue"}).engine == "sail"


def test_an_empty_variable_is_not_set() -> None:
    env = {"PERSONALIZE_ENGINE": "", "PERSONALIZE__SOURCE__LAYOUT": "", "PERSONALIZE__UNKNOWN": ""}
    assert load(env=env).engine == "local"


def test_any_value_can_come_from_the_environment() -> None:
    config = load(
        env={
            "PERSONALIZE__SOURCE__URI": "s3://raw/logs/",
            "PERSONALIZE__SOURCE__START_DATE": "2026-11-01",
            "personalize__dataset_group__name": "123",
            "PERSONALIZE__DATASETS__INTERACTIONS__WHERE__EVENT": '["Order Completed"]',
            "PERSONALIZE__DATASETS__USERS__WHERE__TYPE": "track",
            f"{COLUMNS}__USER_ID": "context.id",
            f"{COLUMNS}__ITEM_ID": '["sku", "product_id"]',
        }
    )
    assert config.source.model_dump() == {"uri": "s3://raw/logs", "layout": "segment", "start_date": date(2026, 11, 1)}
    assert config.dataset_group.name == "123"
    assert config.datasets.interactions.where == {"event": ("Order Completed",)}
    assert config.conversion_datasets()["users"].where == {"type": ("track",)}
    assert config.datasets.interactions.columns["USER_ID"].path == ("context.id",)
    assert config.datasets.interactions.columns["ITEM_ID"].path == ("sku", "product_id")


def test_a_column_name_is_found_whatever_its_case() -> None:
    env = {"personalize__datasets__items__columns__price__type": "double"}
    config = load(env=env)
    assert config.conversion_datasets()["items"].columns[-1] == contract.Column(
        name="PRICE", paths=("each.price", "properties.price"), type="double"
    )


def test_a_column_that_is_a_path_alone_keeps_it_when_the_environment_adds_to_it() -> None:
    text = edited(("EVENT_VALUE: {path: [each.price, properties.price], type: float}", "EVENT_VALUE: price"))
    config = load(text, {f"{COLUMNS}__EVENT_VALUE__TYPE": "float"})
    assert config.conversion_datasets()["interactions"].columns[3] == contract.Column(
        name="EVENT_VALUE", paths=("price",), type="float"
    )


def test_a_new_column_is_spelled_as_in_the_variable() -> None:
    config = load(env={f"{COLUMNS}__RECOMMENDATION_ID": "context.rid"})
    assert list(config.datasets.interactions.columns)[-1] == "RECOMMENDATION_ID"


def test_a_json_object_replaces_what_was_there_and_deeper_variables_refine_it() -> None:
    env = {
        "PERSONALIZE__DATASETS__USERS__COLUMNS": '{"USER_ID": "id", "AGE": "age"}',
        "PERSONALIZE__DATASETS__USERS__COLUMNS__AGE__TYPE": "int",
    }
    assert load(env=env).conversion_datasets()["users"].columns == (
        contract.Column(name="USER_ID", paths=("id",), required=True),
        contract.Column(name="AGE", paths=("age",), type="int"),
    )


def test_a_relative_uri_of_the_environment_starts_at_the_folder_of_the_file_too(tmp_path: Path) -> None:
    config = load(env={"PERSONALIZE__DESTINATION__URI": "../elsewhere"})
    assert config.destination.uri == str(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        (
            "PERSONALIZE__SOURCE__LAYUOT",
            "segment",
            "source.layuot: unknown key; did you mean 'layout'? use one of uri, layout, start_date",
        ),
        (
            "PERSONALIZE__SUORCE__URI",
            "segment",
            "suorce: unknown key; did you mean 'source'?"
            " use one of source, destination, engine, checks, dataset_group, datasets, mask, automation, aws, glue",
        ),
        (
            "PERSONALIZE__DATASETS__ITEMS__COLUMNS__PRCIE__TYPE",
            "float",
            "datasets.items.columns.PRCIE: neither path nor constant; write one of them",
        ),
        (
            f"{COLUMNS}__EVENT_VALUE__TYPE",
            "double",
            "datasets.interactions.columns.EVENT_VALUE.type: 'double' is not the type of EVENT_VALUE;"
            " write EVENT_VALUE: {path: [each.price, properties.price], type: float}"
            " (Personalize guide, custom-datasets-and-schemas)",
        ),
        ("PERSONALIZE_ENGINE", "spark", "engine: 'spark' is not an engine; use one of sail, local, glue"),
        (
            "PERSONALIZE__SOURCE",
            "s3://b",
            "source: found 's3://b'; write a mapping with the keys uri, layout, start_date",
        ),
    ],
)
def test_a_wrong_value_of_the_environment_names_its_variable(name: str, value: str, line: str) -> None:
    assert lines(env={name: value}) == [f"{name}: {line}"]


# A file that is no config


def test_a_missing_file() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("absent.yaml", {})
    assert str(caught.value) == "absent.yaml: no such file; name your config with --config or PERSONALIZE_CONFIG"


def test_a_folder() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(Path(), {})
    assert str(caught.value) == ".: found a folder; name a YAML file"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "the file is empty; write the keys source, destination, dataset_group, datasets"),
        ("# later\n", "the file is empty; write the keys source, destination, dataset_group, datasets"),
        ("- source\n", "not a mapping; write the keys source, destination, dataset_group, datasets"),
        ("source: {uri: [}\n", "line 1: expected the node content, but found '}'"),
        ("source:\n  uri: a\n  uri: b\n", "line 3: the key 'uri' is there twice; keep one"),
        ("source:\n\turi: a\n", "line 2: found character '\\t' that cannot start any token"),
        ("? [a, b]\n: c\n", "line 1: a key must be text"),
    ],
)
def test_a_file_that_is_no_mapping(text: str, line: str) -> None:
    assert lines(text) == [f"personalize.yaml: {line}"]


def test_a_file_that_is_not_utf_8() -> None:
    Path("personalize.yaml").write_bytes(b"source: \xff\n")
    with pytest.raises(ConfigError) as caught:
        load_config("personalize.yaml", {})
    assert str(caught.value) == "personalize.yaml: not UTF-8 text at byte 8; save it as UTF-8"


def test_a_byte_order_mark_and_an_anchor_are_fine() -> None:
    text = edited(("USER_ID: userId", "USER_ID: &id userId"), ("USER_ID: userId", "USER_ID: *id"))
    assert load("\ufeff" + text).datasets.interactions.columns["USER_ID"].path == ("userId",)


# Wrong keys and values


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("layout:", "layuot:", "source.layuot: unknown key; did you mean 'layout'? use one of uri, layout, start_date"),
        ("engine: local", "zone: utc", "zone: unknown key; use one of source, destination, engine, checks, dataset_group, datasets, mask, automation, aws, glue"),
        ("layout: segment", "layout: s3", "source.layout: 's3' is not a layout; use one of segment, rudderstack, firehose, hive, flat"),
        ("  layout: segment\n", "", "source.layout: missing; write one of segment, rudderstack, firehose, hive, flat"),
        ("engine: local", "engine: flink", "engine: 'flink' is not an engine; use one of sail, local, glue"),
        ("engine: local", "engine:", "engine: nothing is not an engine; use one of sail, local, glue"),
        ("domain: custom", "domain: shop", "dataset_group.domain: 'shop' is not a domain; use one of custom, ECOMMERCE, VIDEO_ON_DEMAND"),
        ("2026-10-01", "1 Oct", "source.start_date: '1 Oct' is not a day; write it as 2026-10-01"),
        ("2026-10-01", "20261001", "source.start_date: 20261001 is not a day; write it as 2026-10-01"),
        ("2026-10-01", "2026-13-01", "source.start_date: '2026-13-01' is not a day: month must be in 1..12; write it as 2026-10-01"),
        ("  start_date: 2026-10-01\n", "", "source.start_date: missing; write the first arrival day, as 2026-10-01"),
        ("name: workshop", "name: my shop", "dataset_group.name: 'my shop' is not a dataset group's name; use 1 to 63 letters, digits, '-' and '_', with a letter or digit first (Personalize API, CreateDatasetGroup)"),
        ("name: workshop", "name: 5", 'dataset_group.name: found 5; write text, as "5"'),
        ("uri: segment", "uri:", "source.uri: found nothing; write text"),
        ("uri: segment", "uri: ''", "source.uri: found an empty text; write a folder's path or s3://bucket/prefix"),
        ("uri: segment", "uri: s3a://raw/logs", "source.uri: 's3a://raw/logs' is neither a folder nor in S3; write a folder's path or s3://bucket/prefix"),
        ("uri: segment", "uri: s3:/raw", "source.uri: 's3:/raw' is neither a folder nor in S3; write a folder's path or s3://bucket/prefix"),
        ("../data/segment", "s3:///made", "destination.uri: 's3:///made' names no bucket; write s3://bucket/prefix"),
        ("uri: ../data/segment", "uri: out\n  single_file: some", "destination.single_file: found 'some'; write true or false"),
        ("uri: ../data/segment", "uri: out\n  single: no", "destination.single: unknown key; did you mean 'single_file'? use one of uri, single_file"),
        ("  interactions:", "  interaction:", "datasets.interaction: unknown key; did you mean 'interactions'? use one of interactions, users, items"),
        ("    each: properties.products\n    dedupe_by", "    each: each.products\n    dedupe_by", "datasets.interactions.each: 'each.products' starts at an element of `each`, which only columns can; write a path of the event"),
        ("dedupe_by: messageId", "dedupe_by: message id", "datasets.interactions.dedupe_by: 'message id' is not a path: expected a dot at position 8, found ' '"),
        ("where: {type: identify}", "where: identify", "datasets.users.where: found 'identify'; write a mapping"),
        ("where: {type: identify}", "where: {type: []}", "datasets.users.where.type: found an empty list, which wants no event; write at least one value"),
        ("where: {type: identify}", "where: {type: [a, null]}", "datasets.users.where.type: found nothing, which is null in an event and equals nothing; write a value"),
        ("where: {type: identify}", "where: {type: {a: b}}", "datasets.users.where.type: found a mapping; write a text, a number, true or false"),
        ("where: {type: identify}", "event_time: a..b", "datasets.users.event_time: 'a..b' is not a path: expected a name at position 3 (names are joined by dots; quote one that holds a dot or a space with backticks)"),
        ("dedupe_by: messageId", "event_time: sentAt", "datasets.interactions.event_time: unknown key; use one of source, where, each, dedupe_by, columns"),
    ],
)  # fmt: skip
def test_a_wrong_value(old: str, new: str, line: str) -> None:
    assert lines(edited((old, new))) == [f"personalize.yaml: {line}"]


def test_no_interactions() -> None:
    text = EXAMPLE[: EXAMPLE.index("  interactions:")] + EXAMPLE[EXAMPLE.index("  users:") :]
    assert lines(text) == [
        "personalize.yaml: datasets.interactions: missing;"
        " write where and columns: it is the one dataset that every recipe needs"
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{path: p, type: money}", ".type: 'money' is not a type; use one of string, int, long, float, double, boolean, timestamp"),
        ("{path: p, typ: float}", ".typ: unknown key; did you mean 'type'? use one of path, constant, type, required, categorical, textual, map, separator, keep, hash"),
        ("", ": found nothing; write a path, a list of paths, or a mapping with path or constant"),
        ("5", ": found 5; write a path, a list of paths, or a mapping with path or constant"),
        ("{type: float}", ": neither path nor constant; write one of them"),
        ("{path: p, constant: 1}", ": both path and constant; remove one of them"),
        ("a b", ": 'a b' is not a path: expected a dot at position 2, found ' '"),
        ("[a, b c]", ": 'b c' is not a path: expected a dot at position 2, found ' '"),
        ("[]", ": found an empty list; write at least one path"),
        ("[1]", ": found 1; write the path of a field, as properties.sku"),
        ("{path: a b}", ".path: 'a b' is not a path: expected a dot at position 2, found ' '"),
        ("{path: p, required: maybe}", ".required: found 'maybe'; write true or false"),
        ("{path: p, keep: last}", ".keep: 'last' is not a way to keep; use one of latest, first"),
        ("{path: p, map: [a]}", ".map: found a list; write a mapping"),
        ("{path: p, map: {a: [b]}}", ".map.a: found a list; write a text, a number, true or false"),
        ("{path: p, separator: 1}", '.separator: found 1; write text, as "1"'),
        ("{path: p, separator: ''}", ".separator: is empty, which would glue the values together; write a mark between them, as '|'"),
        ("{path: p, type: int, separator: ','}", ".separator: joins arrays into text, but the type is int; remove one of the two"),
        ("{constant: [a]}", ".constant: found a list; write a text, a number, true or false"),
        ("{constant: a, type: float}", ".constant: 'a' is no value of type float; write one, or another type"),
        ("{constant: a, map: {a: b}}", ".map: of no use beside a constant; remove `map`"),
        ("{constant: a, separator: '|'}", ".separator: of no use beside a constant; remove `separator`"),
    ],
)  # fmt: skip
def test_a_wrong_column(text: str, line: str) -> None:
    assert column(text) == [f"personalize.yaml: datasets.items.columns.PRICE{line}"]


def test_each_paths_need_each() -> None:
    text = edited(("    each: properties.products\n", ""))
    need = "starts at an element of `each`, but datasets.interactions has none; write one, or a path of the event"
    assert lines(text) == [
        f"personalize.yaml: datasets.interactions.columns.ITEM_ID.path: 'each.sku' {need}",
        f"personalize.yaml: datasets.interactions.columns.EVENT_VALUE.path: 'each.price' {need}",
    ]


def test_a_field_called_each_is_quoted() -> None:
    text = edited(("    each: properties.products\n", ""), ("[each.sku, properties.sku]", '"`each`.sku"'))
    text = text.replace("{path: [each.price, properties.price], type: float}", "{path: price, type: float}", 1)
    assert load(text).datasets.interactions.columns["ITEM_ID"].path == ("`each`.sku",)


def test_interactions_keep_every_row() -> None:
    assert lines(edited(("EVENT_TYPE: event", "EVENT_TYPE: {path: event, keep: first}"))) == [
        "personalize.yaml: datasets.interactions.columns.EVENT_TYPE.keep:"
        " only users and items, which have one row per id, keep one value of many; remove it"
    ]


def test_users_need_a_time_where_that_of_interactions_is_in_each() -> None:
    text = edited(("TIMESTAMP: timestamp", "TIMESTAMP: each.at"), ("    where: {type: identify}", "    event_time: at"))
    assert lines(text) == [
        "personalize.yaml: datasets.items.event_time:"
        " missing, and no path of interactions' TIMESTAMP starts at the event; write the path of its time"
    ]


def test_all_datasets_start_on_the_same_day() -> None:
    own = "  users:\n    source: {uri: crm, layout: hive, start_date: %s}"
    assert load(edited(("  users:", own % "2026-10-01"))).source_of("users").start_date == date(2026, 10, 1)
    assert lines(edited(("  users:", own % "2026-11-01"))) == [
        "personalize.yaml: datasets.users.source.start_date:"
        " 2026-11-01, but source.start_date is 2026-10-01; all datasets share it: leave it out"
    ]


@pytest.mark.parametrize(
    ("source", "destination", "how"),
    [
        ("s3://b/raw", "s3://b/raw/", "'s3://b/raw' is the same as source.uri, 's3://b/raw'"),
        ("s3://b/raw", "s3://b/raw/out", "'s3://b/raw/out' lies inside source.uri, 's3://b/raw'"),
        ("s3://b/raw", "s3://b", "'s3://b' holds source.uri, 's3://b/raw'"),
    ],
)
def test_source_and_destination_are_apart(source: str, destination: str, how: str) -> None:
    assert lines(edited(("uri: segment", f"uri: {source}"), ("../data/segment", destination))) == [
        f"personalize.yaml: destination.uri: {how}; write to a place apart from it"
    ]


def test_a_destination_inside_a_source_folder_is_refused_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "shop" / "segment").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "shop" / "segment")
    [line] = lines(edited(("../data/segment", "../link/out")))
    assert "lies inside source.uri" in line


def test_neighbours_with_the_same_beginning_are_apart() -> None:
    config = load(edited(("uri: segment", "uri: s3://b/raw"), ("../data/segment", "s3://b/raw-out")))
    assert config.destination.uri == "s3://b/raw-out"


def test_the_destination_is_apart_from_the_source_of_a_dataset_too() -> None:
    [line] = lines(edited(("  users:", "  users:\n    source: {uri: ../data, layout: hive}")))
    assert "lies inside datasets.users.source.uri" in line


# Several problems


def test_all_problems_are_named_at_once_in_the_order_of_the_file() -> None:
    text = edited(
        ("layout: segment", "layout: s3"),
        ("engine: local", "engine: flink"),
        ("EVENT_TYPE: event", "EVENT_TYPE: {path: event, keep: first}"),
        ("{path: [each.price, properties.price], type: float}", "{path: [each.price, properties.price], type: money}"),
        ("{path: traits.lifetime_value, type: float}", "{path: traits.lifetime_value, categorical: true, type: float}"),
        (
            "ITEM_ID: [each.sku, properties.sku]\n      CATEGORY",
            "ITEM_ID: {path: sku, required: false}\n      CATEGORY",
        ),
    )
    assert lines(text) == [
        "personalize.yaml: source.layout: 's3' is not a layout; use one of segment, rudderstack, firehose, hive, flat",
        "personalize.yaml: engine: 'flink' is not an engine; use one of sail, local, glue",
        "personalize.yaml: datasets.interactions.columns.EVENT_VALUE.type:"
        " 'money' is not a type; use one of string, int, long, float, double, boolean, timestamp",
        "personalize.yaml: datasets.users.columns.LIFETIME_VALUE.categorical: true on a column of type float;"
        " only a string can be categorical: remove one of the two (Personalize guide, how-it-works-dataset-schema)",
        "personalize.yaml: datasets.items.columns.ITEM_ID.required: false, but ITEM_ID takes no null;"
        " leave `required` out (Personalize guide, custom-datasets-and-schemas)",
    ]


def test_a_plain_event_value_is_refused_with_the_line_to_write() -> None:
    text = edited(("EVENT_VALUE: {path: [each.price, properties.price], type: float}", "EVENT_VALUE: properties.price"))
    assert lines(text) == [
        "personalize.yaml: datasets.interactions.columns.EVENT_VALUE.type: 'string' is not the type of EVENT_VALUE;"
        " write EVENT_VALUE: {path: properties.price, type: float} (Personalize guide, custom-datasets-and-schemas)"
    ]


def test_a_shop_needs_its_columns() -> None:
    text = edited(("domain: custom", "domain: ECOMMERCE"), ("      EVENT_TYPE: event\n", ""))
    assert lines(text) == [
        "personalize.yaml: datasets.interactions.columns.EVENT_TYPE: missing; interactions need it in a dataset group of"
        " the domain ECOMMERCE: map it to a path of the events (Personalize guide, ECOMMERCE-datasets-and-schemas)"
    ]


def test_a_column_name_with_a_dot_is_named_whole() -> None:
    [line] = lines(EXAMPLE + "      my.price: {path: p, type: float}\n")
    assert line.startswith("personalize.yaml: datasets.items.columns.my.price: 'my.price' is not a column name;")


# Checks


def test_checks_are_strict_unless_the_config_says_warn() -> None:
    assert load().is_strict
    assert not load(edited(("engine: local\n", "engine: local\nchecks: warn\n"))).is_strict


def test_a_use_case_of_another_domain_is_refused() -> None:
    with pytest.raises(ConfigError) as error:
        load(edited(("  domain: custom\n", "  domain: custom\n  use_cases: [Best sellers]\n")))

    assert (
        "dataset_group.use_cases: 'Best sellers' is no use case of the domain custom; remove it, or write the group's "
        "domain"
    ) in str(error.value)


# -- automation ------------------------------------------------------------------------------------------------------


def test_everything_is_off_without_the_section(tmp_path: Path) -> None:
    assert not load_config(env={}).automation.on


@pytest.mark.parametrize(
    ("written", "on"),
    [("on", True), ("true", True), ("{on: on}", True), ("off", False), ("{settle_minutes: 5}", False)],
)
def test_automation_is_a_switch_or_a_mapping_with_one(tmp_path: Path, written: str, on: bool) -> None:
    assert load_config(automated(tmp_path, written), {}).automation.on is on


def test_the_environment_switches_it_on_and_refines_a_switch(tmp_path: Path) -> None:
    by_itself = load_config(automated(tmp_path, "off"), {"PERSONALIZE__AUTOMATION": "on"})
    refined = load_config(automated(tmp_path, "on"), {"PERSONALIZE__AUTOMATION__SETTLE_MINUTES": "0.5"})

    assert (by_itself.automation.on, by_itself.automation.settle_minutes) == (True, 30)
    assert (refined.automation.on, refined.automation.settle_minutes) == (True, 0.5)


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
