# ruff: noqa: E501 - the texts of errors are in one piece, so that a search finds them
"""Where the config is read from, what YAML and the environment mean, and files that are no config."""

from __future__ import annotations

import subprocess
import sys
import warnings
from datetime import date
from pathlib import Path

import pytest

from personalize_assets.config import ConfigError, load_config
from personalize_assets.config.loading import Overrides, override, parse_yaml
from personalize_assets.conversion import contract
from personalize_assets_tests.helpers.example_config import COLUMNS, EXAMPLE, edited, load, problems_in
from personalize_assets_tests.helpers.samples import REPO


def test_keys_are_text_as_they_are_written() -> None:
    mapped = "{path: x, categorical: true, map: {yes: Member, 1: One, true: 2.0}}"
    config = load(edited(("where: {type: identify}", "where: {on: a}")) + f"      M: {mapped}\n")
    assert config.conversion_datasets()["users"].where == {"on": ("a",)}
    assert config.conversion_datasets()["items"].columns[-1].map == {"yes": "Member", "1": "One", "true": "2.0"}


def test_only_true_false_null_and_ordinary_numbers_are_not_text() -> None:
    text = "a: [NO, yes, on, 0123, 1_000, 0x1F, 1e5, .5, +1, .inf, 12:30, 2026-10-01, =]\nb: [true, FALSE, ~, null, -7, 2.50]\n"
    assert parse_yaml(text, "x.yaml") == {
        "a": ["NO", "yes", "on", "0123", "1_000", "0x1F", "1e5", ".5", "+1", ".inf", "12:30", "2026-10-01", "="],
        "b": [True, False, None, None, -7, 2.5],
    }


SPELLINGS = ["NO", "1.10", "5.0", "-0.0", "7", "true", "True", "FALSE", "0123"]


@pytest.mark.parametrize("written", SPELLINGS)
def test_what_is_compared_or_written_to_rows_keeps_its_spelling(written: str) -> None:
    column = "{path: x, categorical: true, map: {A: %s, %s: B}}" % (written, written)  # noqa: UP031
    text = edited(("where: {type: identify}", f"where: {{type: {written}, n: [{written}]}}"))
    text += f"      M: {column}\n      C: {{constant: {written}, categorical: true}}\n"

    config = load(text)

    assert config.conversion_datasets()["users"].where == {"type": (written,), "n": (written,)}
    mapped, constant = config.conversion_datasets()["items"].columns[-2:]
    assert (mapped.map, constant.constant) == ({"A": written, written: "B"}, written)


@pytest.mark.parametrize("written", ["1.10", "5.0", "-7", "true", '"NO"', "100000000000000000000"])
def test_what_a_variable_holds_as_json_keeps_its_spelling_too(written: str) -> None:
    column = f"{COLUMNS}__EVENT_TYPE"
    env = {
        "PERSONALIZE__DATASETS__USERS__WHERE": f'{{"a": {written}, "b": [{written}]}}',
        "PERSONALIZE__DATASETS__INTERACTIONS__WHERE__EVENT": f"[{written}]",
        column: f'{{"path": "event", "map": {{"A": {written}}}}}',
        f"{COLUMNS}__C": f'{{"constant": {written}, "categorical": true}}',
    }
    text = written.strip('"')

    datasets = load(env=env).conversion_datasets()

    assert datasets["users"].where == {"a": (text,), "b": (text,)}
    assert datasets["interactions"].where == {"event": (text,)}
    columns = {column.name: column for column in datasets["interactions"].columns}
    assert (columns["EVENT_TYPE"].map, columns["C"].constant) == ({"A": text}, text)


@pytest.mark.parametrize("written", ["NO", "1.10", "true", "Yes"])
def test_a_variable_of_one_value_keeps_its_spelling(written: str) -> None:
    env = {
        "PERSONALIZE__DATASETS__USERS__WHERE__TYPE": written,
        f"{COLUMNS}__EVENT_TYPE__MAP__A": written,
        f"{COLUMNS}__EVENT_TYPE__PATH": "event",
    }
    datasets = load(env=env).conversion_datasets()

    assert datasets["users"].where == {"type": (written,)}
    assert datasets["interactions"].columns[2].map == {"A": written}


def test_elsewhere_numbers_and_booleans_are_none_of_text() -> None:
    text = edited(("uri: ../data/segment", "uri: out\n  single_file: false")) + "automation: {settle_minutes: 2.50}\n"
    config = load(text, {"PERSONALIZE__GLUE": '{"job": "j", "workers": 3}'})

    assert (config.destination.single_file, config.automation.settle_minutes, config.glue.workers) == (False, 2.5, 3)


def test_a_value_shared_by_an_anchor_is_text_only_where_its_spelling_is_kept() -> None:
    text = "datasets: {users: {where: {n: &n 1.10}, each: *n, columns: {A: &a {path: x, map: {b: 2.0}}, B: {<<: *a, required: true}}}}"
    assert parse_yaml(text, "x.yaml") == {
        "datasets": {
            "users": {
                "where": {"n": "1.10"},
                "each": 1.1,
                "columns": {
                    "A": {"path": "x", "map": {"b": "2.0"}},
                    "B": {"path": "x", "map": {"b": "2.0"}, "required": True},
                },
            }
        }
    }


