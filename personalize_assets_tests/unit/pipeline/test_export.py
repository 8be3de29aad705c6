"""Exports: what is planned, what is committed, and which CSVs are behind; the engine is played by the test."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from personalize_assets.conversion.kept import InteractionSegments, MonthSegment, PartReport
from personalize_assets.conversion.spec import DailyFiles, DatasetExported, ExportProfile, ExportReport
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.export import (
    ExportCounts,
    ExportedMeanwhile,
    PlannedExport,
    commit_export,
    export_counts,
    plan_export,
    unexported,
)
from personalize_assets.storage.manifests import DayAccounting, DayCommit, ExportedFile, ExportSet
from personalize_assets.storage.object_store import StoreError
from personalize_assets.storage.stored_structs import Found
from personalize_assets_tests.helpers.small_group import (
    CLICK,
    FIRST,
    IDENTIFY,
    SECOND,
    convert_here,
    put_events,
    small_group,
)
from personalize_assets_tests.helpers.stored import commits, put_day

PROFILE = ExportProfile(rows=1, nulls={}, max_chars={}, first={}, last={}, blamed={}, categories={}, ids={}, preview=())

MONTH = MonthSegment(month="2026-10", inputs="i", parts=(), hashes=(), profile="p")
SEGMENTS = InteractionSegments(made="m", months=())


@pytest.fixture
def group(tmp_path: Path) -> DatasetGroup:
    """Two converted days of two clicks and two users each."""
    group = small_group(tmp_path)
    for day in (FIRST, SECOND):
        put_events(group, day, CLICK, CLICK, IDENTIFY, {**IDENTIFY, "user": "u2"})
    convert_here(group, FIRST, SECOND)
    return group


def written(group: DatasetGroup, planned: PlannedExport, *, copies: int = 4) -> ExportReport:
    """The report of an engine that writes one row and one CSV part a dataset."""
    datasets = {}
    for one in planned.spec.exports:
        csv = parquet = None
        if one.to_csv:
            csv = f"{one.to_csv}/00000.csv"
            group.destination.store.write(group.destination.key_of(csv), b"row\n")
        if one.to_table:
            parquet = f"{one.to_table}-00000.parquet"
            group.destination.store.write(group.destination.key_of(parquet), b"PAR1")
        part = PartReport(part=0, rows=1, copies=copies, csv=csv, csv_bytes=4, parquet=parquet)
        datasets[one.dataset.name] = DatasetExported(rows=1, copies=copies, parts=(part,), profile=PROFILE)
    return ExportReport(datasets=datasets, seconds=2.5)


def listed(group: DatasetGroup, prefix: str) -> list[str]:
    return [file.key for file in group.destination.store.files(prefix)]


# -- plans -----------------------------------------------------------------------------------------------------------


def test_interactions_and_tables_are_made_of_daily_files(group: DatasetGroup) -> None:
    planned = plan_export(group, ["interactions_csv", "users"])

    interactions, users = planned.spec.exports
    days = commits(group.destination, "users")
    assert users.daily == tuple(
        DailyFiles(day, tuple(map(group.destination.uri_of, its.files))) for day, its in days.items()
    )
    assert interactions.daily is not None
    assert [day.months for day in interactions.daily] == [{"2026-10": 2}, {"2026-10": 2}]
    assert users.to_table == group.destination.uri_of(f"users/{planned.run}")
    assert (users.to_csv, users.table) == (None, None)
    assert interactions.to_csv == group.destination.uri_of(f"_kept/interactions/{planned.run}")
    assert (planned.inputs["users"].days, planned.inputs["users"].kept) == (("2026-10-01", "2026-10-02"), 4)


def test_the_csv_of_users_alone_is_made_of_their_table(group: DatasetGroup) -> None:
    planned = plan_export(group, ["users"])
    table = commit_export(group, planned, written(group, planned)).tables["users"]

    (users,) = plan_export(group, ["users_csv"]).spec.exports

    assert (users.daily, users.table) == (None, tuple(map(group.destination.uri_of, table.files)))
    assert plan_export(group, ["users_csv"]).inputs["users"].duplicates == 3


def test_csvs_of_a_folder_have_a_header_each(tmp_path: Path, group: DatasetGroup) -> None:
    folder = small_group(tmp_path, destination={"uri": "out", "single_file": False})

    planned = plan_export(folder, ["users", "users_csv"])

    (one,) = planned.spec.exports
    assert (one.csv_header, one.to_csv) == (True, f"{tmp_path}/out/_parts/users-{planned.run}")


@pytest.mark.parametrize(
    ("asset", "error"),
    [
        (
            "users",
            "/out/user_traits has no converted day; materialize user_traits first, or use `personalize-assets run`",
        ),
        ("users_csv", "/out/users does not exist; materialize users first"),
    ],
)
def test_what_is_missing_for_an_export_is_named(tmp_path: Path, asset: str, error: str) -> None:
    with pytest.raises(PersonalizeAssetsError) as raised:
        plan_export(small_group(tmp_path), [asset])

    assert str(raised.value) == f"{tmp_path}{error}"


def test_days_and_tables_of_another_mapping_are_refused(tmp_path: Path, group: DatasetGroup) -> None:
    planned = plan_export(group, ["users"])
    commit_export(group, planned, written(group, planned))
    datasets = {
        "interactions": {"columns": {"USER_ID": "user", "ITEM_ID": "sku", "TIMESTAMP": "at"}},
        "users": {"columns": {"USER_ID": "user", "CITY": {"path": "town", "categorical": True}}},
    }
    changed = small_group(tmp_path, datasets=datasets)

    with pytest.raises(PersonalizeAssetsError) as raised:
        plan_export(changed, ["users"])
    assert str(raised.value) == (
        "user_traits: 2 of 2 days (2026-10-01 to 2026-10-02) were converted with another mapping than datasets.users "
        "has now; materialize user_traits for these days again, or use `personalize-assets run --days "
        "2026-10-01..2026-10-02`. A day whose raw files are gone has no rows then: put them back first"
    )
    with pytest.raises(PersonalizeAssetsError, match="/out/users was made with another mapping than the config's; mat"):
        plan_export(changed, ["users_csv"])


def test_a_day_without_raw_files_has_the_same_rows_by_any_mapping(tmp_path: Path) -> None:
    """Else it could end every export: a run does not convert days without files again."""
    group = small_group(tmp_path)
    empty = DayCommit(run="r", mapping="of a former config", rows=0, kept=0)
    put_day(group.destination, "2026-10-01", {"users": empty}, {group.source_ids["users"]: DayAccounting(run="r")})

    planned = plan_export(group, ["users"])

    assert planned.inputs["users"].days == ("2026-10-01",)


# -- commits ---------------------------------------------------------------------------------------------------------


def test_an_export_gives_commits_of_tables_and_manifests_of_csvs(group: DatasetGroup) -> None:
    planned = plan_export(group, ["interactions_csv", "users", "users_csv"])

    outcome = commit_export(group, planned, written(group, planned))

    data = b"USER_ID,CITY\nrow\n"
    table, manifest = outcome.tables["users"], outcome.manifests["users"]
    assert (set(outcome.tables), set(outcome.manifests)) == ({"users"}, {"interactions", "users"})
    assert (table.rows, table.kept, table.duplicates, table.seconds) == (1, 4, 3, 2.5)
    assert table.files == (f"users/{planned.run}-00000.parquet",)
    assert (manifest.columns, manifest.rows, manifest.duplicates) == (("USER_ID", "CITY"), 1, 3)
    path = f"exports/{planned.run}/users.csv"
    assert manifest.files == (ExportedFile(path, 1, len(data), hashlib.sha256(data).hexdigest()),)
    assert (manifest.run, manifest.days, manifest.profile) == (planned.run, ("2026-10-01", "2026-10-02"), PROFILE)
    assert outcome.counts["users"] == ExportCounts(rows=1, kept=4, duplicates=3, bytes=len(data))
    assert group.destination.tables.current("users") == table
    assert group.destination.exports.manifest("users") == manifest
    assert (listed(group, "_parts/"), outcome.refused) == ([], set())


def test_a_refused_csv_leaves_the_former_one_and_no_parts(group: DatasetGroup) -> None:
    planned = plan_export(group, ["users", "users_csv", "interactions_csv"])
    former = commit_export(group, planned, written(group, planned)).manifests["users"]
    again = plan_export(group, ["users", "users_csv", "interactions_csv"])

    outcome = commit_export(group, again, written(group, again), refused={"users": ["no user"]})

    assert (outcome.refused, set(outcome.manifests)) == ({"users"}, {"interactions"})
    assert outcome.tables["users"].run == again.run
    kept = group.destination.exports.manifest("users")
    assert kept is not None
    assert (kept.run, kept.sha256) == (former.run, former.sha256)
    assert group.destination.store.read(kept.path) == b"USER_ID,CITY\nrow\n"
    assert listed(group, "_parts/") == []
    assert listed(group, f"exports/refused/{again.run}/") == [
        f"exports/refused/{again.run}/{name}" for name in ("refused.json", "users.avsc", "users.csv")
    ]


def test_counts_are_known_before_anything_is_committed(group: DatasetGroup) -> None:
    planned = plan_export(group, ["interactions_csv"])
    report = written(group, planned, copies=3)

    counts = export_counts(group, planned, report)

    header = len(b"USER_ID,ITEM_ID,TIMESTAMP\n")
    assert counts == {"interactions": ExportCounts(rows=1, kept=4, duplicates=2, bytes=4 + header)}
    assert group.destination.exports.manifest("interactions") is None


def test_the_bytes_of_a_folder_without_rows_are_those_of_a_header(tmp_path: Path, group: DatasetGroup) -> None:
    folder = small_group(tmp_path, destination={"uri": "out", "single_file": False})
    planned = plan_export(folder, ["users", "users_csv"])
    empty = DatasetExported(rows=0, copies=4, parts=(PartReport(part=0),), profile=PROFILE)

    outcome = commit_export(folder, planned, ExportReport(datasets={"users": empty}))

    assert outcome.counts["users"].bytes == outcome.manifests["users"].bytes == len(b"USER_ID,CITY\n")
    assert outcome.tables["users"].files == ()


def test_an_export_of_other_rows_than_the_days_count_leaves_nothing_and_the_next_one_reads_all(
    group: DatasetGroup,
) -> None:
    group.destination.kept.put("interactions", SEGMENTS, 86_400)
    planned = plan_export(group, ["interactions_csv"])
    made = written(group, planned, copies=5).datasets["interactions"]
    report = ExportReport(datasets={"interactions": structs.replace(made, kept=SEGMENTS)})

    commit_export(group, planned, report)

    assert group.destination.kept.current("interactions") is None
    assert [file.key for file in group.destination.store.files() if planned.run in file.key] == []
    assert group.destination.exports.manifest("interactions") is None


def test_what_an_export_leaves_is_given_to_the_next_one(group: DatasetGroup) -> None:
    planned = plan_export(group, ["interactions_csv"])
    made = written(group, planned).datasets["interactions"]
    profile = group.destination.uri_of("_kept/interactions/p")
    kept = structs.replace(SEGMENTS, months=(structs.replace(MONTH, parts=made.parts, profile=profile),))
    report = ExportReport(datasets={"interactions": structs.replace(made, kept=kept)})
    group.destination.store.write("_kept/interactions/p", b"")

    commit_export(group, planned, report)

    (one,) = plan_export(group, ["interactions_csv"]).spec.exports
    assert one.kept == kept
    assert listed(group, "_kept/interactions/2") == [f"_kept/interactions/{planned.run}/00000.csv"]


def test_a_refused_csv_leaves_what_the_next_export_can_use(group: DatasetGroup) -> None:
    planned = plan_export(group, ["interactions_csv"])
    made = written(group, planned).datasets["interactions"]
    profile = group.destination.uri_of("_kept/interactions/p")
    kept = structs.replace(SEGMENTS, months=(structs.replace(MONTH, parts=made.parts, profile=profile),))
    group.destination.store.write("_kept/interactions/p", b"")

    report = ExportReport(datasets={"interactions": structs.replace(made, kept=kept)})
    commit_export(group, planned, report, refused={"interactions": ["no row"]})

    assert group.destination.kept.current("interactions") is not None


def test_a_folder_of_interactions_is_a_copy_of_what_is_kept(tmp_path: Path, group: DatasetGroup) -> None:
    folder = small_group(tmp_path, destination={"uri": "out", "single_file": False})
    planned = plan_export(folder, ["interactions_csv"])

    manifest = commit_export(folder, planned, written(folder, planned)).manifests["interactions"]

    assert [file.key for file in manifest.files] == [f"exports/{planned.run}/interactions/00000.csv"]


# -- exports that overlap ----------------------------------------------------------------------------------------------


def test_an_older_export_that_ends_later_never_replaces_a_newer_one(group: DatasetGroup) -> None:
    slow = plan_export(group, ["interactions_csv", "users", "users_csv"])
    report = written(group, slow)
    fast = plan_export(group, ["users", "users_csv"])
    commit_export(group, fast, written(group, fast))
    before = group.destination.exports.latest()

    with pytest.raises(ExportedMeanwhile) as error:
        commit_export(group, slow, report)

    assert str(error.value) == (
        f"run {fast.run} replaced users while run {slow.run} exported what was converted before; that stays the "
        "current one: export again"
    )
    assert group.destination.exports.latest() == before
    assert [file.key for file in group.destination.store.files() if slow.run in file.key] == []


def test_exports_of_different_datasets_that_overlap_are_both_in_the_latest(group: DatasetGroup) -> None:
    slow = plan_export(group, ["interactions_csv"])
    report = written(group, slow)
    fast = plan_export(group, ["users", "users_csv"])
    commit_export(group, fast, written(group, fast))

    commit_export(group, slow, report)

    latest = group.destination.exports.latest()
    assert latest is not None
    assert {name: manifest.run for name, manifest in latest.datasets.items()} == {
        "interactions": slow.run, "users": fast.run,
    }  # fmt: skip
    assert {manifest.path for manifest in latest.datasets.values()} == {
        f"exports/{slow.run}/interactions.csv", f"exports/{slow.run}/users.csv",
    }  # fmt: skip


def test_an_export_that_becomes_the_latest_at_the_worst_moment_is_not_lost(
    group: DatasetGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = plan_export(group, ["interactions_csv"])
    report = written(group, slow)
    publish = group.destination.exports.publish
    fast: list[str] = []

    def other_first(made: ExportSet, before: Found[ExportSet]) -> bool:
        if not fast:
            planned = plan_export(small, ["users", "users_csv"])
            fast.append(planned.run)
            commit_export(small, planned, written(small, planned))
        return publish(made, before)

    small = small_group(Path(group.destination.uri).parent)
    monkeypatch.setattr(group.destination.exports, "publish", other_first)
    commit_export(group, slow, report)

    latest = group.destination.exports.latest()
    assert latest is not None
    assert {name: manifest.run for name, manifest in latest.datasets.items()} == {
        "interactions": slow.run, "users": fast[0],
    }  # fmt: skip
    assert latest.former == (fast[0],)


def test_an_export_that_loses_after_its_table_became_current_leaves_that_and_nothing_else(
    group: DatasetGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run exports the same dataset between this run's table and its CSV."""
    slow = plan_export(group, ["users", "users_csv"])
    report = written(group, slow)
    small = small_group(Path(group.destination.uri).parent)
    swap = group.destination.tables.swap
    fast: list[str] = []

    def other_after(*arguments: Any) -> bool:
        done = swap(*arguments)
        planned = plan_export(small, ["users", "users_csv"])
        fast.append(planned.run)
        commit_export(small, planned, written(small, planned))
        return done

    monkeypatch.setattr(group.destination.tables, "swap", other_after)
    with pytest.raises(ExportedMeanwhile):
        commit_export(group, slow, report)

    of_run = [file.key for file in group.destination.store.files() if slow.run in file.key]
    assert of_run == [f"users/{slow.run}-00000.parquet"], "an export may be reading the table that was current"
    table, manifest = group.destination.tables.current("users"), group.destination.exports.manifest("users")
    assert table is not None
    assert manifest is not None
    assert (table.run, manifest.run) == (fast[0], fast[0])


