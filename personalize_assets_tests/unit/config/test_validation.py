# ruff: noqa: E501 - the texts of errors are in one piece, so that a search finds them
"""Keys that contradict each other."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from personalize_assets.config import ConfigError
from personalize_assets.config.models import DatasetGroupSettings, Destination, Glue
from personalize_assets.config.validation import WellFormed, problems
from personalize_assets_tests.helpers.example_config import (
    EXAMPLE,
    edited,
    load,
    problems_in,
    problems_in_column,
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{path: p, separator: ''}", ".separator: is empty, which would glue the values together; write a mark between them, as '|'"),
        ("{path: p, type: int, separator: ','}", ".separator: joins arrays into text, but the type is int; remove one of the two"),
        ("{constant: a, type: float}", ".constant: 'a' is no value of type float; write one, or another type"),
        ("{path: p, default: a, type: float}", ".default: 'a' is no value of type float; write one, or another type"),
        ("{path: p, split: ''}", ".split: is empty; write what stands between the values, as ','"),
        ("{path: p, split: ',', type: int}", ".split: makes several values of a text, but the column takes one; remove `split`"),
        ("{constant: a, split: ','}", ".split: of no use beside a constant; remove `split`"),
        ("{constant: a, map: {a: b}}", ".map: of no use beside a constant; remove `map`"),
        ("{constant: a, separator: '|'}", ".separator: of no use beside a constant; remove `separator`"),
    ],
)  # fmt: skip
def test_keys_of_a_column_that_contradict_each_other(text: str, line: str) -> None:
    assert problems_in_column(text) == [f"personalize.yaml: datasets.items.columns.PRICE{line}"]


def test_each_paths_need_each() -> None:
    text = edited(("    each: properties.products\n", ""))
    need = "starts at an element of `each`, but datasets.interactions has none; write one, or a path of the event"
    assert problems_in(text) == [
        f"personalize.yaml: datasets.interactions.columns.ITEM_ID.path: 'each.sku' {need}",
        f"personalize.yaml: datasets.interactions.columns.EVENT_VALUE.path: 'each.price' {need}",
    ]


def test_a_field_called_each_is_quoted() -> None:
    text = edited(("    each: properties.products\n", ""), ("[each.sku, properties.sku]", '"`each`.sku"'))
    text = text.replace("{path: [each.price, properties.price], type: float}", "{path: price, type: float}", 1)
    assert load(text).datasets.interactions.columns["ITEM_ID"].path == ("`each`.sku",)


def test_interactions_keep_every_row() -> None:
    assert problems_in(edited(("EVENT_TYPE: event", "EVENT_TYPE: {path: event, keep: first}"))) == [
        "personalize.yaml: datasets.interactions.columns.EVENT_TYPE.keep:"
        " only users, items and actions, which have one row per id, keep one value of many; remove it"
    ]


def test_users_need_a_time_where_that_of_interactions_is_in_each() -> None:
    text = edited(("TIMESTAMP: timestamp", "TIMESTAMP: each.at"), ("    where: {type: identify}", "    event_time: at"))
    assert problems_in(text) == [
        "personalize.yaml: datasets.items.event_time:"
        " missing, and no path of interactions' TIMESTAMP starts at the event; write the path of its time"
    ]


def test_all_datasets_start_on_the_same_day() -> None:
    own = "  users:\n    source: {uri: crm, layout: hive, start_date: %s}"
    assert load(edited(("  users:", own % "2026-10-01"))).source_of("users").start_date == date(2026, 10, 1)
    assert problems_in(edited(("  users:", own % "2026-11-01"))) == [
        "personalize.yaml: datasets.users.source.start_date:"
        " 2026-11-01, but source.start_date is 2026-10-01; all datasets share it: leave it out"
    ]


@pytest.mark.parametrize(
    ("source", "destination", "how"),
    [
        ("s3://b/raw", "s3://b/raw/", "'s3://b/raw' is the same as source.uri, 's3://b/raw'"),
        ("s3://b/raw", "s3://b/raw/out", "'s3://b/raw/out' is inside source.uri, 's3://b/raw'"),
        ("s3://b/raw", "s3://b", "'s3://b' contains source.uri, 's3://b/raw'"),
    ],
)
def test_source_and_destination_are_apart(source: str, destination: str, how: str) -> None:
    assert problems_in(edited(("uri: segment", f"uri: {source}"), ("../data/segment", destination))) == [
        f"personalize.yaml: destination.uri: {how}; write to a place apart from it"
    ]


def test_a_destination_inside_a_source_folder_is_refused_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "shop" / "segment").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "shop" / "segment")
    [line] = problems_in(edited(("../data/segment", "../link/out")))
    assert "is inside source.uri" in line


def test_neighbours_with_the_same_beginning_are_apart() -> None:
    config = load(edited(("uri: segment", "uri: s3://b/raw"), ("../data/segment", "s3://b/raw-out")))
    assert config.destination.uri == "s3://b/raw-out"


def test_the_destination_is_apart_from_the_source_of_a_dataset_too() -> None:
    [line] = problems_in(edited(("  users:", "  users:\n    source: {uri: ../data, layout: hive}")))
    assert "is inside datasets.users.source.uri" in line


def test_a_uri_inside_another_one_of_its_source_is_refused() -> None:
    text = edited(("uri: segment", "uri: [s3://raw, s3://raw-2, s3://raw/web]"))

    assert problems_in(text) == [
        "personalize.yaml: source.uri: 's3://raw/web' is inside 's3://raw', and its files would be read twice; leave "
        "one of them out"
    ]


def test_a_destination_is_apart_from_every_uri_of_a_source() -> None:
    [line] = problems_in(edited(("uri: segment", "uri: [s3://raw/web, ../data]")))
    assert "is inside source.uri" in line


def test_a_plain_event_value_is_refused_with_the_line_to_write() -> None:
    text = edited(("EVENT_VALUE: {path: [each.price, properties.price], type: float}", "EVENT_VALUE: properties.price"))
    assert problems_in(text) == [
        "personalize.yaml: datasets.interactions.columns.EVENT_VALUE.type: 'string' is not the type of EVENT_VALUE;"
        " write EVENT_VALUE: {path: properties.price, type: float} (Personalize guide, custom-datasets-and-schemas)"
    ]


def test_a_shop_needs_its_columns() -> None:
    text = edited(("domain: custom", "domain: ECOMMERCE"), ("      EVENT_TYPE: event\n", ""))
    assert problems_in(text) == [
        "personalize.yaml: datasets.interactions.columns.EVENT_TYPE: missing, but required for interactions in a dataset"
        " group of the domain ECOMMERCE: add it with a path into the events"
        " (Personalize guide, ECOMMERCE-datasets-and-schemas)"
    ]


def test_a_use_case_of_another_domain_is_refused() -> None:
    with pytest.raises(ConfigError) as error:
        load(edited(("  domain: custom\n", "  domain: custom\n  use_cases: [Best sellers]\n")))

    assert (
        "dataset_group.use_cases: 'Best sellers' is no use case of the domain custom; remove it, or write the group's "
        "domain"
    ) in str(error.value)


def test_event_types_to_train_on_are_for_a_custom_group_with_event_types() -> None:
    written = ("domain: custom", "domain: custom\n  train_on: [Order Completed, Order Completed]")
    assert load(edited(written)).dataset_group.train_on == ("Order Completed",)

    shop = edited(("domain: custom", "domain: ECOMMERCE\n  train_on: View"))
    assert (
        "personalize.yaml: dataset_group.train_on: not for the domain ECOMMERCE, whose use cases name their event types;"
        " write them as use_cases"
    ) in problems_in(shop)
    assert problems_in(edited(written, ("      EVENT_TYPE: event\n", ""))) == [
        "personalize.yaml: dataset_group.train_on: names event types, but interactions have no column EVENT_TYPE;"
        " map one, or remove train_on"
    ]


def test_a_section_that_is_wrong_hides_no_contradiction_in_the_others() -> None:
    text = edited(
        ("engine: local", "engine: flink"),
        ("../data/segment", "segment/out"),
        ("domain: custom", "domain: custom\n  use_cases: [Best sellers]"),
        ("USER_ID: userId", "USER_ID: {path: userId, hash: true}"),
    )
    assert [line.partition(": ")[2].partition(":")[0] for line in problems_in(text)] == [
        "destination.uri",
        "engine",
        "dataset_group.use_cases",
        "datasets.users.columns.USER_ID.hash",
    ]


def test_a_dataset_that_is_wrong_hides_no_contradiction_in_another() -> None:
    text = edited(
        ("dedupe_by: messageId", "dedupe_by: a b"), ("USER_ID: userId\n      FAV", "USER_ID: each.id\n      FAV")
    )
    assert [line.partition(": ")[2].partition(":")[0] for line in problems_in(text)] == [
        "datasets.interactions.dedupe_by",
        "datasets.users.columns.USER_ID.path",
    ]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("engine: spark", "engine spark needs to know which Spark; write spark.master: spark://host:7077, yarn or k8s://https://host:443, or remote: sc://host"),
        ("engine: spark\nspark_config: {spark.master: yarn, remote: 'sc://host'}", "both spark.master and remote (yarn, sc://host); keep the one that tasks are to run on"),
        ("engine: local\nspark_config: {spark.master: 'spark://host:7077'}", "engine local runs Spark on this machine, but this names spark://host:7077; write engine: spark"),
        ("engine: emr-serverless\nemr_serverless: {application_id: a, execution_role: r}\nspark_config: {spark.master: yarn}", "engine emr-serverless brings its own Spark, but this names yarn; remove it"),
        ("engine: emr-serverless\nemr_serverless: {application_id: a, execution_role: r}\nspark_config: {spark.a: b c}", "spark.a: 'b c' holds a blank or nothing, where EMR splits settings; write another"),
        ("engine: arrow\nspark_config: {spark.executor.memory: 4g}", "of no use with engine arrow; write engine: local or spark or emr-serverless, or remove spark_config"),
        ("engine: spark\nspark_config: {master: yarn}", "'master' is not a setting of Spark, which begin with spark.; correct its name"),
        ("engine: spark\nspark_config: {spark.executor: {memory: 4g}}", None),
        ("engine: spark\nspark_config: {spark: {executor.memory: 4g}}", "'spark' is not a setting of Spark, which begin with spark.; write names as a whole, as spark.executor.memory: 4g"),
        ("engine: spark\nspark_config: {remote: 'http://host'}", "remote: 'http://host' is not a Spark Connect server; write sc://host or sc://host:15002"),
    ],
)  # fmt: skip
def test_settings_of_spark_that_contradict_the_engine(written: str, problem: str | None) -> None:
    on_s3 = (("uri: segment", "uri: s3://raw/segment"), ("../data/segment", "s3://made/out"))
    found = problems_in(edited(("engine: local", written), *(on_s3 if "emr" in written else ())))
    if problem:
        assert found == [f"personalize.yaml: spark_config: {problem}"]
    else:
        assert len(found) == 1


def test_emr_serverless_needs_an_application_and_no_folder() -> None:
    assert [line.partition(";")[0] for line in problems_in(edited(("engine: local", "engine: emr-serverless")))] == [
        f"personalize.yaml: source.uri: {str(Path('segment').absolute())!r} is a folder, which EMR cannot reach",
        f"personalize.yaml: destination.uri: {str(Path('../data/segment').resolve())!r} is a folder, which EMR cannot reach",
        "personalize.yaml: emr_serverless: engine emr-serverless needs an application",
    ]


def test_numbers_and_switches_of_spark_are_texts() -> None:
    written = "engine: spark\nspark_config: {spark.master: yarn, spark.cores.max: 4, spark.ui.enabled: false}"
    assert load(edited(("engine: local", written))).spark_config == {
        "spark.master": "yarn",
        "spark.cores.max": "4",
        "spark.ui.enabled": "false",
    }


def test_another_engine_for_one_run_leaves_settings_of_spark_unused() -> None:
    text = edited(("engine: local", "engine: spark\nspark_config: {spark.master: yarn}"))
    assert load(text, env={"PERSONALIZE_ENGINE": "arrow"}).engine == "arrow"


def test_a_config_without_contradictions_has_no_problems() -> None:
    assert problems(WellFormed.of(load())) == []


def test_only_the_sections_that_are_valid_are_well_formed(tmp_path: Path) -> None:
    written = {
        "source": {"uri": "raw"},
        "destination": {"uri": "out"},
        "engine": "flink",
        "dataset_group": {"name": "shop"},
        "datasets": {"interactions": {}, "users": {"columns": {"USER_ID": "user"}}},
    }

    found = WellFormed.among(written, {"folder": tmp_path})

    assert (found.source, found.engine) == (None, None)
    assert found.destination == Destination(uri=str(tmp_path / "out"))
    assert found.group == DatasetGroupSettings(name="shop")
    assert list(found.datasets) == ["users"]
    assert found.glue == Glue()


ACTIONS = """
  actions:
    where: {type: offer}
    columns:
      ACTION_ID: offer.id
      GROUP: {path: offer.group, categorical: true}
      VALUE: {path: offer.value, type: long}
  action_interactions:
    where: {event: [Offer Taken, Offer Viewed]}
    columns:
      USER_ID: userId
      ACTION_ID: offer.id
      EVENT_TYPE: {path: event, map: {Offer Taken: Taken, Offer Viewed: Viewed}}
      TIMESTAMP: timestamp
    last_days: 30
