"""Stages without Dagster: checks that fail end the run, transient errors are tried again. The engine is a stand-in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec import structs

from personalize_assets.conversion import job, waiting
from personalize_assets.conversion.progress import OnProgress, Progress
from personalize_assets.conversion.spec import ConvertReport, ExportReport, Report, SourceCounts, Spec
from personalize_assets.conversion.spread import in_turn
from personalize_assets.engines import Engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run.stages import Stages
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.manifests import ExportSet
from personalize_assets.storage.object_store import TransientStoreError
from personalize_assets.storage.stored_structs import Found
from personalize_assets_tests.helpers.small_group import CLICK, FIRST, IDENTIFY, put_events, small_group

EXPORTS = ("users", "interactions_csv", "users_csv")
Change = Callable[[Any], Report]


class Here(Engine):
    """Runs tasks one after another in this process. Raises ``errors`` first; ``change`` changes its reports."""

    def __init__(self, *errors: Exception, change: Change = lambda report: report) -> None:
        self.errors = list(errors)
        self.jobs = 0
        self.change = change

    def run(self, context: Any, spec: Spec, on_progress: OnProgress | None = None) -> Report:
        assert context is None
        self.jobs += 1
        if self.errors:
            raise self.errors.pop(0)
        if on_progress:
            on_progress(Progress(job="j", done=1, total=1, bytes_done=1, bytes=1, events=1, seconds=1.0))
        return self.change(job.run(spec, in_turn, 1))


def group_of_two_events(folder: Path, checks: str = "warn") -> DatasetGroup:
    group = small_group(folder, checks=checks)
    put_events(group, FIRST, CLICK, IDENTIFY)
    return group


def run(
    group: DatasetGroup, engine: Here, on_progress: OnProgress = lambda progress: None
) -> tuple[dict[str, str | None], list[float]]:
    """Run all stages; returns the digests of the days, and the waits before retries."""
    waits: list[float] = []
    stages = Stages(group, engine, on_progress, waits.append)
    contents = stages.catalog([FIRST], resume=False)
    stages.convert([FIRST], resume=False)
    stages.export(EXPORTS)
    stages.schemas(["interactions", "users"])
    return contents, waits


def test_all_stages_leave_what_an_import_needs(tmp_path: Path) -> None:
    group = group_of_two_events(tmp_path)

    contents, waits = run(group, Here())

    catalog = group.destination.catalogs([FIRST]).get(FIRST)
    assert catalog is not None
    assert (contents, waits) == ({"2026-10-01": catalog.content}, [])
    assert (tmp_path / "out/exports/latest/users.csv").read_text() == "USER_ID,CITY\nu1,Ulm\n"
    assert sorted(file.name for file in (tmp_path / "out/exports/latest").iterdir()) == [
        "interactions.avsc", "interactions.csv", "manifest.json", "users.avsc", "users.csv",
    ]  # fmt: skip


def test_the_catalog_and_both_jobs_report_their_progress(tmp_path: Path) -> None:
    found: list[Progress] = []

    run(group_of_two_events(tmp_path), Here(), found.append)

    assert [one.state for one in found] == ["", "", "committing", "", "joining parts"]


def test_to_resume_leaves_finished_days_to_the_engine_of_before(tmp_path: Path) -> None:
    group = group_of_two_events(tmp_path)
    run(group, Here())
    engine = Here()

    Stages(group, engine, lambda progress: None).convert([FIRST], resume=True)

    assert engine.jobs == 0


def test_transient_errors_are_tried_again_three_times_with_growing_waits(tmp_path: Path) -> None:
    engine = Here(*[TimeoutError("busy")] * 3)

    _, waits = run(group_of_two_events(tmp_path), engine)

    assert engine.jobs == 5
    assert [0 <= waits[0] <= 60, 60 <= waits[1] <= 120, 180 <= waits[2] <= 240] == [True] * 3


def test_a_wait_before_a_retry_is_reported_with_its_reason(tmp_path: Path) -> None:
    lines: list[str] = []

    with waiting.reported(lines.append):
        _, waits = run(group_of_two_events(tmp_path), Here(TransientStoreError("s3://b: busy")))

    assert lines == [f"transient error, retry 1 of 3 in {waits[0]:.0f} s: s3://b: busy"]


def test_a_transient_error_that_stays_ends_the_run_with_its_text(tmp_path: Path) -> None:
    engine = Here(*[TransientStoreError("s3://b: busy; wait")] * 9)

    with pytest.raises(TransientStoreError, match="s3://b: busy; wait"):
        run(group_of_two_events(tmp_path), engine)

    assert engine.jobs == 4


def test_a_permanent_error_is_not_tried_again(tmp_path: Path) -> None:
    engine = Here(PersonalizeAssetsError("no permission"))

    with pytest.raises(PersonalizeAssetsError, match="no permission"):
        run(group_of_two_events(tmp_path), engine)

    assert engine.jobs == 1


def one_event_more(report: Any) -> Report:
    """A conversion that read one event more than it accounts for."""
    if not isinstance(report, ConvertReport):
        assert isinstance(report, ExportReport)
        return report
    (day,) = report.days
    of_day = report.days[day]
    counts = of_day.sources["source"] + SourceCounts(read=1)
    return structs.replace(report, days={day: structs.replace(of_day, sources={"source": counts})})


def test_events_that_are_not_accounted_for_end_the_run(tmp_path: Path) -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        run(group_of_two_events(tmp_path), Here(change=one_event_more))

    counts = "3 events read, but 2 wanted + 0 not wanted + 0 malformed + 0 unreadable"
    problem = f"every_event_is_accounted_for: 2026-10-01: {counts}"
    assert str(error.value) == f"a check failed: filtered_interactions: {problem}; user_traits: {problem}"


def one_row_less(report: Any) -> Report:
    """An export that read one row less than the days have."""
    if not isinstance(report, ExportReport):
        return cast("Report", report)
    datasets = {name: structs.replace(made, copies=made.copies - 1) for name, made in report.datasets.items()}
    return structs.replace(report, datasets=datasets)


def test_rows_that_are_neither_exported_nor_duplicates_end_the_run_and_nothing_is_replaced(tmp_path: Path) -> None:
    group = group_of_two_events(tmp_path)

    with pytest.raises(PersonalizeAssetsError) as error:
        run(group, Here(change=one_row_less))

    assert str(error.value).splitlines()[0] == (
        "interactions was not exported: the commits of its days count 1 rows, but the export read 0. "
        "There is no former export. Run it again; if that gives the same, daily files were changed by hand: "
        "materialize filtered_interactions for all days again, or use `personalize-assets run --force`"
    )
    assert (group.destination.exports.manifest("interactions"), group.destination.tables.current("users")) == (
        None,
        None,
    )
    assert group.destination.kept.current("interactions") is None


def test_an_export_that_personalize_would_refuse_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(PersonalizeAssetsError, match="interactions_csv was not replaced, because Personalize would"):
        run(group_of_two_events(tmp_path, checks="strict"), Here())


def test_the_csvs_are_read_and_a_broken_one_ends_a_strict_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `checks: warn` the same finding is none that ends it."""
    group = group_of_two_events(tmp_path)
    stages = Stages(group, Here(), lambda progress: None)
    stages.catalog([FIRST], resume=False)
    stages.convert([FIRST], resume=False)
    publish = group.destination.exports.publish

    def edit(made: ExportSet, before: Found[ExportSet]) -> bool:
        group.destination.store.write(made.datasets["users"].path, b"edited")
        return publish(made, before)

    monkeypatch.setattr(group.destination.exports, "publish", edit)
    stages.export(["users", "users_csv"])
    monkeypatch.setattr(type(group.config), "is_strict", True)

    with pytest.raises(PersonalizeAssetsError, match=r"a check failed: users_csv: the_header_equals_the_schema: found"):
        stages.export(["users", "users_csv"])
