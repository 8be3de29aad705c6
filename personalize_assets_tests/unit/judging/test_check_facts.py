"""Facts that are collected from a destination in a folder, and what the rules find."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from msgspec import structs

from personalize_assets.conversion.export.suppressed import UserIds
from personalize_assets.conversion.kept import PartReport
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.judging import check_facts
from personalize_assets.judging.check_facts import day_facts, judge_current_export, judge_file
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.exported_files import join_to_file
from personalize_assets.storage.manifests import DayAccounting, DayCommit, ExportManifest
from personalize_assets_tests.helpers.check_facts import profile
from personalize_assets_tests.helpers.dagster_runs import small_config
from personalize_assets_tests.helpers.stored import put_day, put_export

CSV = b"USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1790812800\n"


@pytest.fixture
def group(tmp_path: Path) -> DatasetGroup:
    return DatasetGroup(small_config(tmp_path))


def commit(kept: int) -> DayCommit:
    return DayCommit(run="r", mapping="m", rows=kept, kept=kept)


def manifest(**changes: object) -> ExportManifest:
    fields = {
        "dataset": "interactions", "columns": ("USER_ID", "ITEM_ID", "TIMESTAMP"), "rows": 1, "kept": 1,
        "duplicates": 0, "bytes": len(CSV), "sha256": hashlib.sha256(CSV).hexdigest(), "run": "r", "days": (),
        "path": "exports/r/interactions.csv", **changes,
    }  # fmt: skip
    return ExportManifest(**fields)  # type: ignore[arg-type]


def test_the_facts_of_a_day_have_the_rows_of_the_week_before_it(group: DatasetGroup) -> None:
    for day in ("2026-10-01", "2026-10-02", "2026-10-09"):
        put_day(group.destination, day, {"interactions": commit(7)})
    accounting = {"2026-10-09": DayAccounting(run="r")}

    facts = day_facts(group, "interactions", {"2026-10-09": commit(3)}, accounting)

    assert facts.kept == {"2026-10-02": 7, "2026-10-09": 3}
    assert facts.rejects("2026-10-09") == []


def test_one_rule_fails_if_there_is_no_export(group: DatasetGroup) -> None:
    findings = [finding for _, finding in judge_current_export(group, "interactions")]

    assert (findings[0].passed, findings[0].observed, findings[0].allowed) == (
        False, "no export", "materialize interactions_csv first",
    )  # fmt: skip
    assert {(finding.observed, finding.is_checked) for finding in findings[1:]} == {("not checked", False)}


def test_one_rule_fails_if_the_export_has_other_columns(group: DatasetGroup) -> None:
    put_export(group.destination, manifest(columns=("USER_ID",), profile=profile("interactions")))

    findings = [finding for _, finding in judge_current_export(group, "interactions")]

    assert findings[0].observed == "an export made with other columns or by an older version"
    assert {finding.is_checked for finding in findings[1:]} == {False}


def test_the_current_export_is_judged_by_its_profile(group: DatasetGroup) -> None:
    put_export(group.destination, manifest(profile=profile("interactions", unique=7)))

    found = {rule.name: finding.observed for rule, finding in judge_current_export(group, "interactions")}

    assert found["at_least_1000_interactions_are_unique"] == 7


def test_a_file_as_it_was_exported_passes(group: DatasetGroup) -> None:
    group.destination.store.write("exports/r/interactions.csv", CSV)
    put_export(group.destination, manifest())
    group.destination.store.write("exports/r/interactions.csv", CSV)

    assert [finding.passed for _, finding in judge_file(group, "interactions")] == [True] * 5


@pytest.fixture
def clean(group: DatasetGroup) -> ExportManifest:
    """The manifest of an exported file whose parts were read after they were written."""
    group.destination.store.write("part", CSV.partition(b"\n")[2])
    uri = group.destination.uri_of("part")
    size = len(CSV.partition(b"\n")[2])
    part = PartReport(part=0, rows=CSV.count(b"\n") - 1, csv=uri, csv_bytes=size, is_clean=True)
    files = join_to_file(group.destination, "exports/r/interactions", CSV.partition(b"\n")[0] + b"\n", [part])
    found = structs.replace(manifest(), **files._asdict())
    put_export(group.destination, found)
    return found


def test_a_file_of_clean_parts_is_not_read_again(
    group: DatasetGroup, clean: ExportManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clean.files[0].version
    monkeypatch.setattr(check_facts, "scan_csv", None)

    assert [finding.passed for _, finding in judge_file(group, "interactions")] == [True] * 5


@pytest.mark.usefixtures("clean")
def test_a_file_that_was_changed_since_is_read(group: DatasetGroup) -> None:
    group.destination.store.write("exports/r/interactions.csv", CSV.replace(b"1", b"x"))

    assert not all(finding.passed for _, finding in judge_file(group, "interactions"))


@pytest.fixture
def suppressing(tmp_path: Path, clean: ExportManifest) -> DatasetGroup:
    """The same file, made with a list of users; users are hashed, and the environment has no key."""
    (tmp_path / "deleted.csv").write_text("USER_ID\nu9\n")
    columns = {"USER_ID": {"path": "user", "hash": True}, "ITEM_ID": "item", "TIMESTAMP": "time"}
    group = DatasetGroup(
        small_config(tmp_path, suppress="deleted.csv", datasets={"interactions": {"columns": columns}})
    )
    put_export(group.destination, structs.replace(clean, run="r2", suppress_list=UserIds(["u9"]).digest()))
    return group


def test_an_unchanged_list_is_compared_without_the_key_of_hashed_users(suppressing: DatasetGroup) -> None:
    assert [finding.passed for _, finding in judge_file(suppressing, "interactions")] == [True] * 5


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        (None, "suppress: .*deleted.csv: there is no such file"),
        ("USER\n", "the header is not USER_ID"),
        ("USER_ID\nu1\n", "what `personalize-assets status` finds in the file"),
    ],
)
def test_by_records_alone_a_list_that_is_missing_damaged_or_another_leaves_all_rules_unchecked(
    suppressing: DatasetGroup, tmp_path: Path, text: str | None, allowed: str
) -> None:
    (tmp_path / "deleted.csv").unlink()
    if text:
        (tmp_path / "deleted.csv").write_text(text)

    findings = [finding for _, finding in judge_file(suppressing, "interactions", only_recorded=True)]

    assert {(finding.observed, finding.is_checked) for finding in findings} == {("not read", False)}
    assert re.search(allowed, findings[0].allowed)
    with pytest.raises(PersonalizeAssetsError, match=r"suppress|PERSONALIZE_HASH_KEY"):
        judge_file(suppressing, "interactions")


def test_one_rule_fails_if_there_is_no_file(group: DatasetGroup, tmp_path: Path) -> None:
    put_export(group.destination, manifest())

    findings = [finding for _, finding in judge_file(group, "interactions")]

    missing = f"{tmp_path}/out/exports/r/interactions.csv; materialize interactions_csv first"
    assert (findings[0].passed, findings[0].observed, findings[0].allowed) == (False, "no file", missing)
    assert {finding.is_checked for finding in findings[1:]} == {False}
