"""The component in projects of `dg`, with the package installed from its wheel."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from personalize_assets_tests.helpers.browser import browsing
from personalize_assets_tests.helpers.dagster_services import Service, free_port, is_listening
from personalize_assets_tests.helpers.samples import EXPORTS, REPO, SAMPLE_DATA, export_hashes
from personalize_assets_tests.helpers.wheel import Environment, installed

TYPE = "personalize_assets.components.PersonalizeDatasetGroup"
PROJECT = {
    "pyproject.toml": '[tool.dg]\ndirectory_type = "project"\n\n[tool.dg.project]\nroot_module = "host"\n',
    "src/host/__init__.py": "",
    "src/host/defs/__init__.py": "",
    "src/host/definitions.py": """\
from pathlib import Path

import dagster as dg


@dg.definitions
def defs():
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
""",
}
MATERIALIZE = """\
import json

import dagster as dg
from two_groups.definitions import defs

made = defs()
with dg.DagsterInstance.ephemeral() as instance:
    days = {"dagster/asset_partition_range_start": "2026-10-01", "dagster/asset_partition_range_end": "2026-10-07"}
    for group in ("shop", "media"):
        made.resolve_job_def(f"{group}_convert").execute_in_process(instance=instance, tags=days)
        made.resolve_job_def(f"{group}_export").execute_in_process(instance=instance)
    report = made.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, asset_selection=[dg.AssetKey("popular_items")]
    )
(event,) = report.get_asset_materialization_events()
print(json.dumps({name: value.value for name, value in event.materialization.metadata.items()}))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return installed(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example project, with the samples where its configs look for them."""
    (tmp_path / "sample_data").symlink_to(SAMPLE_DATA)
    ignored = shutil.ignore_patterns("data", ".dagster", "*.egg-info", "__pycache__")
    return Path(shutil.copytree(REPO / "examples/two_groups", tmp_path / "examples/two_groups", ignore=ignored))


def test_a_project_scaffolds_checks_and_lists_a_group(environment: Environment, tmp_path: Path) -> None:
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    source = ("--source", str(SAMPLE_DATA / "firehose"), "--layout", "firehose")
    scaffolded = environment.run(tmp_path, "dg", "scaffold", "defs", TYPE, "shop", *source)
    checked = environment.run(tmp_path, "dg", "check", "defs")
    listed = environment.run(tmp_path, "dg", "list", "defs", "--json")

    assert "It is written from what raw files of the source hold" in scaffolded.stdout, scaffolded.stderr
    assert "All component YAML validated successfully." in checked.stdout, checked.stdout + checked.stderr
    assert "All definitions loaded successfully." in checked.stdout, checked.stdout + checked.stderr
    assert checked.returncode == 0
    found = json.loads(listed.stdout)
    assert "shop/interactions_csv" in {asset["asset_key"] for asset in found["assets"]}
    assert {job["name"] for job in found["jobs"]} == {"shop_convert", "shop_export"}


def test_dg_describes_the_component_and_each_attribute(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT["pyproject.toml"])
    (tmp_path / "src/host/defs").mkdir(parents=True)

    described = environment.run(tmp_path, "dg", "utils", "inspect-component", TYPE)

    assert "Turns raw click events into the CSVs and schemas" in described.stdout, described.stderr
    assert "where raw files are: a folder, or s3://bucket/prefix" in described.stdout
    assert "The config: the path of its file" in described.stdout
    assert "{{ name }}" in described.stdout


def test_dg_checks_the_example_project(environment: Environment, example: Path) -> None:
    checked = environment.run(example, "dg", "check", "defs")

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "All definitions loaded successfully." in checked.stdout


def test_both_groups_of_the_example_project_and_the_asset_below_them_materialize(
    environment: Environment, example: Path
) -> None:
    done = environment.run(example, "python", "-c", MATERIALIZE)

    assert done.returncode == 0, done.stderr[-3000:]
    assert export_hashes(example / "data/shop") == EXPORTS["segment"]
    assert export_hashes(example / "data/media") == EXPORTS["firehose"]
    report = json.loads(done.stdout.splitlines()[-1])
    assert len(report["first"]) == 10
    assert report["items"] >= 10


def test_the_ui_draws_both_groups_and_the_lineage_of_the_asset_below_them(
    environment: Environment, example: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\nnux: {enabled: false}\n")
    port = free_port()
    command: list[str | Path] = [environment.program("dg"), "dev", "--host", "127.0.0.1", "--port", str(port)]
    variables = {**environment.variables(example), "DAGSTER_HOME": str(home)}
    server = Service(command, variables, tmp_path / "server.log", cwd=example)
    try:
        server.wait_until(lambda: is_listening(port))
        with browsing(width=2400, height=1600) as (page, complaints):
            page.goto(f"http://127.0.0.1:{port}/assets/popular_items?view=lineage&lineageScope=upstream")
            for name in ("popular_items", "interactions_csv"):
                expect(page.get_by_text(name, exact=True).first).to_be_visible()
            page.screenshot(path=tmp_path / "lineage.png")
            page.goto(f"http://127.0.0.1:{port}/asset-groups")
            for group in ("shop", "media"):
                expect(page.get_by_text(group, exact=True).first).to_be_visible()
            page.screenshot(path=tmp_path / "groups.png")
            page.goto(f"http://127.0.0.1:{port}/assets/shop/interactions_csv?view=checks")
            expect(page.get_by_text("at_least_1000_interactions_are_unique").first).to_be_visible()
            page.screenshot(path=tmp_path / "checks.png")
        assert complaints == []
    finally:
        server.stop()
