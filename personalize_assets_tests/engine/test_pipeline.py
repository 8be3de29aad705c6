"""The stages without Dagster, on a real Spark: from raw files to the exports, on folders and on S3."""

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.engines import Engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.destination import DAILY
from personalize_assets.storage.object_store import StoreError, open_store
from personalize_assets_tests.helpers.groups import (
    DATASETS,
    FIRST,
    INTERACTIONS,
    ITEMS,
    SECOND,
    THIRD,
    USERS,
    Group,
    click,
    exports,
    identify,
    story,
)


@pytest.fixture
def group(engine: Engine, tmp_path: Path) -> Group:
    (tmp_path / "raw").mkdir()
    return Group(engine, tmp_path, str(tmp_path / "raw"), str(tmp_path / "out"))


# -- the whole way -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Group, dict[str, Any], dict[str, Any]]:
    """The story converted as a range of days, and exported: the group, the commits, the manifests. Only looked at."""
    folder = tmp_path_factory.mktemp("told")
    (folder / "raw").mkdir()
    group = Group(engine, folder, str(folder / "raw"), str(folder / "out"))
    story(group)
    return group, group.convert([FIRST, SECOND]), group.export()


Told = tuple[Group, dict[str, Any], dict[str, Any]]


def test_interactions_are_ordered_by_time_and_repeats_across_days_count_once(told: Told) -> None:
    assert told[0].csv("interactions") == INTERACTIONS


def test_users_have_the_latest_of_each_column_or_the_first_where_asked(told: Told) -> None:
    assert told[0].csv("users") == USERS


def test_items_have_the_latest_price_that_is_not_null(told: Told) -> None:
    assert told[0].csv("items") == ITEMS


