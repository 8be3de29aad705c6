"""Users are put on the list and deleted from an emulated Personalize, which reads the ids from moto's S3."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result

from personalize_assets.cli import main
from personalize_assets.conversion.export.suppressed import UserIds
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.importing.forgetting import DeletionFailed, forget, plan_forgetting
from personalize_assets_tests.helpers.import_world import ROLE, ImportWorld, clicks, config_text
from personalize_assets_tests.helpers.personalize_emulator import Course, PersonalizeEmulator
from personalize_assets_tests.helpers.personalize_emulator.faults import LOST

ROWS = clicks(0, 1200)


@pytest.fixture
def world(bucket: str, personalize: PersonalizeEmulator, tmp_path: Path) -> ImportWorld:
    """Personalize holds 1,200 interactions of 40 users, and the list is empty."""
    config = {**config_text(bucket), "suppress": f"s3://{bucket}/private/deleted.csv"}
    boto3.client("s3").put_object(Bucket=bucket, Key="private/deleted.csv", Body=b"USER_ID\n")
    world = ImportWorld(bucket, tmp_path, personalize, config)
    world.export(interactions=ROWS)
    world.run()
    return world


def forgotten(world: ImportWorld, *ids: str) -> tuple[str, str, int | None] | None:
    """Forget users; the job's name, status and number of records."""
    group = world.group()
    job = forget(group, plan_forgetting(group, UserIds(ids)), world.polling())
    return job and (job.name, job.status, job.deleted)


def listed(world: ImportWorld) -> str:
    return boto3.client("s3").get_object(Bucket=world.bucket, Key="private/deleted.csv")["Body"].read().decode()


def left_in_s3(world: ImportWorld) -> list[str]:
    found = boto3.client("s3").list_objects_v2(Bucket=world.bucket, Prefix="shop/exports/deletions")
    return [one["Key"] for one in found.get("Contents", ())]


def without(*users: str) -> list[tuple[str, ...]]:
    return sorted(row for row in ROWS if row[0] not in users)


def test_users_are_listed_and_deleted_and_their_ids_stay_nowhere_else(world: ImportWorld) -> None:
    found = forgotten(world, "u7", "u3", "never seen")

    assert found is not None
    assert found[1:] == ("COMPLETED", 60)
    assert world.held() == without("u3", "u7")
    assert listed(world) == "USER_ID\nnever seen\nu3\nu7\n"
    assert left_in_s3(world) == []
    assert not any("u3" in line for line in world.lines)


def test_the_same_users_again_start_no_second_job(world: ImportWorld) -> None:
    first = forgotten(world, "u3")

    assert forgotten(world, "u3") == first
    assert len(world.emulator.jobs(kind="data-deletion-job")) == 1


def test_users_who_were_imported_again_are_deleted_again(world: ImportWorld) -> None:
    first = forgotten(world, "u3")
    boto3.client("s3").put_object(Bucket=world.bucket, Key="private/deleted.csv", Body=b"USER_ID\n")
    world.export(interactions=clicks(0, 1300))
    world.run(mode="full")

    again = forgotten(world, "u3")

    assert first is not None
    assert again is not None
    assert again[0] == f"{first[0]}-2"
    assert not any(row[0] == "u3" for row in world.held())


def test_a_job_that_failed_is_an_error_with_its_text_and_a_new_one_is_started_by_the_next_run(
    world: ImportWorld,
) -> None:
    world.emulator.plan("data-deletion-job", Course(failure="Internal server error. Try again"))

    with pytest.raises(
        DeletionFailed, match=r"^data deletion job shop-forget-[0-9a-f]{12} is FAILED: Internal server error"
    ):
        forgotten(world, "u3")

    assert listed(world) == "USER_ID\nu3\n"
    found = forgotten(world, "u3")
    assert found is not None
    assert found[0].endswith("-2")
    assert world.held() == without("u3")


def test_a_lost_answer_starts_no_second_job(world: ImportWorld) -> None:
    world.emulator.faults.inject(LOST, "CreateDataDeletionJob")

    assert forgotten(world, "u3") is not None

    assert len(world.emulator.jobs(kind="data-deletion-job")) == 1


