"""Days are converted, committed and judged; tasks run one after another in this process."""

from __future__ import annotations

from pathlib import Path

from personalize_assets.conversion.spec import ConvertReport, ConvertSpec
from personalize_assets.judging.judged_days import JudgedDays, make_days, unbalanced_days
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.manifests import DayAccounting, DayCommit
from personalize_assets_tests.helpers.small_group import CLICK, FIRST, SECOND, put_events, run_here, small_group


def make(group: DatasetGroup, *, resume: bool = False) -> tuple[JudgedDays, list[ConvertSpec], list[str]]:
    """Catalog and convert two days; returns what was made, the specs that were run, and the lines that were logged."""
    specs: list[ConvertSpec] = []
    logged: list[str] = []

    def run(spec: ConvertSpec) -> ConvertReport:
        specs.append(spec)
        return run_here(spec)

    catalog_days(group, [FIRST, SECOND])
    made = make_days(group, [FIRST, SECOND], ["interactions"], run, resume=resume, log=logged.append)
    return made, specs, logged


def test_every_day_is_converted_and_its_facts_are_there(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK, CLICK)

    made, specs, logged = make(group)

    assert (len(specs), logged) == (1, [])
    assert made.converted == {"2026-10-01", "2026-10-02"}
    assert {day: commit.kept for day, commit in made.facts["interactions"].commits.items()} == {
        "2026-10-01": 2,
        "2026-10-02": 0,
    }


def test_without_resume_a_finished_day_is_converted_again(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    make(group)

    assert make(group)[0].converted == {"2026-10-01", "2026-10-02"}


def test_to_resume_leaves_finished_days_and_has_their_facts_too(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK)
    make(group)
    put_events(group, SECOND, CLICK)

    made, specs, logged = make(group, resume=True)

    assert [list(spec.contents) for spec in specs] == [["2026-10-02"]]
    assert logged == ["1 of 2 days are finished and left as they are"]
    assert made.converted == {"2026-10-02"}
    assert sorted(made.facts["interactions"].commits) == ["2026-10-01", "2026-10-02"]


def test_with_every_day_finished_the_engine_is_not_asked(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    make(group)

    made, specs, _ = make(group, resume=True)

    assert (specs, made.report, made.converted) == ([], None, set())


def test_a_day_whose_counts_do_not_balance_is_named(tmp_path: Path) -> None:
    accounting = {"2026-10-01": DayAccounting(run="r", read=5, wanted=3, not_wanted=1)}
    commits = {"2026-10-01": DayCommit(run="r", mapping="m", rows=3, kept=2)}

    assert unbalanced_days(accounting, commits) == [
        "2026-10-01: 5 events read, but 3 wanted + 1 not wanted + 0 malformed + 0 unreadable",
        "2026-10-01: 3 rows, but 2 kept + 0 rejected",
    ]
