"""The stages without Dagster, on a real Spark: from raw files to the exports, on folders and on S3."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from msgspec import structs

from personalize_assets.conversion.spec import ConvertReport
from personalize_assets.engines import Engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import ConvertedDays, commit_convert, plan_convert
from personalize_assets.pipeline.export import ExportOutcome, plan_export, unexported
from personalize_assets.pipeline.schemas import current_schema
from personalize_assets.storage.days import DAILY
from personalize_assets.storage.manifests import ExportedFile, ExportManifest
from personalize_assets.storage.object_store import StoreError, open_store
from personalize_assets.storage.run_ids import RUN_ID
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
    run_convert,
    run_export,
    story,
)
from personalize_assets_tests.helpers.stored import accounting, commits, put_day


@pytest.fixture
def group(engine: Engine, tmp_path: Path) -> Group:
    (tmp_path / "raw").mkdir()
    return Group(engine, tmp_path, str(tmp_path / "raw"), str(tmp_path / "out"))


# -- the whole way -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Group, ConvertedDays, ExportOutcome]:
    """The story converted as a range of days, and exported: the group, the days, the export. Not to be changed."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "raw").mkdir()
    group = Group(engine, folder, str(folder / "raw"), str(folder / "out"))
    story(group)
    return group, group.convert([FIRST, SECOND]), group.export()


Shop = tuple[Group, ConvertedDays, ExportOutcome]


def test_interactions_are_ordered_by_time_and_repeats_across_days_count_once(shop: Shop) -> None:
    assert shop[0].csv("interactions") == INTERACTIONS


def test_users_have_the_latest_of_each_column_or_the_first_where_asked(shop: Shop) -> None:
    assert shop[0].csv("users") == USERS


def test_items_have_the_latest_price_that_is_not_null(shop: Shop) -> None:
    assert shop[0].csv("items") == ITEMS


def test_a_manifest_describes_the_very_bytes_of_its_csv(shop: Shop) -> None:
    group, _, made = shop
    data = INTERACTIONS.encode()
    key = f"exports/{made.manifests['interactions'].run}/interactions.csv"
    (stored,) = group.destination.store.files(key)
    file = ExportedFile(stored.key, 4, len(data), hashlib.sha256(data).hexdigest(), stored.version)

    manifest = group.destination.exports.manifest("interactions")
    assert manifest == made.manifests["interactions"]
    assert manifest is not None
    assert structs.replace(manifest, run="", inputs=None, seconds=None, profile=None) == ExportManifest(
        dataset="interactions",
        columns=("USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"),
        rows=4,
        kept=5,
        duplicates=1,
        bytes=len(data),
        sha256=file.sha256,
        path=file.key,
        schema=f"exports/{manifest.run}/interactions.avsc",
        files=(file,),
        run="",
        days=("2026-10-01", "2026-10-02"),
    )


def test_small_objects_have_the_keys_that_they_always_had(shop: Shop) -> None:
    group = shop[0]
    keys = {
        key: list(json.loads(group.out.read(key) or b""))
        for key in (
            "catalog/day=2026-10-01.json",
            "days/day=2026-10-01.json",
            "users/_commit.json",
            "exports/latest.json",
        )
    }
    day = json.loads(group.out.read("days/day=2026-10-01.json") or b"")
    latest = json.loads(group.out.read("exports/latest.json") or b"")
    keys["a source"] = list(day["sources"]["source"])
    keys["a dataset"] = [key for key, value in day["datasets"]["interactions"].items() if value is not None]
    keys["a manifest"] = list(latest["datasets"]["users"])

    assert {key: sorted(names) for key, names in keys.items()} == {
        "catalog/day=2026-10-01.json": [
            "archived", "bytes", "content", "day", "empty", "fields", "files", "foreign_files", "sampled_events",
            "sources", "unfit",
        ],
        "days/day=2026-10-01.json": ["datasets", "day", "replaced", "sources"],
        "exports/latest.json": ["datasets", "former", "made", "run"],
        "a source": [
            "bytes", "malformed", "not_wanted", "raw_files", "read", "reject_files", "run", "unreadable",
            "wanted",
        ],
        "a dataset": [
            "content", "dropped", "files", "kept", "mapping", "months", "profile", "reject_files", "rejected", "rows",
            "run", "untimed",
        ],
        "users/_commit.json": [
            "days", "duplicates", "files", "inputs", "kept", "mapping", "profile", "replaced", "rows", "run", "seconds",
            "suppress_list", "suppressed",
        ],
        "a manifest": [
            "bytes", "columns", "dataset", "days", "duplicates", "files", "inputs", "kept", "last_days",
            "outside_window", "path", "profile", "rows", "run", "schema", "seconds", "sha256", "suppress_list",
            "suppressed",
        ],
    }  # fmt: skip


