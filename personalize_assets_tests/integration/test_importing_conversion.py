"""Which module may import which: the layers of the package by import-linter, the tests here."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from typing import Any

import pytest

from personalize_assets_tests.helpers.imports import imported
from personalize_assets_tests.helpers.samples import REPO

TESTS = REPO / "personalize_assets_tests"
PACKAGE = REPO / "personalize_assets"


@pytest.fixture
def contracts() -> list[dict[str, Any]]:
    linter = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert linter["root_package"] == "personalize_assets"
    assert linter["include_external_packages"] is True
    contracts: list[dict[str, Any]] = linter["contracts"]
    return contracts


def test_every_module_of_the_package_is_in_one_layer_and_imports_go_down(contracts: list[dict[str, Any]]) -> None:
    (layers,) = (contract for contract in contracts if contract["type"] == "layers")

    assert layers["containers"] == ["personalize_assets"]
    assert layers["exhaustive"] is True
    assert (layers["layers"][:2], layers["layers"][-1]) == (["__main__", "cli | components"], "conversion")


def test_the_conversion_imports_no_package_that_a_glue_job_lacks(contracts: list[dict[str, Any]]) -> None:
    (contract,) = (one for one in contracts if one.get("source_modules") == ["personalize_assets.conversion"])

    assert {"boto3", "click", "dagster", "pydantic", "ruamel", "yaml"} <= set(contract["forbidden_modules"])
    assert not contract.get("allow_indirect_imports")


def test_the_conversion_imports_with_neither_dagster_nor_boto3() -> None:
    program = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('dagster', 'boto3', 'botocore', 'pydantic', 'yaml', 'click'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import pkgutil, importlib, personalize_assets.conversion as conversion\n"
        "for module in pkgutil.walk_packages(conversion.__path__, conversion.__name__ + '.'):\n"
        "    importlib.import_module(module.name)\n"
    )

    imported = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert imported.stderr == ""


def test_only_the_dagster_shell_may_import_dagster(contracts: list[dict[str, Any]]) -> None:
    (contract,) = (one for one in contracts if one.get("allow_indirect_imports"))
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    allowed = {"components", "definitions", "engines", "local_run", "orchestration"}
    assert {name.removeprefix("personalize_assets.") for name in contract["source_modules"]} == (
        modules - allowed - {"__init__"}
    )


def test_no_contract_has_an_exception(contracts: list[dict[str, Any]]) -> None:
    assert [contract["name"] for contract in contracts if contract.get("ignore_imports")] == []


def test_lint_runs_the_contracts() -> None:
    makefile = (REPO / "Makefile").read_text()
    (recipe,) = (rule for rule in makefile.split("\n\n") if rule.startswith("lint:"))

    assert "$(BIN)/lint-imports" in recipe


def test_no_test_file_imports_another_or_a_conftest() -> None:
    wrong = {
        (str(file.relative_to(TESTS)), name)
        for file in TESTS.rglob("*.py")
        for name in imported(file)
        if name.startswith("personalize_assets_tests") and not name.startswith("personalize_assets_tests.helpers")
    }

    assert wrong == set()


def test_helpers_hold_no_tests() -> None:
    assert list((TESTS / "helpers").rglob("test_*.py")) == []


def test_the_top_folder_of_the_tests_holds_shared_fixtures_alone() -> None:
    assert sorted(file.name for file in TESTS.glob("*.py")) == ["__init__.py", "conftest.py"]