"""


def with_actions(*edits: tuple[str, str]) -> str:
    text = EXAMPLE.rstrip("\n") + ACTIONS
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text


def test_a_custom_group_has_actions_and_their_interactions() -> None:
    datasets = load(with_actions()).datasets

    assert list(datasets.named()) == ["interactions", "users", "items", "actions", "action_interactions"]
    assert datasets.action_interactions is not None
    assert datasets.action_interactions.last_days == 30


def test_actions_take_their_event_time_from_interactions_as_items_do() -> None:
    made = load(with_actions()).conversion_datasets()

    assert (made["actions"].event_time, made["actions"].message_id) == ("timestamp", "messageId")
    assert (made["action_interactions"].event_time, made["action_interactions"].dedupe_by) == (None, None)


def test_a_group_of_a_domain_has_no_actions() -> None:
    shop = with_actions(("domain: custom", "domain: ECOMMERCE"))
    why = "not for a dataset group of the domain ECOMMERCE: only custom ones have"
    instead = "remove it, or write dataset_group.domain: custom (Personalize guide, actions-datasets)"
    assert problems_in(shop) == [
        f"personalize.yaml: datasets.actions: {why} actions; {instead}",
        f"personalize.yaml: datasets.action_interactions: {why} action interactions; {instead}",
    ]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{constant: 11, type: long}", "datasets.actions.columns.VALUE.constant: '11' is out of range; write one of 1 to 10"),
        ("{path: v, default: 0, type: long}", "datasets.actions.columns.VALUE.default: '0' is out of range; write one of 1 to 10"),
        ("{constant: high}", "datasets.actions.columns.VALUE.type: 'string' is not the type of VALUE; write VALUE: {constant: …, type: long} (Personalize guide, custom-datasets-and-schemas)"),
    ],
)  # fmt: skip
def test_a_constant_that_personalize_does_not_take_is_refused(written: str, problem: str) -> None:
    text = with_actions(("VALUE: {path: offer.value, type: long}", f"VALUE: {written}"))
    assert problems_in(text) == [f"personalize.yaml: {problem}"]


def test_the_id_of_an_action_is_hashed_in_both_datasets_or_in_neither() -> None:
    text = with_actions(
        ("      ACTION_ID: offer.id\n      GROUP", "      ACTION_ID: {path: offer.id, hash: true}\n      GROUP")
    )
    assert (
        "personalize.yaml: datasets.action_interactions.columns.ACTION_ID.hash: missing, but datasets.actions hashes"
        " ACTION_ID; the same id must be hashed in both or in neither"
    ) in problems_in(text.replace("engine: local", "engine: arrow"))


def test_interactions_with_actions_keep_every_row() -> None:
    text = with_actions(("EVENT_TYPE: {path: event, map:", "EVENT_TYPE: {path: event, keep: first, map:"))
    assert problems_in(text) == [
        "personalize.yaml: datasets.action_interactions.columns.EVENT_TYPE.keep:"
        " only users, items and actions, which have one row per id, keep one value of many; remove it"
    ]


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("format: json\n  csv: {delimiter: ','}", "source.csv: of no use with format: json; remove one of the two"),
        ("csv: {header: off, columns: [a]}", "source.csv: header: off, but only a CSV with a header shows that it is one; write format: csv"),
        ("parse: 'a[key=b]'", "source.parse: 'a[key=b]' ends at an element of an array; write the path of a text in it"),
        ("events: batch\n  parse: parent.x", "source.parse: 'parent.x' starts at `parent`, which only events have; write it as in the envelope"),
    ],
)  # fmt: skip
def test_keys_of_a_source_that_could_have_no_effect_are_refused(keys: str, line: str) -> None:
    assert problems_in(edited(("  layout:", f"  {keys}\n  layout:"))) == [f"personalize.yaml: {line}"]
