"""Imports into an emulated Personalize, which reads the CSVs from moto's S3; true boto3 clients call it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import boto3
import msgspec
import pytest

from personalize_assets.aws.personalize import Job, Personalize
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.cleaning import clean
from personalize_assets.pipeline.importing.access import open_personalize
from personalize_assets.pipeline.importing.dataset_import import (
    ImportFailed,
    NotImportable,
    TransientImportFailure,
    import_dataset,
)
from personalize_assets.pipeline.importing.polling import Polling, WaitIsOver
from personalize_assets.storage.manifests import ExportedFile
from personalize_assets_tests.helpers.import_world import ROLE, ImportWorld, clicks, let_personalize_in, titles
from personalize_assets_tests.helpers.personalize_emulator import LOST, Course, Fault

# Modes


def test_the_first_import_makes_all_that_is_missing_and_sends_the_whole_file(world: ImportWorld) -> None:
    world.export(interactions=clicks(0, 1200))

    outcome = world.run()

    assert world.held() == sorted(clicks(0, 1200))
    assert world.jobs() == [("FULL", "ACTIVE")]
    assert [sent.rows for sent in outcome.sent] == [1200]
    assert outcome.held == outcome.export
    assert outcome.pending == 0
    assert outcome.why == "Personalize holds the rows of the current export"


def test_nothing_is_sent_if_nothing_changed(world: ImportWorld) -> None:
    world.export(interactions=clicks(0, 1200))
    world.run()

    outcome = world.run()

    assert outcome.sent == ()
    assert world.jobs() == [("FULL", "ACTIVE")]


def test_actions_and_their_interactions_are_imported_as_items_and_interactions_are(world: ImportWorld) -> None:
    world.config["datasets"] |= {
        "actions": {"columns": {"ACTION_ID": "offer", "GROUP": {"path": "group", "categorical": True}}},
        "action_interactions": {
            "columns": {"USER_ID": "user", "ACTION_ID": "offer", "EVENT_TYPE": "answer", "TIMESTAMP": "at"}
        },
    }
    offers = [("app", "mobile"), ("card", "loans")]
    answers = [(f"u{n}", "card", ("Viewed", "Not Taken", "Taken")[n % 3], str(1_790_812_800 + n)) for n in range(1200)]
    world.export(actions=offers, action_interactions=answers)

    world.run("actions")
    world.run("action_interactions")
    world.export(
        actions=[*offers, ("tour", "travel")], action_interactions=[*answers, ("u9", "app", "Taken", "1790819999")]
    )
    added = world.run("actions")
    waiting = world.run("action_interactions")

    assert world.held("actions") == [*offers, ("tour", "travel")]
    assert [sent.rows for sent in added.sent] == [1]
    assert world.held("action_interactions") == sorted(answers)
    assert (waiting.sent, waiting.pending) == ((), 1)


def test_the_second_day_is_added_alone(world: ImportWorld) -> None:
    world.export(interactions=clicks(0, 1200))
    world.run()
    world.export(interactions=clicks(0, 2300))

    outcome = world.run()

    assert world.jobs() == [("FULL", "ACTIVE"), ("INCREMENTAL", "ACTIVE")]
    assert [sent.rows for sent in outcome.sent] == [1100]
    assert world.held() == sorted(clicks(0, 2300))


def test_rows_wait_until_they_are_a_thousand(world: ImportWorld) -> None:
    world.export(interactions=clicks(0, 1200))
    world.run()
    world.export(interactions=clicks(0, 1900))

    first = world.run()
    world.export(interactions=clicks(0, 2200))
    second = world.run()

    assert (first.sent, first.pending) == ((), 700)
    assert first.held is not None
    assert first.held.rows == 1200
    assert first.why == "700 new rows of at least 1,000 that Personalize adds at once: waiting for more"
    assert [sent.rows for sent in second.sent] == [1000]
    assert second.pending == 0
    assert world.held() == sorted(clicks(0, 2200))


def test_a_row_that_vanished_is_not_in_personalize_any_more(world: ImportWorld) -> None:
    world.export(interactions=clicks(0, 1200))
    world.run()
    world.export(interactions=clicks(1, 2300))

    outcome = world.run()

    assert world.jobs() == [("FULL", "ACTIVE"), ("FULL", "ACTIVE")]
    assert outcome.sent[0].vanished == 1
    assert outcome.sent[0].why == ("rows cannot be added alone: 1 row that Personalize holds is gone from the export")
    assert world.held() == sorted(clicks(1, 2300))


def test_items_are_added_and_replaced_by_their_ids(world: ImportWorld) -> None:
    world.export(items=titles("a", "b", "c"))
    world.run("items")
    world.export(items=[*titles("a", "c"), *titles("b", suffix=" again"), *titles("d")])

    outcome = world.run("items")

    assert world.jobs("items") == [("FULL", "ACTIVE"), ("INCREMENTAL", "ACTIVE")]
    assert [sent.rows for sent in outcome.sent] == [2]
    assert world.held("items") == sorted([*titles("a", "c", "d"), *titles("b", suffix=" again")])


def test_an_item_that_vanished_leads_to_a_full_import(world: ImportWorld) -> None:
    world.export(items=titles("a", "b", "c"))
    world.run("items")
    world.export(items=titles("a", "c", "d"))

    world.run("items")

    assert world.jobs("items") == [("FULL", "ACTIVE"), ("FULL", "ACTIVE")]
    assert world.held("items") == titles("a", "c", "d")


def test_after_a_b_a_the_rows_of_a_are_imported_again(world: ImportWorld) -> None:
    a, b = titles("a", "b"), titles("c")
    for rows in (a, b, a):
        world.export(items=rows)
        world.run("items")

    names = [job.members["jobName"] for job in world.emulator.jobs("items", "shop")]
    assert world.held("items") == a
    assert names[2] == f"{names[0]}-2"


def test_mode_full_replaces_all_rows_each_time(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    world.run("items", "full")
    world.export(items=titles("a", "b"))

    outcome = world.run("items", "full")

    assert world.jobs("items") == [("FULL", "ACTIVE"), ("FULL", "ACTIVE")]
    assert outcome.sent[0].why == "mode: full replaces all rows"


def test_mode_incremental_refuses_to_replace_rows(world: ImportWorld) -> None:
    world.export(items=titles("a", "b"))
    world.run("items", "incremental")
    world.export(items=titles("b"))

    with pytest.raises(NotImportable) as error:
        world.run("items", "incremental")

    assert str(error.value) == (
        "items: mode incremental can only add rows, and 1 id that Personalize holds is gone from the export; "
        "import once with mode full (or auto), which replaces what Personalize holds by the export"
    )
    assert world.held("items") == titles("a", "b")


def test_rows_of_a_job_of_other_hands_are_replaced(world: ImportWorld) -> None:
    world.export(items=titles("a", "b"))
    world.run("items")
    client, old = world.emulator.client(), world.emulator.jobs("items", "shop")[0].members
    client.create_dataset_import_job(
        jobName="by-hand", datasetArn=old["datasetArn"], dataSource=old["dataSource"], roleArn=ROLE
    )

    outcome = world.run("items")

    assert world.jobs("items") == [("FULL", "ACTIVE")] * 3
    assert outcome.sent[0].why == (
        "rows cannot be added alone: what Personalize holds is not known (import job by-hand was not made by "
        "personalize_assets for shop)"
    )


def test_an_export_whose_rows_are_held_is_kept_from_being_deleted(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    world.run("items")
    for number in range(5):
        world.export(items=titles("a", f"b{number}"))
        clean(world.group())

    outcome = world.run("items")

    assert world.jobs("items") == [("FULL", "ACTIVE"), ("INCREMENTAL", "ACTIVE")]
    assert [sent.rows for sent in outcome.sent] == [1]


def test_without_the_export_that_is_held_all_rows_are_sent(world: ImportWorld) -> None:
    first = world.export(items=titles("a"))
    world.run("items")
    world.export(items=titles("a", "b"))
    boto3.resource("s3").Bucket(world.bucket).objects.filter(Prefix=f"shop/exports/{first}/").delete()

    outcome = world.run("items")

    assert outcome.sent[0].mode == "FULL"
    assert "is not kept any more" in outcome.sent[0].why
    assert world.held("items") == titles("a", "b")


def test_the_file_of_an_increment_is_deleted_after_its_job(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    world.run("items")
    world.export(items=titles("a", "b"))
    world.run("items")

    keys = [one.key for one in boto3.resource("s3").Bucket(world.bucket).objects.all()]
    assert [key for key in keys if "increment" in key or "_parts" in key] == []


def test_a_dataset_that_was_deleted_and_made_again_is_filled_again(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    world.run("items")
    client, arn = world.emulator.client(), world.emulator.dataset("items", "shop").arn
    client.delete_dataset(datasetArn=arn)
    while client.list_datasets(datasetGroupArn=arn.replace("dataset/", "dataset-group/").rpartition("/")[0])[
        "datasets"
    ]:
        pass

    world.run("items")

    assert world.held("items") == titles("a")


def test_a_folder_of_csvs_is_imported_as_a_folder(world: ImportWorld) -> None:
    world.config["destination"]["single_file"] = False
    group = world.group()
    run = world.export(items=titles("a", "b"))
    store, latest = group.destination.store, group.destination.exports.latest()
    assert latest is not None
    manifest = latest.datasets["items"]
    parts = {
        f"exports/{run}/items/0000{n}.csv": f"ITEM_ID,GENRE\n{','.join(row)}\n"
        for n, row in enumerate(titles("a", "b"))
    }
    for key, text in parts.items():
        store.write(key, text.encode())
    files = tuple(ExportedFile(key, 1, len(text), "") for key, text in parts.items())
    folder = msgspec.structs.replace(manifest, path=f"exports/{run}/items/", files=files)
    moved = msgspec.structs.replace(latest, datasets={"items": folder})
    assert group.destination.exports.publish(moved, group.destination.exports.find_latest())

    outcome = world.run("items")

    assert outcome.sent[0].key == f"exports/{run}/items/"
    assert world.held("items") == titles("a", "b")


def test_runs_at_the_same_time_send_the_rows_once(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    world.run("items")
    exports = [titles("a", *map(str, range(number))) for number in range(2, 5)]

    for rows in exports:
        world.export(items=rows)
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(lambda number: world.run("items"), range(3)))
        assert world.held("items") == sorted(rows)

    assert world.jobs("items") == [("FULL", "ACTIVE"), *[("INCREMENTAL", "ACTIVE")] * 3]


def test_an_export_that_becomes_current_during_a_wait_is_the_one_that_is_imported(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    world.run("items")
    world.export(items=titles("a", "b"))
    late = iter([lambda: world.export(items=titles("a", "b", "c"))])
    world.emulator.faults.inject(Fault("ResourceInUseException", "in use"), "CreateDatasetImportJob")
    polling = world.polling()

    def sleep(seconds: float) -> None:
        world.slept.append(seconds)
        if "the dataset is in use" in world.lines[-1]:
            next(late, lambda: "")()

    group = world.group()
    import_dataset(group, "items", open_personalize(group), Polling(polling.log, sleep, polling.clock))

    assert world.held("items") == titles("a", "b", "c")
    assert world.jobs("items") == [("FULL", "ACTIVE"), ("INCREMENTAL", "ACTIVE")]
    assert any("is the current export now: importing that" in line for line in world.lines)


def test_rows_that_wait_leave_no_file(world: ImportWorld) -> None:
    world.export(interactions=clicks(0, 1200))
    world.run()
    world.export(interactions=clicks(0, 1300))

    assert world.run().pending == 100

    keys = [one.key for one in boto3.resource("s3").Bucket(world.bucket).objects.all()]
    assert [key for key in keys if "increment" in key] == []


def test_a_damaged_export_of_what_is_held_leads_to_a_full_import(world: ImportWorld) -> None:
    first = world.export(items=titles("a"))
    world.run("items")
    world.export(items=titles("a", "b"))
    boto3.client("s3").delete_object(Bucket=world.bucket, Key=f"shop/exports/{first}/items.csv")

    outcome = world.run("items")

    assert outcome.sent[0].mode == "FULL"
    assert "the export that Personalize holds cannot be compared" in outcome.sent[0].why
    assert world.held("items") == titles("a", "b")


def test_all_rows_are_sent_again_where_that_is_asked_for(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    world.run("items")
    group = world.group()

    outcome = import_dataset(group, "items", open_personalize(group), world.polling(), again=True)

    assert [sent.why for sent in outcome.sent] == ["all rows are to be sent again"]
    assert world.jobs("items") == [("FULL", "ACTIVE"), ("FULL", "ACTIVE")]


def test_a_list_that_lags_behind_leads_to_no_second_job(world: ImportWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.export(items=titles("a"))
    world.run("items")
    world.export(items=titles("a", "b"))
    listed = Personalize.import_jobs
    lists: list[list[Job]] = []

    def lagging(api: Personalize, arn: str | None = None) -> list[Job]:
        lists.append(listed(api, arn))
        return lists[max(0, len(lists) - 6)]

    monkeypatch.setattr(Personalize, "import_jobs", lagging)
    world.emulator.faults.inject(LOST, "CreateDatasetImportJob")

    world.run("items")

    assert world.jobs("items") == [("FULL", "ACTIVE"), ("INCREMENTAL", "ACTIVE")]
    assert world.held("items") == titles("a", "b")


# A plan


def test_a_plan_names_each_step_and_changes_nothing(world: ImportWorld) -> None:
    world.export(items=titles("a"))

    plan = world.plan("items")

    assert [step.rpartition("-")[0] if "schema" in step else step for step in plan.steps] == [
        "create dataset group shop (custom)",
        "create schema shop-items",
        "create dataset items",
    ]
    assert (plan.decision.mode, plan.decision.rows) == ("FULL", 1)
    assert {name for name in world.emulator.operations() if not name.startswith(("Describe", "List"))} == set()


def test_a_plan_counts_an_increment_without_writing_it(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    world.run("items")
    world.export(items=titles("a", "b"))
    before = {one.key for one in boto3.resource("s3").Bucket(world.bucket).objects.all()}

    plan = world.plan("items")

    assert (plan.steps, plan.decision.mode, plan.decision.rows) == ((), "INCREMENTAL", 1)
    assert {one.key for one in boto3.resource("s3").Bucket(world.bucket).objects.all()} == before


# What goes wrong


def test_a_job_that_fails_ends_the_import_with_its_text_and_a_hint(world: ImportWorld) -> None:
    boto3.client("s3").delete_bucket_policy(Bucket=world.bucket)
    world.export(items=titles("a"))

    with pytest.raises(ImportFailed) as error:
        world.run("items")

    assert re.fullmatch(
        r"import job shop-items-[0-9a-f]{12} of items ended as CREATE FAILED: Failed to create a data import job for "
        r"Items dataset. Insufficient privileges .*; give the role "
        r"in import.role s3:GetObject and s3:ListBucket on the exports, .*",
        str(error.value),
    )


def test_after_a_failure_the_next_run_makes_another_job(world: ImportWorld) -> None:
    boto3.client("s3").delete_bucket_policy(Bucket=world.bucket)
    world.export(items=titles("a"))
    with pytest.raises(ImportFailed):
        world.run("items")
    let_personalize_in(world.bucket)

    world.run("items")

    names = [job.members["jobName"] for job in world.emulator.jobs("items", "shop")]
    assert world.jobs("items") == [("FULL", "CREATE FAILED"), ("FULL", "ACTIVE")]
    assert names[1] == f"{names[0]}-2"


def test_a_fault_of_personalize_itself_may_be_gone_at_the_next_try(world: ImportWorld) -> None:
    world.emulator.plan("dataset-import-job", Course(failure="Internal server error. Please try again."))
    world.export(items=titles("a"))

    with pytest.raises(TransientImportFailure, match="this is Personalize's own fault: import again"):
        world.run("items")
    world.run("items")

    assert world.held("items") == titles("a")


def test_fewer_than_a_thousand_interactions_are_refused_before_a_job_is_made(world: ImportWorld) -> None:
    world.export(interactions=clicks(0, 900))

    with pytest.raises(NotImportable, match=r"has 900 rows, and Personalize imports interactions from 1,000 rows on"):
        world.run()

    assert "CreateDatasetImportJob" not in world.emulator.operations()


def test_five_running_jobs_are_waited_for(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    world.emulator.settings.polls_per_state = 12  # botocore itself asks eight times
    world.emulator.add_foreign_import_jobs(5)

    world.run("items")

    waits = [line for line in world.lines if "waiting for room" in line]
    assert re.fullmatch(
        r"import of items: waiting for room \(Import job 'shop-items-.*': CreateDatasetImportJob: More than 5 "
        r"resources with PENDING or IN_PROGRESS status; .*\); import jobs of this region and account that are running: "
        r"(foreign-\d, ){4}foreign-\d",
        waits[0],
    )
    assert world.held("items") == titles("a")


def test_a_dataset_in_use_is_waited_for(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    in_use = Fault("ResourceInUseException", "The dataset is in use")
    world.emulator.faults.inject(in_use, "CreateDatasetImportJob", times=2)

    world.run("items")

    assert sum("the dataset is in use" in line for line in world.lines) == 2
    assert world.held("items") == titles("a")


def test_a_job_of_other_rows_is_waited_for_before_the_next_one(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    world.run("items")
    world.export(items=titles("a", "b"))
    old = world.emulator.jobs("items", "shop")[0].members
    world.emulator.client().create_dataset_import_job(
        jobName="by-hand", datasetArn=old["datasetArn"], dataSource=old["dataSource"], roleArn=ROLE
    )

    world.run("items")

    assert world.jobs("items") == [("FULL", "ACTIVE")] * 3
    assert world.held("items") == titles("a", "b")


def test_a_job_that_takes_too_long_is_taken_up_by_the_next_run(world: ImportWorld) -> None:
    world.config["import"]["timeout_minutes"] = 2
    world.emulator.plan("dataset-import-job", Course(stuck_at="CREATE IN_PROGRESS"))
    world.export(items=titles("a"))

    with pytest.raises(WaitIsOver, match="is CREATE IN_PROGRESS after all the time it has; it goes on in AWS"):
        world.run("items")
    [job] = world.emulator.jobs("items", "shop")
    job.status = "ACTIVE"
    world.slept.clear()
    outcome = world.run("items")

    assert outcome.sent == ()
    assert world.jobs("items") == [("FULL", "ACTIVE")]


def test_a_status_that_is_not_known_goes_on(world: ImportWorld) -> None:
    world.emulator.plan("dataset-import-job", Course(via=("CREATE REHEARSING",)))
    world.export(items=titles("a"))

    world.run("items")

    assert any("CREATE REHEARSING (an unknown state; waiting on)" in line for line in world.lines)


def test_an_interrupt_says_that_the_job_goes_on(world: ImportWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.export(items=titles("a"))
    monkeypatch.setattr(Personalize, "import_job", lambda self, arn: interrupt())

    with pytest.raises(KeyboardInterrupt):
        world.run("items")

    assert re.fullmatch(
        r"no longer waiting for import job arn:aws:personalize:.*: it cannot be cancelled, and goes on in AWS; the "
        r"next import takes it up",
        world.lines[-1],
    )


def test_an_export_of_another_schema_than_the_configs_is_refused(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    world.config["datasets"]["items"]["columns"]["PRICE"] = {"path": "price", "type": "float"}

    with pytest.raises(PersonalizeAssetsError, match="materialize items_csv again"):
        world.run("items")


def test_a_location_that_is_too_long_is_refused_before_a_call(world: ImportWorld) -> None:
    world.config["destination"]["uri"] = f"s3://{world.bucket}/{'long/' * 45}"
    world.export(items=titles("a"))

    with pytest.raises(NotImportable, match=r"characters, and Personalize takes 256; choose a shorter destination.uri"):
        world.run("items")

    assert world.emulator.calls == []


def interrupt() -> None:
    raise KeyboardInterrupt