def test_an_error_before_the_switch_changes_nothing_and_leaves_no_file(
    group: DatasetGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = plan_export(group, ["users", "users_csv"])
    commit_export(group, first, written(group, first))
    before = group.destination.exports.latest()
    second = plan_export(group, ["users", "users_csv"])
    report = written(group, second)

    def refuse(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(group.destination.exports, "put_schema", refuse)
    with pytest.raises(StoreError, match="the disk is full"):
        commit_export(group, second, report)

    assert group.destination.exports.latest() == before
    assert [file.key for file in group.destination.store.files() if second.run in file.key] == []


def test_a_link_that_a_dead_run_left_behind_is_corrected_by_the_next_one(group: DatasetGroup) -> None:
    planned = plan_export(group, ["users", "users_csv"])
    commit_export(group, planned, written(group, planned))
    link = Path(group.destination.uri) / "exports/latest"
    link.unlink()
    link.symlink_to("20260101T000000-aaaaaa")

    plan_export(group, ["users"])

    assert str(link.readlink()) == planned.run


# -- what is behind --------------------------------------------------------------------------------------------------


def test_a_csv_is_behind_until_it_is_exported_and_again_when_a_day_is_converted(group: DatasetGroup) -> None:
    assert unexported(group) == ["interactions", "users"]

    planned = plan_export(group, ["interactions_csv", "users", "users_csv"])
    commit_export(group, planned, written(group, planned))
    assert unexported(group) == []

    convert_here(group, FIRST, names=["users"])
    assert unexported(group) == ["users"]


def test_a_csv_whose_schema_has_changed_is_behind(tmp_path: Path, group: DatasetGroup) -> None:
    planned = plan_export(group, ["interactions_csv", "users", "users_csv"])
    commit_export(group, planned, written(group, planned))
    group.destination.store.write(f"exports/{planned.run}/users.avsc", b"{}")

    assert unexported(group) == ["users"]


def test_nothing_is_behind_where_nothing_is_converted(tmp_path: Path) -> None:
    assert unexported(small_group(tmp_path)) == []
