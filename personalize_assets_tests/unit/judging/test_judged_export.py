"""An export is judged before it becomes the current one; the engine's report is made up."""

from __future__ import annotations

import json
from pathlib import Path

from personalize_assets.conversion.kept import PartReport
from personalize_assets.conversion.spec import DatasetExported, ExportReport, ExportSpec
from personalize_assets.judging.judged_export import JudgedExport, make_export
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.destination import fingerprint
from personalize_assets.storage.manifests import DayCommit
from personalize_assets_tests.helpers.check_facts import profile
from personalize_assets_tests.helpers.dagster_runs import small_config
from personalize_assets_tests.helpers.stored import put_day


def export(folder: Path, *, unique: int, checks: str = "strict") -> tuple[JudgedExport, DatasetGroup]:
    """Export 60,000 daily rows, of which so many are unique, as an engine reports it that wrote one part."""
    group = DatasetGroup(small_config(folder, checks=checks))
    mapping = fingerprint(group.datasets["interactions"])
    day = DayCommit(run="r", mapping=mapping, rows=60_000, kept=60_000)
    put_day(group.destination, "2026-10-01", {"interactions": day})

    def run(spec: ExportSpec) -> ExportReport:
        uri = f"{spec.exports[0].to_csv}/00000.csv"
        group.destination.store.write(group.destination.key_of(uri), b"u1,i1,1790812800\n")
        part = PartReport(part=0, rows=60_000, copies=60_000, csv=uri, csv_bytes=17)
        made = DatasetExported(
            rows=60_000, copies=60_000, parts=(part,), profile=profile("interactions", unique=unique)
        )
        return ExportReport(datasets={"interactions": made}, seconds=1.5)

    return make_export(group, ["interactions_csv"], run), group


def test_an_export_that_personalize_accepts_becomes_the_current_one(tmp_path: Path) -> None:
    made, group = export(tmp_path, unique=60_000)

    assert made.refused == {}
    assert group.destination.exports.manifest("interactions") == made.outcome.manifests["interactions"]
    assert (tmp_path / "out/exports/latest/interactions.csv").read_text() == (
        "USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1790812800\n"
    )


def test_the_days_that_the_export_has_read_are_there_for_its_report(tmp_path: Path) -> None:
    made, group = export(tmp_path, unique=60_000)

    assert made.states == group.destination.days.all()
    assert list(made.states) == ["2026-10-01"]


def test_a_refused_export_leaves_nothing_and_says_why(tmp_path: Path) -> None:
    made, group = export(tmp_path, unique=7)

    assert made.outcome.manifests == {}
    assert made.outcome.counts["interactions"].rows == 60_000
    assert made.refused["interactions"].startswith(
        "interactions_csv was not replaced, because Personalize would refuse the new export: "
        "at_least_1000_interactions_are_unique: found 7, allowed is at least 1,000. There is no former export. "
    )
    assert group.destination.exports.manifest("interactions") is None
    [csv] = (tmp_path / "out").rglob("*.csv")
    assert csv.relative_to(tmp_path / "out/exports/refused").name == "interactions.csv"
    assert json.loads(csv.with_name("refused.json").read_text())["findings"] == {
        "interactions": ["at_least_1000_interactions_are_unique: found 7, allowed is at least 1,000"]
    }


def test_a_refused_export_leaves_the_former_one(tmp_path: Path) -> None:
    _, group = export(tmp_path, unique=60_000)
    before = group.destination.exports.manifest("interactions")
    assert before is not None

    made, _ = export(tmp_path, unique=7)

    assert (
        f"The former export of run {before.run}, with 60,000 rows, stays the current one"
        in (made.refused["interactions"])
    )
    assert group.destination.exports.manifest("interactions") == before


def test_with_checks_warn_it_becomes_the_current_one_and_its_findings_are_kept(tmp_path: Path) -> None:
    made, group = export(tmp_path, unique=7, checks="warn")

    assert made.refused == {}
    assert group.destination.exports.manifest("interactions") is not None
    assert "at_least_1000_interactions_are_unique" in {
        rule.name for rule, finding in made.judged["interactions"] if not finding.passed
    }