BROKEN_JSON = [
    '["traits.email"',
    "['traits.email']",
    "[traits.email]",
    '["traits.email",]',
    '["traits.email"] x',
    '{"a": NaN}',
    '{"a": 1, "a": 2}',
    '"traits.email',
    " [",
]


@pytest.mark.parametrize("text", BROKEN_JSON)
@pytest.mark.parametrize(
    "variable",
    [
        "PERSONALIZE__MASK",
        "PERSONALIZE__SOURCE",
        "PERSONALIZE__AUTOMATION",
        "PERSONALIZE__DATASET_GROUP__OWNERS",
        "PERSONALIZE__DATASETS__INTERACTIONS__WHERE",
        "PERSONALIZE__DATASETS__INTERACTIONS__WHERE__EVENT",
        COLUMNS,
        f"{COLUMNS}__ITEM_ID",
        f"{COLUMNS}__ITEM_ID__PATH",
        f"{COLUMNS}__EVENT_TYPE__MAP",
    ],
)
def test_broken_json_in_a_variable_is_an_error_and_no_text(variable: str, text: str) -> None:
    (problem,) = problems_in(env={variable: text})

    assert problem.startswith(f"{variable}: {text!r} is not JSON: ")
    assert problem.endswith('; write lists and mappings as JSON, as ["a", "b"] and {"a": "b"}')


def test_several_paths_in_one_text_are_refused_and_mask_nothing_by_mistake() -> None:
    text = "'traits.email,traits.phone' is one path with a comma in it, not several"
    remedy = "write a list, as [a, b], or quote the name that holds the comma with backticks"

    assert problems_in(env={"PERSONALIZE__MASK": "traits.email,traits.phone"}) == [
        f"PERSONALIZE__MASK: mask: {text}; {remedy}"
    ]
    assert load(env={"PERSONALIZE__MASK": "`a,b`"}).mask == ("`a,b`",)
    assert load(env={"PERSONALIZE__MASK": '["a,b"]'}).mask == ("a,b",)


def test_a_file_of_yaml_1_1_is_read_like_any_other() -> None:
    assert parse_yaml("%YAML 1.1\n---\na: yes\nb: 010\n", "x.yaml") == {"a": "yes", "b": "010"}


def test_a_merged_mapping_is_refined_by_the_keys_beside_it() -> None:
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n"
    assert parse_yaml(text, "x.yaml") == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}}


@pytest.mark.parametrize(("written", "value"), [("yes", True), ("on", True), ("no", False), ("off", False)])
def test_a_key_that_is_true_or_false_takes_yes_and_no_as_well(written: str, value: bool) -> None:
    text = edited(("uri: ../data/segment", f"uri: out\n  single_file: {written}")) + f"automation: {written}\n"
    config = load(text)
    assert (config.destination.single_file, config.automation.on) == (value, value)


def test_a_variable_changes_its_own_place_only_also_where_an_anchor_is_shared() -> None:
    shared = ("where: {event: [Product Clicked, Product Added, Order Completed]}", "where: &shared {event: [A]}")
    text = edited(shared, ("where: {event: [Product Clicked, Product Added, Order Completed]}", "where: *shared"))
    config = load(text, {"PERSONALIZE__DATASETS__ITEMS__WHERE__EVENT": "B"})
    assert config.datasets.interactions.where == {"event": ("A",)}
    assert config.conversion_datasets()["items"].where == {"event": ("B",)}


def test_personalize_config_names_the_file() -> None:
    load()
    Path("other.yaml").write_text(edited(("workshop", "other")), encoding="utf-8")
    assert load_config(env={"PERSONALIZE_CONFIG": "other.yaml"}).dataset_group.name == "other"


def test_a_path_given_goes_before_personalize_config() -> None:
    load()
    assert load_config("personalize.yaml", {"PERSONALIZE_CONFIG": "other.yaml"}).dataset_group.name == "workshop"


def test_a_variable_of_the_process_does_not_reach_a_config_that_is_loaded_by_its_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load()
    monkeypatch.setenv("PERSONALIZE_CONFIG", "absent.yaml")
    monkeypatch.setenv("PERSONALIZE_ENGINE", "glue")
    monkeypatch.setenv("PERSONALIZE__DATASET_GROUP__NAME", "other")
    config = load_config("personalize.yaml")
    assert (config.engine, config.dataset_group.name) == ("local", "workshop")
    assert load_config().source == config.source


def test_without_a_name_the_config_of_the_working_folder_comes_before_the_sample(tmp_path: Path) -> None:
    load()
    assert load_config().source.uri == load_config("personalize.yaml").source.uri
    Path("personalize.yaml").unlink()
    assert load_config().source == load_config(REPO / "sample_data" / "segment.yaml").source


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


