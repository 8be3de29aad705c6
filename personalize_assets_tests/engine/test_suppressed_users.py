"""Users of the list that the config names as `suppress` are in no table and no CSV, and their rows are counted."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from personalize_assets.conversion.mapping.hashing import KEY
from personalize_assets.conversion.spec import encode
from personalize_assets.engines import Engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.judging.check_facts import judge_file
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.export import commit_export, plan_export, unexported
from personalize_assets.storage.object_store import open_store
from personalize_assets.storage.suppress_list import NoSuppressList, add
from personalize_assets_tests.helpers.groups import convert, export, run_export
from personalize_assets_tests.helpers.small_group import CLICK, FIRST, IDENTIFY, NOW, SECOND, put_events, small_group

ASSETS = ("users", "interactions_csv", "users_csv")
SECRET = "correct horse battery staple"


def shop(folder: Path, engine: Engine, *listed: str, **changes: Any) -> DatasetGroup:
    """Two days of three users, of whom `u2` clicks thrice (once repeated), and a list."""
    (folder / "deleted.csv").write_text("".join(f"{line}\n" for line in ("USER_ID", *listed)))
    group = small_group(folder, suppress="deleted.csv", **changes)
    put_events(
        group, FIRST, CLICK, {**CLICK, "user": "u2"}, {**CLICK, "user": "u2"}, {**IDENTIFY, "user": "u2"}, IDENTIFY
    )
    put_events(group, SECOND, {**CLICK, "user": "u2", "at": NOW - 40 * 86_400}, {**CLICK, "user": 3, "sku": "i3"})
    convert(group, engine, [FIRST, SECOND])
    return group


def csv(group: DatasetGroup, name: str) -> str:
    manifest = group.destination.exports.manifest(name)
    assert manifest is not None
    return (group.destination.store.read(manifest.path) or b"").decode()


def finding(group: DatasetGroup, name: str) -> tuple[bool, object, object]:
    """What the check of the stored CSV says."""
    (found,) = (
        finding
        for rule, finding in judge_file(group, name)
        if rule.name == "no_user_of_the_suppress_list_is_in_the_file"
    )
    return found.passed, found.observed, list(found.rows)


def test_listed_users_are_in_no_table_and_no_csv_and_their_rows_are_counted(engine: Engine, tmp_path: Path) -> None:
    group = shop(tmp_path, engine, "u2", "3", "never seen")

    made = export(group, engine, *ASSETS)

    assert csv(group, "interactions") == "USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1790812800\n"
    assert csv(group, "users") == "USER_ID,CITY\nu1,Ulm\n"
    table = made.tables["users"]
    assert [
        row for file in table.files for row in pq.read_table(group.destination.uri_of(file))["USER_ID"].to_pylist()
    ] == ["u1"]
    assert (table.kept, table.rows, table.duplicates, table.suppressed) == (2, 1, 0, 1)
    clicks, users = made.manifests["interactions"], made.manifests["users"]
    assert (clicks.kept, clicks.rows, clicks.duplicates, clicks.suppressed, clicks.accounted) == (5, 1, 1, 3, 5)
    assert (users.kept, users.rows, users.duplicates, users.suppressed, users.accounted) == (2, 1, 0, 1, 2)
    assert {clicks.suppress_list, users.suppress_list, table.suppress_list} == {clicks.suppress_list} != {""}
    assert not made.refused


def test_ids_are_in_no_job_spec_and_their_file_is_gone_after_the_run(engine: Engine, tmp_path: Path) -> None:
    group = shop(tmp_path, engine, "u2")

    planned = plan_export(group, ASSETS)
    during = planned.spec.suppressed
    assert Path(during).exists()
    commit_export(group, planned, run_export(engine, planned.spec))

    assert b"u2" not in encode(planned.spec)
    assert not Path(during).exists()


def test_a_changed_list_makes_the_next_export_and_nothing_else_does(engine: Engine, tmp_path: Path) -> None:
    group = shop(tmp_path, engine)
    export(group, engine, *ASSETS)
    whole = csv(group, "interactions")
    assert unexported(group) == []

    add(str(tmp_path / "deleted.csv"), ["u2"])
    assert unexported(group) == ["interactions", "users"]
    export(group, engine, *ASSETS)

    assert unexported(group) == []
    assert csv(group, "interactions") == "".join(line for line in whole.splitlines(keepends=True) if "u2," not in line)


def test_an_export_after_another_one_has_the_bytes_of_a_first_one(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "again").mkdir()
    first, again = shop(tmp_path / "first", engine, "u2"), shop(tmp_path / "again", engine, "u1")
    export(again, engine, *ASSETS)
    (tmp_path / "again/deleted.csv").write_text("USER_ID\nu2\n")

    for group in (first, again):
        export(group, engine, *ASSETS)

    assert [csv(again, name) for name in ("interactions", "users")] == [
        csv(first, name) for name in ("interactions", "users")
    ]


def test_the_check_finds_users_that_were_listed_after_the_export(engine: Engine, tmp_path: Path) -> None:
    group = shop(tmp_path, engine, "u2")
    export(group, engine, *ASSETS)
    assert [finding(group, name) for name in ("interactions", "users")] == [(True, 0, []), (True, 0, [])]

    add(str(tmp_path / "deleted.csv"), ["u1"])

    assert finding(group, "interactions") == (False, 1, [{"line": 3}])
    assert finding(group, "users") == (False, 1, [{"line": 2}])


def test_plain_and_hashed_ids_of_a_list_are_found_where_ids_are_hashed(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, SECRET)
    hashed = hmac.new(SECRET.encode(), b"3", hashlib.sha256).hexdigest()
    user = {"path": "user", "hash": True}
    datasets = {
        "interactions": {
            "where": {"event": "Clicked"},
            "columns": {"USER_ID": user, "ITEM_ID": "sku", "TIMESTAMP": "at"},
        }
    }
    group = shop(tmp_path, engine, "u2", hashed, datasets=datasets)

    planned = plan_export(group, ["interactions_csv"])
    stored = Path(planned.spec.suppressed).read_bytes()
    made = commit_export(group, planned, run_export(engine, planned.spec)).manifests["interactions"]

    assert b"u2" not in stored
    assert (made.rows, made.suppressed) == (1, 3)
    assert hmac.new(SECRET.encode(), b"u1", hashlib.sha256).hexdigest() in csv(group, "interactions")


def test_a_table_of_another_list_is_not_exported(engine: Engine, tmp_path: Path) -> None:
    group = shop(tmp_path, engine, "u2")
    export(group, engine, "users")
    add(str(tmp_path / "deleted.csv"), ["u1"])

    with pytest.raises(
        PersonalizeAssetsError,
        match=r"/out/users was made with another list of users than `suppress` has now; materialize users first$",
    ):
        plan_export(group, ["users_csv"])


def test_without_the_list_nothing_is_exported(engine: Engine, tmp_path: Path) -> None:
    group = shop(tmp_path, engine)
    (tmp_path / "deleted.csv").unlink()

    with pytest.raises(
        NoSuppressList, match=r"deleted\.csv: there is no such file; write a CSV with the header USER_ID"
    ):
        plan_export(group, ["interactions_csv"])


def test_list_scratch_and_exports_may_be_in_s3(engine: Engine, tmp_path: Path, bucket: str) -> None:
    places = {
        "source": {"uri": f"s3://{bucket}/raw", "layout": "hive", "start_date": "2026-10-01"},
        "destination": {"uri": f"s3://{bucket}/out"},
        "suppress": f"s3://{bucket}/private",
    }
    group = small_group(tmp_path, **places)
    add(f"s3://{bucket}/private", ["u2"])
    add(f"s3://{bucket}/private", ["u3"])
    put_events(group, FIRST, CLICK, {**CLICK, "user": "u2"})
    convert(group, engine, [FIRST])

    export(group, engine, "interactions_csv")

    assert csv(group, "interactions") == "USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1790812800\n"
    assert list(group.destination.store.files("_parts/")) == []
    assert open_store(f"s3://{bucket}/private").read("deleted.csv") == b"USER_ID\nu2\nu3\n"


def test_listed_users_are_in_no_action_interactions(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "deleted.csv").write_text("USER_ID\nu2\n")
    event = {"USER_ID": "user", "TIMESTAMP": "at"}
    datasets = {
        "interactions": {"where": {"event": "Clicked"}, "columns": {**event, "ITEM_ID": "sku"}},
        "action_interactions": {
            "where": {"event": "Offered"},
            "columns": {**event, "ACTION_ID": "action", "EVENT_TYPE": {"constant": "Viewed"}},
        },
    }
    group = small_group(tmp_path, suppress="deleted.csv", datasets=datasets)
    offer = {"event": "Offered", "user": "u1", "action": "a1", "at": NOW}
    put_events(group, FIRST, CLICK, offer, {**offer, "user": "u2"})
    convert(group, engine, [FIRST])

    made = export(group, engine, "interactions_csv", "action_interactions_csv").manifests["action_interactions"]

    assert (made.kept, made.rows, made.suppressed) == (2, 1, 1)
    assert "u2" not in csv(group, "action_interactions")
    assert finding(group, "action_interactions") == (True, 0, [])
