"""An import with a comparison after it."""

from __future__ import annotations

import pytest

from personalize_assets.pipeline.importing.access import open_personalize
from personalize_assets.pipeline.importing.compared_import import ComparedImport, import_and_compare
from personalize_assets.pipeline.importing.comparison import Comparison
from personalize_assets_tests.helpers.import_world import ImportWorld, titles
from personalize_assets_tests.helpers.personalize_emulator import Course


@pytest.fixture
def world(world: ImportWorld) -> ImportWorld:
    """With an export of one item."""
    world.export(items=titles("a"))
    return world


def done(world: ImportWorld, compare: str) -> ComparedImport:
    world.config["import"]["compare"] = compare
    group = world.group()
    return import_and_compare(group, "items", open_personalize(group), world.polling())


def test_without_compare_nothing_is_exported(world: ImportWorld) -> None:
    found = done(world, "off")

    assert (found.comparison, found.why_not) == (None, "`import.compare: on` compares them")
    assert "CreateDatasetExportJob" not in world.emulator.operations()


def test_with_compare_the_rows_are_counted(world: ImportWorld) -> None:
    assert done(world, "on").comparison == Comparison(1, 1)

    recorded = world.group().destination.imports.find("items").compared
    assert recorded is not None
    assert (recorded.exported, recorded.held) == (1, 1)


def test_an_import_is_done_also_if_its_comparison_failed(world: ImportWorld) -> None:
    world.emulator.plan("dataset-export-job", Course(failure="Insufficient privileges"))

    found = done(world, "on")

    assert found.comparison is None
    assert found.why_not.startswith("they could not be compared: export job shop-items-")
    assert world.held("items") == titles("a")
