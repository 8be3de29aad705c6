"""Each module of the package has its tests where its path says: `unit/<path>/test_<module>.py`."""

from __future__ import annotations

import ast
from pathlib import Path

from personalize_assets_tests.helpers.samples import REPO

PACKAGE = REPO / "personalize_assets"
TESTS = REPO / "personalize_assets_tests"

# What the name of a test file may have behind its module's: another way to test the same module.
WAYS = ("", "_properties", "_model")


def modules() -> dict[Path, Path]:
    """Every module and the path of its tests below unit/; those of ``__init__`` are named after its package."""
    found = {}
    for file in PACKAGE.rglob("*.py"):
        path = file.relative_to(PACKAGE)
        name = path.parent.name if path.name == "__init__.py" else path.stem
        found[path] = path.with_name(f"test_{name}.py")
    return found


def has_behaviour(file: Path) -> bool:
    """Whether a function or method of the module has a body: more than a docstring or `...`."""
    functions = (
        node
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return any(not isinstance(statement, ast.Expr) for function in functions for statement in function.body)


def named_after(folder: str, path: Path) -> list[Path]:
    """The files below a folder of tests that are named after a module."""
    files = [TESTS / folder / path.with_stem(path.stem + way) for way in WAYS]
    return [file for file in files if file.is_file()]


def test_every_unit_test_is_named_after_the_module_it_tests() -> None:
    named = {file for path in modules().values() for file in named_after("unit", path)}

    assert sorted(str(file.relative_to(TESTS)) for file in {*(TESTS / "unit").rglob("test_*.py")} - named) == []


def test_every_module_with_behaviour_has_a_test_file_of_its_name() -> None:
    without = [
        str(module)
        for module, path in modules().items()
        if has_behaviour(PACKAGE / module) and not named_after("unit", path) and not named_after("integration", path)
    ]

    assert sorted(without) == []