def test_what_is_read_is_wanted_not_wanted_or_malformed(shop: Shop) -> None:
    counts = accounting(shop[0].destination, "source")

    balance = {
        day: (found.raw_files, found.read, found.wanted, found.not_wanted, found.malformed)
        for day, found in counts.items()
    }
    assert balance == {
        "2026-10-01": (1, 6, 4, 1, {"malformed_json": 1}),
        "2026-10-02": (2, 4, 4, 0, {}),
    }
    for _, read, wanted, not_wanted, malformed in balance.values():
        assert read == wanted + not_wanted + sum(malformed.values())


def test_rows_are_kept_or_rejected(shop: Shop) -> None:
    counts = {
        (name, day): (commit.rows, commit.kept, commit.rejected)
        for name, days in shop[1].commits.items()
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


def test_what_is_kept_is_exported_or_a_duplicate(shop: Shop) -> None:
    made = shop[2]

    tables = {name: (it.kept, it.rows, it.duplicates) for name, it in made.tables.items()}
    csvs = {name: (it.kept, it.rows, it.duplicates) for name, it in made.manifests.items()}
    assert tables == {"users": (3, 2, 1), "items": (6, 3, 3)}
    assert csvs == {"interactions": (5, 4, 1), "users": (3, 2, 1), "items": (6, 3, 3)}
    assert {name: (it.kept, it.rows, it.duplicates) for name, it in made.counts.items()} == csvs
    assert all(kept == rows + duplicates for kept, rows, duplicates in (*tables.values(), *csvs.values()))


def test_rejects_are_kept_with_their_reason(shop: Shop) -> None:
    group, converted, _ = shop
    (unusable,) = converted.commits["interactions"]["2026-10-01"].reject_files
    (broken,) = converted.accounting["interactions"]["2026-10-01"].reject_files

    file = group.raw.uri + "/day=2026-10-01/a.json"
    without_user = json.dumps(click("c2", None, "i1", 40))
    assert json.loads(group.out.read(broken) or b"") == {
        "dataset": None, "reason": "malformed_json", "file": file, "raw": '{"event": "Clicked", broken',
    }  # fmt: skip
    assert json.loads(group.out.read(unusable) or b"") == {
        "dataset": "interactions", "reason": "missing:USER_ID", "file": file, "raw": without_user,
    }  # fmt: skip


def test_everything_is_stored_where_the_design_says_and_nothing_else(shop: Shop) -> None:
    folders = {RUN_ID.sub("RUN", key.rpartition("/")[0]) for key in shop[0].listed()}

    assert "_group.json" in shop[0].listed()
    assert folders - {""} == {
        *(f"_kept/{name}" for name in DATASETS),
        *(f"_kept/{name}/RUN" for name in DATASETS),
        "catalog",
        "days",
        "exports",
        "exports/RUN",
        "items",
        "users",
        *(f"{DAILY[name]}/day=2026-10-0{day}" for name in DATASETS for day in (1, 2)),
        "rejects/day=2026-10-01",
    }


def test_a_schema_has_the_columns_of_its_csv(shop: Shop) -> None:
    group = shop[0]
    for name in ("interactions", "users", "items"):
        key, schema = current_schema(group.group, name)

        header = group.csv(name).splitlines()[0].split(",")
        assert [field["name"] for field in schema["fields"]] == header
        assert json.loads(group.out.read(key) or b"") == schema


def test_exporting_twice_gives_the_same_bytes(shop: Shop) -> None:
    group, _, first = shop

    second = group.export()

    assert {name: made.sha256 for name, made in second.manifests.items()} == {
        name: made.sha256 for name, made in first.manifests.items()
    }
    assert exports(group) == {"interactions": INTERACTIONS, "users": USERS, "items": ITEMS}


# -- days ----------------------------------------------------------------------------------------------------------


def test_day_by_day_gives_the_same_as_a_range_of_days(group: Group) -> None:
    story(group)

    group.convert([SECOND])
    group.convert([FIRST])
    group.export()

    assert exports(group) == {"interactions": INTERACTIONS, "users": USERS, "items": ITEMS}


def test_one_dataset_alone_is_converted_with_the_accounting_of_all(group: Group) -> None:
    story(group)

    converted = group.convert([FIRST], "users")

    assert {name: list(days) for name, days in converted.commits.items()} == {"users": ["2026-10-01"]}
    assert group.listed("filtered_interactions/") == group.listed("item_details/") == []
    counts = converted.accounting["users"]["2026-10-01"]
    assert (counts.read, counts.wanted, counts.not_wanted) == (6, 4, 1)
    assert accounting(group.destination, "source").get("2026-10-01") == counts


def test_a_day_without_files_is_done_and_loses_the_rows_it_had(group: Group) -> None:
    group.arrives(FIRST, click("a", "u1", "i1", 1))
    group.arrives(SECOND, click("b", "u2", "i2", 2), click("c", None, "i2", 2))
    group.convert([FIRST, SECOND, THIRD])
    group.raw.delete([group.layout.key(SECOND, "a.json")])

    group.convert([SECOND])
    made = group.export("interactions_csv")

    assert group.csv("interactions").splitlines()[1:] == ["u1,i1,Clicked,1790812801"]
    assert made.manifests["interactions"].days == ("2026-10-01", "2026-10-02", "2026-10-03")
    for day in ("2026-10-02", "2026-10-03"):
        commit = commits(group.destination, "interactions")[day]
        assert (commit.rows, commit.kept, commit.files, commit.reject_files) == (0, 0, (), ())
    replaced = group.destination.days.all()["2026-10-02"].replaced
    assert [len(one.files) for one in replaced] == [3], "the files that the day had wait to be deleted"


def test_days_without_any_row_export_a_header_alone(group: Group) -> None:
    group.convert([FIRST])
    group.export()

    assert exports(group) == {
        "interactions": "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP\n",
        "users": "USER_ID,CITY,SINCE,SPENT\n",
        "items": "ITEM_ID,PRICE\n",
    }


def test_converting_again_replaces_a_day_and_lists_its_old_files(group: Group) -> None:
    group.arrives(FIRST, click("a", "u1", "i1", 1), click("b", None, "i1", 1))
    before = group.convert([FIRST], "interactions").commits["interactions"]["2026-10-01"]
    group.arrives(FIRST, click("a", "u9", "i9", 9), click("b", None, "i1", 1))

    after = group.convert([FIRST], "interactions").commits["interactions"]["2026-10-01"]
    group.export("interactions_csv")

    assert group.csv("interactions").splitlines()[1:] == ["u9,i9,Clicked,1790812809"]
    current = {*after.files, *after.reject_files}
    assert len(current) == 2
    assert current <= set(group.listed())
    [replaced] = group.destination.days.all()["2026-10-01"].replaced
    assert set(replaced.files) == {*before.files, *before.reject_files}


def test_a_run_that_dies_before_its_commit_leaves_the_former_state_current(group: Group) -> None:
    group.arrives(FIRST, click("a", "u1", "i1", 1))
    group.convert([FIRST], "interactions")
    group.export("interactions_csv")
    former = group.csv("interactions")
    group.arrives(FIRST, click("a", "u9", "i9", 9))

    catalog_days(group.group, [FIRST])
    run_convert(group.engine, plan_convert(group.group, [FIRST], ["interactions"]))  # and no commit
    group.export("interactions_csv")
    assert group.csv("interactions") == former

    run_export(group.engine, plan_export(group.group, ["interactions_csv"]).spec)  # and no commit
    assert group.csv("interactions") == former


def test_a_report_that_lost_files_commits_nothing(group: Group) -> None:
    group.arrives(FIRST, click("a", "u1", "i1", 1))
    group.arrives(FIRST, click("b", "u1", "i1", 1), name="b.json")
    catalog_days(group.group, [FIRST])
    spec = plan_convert(group.group, [FIRST], ["interactions"])

    with pytest.raises(PersonalizeAssetsError) as error:
        commit_convert(group.group, [FIRST], spec, ConvertReport(days={}))

    assert str(error.value) == (
        f"the engine's report of run {spec.plan.run_id} accounts for 0 of 2 raw files of 2026-10-01 (source); "
        "nothing was committed: run it again"
    )
    assert commits(group.destination, "interactions") == {}


def test_a_raw_file_that_is_gone_fails_the_run_and_names_it(group: Group) -> None:
    group.arrives(FIRST, click("a", "u1", "i1", 1))
    catalog_days(group.group, [FIRST])
    spec = plan_convert(group.group, [FIRST], ["interactions"])
    group.raw.delete([group.layout.key(FIRST, "a.json")])

    with pytest.raises(PersonalizeAssetsError, match=r"/raw/day=2026-10-01/a\.json cannot be read"):
        run_convert(group.engine, spec)


# -- what must be there first --------------------------------------------------------------------------------------


def test_converting_a_day_that_is_not_catalogued_says_so(group: Group) -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        plan_convert(group.group, [FIRST], ["interactions"])

    assert str(error.value) == (
        f"{group.out.uri}/catalog/day=2026-10-01.json does not exist: the files of 2026-10-01 are not catalogued; "
        "materialize raw_event_catalog for that day first, or use `personalize-assets run --days 2026-10-01`"
    )


def test_a_catalog_of_another_source_is_not_used(group: Group, engine: Engine, tmp_path: Path) -> None:
    group.arrives(FIRST, click("a", "u1", "i1", 1))
    catalog_days(group.group, [FIRST])
    (tmp_path / "elsewhere").mkdir()
    moved = Group(engine, tmp_path, str(tmp_path / "elsewhere"), group.out.uri)

    with pytest.raises(PersonalizeAssetsError, match="lists the files of other sources than the config has now; mat"):
        plan_convert(moved.group, [FIRST], ["interactions"])


def test_a_source_that_is_not_there_is_an_error_and_no_empty_catalog(engine: Engine, tmp_path: Path) -> None:
    group = Group(engine, tmp_path, str(tmp_path / "nothing"), str(tmp_path / "out"), layout="segment")

    with pytest.raises(StoreError, match="/nothing is not a folder; create it"):
        catalog_days(group.group, [FIRST])
    assert group.listed() == []


def test_exporting_before_anything_is_converted_says_so(group: Group) -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        plan_export(group.group, ["interactions_csv"])

    assert str(error.value) == (
        f"{group.out.uri}/filtered_interactions has no converted day; materialize filtered_interactions first, or "
        "use `personalize-assets run`"
    )


def test_exporting_users_csv_before_users_says_so(group: Group) -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        plan_export(group.group, ["users_csv"])

    assert str(error.value) == f"{group.out.uri}/users does not exist; materialize users first"


def test_days_of_another_mapping_are_named(group: Group, engine: Engine, tmp_path: Path) -> None:
    story(group)
    group.convert([FIRST, SECOND])
    group.export("users")
    changed = {**DATASETS, "users": {**DATASETS["users"], "where": {"type": ["identify", "alias"]}}}
    after = Group(engine, tmp_path, group.raw.uri, group.out.uri, datasets=changed)
    after.convert([SECOND], "users")

    with pytest.raises(PersonalizeAssetsError) as error:
        plan_export(after.group, ["users"])
    assert str(error.value) == (
        "user_traits: 1 of 2 days (2026-10-01 to 2026-10-01) were converted with another mapping than datasets.users "
        "has now; materialize user_traits for these days again, or use `personalize-assets run --days "
        "2026-10-01..2026-10-01`. A day whose raw files are gone has no rows then: put them back first"
    )
    with pytest.raises(PersonalizeAssetsError) as error:
        plan_export(after.group, ["users_csv"])
    assert str(error.value) == (
        f"{group.out.uri}/users was made with another mapping than the config's; materialize users first"
    )
    assert plan_export(after.group, ["interactions_csv"])


def test_a_window_exports_the_newest_days_and_accounts_for_the_others(
    group: Group, engine: Engine, tmp_path: Path
) -> None:
    group.arrives(FIRST, click("c1", "u1", "i1", 0), click("c2", "u2", "i1", 1), click("c2", "u2", "i1", 1))
    group.arrives(SECOND, click("c3", "u1", "i2", 86_401))
    group.convert([FIRST, SECOND])
    whole = group.export("interactions_csv").counts["interactions"]
    windowed = {**DATASETS, "interactions": {**DATASETS["interactions"], "last_days": 1}}
    after = Group(engine, tmp_path, group.raw.uri, group.out.uri, datasets=windowed)
    assert (unexported(group.group), unexported(after.group)) == ([*group.group.datasets][1:], [*group.group.datasets])

    made = after.export("interactions_csv").manifests["interactions"]

    assert (whole.kept, whole.rows, whole.duplicates, whole.outside_window) == (4, 3, 1, 0)
    assert (made.kept, made.rows, made.duplicates, made.outside_window, made.last_days) == (4, 2, 1, 1, 1)
    assert after.csv("interactions") == (
        "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP\nu2,i1,Clicked,1790812801\nu1,i2,Clicked,1790899201\n"
    )
    assert "interactions" not in unexported(after.group)


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
    assert (made.manifests["users"].rows, made.manifests["users"].days) == (2, ("2026-10-01", "2026-10-02"))


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
    for source in ("source", "users"):
        counts = accounting(group.destination, source).get("2026-10-01")
        assert counts is not None
        assert (counts.read, counts.wanted, counts.not_wanted) == (2, 1, 1)


def test_all_files_of_a_flat_source_are_its_first_day(engine: Engine, tmp_path: Path) -> None:
    group = Group(engine, tmp_path, str(tmp_path / "raw"), str(tmp_path / "out"), layout="flat")
    group.raw.write("any where/a.gz", gzip.compress(json.dumps(click("a", "u1", "i1", 1)).encode()))
    group.raw.write("b", json.dumps(click("b", "u2", "i1", 2)).encode())

    assert list(group.group.bytes_by_day()) == [FIRST]
    group.convert([FIRST])
    group.export("interactions_csv")

    assert group.csv("interactions").splitlines()[1:] == ["u1,i1,Clicked,1790812801", "u2,i1,Clicked,1790812802"]


def test_the_days_with_files_are_those_of_all_sources(group: Group) -> None:
    group.arrives(THIRD, click("a", "u1", "i1", 1))
    group.arrives(FIRST, click("b", "u1", "i1", 1))

    assert list(group.group.bytes_by_day()) == [FIRST, THIRD]


def test_a_catalog_counts_foreign_files_of_its_own_day(group: Group) -> None:
    group.arrives(FIRST, click("a", "u1", "i1", 1))
    group.raw.write("day=2026-10-01/_SUCCESS", b"")
    group.raw.write("README.md", b"")

    catalogs = catalog_days(group.group, [FIRST, SECOND])

    assert {day: catalog.foreign_files for day, catalog in catalogs.items()} == {"2026-10-01": 1, "2026-10-02": 0}


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

    assert {name: it.sha256 for name, it in made.manifests.items()} == {
        "interactions": hashlib.sha256(INTERACTIONS.encode()).hexdigest(),
        "users": hashlib.sha256(USERS.encode()).hexdigest(),
        "items": hashlib.sha256(ITEMS.encode()).hexdigest(),
    }
    assert exports(group) == {"interactions": INTERACTIONS, "users": USERS, "items": ITEMS}
    assert not group.listed("_parts/")


def test_a_csv_is_of_the_committed_days_until_one_of_them_is_converted_again(shop: Shop) -> None:
    group, converted, _ = shop

    assert unexported(group.group) == []
    before = commits(group.destination, "interactions").get("2026-10-01")
    assert before == converted.commits["interactions"]["2026-10-01"]
    assert before is not None
    try:
        again = structs.replace(before, run="20261122T000000-abcdef")
        put_day(group.destination, "2026-10-01", {"interactions": again})
        assert unexported(group.group) == ["interactions"]
    finally:
        put_day(group.destination, "2026-10-01", {"interactions": before})