def test_a_manifest_tells_of_the_very_bytes_of_its_csv(told: Told) -> None:
    group, _, made = told
    data = INTERACTIONS.encode()

    manifest = group.pipeline.destination.manifest("interactions")
    assert manifest == made["interactions_csv"]
    left_out = ("run", "inputs", "seconds", "profile")
    assert {key: value for key, value in made["interactions_csv"].items() if key not in left_out} == {
        "dataset": "interactions",
        "columns": ["USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"],
        "rows": 4,
        "kept": 5,
        "duplicates": 1,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "path": "exports/interactions.csv",
        "files": [
            {
                "key": "exports/interactions.csv",
                "rows": 4,
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        ],
        "days": ["2026-10-01", "2026-10-02"],
    }


def test_what_is_read_is_wanted_not_wanted_or_malformed(told: Told) -> None:
    destination = told[0].pipeline.destination
    books = {day: destination.source_books(day, "source") for day in ("2026-10-01", "2026-10-02")}

    balance = {
        day: (book["raw_files"], book["read"], book["wanted"], book["not_wanted"], book["malformed"])
        for day, book in books.items()
    }
    assert balance == {
        "2026-10-01": (1, 6, 4, 1, {"malformed_json": 1}),
        "2026-10-02": (2, 4, 4, 0, {}),
    }
    for _, read, wanted, not_wanted, malformed in balance.values():
        assert read == wanted + not_wanted + sum(malformed.values())


def test_rows_are_kept_or_rejected(told: Told) -> None:
    counts = {
        (name, day): (commit["rows"], commit["kept"], commit["rejected"])
        for name, days in told[1].items()
        for day, commit in days.items()
    }

    assert counts == {
        ("interactions", "2026-10-01"): (4, 3, {"missing:USER_ID": 1}),
        ("interactions", "2026-10-02"): (2, 2, {}),
        ("users", "2026-10-01"): (1, 1, {}),
        ("users", "2026-10-02"): (2, 2, {}),
        ("items", "2026-10-01"): (4, 4, {}),
        ("items", "2026-10-02"): (2, 2, {}),
    }
    assert all(rows == kept + sum(rejected.values()) for rows, kept, rejected in counts.values())


def test_what_is_kept_is_exported_or_a_duplicate(told: Told) -> None:
    made = told[2]

    counts = {name: (it["kept"], it["rows"], it["duplicates"]) for name, it in made.items()}
    assert counts == {
        "interactions_csv": (5, 4, 1),
        "users": (3, 2, 1),
        "users_csv": (3, 2, 1),
        "items": (6, 3, 3),
        "items_csv": (6, 3, 3),
    }
    assert all(kept == rows + duplicates for kept, rows, duplicates in counts.values())


def test_rejects_are_kept_with_their_reason(told: Told) -> None:
    group, commits, _ = told
    books = group.pipeline.destination.source_books("2026-10-01", "source")
    (unusable,) = commits["interactions"]["2026-10-01"]["reject_files"]
    (broken,) = books["reject_files"]

    file = group.raw.uri + "/day=2026-10-01/a.json"
    without_user = json.dumps(click("c2", None, "i1", 40))
    assert json.loads(group.out.read(broken) or b"") == {
        "dataset": None, "reason": "malformed_json", "file": file, "raw": '{"event": "Clicked", broken',
    }  # fmt: skip
    assert json.loads(group.out.read(unusable) or b"") == {
        "dataset": "interactions", "reason": "missing:USER_ID", "file": file, "raw": without_user,
    }  # fmt: skip


def test_everything_lies_where_the_design_says_and_nothing_else(told: Told) -> None:
    folders = {key.rpartition("/")[0] for key in told[0].listed()}

    assert folders == {
        "catalog",
        "exports",
        "items",
        "users",
        *(f"{name}/day=2026-10-0{day}" for name in DAILY.values() for day in (1, 2)),
        "rejects/day=2026-10-01",
        "rejects/day=2026-10-02",
    }


def test_a_schema_has_the_columns_of_its_csv(told: Told) -> None:
    group = told[0]
    for name in ("interactions", "users", "items"):
        schema = group.pipeline.put_schema(name)

        header = group.csv(name).splitlines()[0].split(",")
        assert [field["name"] for field in schema["fields"]] == header
        assert json.loads(group.out.read(f"schemas/{name}.avsc") or b"") == schema


def test_exporting_twice_gives_the_same_bytes(told: Told) -> None:
    group, _, first = told

    second = group.export()

    assert {name: made.get("sha256") for name, made in second.items()} == {
        name: made.get("sha256") for name, made in first.items()
    }
    assert exports(group) == {"interactions": INTERACTIONS, "users": USERS, "items": ITEMS}


# -- days ----------------------------------------------------------------------------------------------------------


def test_day_by_day_gives_the_same_as_a_range_of_days(group: Group) -> None:
    story(group)

    group.convert([SECOND])
    group.convert([FIRST])
    group.export()

    assert exports(group) == {"interactions": INTERACTIONS, "users": USERS, "items": ITEMS}


def test_one_dataset_alone_is_converted_with_the_books_of_all(group: Group) -> None:
    story(group)

    commits = group.convert([FIRST], "users")

    assert {name: list(days) for name, days in commits.items()} == {"users": ["2026-10-01"]}
    assert group.listed("filtered_interactions/") == group.listed("item_details/") == []
    books = group.pipeline.destination.source_books("2026-10-01", "source")
    assert (books["read"], books["wanted"], books["not_wanted"]) == (6, 4, 1)


def test_a_day_without_files_is_done_and_loses_the_rows_it_had(group: Group) -> None:
    group.arrives(FIRST, click("a", "u1", "i1", 1))
    group.arrives(SECOND, click("b", "u2", "i2", 2), click("c", None, "i2", 2))
    group.convert([FIRST, SECOND, THIRD])
    group.raw.delete([group.layout.key(SECOND, "a.json")])

    group.convert([SECOND])
    made = group.export("interactions_csv")

    assert group.csv("interactions").splitlines()[1:] == ["u1,i1,Clicked,1790812801"]
    assert made["interactions_csv"]["days"] == ["2026-10-01", "2026-10-02", "2026-10-03"]
    for day in ("2026-10-02", "2026-10-03"):
        commit = group.pipeline.destination.daily_commits("interactions")[day]
        assert (commit["rows"], commit["kept"], commit["files"], commit["reject_files"]) == (0, 0, [], [])
        assert group.listed(f"filtered_interactions/day={day}/") == [f"filtered_interactions/day={day}/_commit.json"]
        assert group.listed(f"rejects/day={day}/") == [f"rejects/day={day}/_source_commit.json"]


def test_days_without_any_row_export_a_header_alone(group: Group) -> None:
    group.convert([FIRST])
    group.export()

    assert exports(group) == {
        "interactions": "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP\n",
        "users": "USER_ID,CITY,SINCE,SPENT\n",
        "items": "ITEM_ID,PRICE\n",
    }


def test_converting_again_replaces_a_day_and_removes_its_old_files(group: Group) -> None:
    group.arrives(FIRST, click("a", "u1", "i1", 1), click("b", None, "i1", 1))
    before = group.convert([FIRST], "interactions")["interactions"]["2026-10-01"]
    group.arrives(FIRST, click("a", "u9", "i9", 9), click("b", None, "i1", 1))

    after = group.convert([FIRST], "interactions")["interactions"]["2026-10-01"]
    group.export("interactions_csv")

    assert group.csv("interactions").splitlines()[1:] == ["u9,i9,Clicked,1790812809"]
    in_force = {*after["files"], *after["reject_files"]}
    assert len(in_force) == 2
    assert in_force <= set(group.listed())
    assert not {*before["files"], *before["reject_files"]} & set(group.listed())


def test_a_run_that_dies_before_its_commit_leaves_the_former_state_in_force(group: Group) -> None:
    group.arrives(FIRST, click("a", "u1", "i1", 1))
    group.convert([FIRST], "interactions")
    group.export("interactions_csv")
    former = group.csv("interactions")
    group.arrives(FIRST, click("a", "u9", "i9", 9))

    group.pipeline.catalog([FIRST])
    group.run(group.pipeline.convert_spec([FIRST], ["interactions"]))  # and no commit
    group.export("interactions_csv")
    assert group.csv("interactions") == former

    spec, _ = group.pipeline.export_spec(["interactions_csv"])
    group.run(spec)  # and no commit
    assert group.csv("interactions") == former


def test_a_report_that_lost_files_puts_nothing_in_force(group: Group) -> None:
    group.arrives(FIRST, click("a", "u1", "i1", 1))
    group.arrives(FIRST, click("b", "u1", "i1", 1), name="b.json")
    group.pipeline.catalog([FIRST])
    spec = group.pipeline.convert_spec([FIRST], ["interactions"])

    with pytest.raises(PersonalizeAssetsError) as error:
        group.pipeline.commit_convert([FIRST], spec, {"job": "convert", "days": {}})

    assert str(error.value) == (
        f"the engine's report of run {spec['plan']['run_id']} accounts for 0 of 2 raw files of 2026-10-01 (source); "
        "nothing was put in force: run it again"
    )
    assert group.pipeline.destination.daily_commits("interactions") == {}


def test_a_raw_file_that_is_gone_fails_the_run_and_names_it(group: Group) -> None:
    group.arrives(FIRST, click("a", "u1", "i1", 1))
    group.pipeline.catalog([FIRST])
    spec = group.pipeline.convert_spec([FIRST], ["interactions"])
    group.raw.delete([group.layout.key(FIRST, "a.json")])

    with pytest.raises(PersonalizeAssetsError, match=r"/raw/day=2026-10-01/a\.json cannot be read"):
        group.run(spec)


# -- what must be there first --------------------------------------------------------------------------------------


def test_converting_a_day_that_is_not_catalogued_says_so(group: Group) -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        group.pipeline.convert_spec([FIRST], ["interactions"])

    assert str(error.value) == (
        f"{group.out.uri}/catalog/day=2026-10-01.json is not there: the files of 2026-10-01 are not catalogued; "
        "materialize raw_event_catalog for that day first"
    )


def test_a_catalog_of_another_source_is_not_used(group: Group, engine: Engine, tmp_path: Path) -> None:
    group.arrives(FIRST, click("a", "u1", "i1", 1))
    group.pipeline.catalog([FIRST])
    (tmp_path / "elsewhere").mkdir()
    moved = Group(engine, tmp_path, str(tmp_path / "elsewhere"), group.out.uri)

    with pytest.raises(PersonalizeAssetsError, match="lists the files of other sources than the config has now; mat"):
        moved.pipeline.convert_spec([FIRST], ["interactions"])


def test_a_source_that_is_not_there_is_an_error_and_no_empty_catalog(engine: Engine, tmp_path: Path) -> None:
    group = Group(engine, tmp_path, str(tmp_path / "nothing"), str(tmp_path / "out"), layout="segment")

    with pytest.raises(StoreError, match="/nothing is not a folder; make it"):
        group.pipeline.catalog([FIRST])
    assert group.listed() == []


def test_exporting_before_anything_is_converted_says_so(group: Group) -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        group.pipeline.export_spec(["interactions_csv"])

    assert str(error.value) == (
        f"{group.out.uri}/filtered_interactions has no converted day; materialize filtered_interactions first"
    )


def test_exporting_users_csv_before_users_says_so(group: Group) -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        group.pipeline.export_spec(["users_csv"])

    assert str(error.value) == f"{group.out.uri}/users is not there; materialize users first"


def test_days_of_another_mapping_are_named(group: Group, engine: Engine, tmp_path: Path) -> None:
    story(group)
    group.convert([FIRST, SECOND])
    group.export("users")
    changed = {**DATASETS, "users": {**DATASETS["users"], "where": {"type": ["identify", "alias"]}}}
    after = Group(engine, tmp_path, group.raw.uri, group.out.uri, datasets=changed)
    after.convert([SECOND], "users")

    with pytest.raises(PersonalizeAssetsError) as error:
        after.pipeline.export_spec(["users"])
    assert str(error.value) == (
        "user_traits: 1 of 2 days (2026-10-01 to 2026-10-01) were converted with another mapping than datasets.users "
        "has now; materialize user_traits for these days again"
    )
    with pytest.raises(PersonalizeAssetsError) as error:
        after.pipeline.export_spec(["users_csv"])
    assert str(error.value) == (
        f"{group.out.uri}/users is made with another mapping than the config's; materialize users first"
    )
    assert after.pipeline.export_spec(["interactions_csv"])


# -- parts of the export -------------------------------------------------------------------------------------------


def test_users_csv_alone_is_made_of_the_table_that_is_there(group: Group) -> None:
    story(group)
    group.convert([FIRST, SECOND], "users")
    group.export("users")
    assert group.listed("exports/") == []
    group.arrives(THIRD, identify("u9", 9))
    group.convert([THIRD], "users")

    made = group.export("users_csv")

    assert group.csv("users") == USERS
    assert (made["users_csv"]["rows"], made["users_csv"]["days"]) == (2, ["2026-10-01", "2026-10-02"])


# -- sources -------------------------------------------------------------------------------------------------------


def test_users_may_come_from_a_source_of_their_own(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    own = {"uri": str(tmp_path / "crm"), "layout": "firehose"}
    datasets = {**DATASETS, "users": {**DATASETS["users"], "source": own}}
    group = Group(engine, tmp_path, str(tmp_path / "raw"), str(tmp_path / "out"), datasets=datasets)
    group.arrives(FIRST, click("a", "u1", "i1", 1), identify("not looked at", 1))
    crm = open_store(str(tmp_path / "crm"))
    crm.write("2026/10/01/00/a", (json.dumps(identify("u1", 5, city="Ulm")) + '{"type": "page"}').encode())

    group.convert([FIRST])
    group.export()

    assert group.csv("users") == "USER_ID,CITY,SINCE,SPENT\nu1,Ulm,1790812805,\n"
    assert group.csv("interactions").splitlines()[1:] == ["u1,i1,Clicked,1790812801"]
    books = {id: group.pipeline.destination.source_books("2026-10-01", id) for id in ("source", "users")}
    counts = {id: (book["read"], book["wanted"], book["not_wanted"]) for id, book in books.items()}
    assert counts == {"source": (2, 1, 1), "users": (2, 1, 1)}


def test_all_files_of_a_flat_source_are_its_first_day(engine: Engine, tmp_path: Path) -> None:
    group = Group(engine, tmp_path, str(tmp_path / "raw"), str(tmp_path / "out"), layout="flat")
    group.raw.write("any where/a.gz", gzip.compress(json.dumps(click("a", "u1", "i1", 1)).encode()))
    group.raw.write("b", json.dumps(click("b", "u2", "i1", 2)).encode())

    assert group.pipeline.days_with_files() == [FIRST]
    group.convert([FIRST])
    group.export("interactions_csv")

    assert group.csv("interactions").splitlines()[1:] == ["u1,i1,Clicked,1790812801", "u2,i1,Clicked,1790812802"]


def test_the_days_with_files_are_those_of_all_sources(group: Group) -> None:
    group.arrives(THIRD, click("a", "u1", "i1", 1))
    group.arrives(FIRST, click("b", "u1", "i1", 1))

    assert group.pipeline.days_with_files() == [FIRST, THIRD]


def test_a_catalog_counts_foreign_files_of_its_own_day(group: Group) -> None:
    group.arrives(FIRST, click("a", "u1", "i1", 1))
    group.raw.write("day=2026-10-01/_SUCCESS", b"")
    group.raw.write("README.md", b"")

    catalogs = group.pipeline.catalog([FIRST, SECOND])

    assert {day: catalog["foreign_files"] for day, catalog in catalogs.items()} == {"2026-10-01": 1, "2026-10-02": 0}


@pytest.mark.parametrize("source", ["folder", "s3"])
@pytest.mark.parametrize("destination", ["folder", "s3"])
def test_folders_and_buckets_give_the_same_bytes(
    engine: Engine, tmp_path: Path, bucket: str, source: str, destination: str
) -> None:
    uris = {"folder": str(tmp_path), "s3": f"s3://{bucket}/some prefix"}
    group = Group(engine, tmp_path, f"{uris[source]}/raw ü%20", f"{uris[destination]}/out put")
    story(group)

    group.convert([FIRST, SECOND])
    made = group.export()

    assert {name: it["sha256"] for name, it in made.items() if name.endswith("_csv")} == {
        "interactions_csv": hashlib.sha256(INTERACTIONS.encode()).hexdigest(),
        "users_csv": hashlib.sha256(USERS.encode()).hexdigest(),
        "items_csv": hashlib.sha256(ITEMS.encode()).hexdigest(),
    }
    assert exports(group) == {"interactions": INTERACTIONS, "users": USERS, "items": ITEMS}
    assert not group.listed("_parts/")


def test_a_csv_is_known_to_be_of_the_days_in_force_until_one_of_them_is_converted_again(told: Told) -> None:
    group, commits, _ = told

    assert group.pipeline.unexported() == []
    destination = group.pipeline.destination
    before = destination.day_commit("interactions", "2026-10-01")
    assert before == commits["interactions"]["2026-10-01"]
    try:
        destination.commit_day(DAILY["interactions"], "2026-10-01", {**before, "run": "20261122T000000-abcdef"})
        assert group.pipeline.unexported() == ["interactions"]
    finally:
        destination.commit_day(DAILY["interactions"], "2026-10-01", before)
