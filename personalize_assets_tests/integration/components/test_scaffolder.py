"""What `dg scaffold defs` writes for a dataset group, and what it prints."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster.components.component_scaffolding import scaffold_object
from dagster.components.testing import DefsFolderSandbox, create_defs_folder_sandbox

from personalize_assets.components import PersonalizeDatasetGroup
from personalize_assets.config import load_config
from personalize_assets_tests.helpers.samples import SAMPLE_DATA

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")


@pytest.fixture
def sandbox() -> Iterator[DefsFolderSandbox]:
    with create_defs_folder_sandbox(project_name="host") as made:
        yield made


def raw_files(sandbox: DefsFolderSandbox) -> Path:
    """Some raw files of a sample, within the project."""
    day = "2026/10/01"
    return Path(shutil.copytree(SAMPLE_DATA / "firehose" / day, sandbox.project_root / "raw" / day)).parents[2]


def scaffold(sandbox: DefsFolderSandbox, name: str = "shop", format: str = "yaml", **params: str) -> Path:
    return sandbox.scaffold_component(
        PersonalizeDatasetGroup,
        name,
        scaffold_params=params,
        scaffold_format="python" if format == "python" else "yaml",
    )


def test_a_config_is_written_from_the_raw_files_and_the_group_loads(
    sandbox: DefsFolderSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = scaffold(sandbox, source=str(raw_files(sandbox)), destination="s3://acme/shop")

    text = (folder / "personalize.yaml").read_text()
    assert text.startswith("# Suggested by `personalize-assets suggest` from ")
    assert "  uri: ../../../../raw\n  layout: firehose" in text
    assert load_config(folder / "personalize.yaml").destination.uri == "s3://acme/shop"
    assert "It is written from what raw files of the source hold; read its comments." in capsys.readouterr().out
    with sandbox.build_all_defs() as defs:
        assert str(defs.metadata["shop_source"].value).startswith(str(sandbox.project_root / "raw"))


def test_a_source_is_relative_to_the_working_folder(
    sandbox: DefsFolderSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw_files(sandbox)
    monkeypatch.chdir(sandbox.project_root)

    folder = scaffold(sandbox, source="raw")

    assert load_config(folder / "personalize.yaml").source.uri == str(sandbox.project_root / "raw")


def test_everything_is_stored_outside_the_folder_of_definitions_unless_a_destination_is_given(
    sandbox: DefsFolderSandbox,
) -> None:
    folder = scaffold(sandbox, source=str(raw_files(sandbox)))

    assert load_config(folder / "personalize.yaml").destination.uri == str(sandbox.project_root / "data" / "shop")


def test_a_given_layout_replaces_the_one_that_was_found(
    sandbox: DefsFolderSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = scaffold(sandbox, source=str(raw_files(sandbox)), layout="flat")

    assert load_config(folder / "personalize.yaml").source.layout == "flat"
    assert "The layout is the given one; the comment beside it says which one" in capsys.readouterr().out


def test_a_layout_that_does_not_exist_is_reported(
    sandbox: DefsFolderSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    scaffold(sandbox, source=str(raw_files(sandbox)), layout="kafka")

    assert "It has to be corrected before it loads: personalize.yaml: source.layout: " in capsys.readouterr().out


def test_a_source_without_files_gives_a_template_with_its_uri_and_says_so(
    sandbox: DefsFolderSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    (sandbox.project_root / "raw").mkdir()

    folder = scaffold(sandbox, source=str(sandbox.project_root / "raw"), layout="hive")

    config = load_config(folder / "personalize.yaml")
    assert (config.source.uri, config.source.layout) == (str(sandbox.project_root / "raw"), "hive")
    printed = capsys.readouterr().out
    assert "It is a template, as the source gave no config: " in printed
    assert "Edit it before you run it." in printed
    with sandbox.build_all_defs() as defs:
        assert defs.metadata["shop_engine"].value == "arrow"


def test_without_a_source_a_template_is_written(sandbox: DefsFolderSandbox, capsys: pytest.CaptureFixture[str]) -> None:
    folder = scaffold(sandbox, name="my_shop")

    config = load_config(folder / "personalize.yaml")
    assert (config.source.uri, config.dataset_group.name) == ("s3://BUCKET/PREFIX", "my_shop")
    assert "It is a template: give --source to have it written from raw files." in capsys.readouterr().out


def test_a_name_that_yaml_would_take_for_something_else_is_quoted(sandbox: DefsFolderSandbox) -> None:
    folder = scaffold(sandbox, name="no")

    assert 'key_prefix: "no"' in (folder / "defs.yaml").read_text()
    assert load_config(folder / "personalize.yaml").dataset_group.name == "no"


def test_in_python_a_module_is_written_that_loads(sandbox: DefsFolderSandbox) -> None:
    folder = scaffold(sandbox, format="python", source=str(raw_files(sandbox)))

    assert sorted(file.name for file in folder.iterdir() if file.is_file()) == ["component.py", "personalize.yaml"]
    with sandbox.build_all_defs() as defs:
        assert defs.metadata["shop_engine"].value == "arrow"


def test_a_group_appended_to_a_file_has_a_config_of_its_own(sandbox: DefsFolderSandbox) -> None:
    folder = scaffold(sandbox)

    scaffold_object(
        path=folder / "defs.yaml",
        typename="personalize_assets.components.PersonalizeDatasetGroup",
        json_params=None,
        scaffold_format="yaml",
        project_root=sandbox.project_root,
        append=True,
    )

    assert sorted(file.name for file in folder.iterdir()) == ["defs.yaml", "personalize.yaml", "personalize_2.yaml"]
    with sandbox.build_all_defs() as defs:
        assert {"shop_engine", "personalize_2_engine"} <= set(defs.metadata)
