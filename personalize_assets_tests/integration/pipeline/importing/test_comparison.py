"""Rows that Personalize exports against those of the export."""

from __future__ import annotations

import boto3
import pytest

from personalize_assets.aws.error_codes import AwsError
from personalize_assets.pipeline.importing.access import open_personalize
from personalize_assets.pipeline.importing.comparison import Comparison, compare
from personalize_assets_tests.helpers.import_world import ImportWorld, clicks, titles
from personalize_assets_tests.helpers.personalize_emulator import Course


def compared(world: ImportWorld, name: str) -> Comparison | None:
    outcome, group = world.run(name), world.group()
    assert outcome.held is not None
    return compare(group, name, outcome.held, open_personalize(group), world.polling())


def test_all_interactions_are_there(world: ImportWorld) -> None:
    world.export(interactions=clicks(0, 1200))

    assert compared(world, "interactions") == Comparison(1200, 1200)


def test_of_items_with_an_older_row_each_id_counts_once(world: ImportWorld) -> None:
    world.export(items=titles("a", "b"))
    world.run("items")
    world.export(items=[*titles("a"), *titles("b", suffix=" new")])

    assert compared(world, "items") == Comparison(2, 2)


def test_rows_of_other_hands_are_seen(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    world.run("items")
    foreign = "ITEM_ID,GENRE\nx,drama\n"
    boto3.client("s3").put_object(Bucket=world.bucket, Key="foreign.csv", Body=foreign.encode())
    job = world.emulator.jobs("items", "shop")[0].members
    world.emulator.client().create_dataset_import_job(
        jobName="by-hand",
        datasetArn=job["datasetArn"],
        dataSource={"dataLocation": f"s3://{world.bucket}/foreign.csv"},
        roleArn=job["roleArn"],
        importMode="INCREMENTAL",
    )
    group = world.group()
    manifest = group.destination.exports.manifest("items")
    assert manifest is not None
    while world.emulator.jobs("items", "shop")[-1].status != "ACTIVE":
        open_personalize(group).import_jobs()

    assert compare(group, "items", manifest, open_personalize(group), world.polling()) == Comparison(1, 2)


def test_what_was_exported_is_deleted_again(world: ImportWorld) -> None:
    world.export(items=titles("a"))

    compared(world, "items")

    keys = [one.key for one in boto3.resource("s3").Bucket(world.bucket).objects.all()]
    assert [key for key in keys if "_compared" in key] == []


def test_an_export_that_fails_names_the_right_that_is_needed(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    world.emulator.plan("dataset-export-job", Course(failure="Insufficient privileges"))

    with pytest.raises(AwsError, match=r"the role needs s3:PutObject on s3://events/shop/_compared/items/"):
        compared(world, "items")


def test_the_same_rows_are_compared_again_by_another_job(world: ImportWorld) -> None:
    world.export(items=titles("a", "b"))
    world.emulator.plan("dataset-export-job", Course(failure="Insufficient privileges"))
    with pytest.raises(AwsError):
        compared(world, "items")

    assert [compared(world, "items"), compared(world, "items")] == [Comparison(2, 2)] * 2