def test_personalize_engine_goes_over_the_file() -> None:
    assert load(env={"PERSONALIZE_ENGINE": "arrow", "PERSONALIZE__ENGINE": "glue"}).engine == "arrow"


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
    assert config.source.model_dump() == {
        "uri": "s3://raw/logs",
        "layout": "segment",
        "start_date": date(2026, 11, 1),
        "follow_links": False,
        "format": "auto",
        "csv": None,
        "parse": (),
        "events": None,
        "ignore_case": False,
        "redshift": None,
    }
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


def test_a_missing_file() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("absent.yaml", {})
    assert str(caught.value) == (
        "absent.yaml: no such file; name your config with --config or PERSONALIZE_CONFIG, or write one: "
        "personalize-assets init"
    )


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
        (
            "source: {uri: [}\n",
            "line 1, column 16: while parsing a flow node, expected the node content, but found '}'",
        ),
        ("source:\n  uri: a\n  uri: b\n", "line 3, column 3: the key 'uri' is there twice; keep one"),
        (
            "source:\n\turi: a\n",
            "line 2, column 1: while scanning for the next token, found character '\\t' that cannot start any token; indent with spaces",
        ),
        ("? [a, b]\n: c\n", "line 1, column 3: a key must be text"),
        ("a: b\n---\nc: d\n", "line 2, column 1: expected a single document in the stream, but found another document"),
        ("a: b\n\n# \x07\n", "line 3, column 3: the character U+0007 is not allowed in YAML; remove it"),
        ("a: !!int x\n", "a value does not fit the tag before it; remove the tag"),
        ("a: *b\n", "line 1, column 4: found undefined alias 'b'"),
        ("a: */%Y/*\n", "line 1, column 4: found undefined alias '/%Y/*'; put the text in quotes"),
        ("a: **/b\n", "line 1, column 4: found undefined alias '*/b'; put the text in quotes"),
        (
            "a: %Y/%m/%d\n",
            "line 1, column 4: while scanning for the next token, found character '%' that cannot start any token; put the text in quotes",
        ),
        (
            "a: !!python/object:os.system x\n",
            "line 1, column 4: could not determine a constructor for the tag 'tag:yaml.org,2002:python/object:os.system'",
        ),
        (
            "a: \x01\n",
            "line 1, column 4: the character U+0001 is not allowed in YAML; remove it",
        ),
    ],
)
def test_a_file_that_is_no_mapping(text: str, line: str) -> None:
    assert problems_in(text) == [f"personalize.yaml: {line}"]


def test_a_file_that_is_not_utf_8() -> None:
    Path("personalize.yaml").write_bytes(b"source: \xff\n")
    with pytest.raises(ConfigError) as caught:
        load_config("personalize.yaml", {})
    assert str(caught.value) == "personalize.yaml: not UTF-8 text at byte 8; save it as UTF-8"


def test_a_byte_order_mark_and_an_anchor_are_fine() -> None:
    text = edited(("USER_ID: userId", "USER_ID: &id userId"), ("USER_ID: userId", "USER_ID: *id"))
    assert load("\ufeff" + text).datasets.interactions.columns["USER_ID"].path == ("userId",)


def test_a_variable_switches_automation_on_or_refines_a_switch() -> None:
    by_itself = load(EXAMPLE + "automation: off\n", {"PERSONALIZE__AUTOMATION": "on"})
    refined = load(EXAMPLE + "automation: on\n", {"PERSONALIZE__AUTOMATION__SETTLE_MINUTES": "0.5"})

    assert (by_itself.automation.on, by_itself.automation.settle_minutes) == (True, 30)
    assert (refined.automation.on, refined.automation.settle_minutes) == (True, 0.5)


def test_a_variable_is_the_origin_of_what_it_replaced_and_of_the_mappings_it_made() -> None:
    values = {"source": {"uri": "a"}, "glue": None}

    overrides = override(values, {"PERSONALIZE__GLUE__JOB": "j", "PERSONALIZE__SOURCE__URI": "b"})

    assert values == {"source": {"uri": "b"}, "glue": {"job": "j"}}
    assert overrides == Overrides(
        values={("glue", "job"): "PERSONALIZE__GLUE__JOB", ("source", "uri"): "PERSONALIZE__SOURCE__URI"},
        mappings={("glue",): "PERSONALIZE__GLUE__JOB"},
    )


@pytest.mark.parametrize(
    ("location", "variable"),
    [
        (("columns", "A"), "VALUE"),
        (("columns", "A", "type"), "VALUE"),
        (("columns",), "MAPPING"),
        (("columns", "B"), None),
        ((), None),
    ],
)
def test_a_problem_is_of_the_variable_that_set_the_value_at_or_around_it(
    location: tuple[str, ...], variable: str | None
) -> None:
    overrides = Overrides(values={("columns", "A"): "VALUE"}, mappings={("columns",): "MAPPING"})
    assert overrides.variable_of(location) == variable


def test_an_anchor_may_be_used_again_for_another_value() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parse_yaml("a: &x 1\nb: &x 2\nc: *x\n", "x.yaml") == {"a": 1, "b": 2, "c": 2}
