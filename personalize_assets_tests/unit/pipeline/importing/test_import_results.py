"""What an import is going to do."""

from personalize_assets.pipeline.importing.import_results import Decision, ImportPlan


def test_the_steps_of_the_group_come_before_those_of_the_dataset() -> None:
    plan = ImportPlan("items", ("create dataset group shop",), ("create dataset items",), Decision("FULL", "first"))

    assert plan.steps == ("create dataset group shop", "create dataset items")
