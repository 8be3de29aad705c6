"""What Personalize would refuse never replaces an export that it accepted, unless the config says so."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import dagster as dg
import pytest
import yaml

from personalize_assets.config import load_config
from personalize_assets.engines import Engine
from personalize_assets.judging.check_facts import judge_file
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.manifests import ExportedFile, ExportManifest
from personalize_assets_tests.helpers.check_shop import Shop, displayed, event, item, results, user
from personalize_assets_tests.helpers.stored import put_export

SUPPLIES = [user("u1"), item("i1")]


@pytest.fixture
def shop(tmp_path: Path, engine: Engine) -> Shop:
    shop = Shop(tmp_path, engine)
    shop.arrives([*(event(n, user=f"u{n % 90}", type="View") for n in range(1000)), *SUPPLIES])
    return shop


def failure(run: dg.ExecuteInProcessResult) -> str:
    (failed,) = [event for event in run.all_events if event.is_step_failure]
    error = failed.step_failure_data.error
    assert error is not None
    return error.message.strip().removeprefix("dagster._core.definitions.events.Failure: ")


def refused_run(shop: Shop) -> str:
    """The run whose export was refused."""
    [run] = shop.group.destination.exports.runs("exports/refused")
    return run


def test_a_refused_export_leaves_the_former_one_and_says_why(shop: Shop) -> None:
    shop.group.config.dataset_group.__dict__["use_cases"] = ()
    shop.convert()
    assert shop.export().success
    before, manifest = shop.csv("interactions").read_bytes(), shop.group.destination.exports.manifest("interactions")
    assert manifest is not None
    shop.arrives([*(event(n, user=f"u{n % 90}") for n in range(999)), *SUPPLIES, user("u2")])
    shop.convert()

    run = shop.export()

    assert not run.success
    assert failure(run) == (
        "interactions_csv was not replaced, because Personalize would refuse the new export: "
        "at_least_1000_interactions_are_unique: found 999, allowed is at least 1,000. The former export of run "
        f"{manifest.run}, with 1,000 rows, stays the current one. The refused one is in "
        f"{shop.group.destination.uri}/exports/refused/{refused_run(shop)}. The checks of interactions_csv say what to "
        "do; `checks: warn` in the config exports it anyway, as for a trial"
    )
    assert shop.csv("interactions").read_bytes() == before
    kept = shop.group.destination.exports.manifest("interactions")
    assert kept is not None
    assert (kept.run, kept.sha256, kept.inputs) == (manifest.run, manifest.sha256, manifest.inputs)
    assert not (shop.folder / "out" / "_parts").exists()
    check = results(run)["interactions_csv", "at_least_1000_interactions_are_unique"]
    assert (check.severity, check.blocking, displayed(check)) == (
        dg.AssetCheckSeverity.ERROR, True, {"observed": 999, "allowed": "at least 1,000"},
    )  # fmt: skip
    made = {event.asset_key.to_user_string() for event in run.get_asset_materialization_events() if event.asset_key}
    assert made == {"users", "items", "users_csv", "items_csv"}
    assert shop.csv("users").read_text() == "USER_ID,TIER\nu1,gold\nu2,gold\n"


def test_a_first_export_that_is_refused_leaves_nothing(tmp_path: Path, engine: Engine) -> None:
    shop = Shop(tmp_path, engine)
    shop.arrives([event(1), *SUPPLIES])
    shop.convert()

    run = shop.export("interactions_csv")

    assert "There is no former export." in failure(run)
    [refused] = (shop.folder / "out/exports/refused").iterdir()
    assert [*(shop.folder / "out/exports").iterdir()] == [refused.parent]
    assert {file.name for file in refused.iterdir()} == {"interactions.csv", "interactions.avsc", "refused.json"}
    found = json.loads((refused / "refused.json").read_text())["findings"]["interactions"]
    assert "at_least_1000_interactions_are_unique: found 1, allowed is at least 1,000" in found


def test_with_checks_warn_it_is_exported_and_the_checks_warn(tmp_path: Path, engine: Engine) -> None:
    shop = Shop(tmp_path, engine, checks="warn")
    shop.arrives([event(1), *SUPPLIES])
    shop.convert()

    run = shop.export("interactions_csv")

    assert run.success
    assert shop.csv("interactions").read_text().count("\n") == 2
    check = results(run)["interactions_csv", "at_least_1000_interactions_are_unique"]
    assert (check.passed, check.severity, check.blocking) == (False, dg.AssetCheckSeverity.WARN, False)


def test_the_file_can_be_checked_alone_after_it_was_changed(shop: Shop) -> None:
    shop.group.config.dataset_group.__dict__["use_cases"] = ()
    shop.convert()
    assert shop.export().success
    csv = shop.csv("users")
    csv.write_text(csv.read_text() + "u2\n")

    run = shop.export_checks()

    assert not run.success
    red = {key: displayed(check) for key, check in results(run).items() if not check.passed}
    assert set(red) == {("users_csv", "every_record_is_one_line"), ("users_csv", "the_file_is_the_one_of_its_manifest")}
    assert red["users_csv", "every_record_is_one_line"] == {
        "observed": 1,
        "allowed": "no broken line",
        "rows": [{"line": 3, "problem": "1 cells instead of 2", "text": "u2"}],
    }


def test_all_checks_of_an_asset_can_be_run_without_making_it_again(shop: Shop) -> None:
    shop.group.config.dataset_group.__dict__["use_cases"] = ()
    made = results(shop.convert(), shop.export())
    before = shop.group.destination.exports.manifest("users")

    again = results(shop.check_alone("filtered_interactions"), shop.check_alone("users", "users_csv"))

    assert {key: check.passed for key, check in again.items()} == {
        key: check.passed for key, check in made.items() if key[0] in ("filtered_interactions", "users", "users_csv")
    }
    assert len(again) > 15
    assert shop.group.destination.exports.manifest("users") == before


def test_a_file_that_is_not_there_is_red_and_says_how_to_make_it(shop: Shop) -> None:
    run = shop.export_checks()

    check = results(run)["items_csv", "the_header_equals_the_schema"]
    assert displayed(check) == {
        "observed": "no export",
        "allowed": f"{shop.group.destination.uri}; materialize items_csv first",
    }


def test_a_file_in_s3_is_read_there(bucket: str, tmp_path: Path) -> None:
    file = tmp_path / "personalize.yaml"
    config = {
        "source": {"uri": f"s3://{bucket}/raw", "layout": "hive", "start_date": "2026-10-01"},
        "destination": {"uri": f"s3://{bucket}/out"},
        "dataset_group": {"name": "shop"},
        "datasets": {"interactions": {"columns": {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "time"}}},
    }
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    group = DatasetGroup(load_config(file, os.environ))
    group.destination.store.write("exports/a.csv", b"USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1790812800\nu2,i1,soon\n")
    columns = ("USER_ID", "ITEM_ID", "TIMESTAMP")
    manifest = ExportManifest(
        dataset="interactions", columns=columns, rows=2, kept=2, duplicates=0, bytes=1, sha256="", run="a", days=(),
        path="exports/a.csv",
    )  # fmt: skip
    put_export(group.destination, manifest)

    findings = {rule.name: finding for rule, finding in judge_file(group, "interactions")}

    assert {name: finding.passed for name, finding in findings.items()} == {
        "the_header_equals_the_schema": True,
        "every_record_is_one_line": True,
        "every_value_reads_as_its_type": False,
        "the_file_is_the_one_of_its_manifest": False,
        "no_user_of_the_suppress_list_is_in_the_file": True,
    }
    assert findings["every_value_reads_as_its_type"].rows == [
        {"line": 3, "problem": "TIMESTAMP is no timestamp as Personalize reads it", "text": "soon"}
    ]


def test_a_refused_folder_of_files_leaves_the_former_one(shop: Shop) -> None:
    shop.config.destination.__dict__["single_file"] = False
    shop.config.dataset_group.__dict__["use_cases"] = ()
    shop.convert()
    assert shop.export("interactions_csv").success
    manifest = shop.group.destination.exports.manifest("interactions")
    assert manifest is not None
    shop.arrives([*(event(n, user=f"u{n % 90}") for n in range(999)), *SUPPLIES])
    shop.convert()

    assert not shop.export("interactions_csv").success

    assert shop.group.destination.exports.manifest("interactions") == manifest
    assert all((shop.folder / "out" / file.key).exists() for file in manifest.files)
    [refused] = shop.group.destination.exports.runs("exports/refused")
    assert [key.removeprefix(f"exports/refused/{refused}/") for key in sorted(shop.refused(refused))] == [
        "interactions.avsc", "interactions/00000.csv", "refused.json",
    ]  # fmt: skip
    assert [finding.passed for _, finding in judge_file(shop.group, "interactions")] == [True] * 5


def test_the_bytes_that_are_judged_are_those_of_the_files(shop: Shop) -> None:
    shop.config.dataset_group.__dict__["use_cases"] = ()
    shop.convert()
    found = []
    for single_file in (True, False):
        shop.config.destination.__dict__["single_file"] = single_file
        check = results(shop.export("users", "users_csv"))["users_csv", "the_file_is_at_most_100_gigabytes"]
        manifest = shop.group.destination.exports.manifest("users")
        assert manifest is not None
        found.append((displayed(check)["observed"], manifest.bytes))

    assert found == [(len("USER_ID,TIER\nu1,gold\n"),) * 2] * 2


def test_an_export_that_is_a_folder_of_files_is_read_file_by_file(shop: Shop) -> None:
    texts = {"exports/users/0.csv": b"USER_ID,TIER\nu1,gold\n", "exports/users/1.csv": b"USER_ID,TIER\nu2,gold\n"}
    for key, text in texts.items():
        shop.group.destination.store.write(key, text)
    digests = "".join(f"{hashlib.sha256(text).hexdigest()}\n" for text in texts.values())
    manifest = ExportManifest(
        dataset="users",
        columns=("USER_ID", "TIER"),
        rows=2,
        kept=2,
        duplicates=0,
        bytes=sum(map(len, texts.values())),
        sha256=hashlib.sha256(digests.encode()).hexdigest(),
        path="exports/users/",
        files=tuple(ExportedFile(key, 1, len(text), hashlib.sha256(text).hexdigest()) for key, text in texts.items()),
        run="a run",
        days=(),
    )
    put_export(shop.group.destination, manifest)

    assert [finding.passed for _, finding in judge_file(shop.group, "users")] == [True] * 5

    shop.group.destination.store.write("exports/users/1.csv", b"USER_ID,TIER\n,gold\n")

    assert [finding.passed for _, finding in judge_file(shop.group, "users")] == [True, True, False, False, True]