def test_a_deletion_waits_for_an_import_that_goes_on(world: ImportWorld) -> None:
    (done,) = world.emulator.jobs("interactions", "shop")
    world.emulator.client().create_dataset_import_job(
        jobName="by-hand", datasetArn=done.members["datasetArn"], dataSource=done.members["dataSource"], roleArn=ROLE
    )

    forgotten(world, "u3")

    assert "data deletion job: import job by-hand goes on, and a deletion must not overlap it" in world.lines
    assert world.held() == without("u3")


def test_an_import_waits_for_a_deletion_that_goes_on(world: ImportWorld) -> None:
    uri = f"s3://{world.bucket}/private/deleted.csv"
    boto3.client("s3").put_object(Bucket=world.bucket, Key="private/deleted.csv", Body=b"USER_ID\nu3\n")
    arn = world.emulator.jobs("interactions", "shop")[0].members["datasetArn"].replace("dataset/", "dataset-group/")
    world.emulator.client().create_data_deletion_job(
        jobName="by-hand", datasetGroupArn=arn.rpartition("/")[0], dataSource={"dataLocation": uri}, roleArn=ROLE
    )
    boto3.client("s3").put_object(Bucket=world.bucket, Key="private/deleted.csv", Body=b"USER_ID\n")
    world.export(interactions=clicks(0, 2300))

    world.run()

    state = "data deletion job by-hand goes on, and no import may overlap it"
    assert f"import of interactions: {state}" in world.lines


def test_an_export_of_another_list_is_not_imported(world: ImportWorld) -> None:
    forgotten(world, "u3")

    with pytest.raises(PersonalizeAssetsError, match="was exported with another list of users than `suppress` has now"):
        world.run()


def test_without_a_dataset_group_users_are_listed_alone(
    bucket: str, personalize: PersonalizeEmulator, tmp_path: Path
) -> None:
    config = {**config_text(bucket), "suppress": f"s3://{bucket}/private/deleted.csv"}
    world = ImportWorld(bucket, tmp_path, personalize, config)

    assert forgotten(world, "u3") is None
    assert listed(world) == "USER_ID\nu3\n"


def test_without_a_list_in_the_config_nothing_is_deleted(world: ImportWorld) -> None:
    del world.config["suppress"]

    with pytest.raises(PersonalizeAssetsError, match=r"the next import would bring them back; write suppress: s3://"):
        forgotten(world, "u3")

    assert world.held() == sorted(ROWS)


def command(world: ImportWorld, *arguments: str, answer: str = "") -> Result:
    file = world.folder / "ids.txt"
    file.write_text("u3\nu7\n")
    given = ["forget", "--config", str(world.path), "--user-ids", str(file), *arguments]
    return CliRunner().invoke(main, given, input=answer)


def test_a_dry_run_of_the_command_changes_nothing(world: ImportWorld) -> None:
    result = command(world, "--dry-run")

    assert result.exit_code == 0, result.output
    assert result.stdout == (
        f"s3://{world.bucket}/private/deleted.csv: 2 of 2 ids are new, and are added\n"
        "Personalize: the data of these users are deleted from dataset group shop in eu-central-1, account "
        "123456789012, with the role arn:aws:iam::123456789012:role/personalize\n"
        "\nNothing was changed: this was a dry run.\n"
    )
    assert world.held() == sorted(ROWS)


def test_the_command_asks_and_without_a_yes_nothing_is_changed(world: ImportWorld) -> None:
    result = command(world, answer="n\n")

    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "Nothing was changed.")
    assert world.held() == sorted(ROWS)


def test_the_command_says_what_was_deleted_and_what_is_left_to_do(
    world: ImportWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("personalize_assets.local_run.forget.Polling", lambda log: world.polling())

    result = command(world, "--yes")

    assert result.exit_code == 0, result.output
    assert "is COMPLETED, 60 records" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("Now export (`personalize-assets run`), import that")
    assert world.held() == without("u3", "u7")
