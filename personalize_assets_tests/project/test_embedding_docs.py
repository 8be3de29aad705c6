"""docs/how-to/embedding.md matches the code: it has every argument and attribute, and its examples load."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path

import dagster as dg
import pytest
from dagster.components.testing import create_defs_folder_sandbox

from personalize_assets.components import PersonalizeDatasetGroup
from personalize_assets.components.scaffolder import ScaffoldParams
from personalize_assets.definitions import build_definitions
from personalize_assets_tests.helpers.readme import blocks, table
from personalize_assets_tests.helpers.samples import REPO, SAMPLE_DATA

TEXT = (REPO / "docs/how-to/embedding.md").read_text()


def first_cells(header: str) -> set[str]:
    return {row[0] for row in table(TEXT, header)}


def test_the_arguments_are_those_of_build_definitions() -> None:
    assert first_cells("argument") == set(inspect.signature(build_definitions).parameters)


def test_the_attributes_are_those_of_the_component() -> None:
    model = PersonalizeDatasetGroup.get_model_cls()

    assert model is not None
    assert first_cells("attribute") == set(model.model_fields)


def test_the_options_are_those_of_the_scaffolder() -> None:
    assert first_cells("option") == {f"--{name}" for name in ScaffoldParams.model_fields}


def test_the_python_example_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("shop", "media"):
        (tmp_path / name).mkdir()
        shutil.copy(SAMPLE_DATA / "segment.yaml", tmp_path / name / "personalize.yaml")
    names: dict[str, object] = {}

    exec("\n".join(blocks(TEXT, "python")), names)

    defs = names["defs"]
    assert isinstance(defs, dg.Definitions)
    dg.Definitions.validate_loadable(defs)
    assert {"shop_convert", "media_eu_convert"} <= set(defs.get_repository_def().job_names)


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")
def test_the_example_of_the_component_loads() -> None:
    (example,) = blocks(TEXT, "yaml")
    with create_defs_folder_sandbox() as sandbox:
        folder = sandbox.defs_folder_path / "shop"
        folder.mkdir()
        (folder / "defs.yaml").write_text(example)
        shutil.copy(SAMPLE_DATA / "segment.yaml", folder / "personalize.yaml")

        with sandbox.build_all_defs() as defs:
            assert defs.metadata["shop_destination"].value == "s3://acme-test/shop"
            assert dg.AssetKey(["lake", "shop_interactions_csv"]) in {s.key for s in defs.resolve_all_asset_specs()}
