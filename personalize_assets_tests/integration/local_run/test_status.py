"""`personalize-assets status` of a group whose exports are in S3, and of which Personalize is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personalize_assets_tests.helpers.command import invoke
from personalize_assets_tests.helpers.import_world import ImportWorld, clicks, titles
from personalize_assets_tests.helpers.personalize_emulator import Course, PersonalizeEmulator

RED = 3  # the exports of these tests are made of no converted days, which a check finds


@pytest.fixture
def world(bucket: str, personalize: PersonalizeEmulator, tmp_path: Path) -> ImportWorld:
    return ImportWorld(bucket, tmp_path, personalize)


def table(output: str) -> list[str]:
    """The rows of the table of imports."""
    _, _, below = output.partition("\nimport ")
    return below.splitlines()[1:4]


def test_it_says_what_the_next_import_would_send_and_sends_nothing(world: ImportWorld) -> None:
    world.export(interactions=clicks(0, 1200), items=titles("i1", "i2"))
    world.run()
    world.export(interactions=clicks(0, 1207))
    calls = len(world.emulator.calls)

    done = invoke("status", "--config", str(world.path))

    assert done.exit_code == RED, done.output
    assert table(done.output) == [
        "interactions  1,200        7  7 new rows of at least 1,000 that Personalize adds at once: waiting for more",
        "users             0        0  no import is recorded",
        "items             0        2  next import FULL: it is the first import, which Personalize takes only whole",
    ]
    assert "items: the next import would create dataset items\n" in done.output
    made = [call.operation for call in world.emulator.calls[calls:]]
    assert [name for name in made if not name.startswith(("Describe", "List"))] == []


def test_a_job_that_goes_on_is_named(world: ImportWorld) -> None:
    world.export(items=titles("i1"))
    world.run("items")
    world.export(items=titles("i1", "i2"))
    world.emulator.plan("dataset-import-job", Course(stuck_at="CREATE IN_PROGRESS"))
    world.config["import"]["timeout_minutes"] = 1
    with pytest.raises(Exception, match="it goes on in AWS"):
        world.run("items")

    found = json.loads(invoke("status", "--config", str(world.path), "--json").output)

    [state] = found["imports"]["items"]["plan"]["unfinished"].values()
    assert state == "CREATE IN_PROGRESS"
    assert len(found["imports"]["items"]["reading"]) == 1


def test_without_aws_personalize_is_not_called(world: ImportWorld) -> None:
    world.export(items=titles("i1"))
    world.run("items")
    calls = len(world.emulator.calls)

    done = invoke("status", "--config", str(world.path), "--no-aws")

    assert done.exit_code == RED, done.output
    assert table(done.output)[-1] == "items            1        0  the rows of the current export, as recorded"
    assert len(world.emulator.calls) == calls


def test_with_imports_off_personalize_is_asked_on_demand(world: ImportWorld) -> None:
    world.config["import"]["on"] = False
    world.export(items=titles("i1"))

    without, asked = (
        invoke("status", "--config", str(world.path)),
        invoke("status", "--config", str(world.path), "--aws"),
    )

    assert "next import" not in without.output
    assert "next import FULL" in asked.output


def test_a_personalize_that_cannot_be_asked_is_an_error_after_all_else(world: ImportWorld) -> None:
    del world.config["import"]["role"]
    world.export(items=titles("i1"))

    done = invoke("status", "--config", str(world.path))

    assert done.exit_code == 1
    assert done.stdout.startswith("Group:    shop, in s3://")
    assert table(done.stdout)[-1] == "items            0     some  no import is recorded"
    assert done.stderr.startswith("Error: no role with which Personalize may read s3://")


def test_an_export_that_cannot_be_imported_is_an_error_with_its_reason(world: ImportWorld) -> None:
    world.export(interactions=clicks(0, 10))

    done = invoke("status", "--config", str(world.path))

    assert done.exit_code == 1
    assert "has 10 rows, and Personalize imports interactions from 1,000 rows on" in done.stderr
