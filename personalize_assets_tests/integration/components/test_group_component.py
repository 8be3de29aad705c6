"""The component in a project of `dg`, by Dagster's own sandbox."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent, indent

import dagster as dg
import pytest
from dagster.components.testing import DefsFolderSandbox, create_defs_folder_sandbox

from personalize_assets.components import PersonalizeDatasetGroup
from personalize_assets.components.group_component import Op
from personalize_assets.config.loading import parse_config
from personalize_assets.engines.arrow import ArrowEngine

CONFIG = """\
source: {uri: raw, layout: hive, start_date: 2026-10-01}
destination: {uri: out}
dataset_group: {name: shop}
automation: {on: off, export_at: 12:30}
datasets:
  interactions:
    where: {country: [NO, 0123, 1.10]}
    columns: {USER_ID: user, ITEM_ID: item, TIMESTAMP: at}
"""
TYPE = "personalize_assets.components.PersonalizeDatasetGroup"
# Dagster's own, of every component.
pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")


@pytest.fixture
def sandbox() -> Iterator[DefsFolderSandbox]:
    with create_defs_folder_sandbox(project_name="host") as made:
        yield made


def write(sandbox: DefsFolderSandbox, attributes: str, config: str | None = CONFIG) -> Path:
    """A component with attributes, and a config: inline, or in a file if the attributes name one."""
    folder = sandbox.defs_folder_path / "shop"
    folder.mkdir(exist_ok=True)
    attributes = dedent(attributes)
    if "config: personalize.yaml" in attributes:
        (folder / "personalize.yaml").write_text(config or "")
    elif config is not None:
        attributes += f"config:\n{indent(config, '  ')}"
    (folder / "defs.yaml").write_text(f"type: {TYPE}\nattributes:\n{indent(attributes, '  ')}")
    return folder


def load(sandbox: DefsFolderSandbox, attributes: str, config: str | None = CONFIG) -> dg.Definitions:
    with sandbox.load_component_and_build_defs(write(sandbox, attributes, config)) as (_, defs):
        dg.Definitions.validate_loadable(defs)
        return defs


def refusal(sandbox: DefsFolderSandbox, attributes: str, config: str | None = CONFIG) -> str:
    """The innermost error of a component that does not load."""
    folder = write(sandbox, attributes, config)
    with pytest.raises(Exception, match="shop") as refused, sandbox.load_component_and_build_defs(folder):
        pass
    error: BaseException = refused.value
    while error.__cause__:
        error = error.__cause__
    return str(error).replace(str(sandbox.project_root) + "/", "")


def component(sandbox: DefsFolderSandbox, attributes: str, config: str | None = CONFIG) -> PersonalizeDatasetGroup:
    with sandbox.load_component_and_build_defs(write(sandbox, attributes, config)) as (found, _):
        assert isinstance(found, PersonalizeDatasetGroup)
        return found


def test_a_config_inline_and_one_in_a_file_make_the_same_definitions(sandbox: DefsFolderSandbox) -> None:
    inline, in_file = load(sandbox, "key_prefix: shop\n"), load(sandbox, "key_prefix: shop\nconfig: personalize.yaml\n")

    keys = {spec.key.to_user_string() for spec in inline.resolve_all_asset_specs()}
    assert keys == {spec.key.to_user_string() for spec in in_file.resolve_all_asset_specs()}
    assert keys == {
        "shop/raw_events", "shop/raw_event_catalog", "shop/event_profile", "shop/filtered_interactions",
        "shop/interactions_csv", "shop/interactions_schema",
    }  # fmt: skip
    assert inline.metadata == in_file.metadata


def test_an_inline_config_keeps_what_dagsters_yaml_changes(sandbox: DefsFolderSandbox) -> None:
    found = component(sandbox, "key_prefix: shop\n")

    wanted = parse_config(CONFIG, "personalize.yaml", Path("/folder"), env={})
    assert found.loaded("defs.yaml", Path("/folder"), Path("/")) == wanted
    assert wanted.automation.export_at == "12:30"


def test_an_automation_without_its_sensor_is_off_as_the_inline_config_says(sandbox: DefsFolderSandbox) -> None:
    sensors = {each.name: each.default_status for each in load(sandbox, "key_prefix: shop\n").sensors or ()}

    assert sensors["shop_arrivals"] == dg.DefaultSensorStatus.STOPPED


def test_variables_of_the_environment_are_resolved_before_the_config_is_validated(
    sandbox: DefsFolderSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAY", "2026-10-05")
    monkeypatch.setenv("BUCKET", "0123")
    config = CONFIG.replace("2026-10-01", "'{{ env.DAY }}'").replace("uri: out", "uri: 's3://{{ env.BUCKET }}/out'")

    defs = load(sandbox, "key_prefix: shop\n", config)

    assert str(defs.metadata["shop_destination"].value) == "s3://0123/out"
    assert str(defs.metadata["shop_source"].value).endswith("(layout hive, from 2026-10-05)")


def test_overrides_replace_values_by_dotted_or_nested_keys(sandbox: DefsFolderSandbox) -> None:
    found = component(
        sandbox,
        """\
        config: personalize.yaml
        overrides:
          destination.uri: s3://bucket/shop
          datasets.interactions.where.properties.type: 0123
          dataset_group: {domain: ECOMMERCE}
          datasets: {interactions: {columns: {EVENT_TYPE: {constant: 1.10}}}}
        """,
    )

    config = found.loaded("defs.yaml", sandbox.defs_folder_path / "shop", sandbox.project_root)
    interactions = config.datasets.interactions
    assert config.destination.uri == "s3://bucket/shop"
    assert (config.dataset_group.name, config.dataset_group.domain) == ("shop", "ECOMMERCE")
    assert dict(interactions.where) == {"country": ("NO", "0123", "1.10"), "properties.type": ("0123",)}
    assert interactions.columns["EVENT_TYPE"].constant == "1.10"


def test_each_document_of_a_file_is_a_group_of_its_own(sandbox: DefsFolderSandbox) -> None:
    folder = write(sandbox, "key_prefix: shop\n")
    text = (folder / "defs.yaml").read_text()
    other = text.replace("prefix: shop", "prefix: media").replace("uri: out", "uri: o2")
    (folder / "defs.yaml").write_text(f"{text}---\n{other}")

    with sandbox.build_all_defs() as defs:
        assert str(defs.metadata["shop_destination"].value).endswith("/defs/shop/out")
        assert str(defs.metadata["media_destination"].value).endswith("/defs/shop/o2")


def test_op_and_alerts_and_engine_reach_the_definitions(sandbox: DefsFolderSandbox) -> None:
    defs = load(
        sandbox,
        """\
        key_prefix: [shops, eu]
        engine: local
        alerts: false
        run_tags: {team: shop}
        op:
          pool: spark
          tags: {dagster-k8s/config: {container_config: {resources: {limits: {cpu: "2"}}}}}
          backfill_policy: {type: single_run}
        """,
    )

    daily = next(
        each
        for each in defs.assets or ()
        if isinstance(each, dg.AssetsDefinition) and each.op.name == "shops_eu_convert_days"
    )
    assert (daily.op.pool, daily.backfill_policy) == ("spark", dg.BackfillPolicy.single_run())
    assert daily.op.tags["dagster-k8s/config"] == '{"container_config": {"resources": {"limits": {"cpu": "2"}}}}'
    assert [sensor.name for sensor in defs.sensors or ()] == ["shops_eu_arrivals"]
    assert defs.metadata["shops_eu_engine"].value == "local"
    assert defs.resolve_job_def("shops_eu_convert").run_tags["team"] == "shop"


def test_a_template_may_give_an_engine_of_the_projects_own(sandbox: DefsFolderSandbox) -> None:
    folder = write(sandbox, 'key_prefix: shop\nengine: "{{ my_engine }}"\n')
    (folder / "template_vars.py").write_text(
        "import dagster as dg\n"
        "from personalize_assets.engines.arrow import ArrowEngine\n\n"
        "class MyEngine(ArrowEngine):\n    pass\n\n"
        "@dg.template_var\ndef my_engine():\n    return MyEngine()\n"
    )
    with (folder / "defs.yaml").open("a") as file:
        file.write("template_vars_module: .template_vars\n")

    with sandbox.load_component_and_build_defs(folder) as (_, defs):
        engine = (defs.resources or {})["shop_engine"]

    assert isinstance(engine, ArrowEngine)
    assert type(engine).__name__ == "MyEngine"


def test_the_component_in_python_takes_the_same_arguments(sandbox: DefsFolderSandbox) -> None:
    folder = write(sandbox, "config: personalize.yaml\n")
    (folder / "defs.yaml").unlink()
    (folder / "component.py").write_text(
        "import dagster as dg\n"
        "from personalize_assets.components import PersonalizeDatasetGroup\n\n"
        "@dg.component_instance\n"
        "def load(context: dg.ComponentLoadContext) -> PersonalizeDatasetGroup:\n"
        "    return PersonalizeDatasetGroup(config='personalize.yaml', key_prefix='shop')\n"
    )

    with sandbox.build_all_defs() as defs:
        assert str(defs.metadata["shop_destination"].value).endswith("/defs/shop/out")


def test_a_fault_in_an_inline_config_names_file_and_key(sandbox: DefsFolderSandbox) -> None:
    assert refusal(sandbox, "key_prefix: shop\n", CONFIG.replace("start_date", "start_day")) == (
        "src/host/defs/shop/defs.yaml: attributes.config: source.start_day: unknown key; did you mean 'start_date'? "
        "use one of uri, layout, start_date, follow_links, format, csv, parse, events, ignore_case, redshift"
    )


def test_a_fault_in_a_file_names_it_and_the_key(sandbox: DefsFolderSandbox) -> None:
    assert refusal(sandbox, "config: personalize.yaml\n", CONFIG.replace("12:30", "noon")) == (
        "src/host/defs/shop/personalize.yaml: automation.export_at: 'noon' is not a time of day; write it as 04:00 "
        "(UTC)"
    )


def test_a_fault_in_overrides_names_the_attribute(sandbox: DefsFolderSandbox) -> None:
    attributes = "config: personalize.yaml\noverrides: {source.start_date: today}\n"

    assert refusal(sandbox, attributes) == (
        "src/host/defs/shop/defs.yaml: attributes.overrides: source.start_date: 'today' is not a day; write it as "
        "2026-10-01"
    )


def test_an_unknown_engine_names_the_attribute(sandbox: DefsFolderSandbox) -> None:
    found = refusal(sandbox, "config: personalize.yaml\nengine: sparks\n")

    assert found.startswith(
        "src/host/defs/shop/defs.yaml: attributes.engine: engine: 'sparks' is not an engine; use one of arrow, local"
    )


def test_a_file_that_is_not_there_is_named(sandbox: DefsFolderSandbox) -> None:
    assert refusal(sandbox, "config: personalise.yaml\n", None) == (
        "src/host/defs/shop/defs.yaml: attributes.config: no such file: src/host/defs/shop/personalise.yaml; write the "
        "path of a file, relative to the folder of defs.yaml, or the config itself as a mapping"
    )


def test_a_prefix_that_no_key_can_have_names_the_attribute(sandbox: DefsFolderSandbox) -> None:
    assert refusal(sandbox, "config: personalize.yaml\nkey_prefix: a/b\n").startswith(
        "src/host/defs/shop/defs.yaml: attributes.key_prefix: 'a/b' is not a part of an asset key"
    )


def test_a_variable_that_is_not_set_names_file_line_and_key(
    sandbox: DefsFolderSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BUCKET", raising=False)
    config = CONFIG.replace("uri: out", "uri: 's3://{{ env.BUCKET }}/out'")

    assert refusal(sandbox, "key_prefix: shop\n", config) == (
        "src/host/defs/shop/defs.yaml:6: attributes.config.destination.uri: 's3://{{ env.BUCKET }}/out': gives "
        "nothing; set the environment variable, or write a default, as {{ env('NAME', 'value') }}"
    )


def test_a_key_that_is_there_twice_names_file_and_line(sandbox: DefsFolderSandbox) -> None:
    assert refusal(sandbox, "key_prefix: shop\n", CONFIG + "engine: arrow\nengine: local\n") == (
        "src/host/defs/shop/defs.yaml: line 14, column 5: the key 'engine' is there twice; keep one"
    )


def test_alerts_that_are_no_switch_are_refused(sandbox: DefsFolderSandbox) -> None:
    assert refusal(sandbox, "config: personalize.yaml\nalerts: maybe\n") == (
        "src/host/defs/shop/defs.yaml:4: attributes.alerts: found 'maybe'; write true or false"
    )


def test_the_schema_describes_every_attribute_with_an_example() -> None:
    model = PersonalizeDatasetGroup.get_model_cls()
    assert model is not None

    schema = model.model_json_schema()["properties"]
    assert set(schema) == {
        "config", "overrides", "key_prefix", "engine", "op", "run_tags", "translation", "alerts",
    }  # fmt: skip
    assert [name for name, field in schema.items() if not (field.get("description") and field.get("examples"))] == []


def test_the_component_loads_where_the_commands_of_dg_are_not_installed() -> None:
    program = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['dagster_dg_cli', 'dagster_dg_core']))\n"
        "import personalize_assets\n"
        "assert 'dagster' not in sys.modules\n"
        "import personalize_assets.components\n"
        "assert 'boto3' not in sys.modules\n"
    )

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (loaded.returncode, loaded.stderr) == (0, "")


def test_op_alone_has_no_wishes() -> None:
    assert Op() == Op(tags=None, pool=None, backfill_policy=None)
