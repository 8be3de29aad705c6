"""Which stages run, on which days, and what is loaded for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from personalize_assets.conversion.progress import OnProgress, Progress
from personalize_assets.conversion.spec import Report, Spec
from personalize_assets.engines.arrow import ArrowEngine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run.run import _Parts, day_ranges, run_all
from personalize_assets_tests.helpers.dagster_runs import EVENT, put_raw, small_config


@pytest.mark.parametrize(
    ("days", "max_days", "ranges"),
    [
        ([1, 2, 3, 4, 5], 2, [(1, 2), (3, 4), (5, 5)]),
        ([1, 2, 4, 5, 6, 7], 3, [(1, 2), (4, 6), (7, 7)]),
        ([1, 2, 3], 31, [(1, 3)]),
        ([1, 2], 1, [(1, 1), (2, 2)]),
    ],
)
def test_a_range_has_no_gap_and_no_more_days_than_allowed(
    days: list[int], max_days: int, ranges: list[tuple[int, int]]
) -> None:
    found = day_ranges([date(2026, 10, day) for day in days], max_days)

    assert [(of_range[0].day, of_range[-1].day) for of_range in found] == ranges


def test_days_before_the_source_and_after_today_are_refused(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    tomorrow = today + timedelta(days=1)

    with pytest.raises(PersonalizeAssetsError) as error:
        run_all(small_config(tmp_path), [date(2020, 1, 1), tomorrow])

    assert str(error.value) == (
        f"no day to convert: found 2020-01-01 to {tomorrow}, wanted days from source.start_date (2026-10-01) to today "
        f"({today}); correct --days or source.start_date"
    )


FIRST = date(2026, 10, 1)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that the engine runs, in their order, and where those that may share processes begin and end."""
    found: list[str] = []
    run = ArrowEngine.run

    def counted(self: ArrowEngine, context: Any, spec: Spec, on_progress: OnProgress | None = None) -> Report:
        found.append(type(spec).__name__)
        return run(self, context, spec, on_progress)

    @contextmanager
    def several_jobs(self: ArrowEngine) -> Iterator[None]:
        found.append("begin")
        yield
        found.append("end")

    monkeypatch.setattr(ArrowEngine, "run", counted)
    monkeypatch.setattr(ArrowEngine, "several_jobs", several_jobs)
    return found


def test_both_jobs_may_share_what_the_engine_has_started(tmp_path: Path, jobs: list[str]) -> None:
    put_raw(tmp_path, EVENT)

    run_all(small_config(tmp_path, checks="warn"))

    assert jobs == ["begin", "ConvertSpec", "ExportSpec", "end"]


def test_a_second_run_with_nothing_new_does_nothing_and_says_so(
    tmp_path: Path, jobs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    put_raw(tmp_path, EVENT)
    run_all(small_config(tmp_path, checks="warn"))
    table = capsys.readouterr().out.partition("\n\n")[2]
    jobs.clear()

    run_all(small_config(tmp_path, checks="warn"))

    assert jobs == []
    assert capsys.readouterr().out == (
        f"Nothing is new in 1 day since the last run; --force runs every stage again.\n\n{table}"
    )


def test_to_force_runs_every_stage_again(tmp_path: Path, jobs: list[str]) -> None:
    put_raw(tmp_path, EVENT)
    run_all(small_config(tmp_path, checks="warn"))
    jobs.clear()

    run_all(small_config(tmp_path, checks="warn"), force=True)

    assert jobs == ["begin", "ConvertSpec", "ExportSpec", "end"]


def test_days_that_are_named_are_new_only_if_something_changed(tmp_path: Path, jobs: list[str]) -> None:
    put_raw(tmp_path, EVENT)
    run_all(small_config(tmp_path, checks="warn"), [FIRST])
    jobs.clear()

    run_all(small_config(tmp_path, checks="warn"), [FIRST])
    again = list(jobs)
    run_all(small_config(tmp_path, checks="warn"), [FIRST, date(2026, 10, 2)])

    assert (again, jobs) == ([], ["begin", "ConvertSpec", "ExportSpec", "end"])


def test_a_run_that_fails_leaves_everything_new(tmp_path: Path, jobs: list[str]) -> None:
    put_raw(tmp_path, EVENT)
    config = small_config(tmp_path)
    for _ in range(2):
        with pytest.raises(PersonalizeAssetsError, match=r"^export: interactions_csv was not replaced, because"):
            run_all(config)

    assert jobs == ["begin", "ConvertSpec", "ExportSpec"] * 2


def test_two_groups_on_one_destination_do_not_export_each_others_rows(tmp_path: Path) -> None:
    for name, user in (("shop", "u1"), ("media", "u2")):
        (tmp_path / name).mkdir()
        put_raw(tmp_path / name, EVENT.replace("u1", user), day="2026-10-01" if name == "shop" else "2026-10-02")
    changes = {"checks": "warn", "destination": {"uri": str(tmp_path / "made")}}
    run_all(small_config(tmp_path / "shop", **changes))
    csv = tmp_path / "made/exports/latest/interactions.csv"
    before = csv.read_bytes()

    with pytest.raises(PersonalizeAssetsError, match=r"^catalog: .*/made belongs to the dataset group 'shop' \(of "):
        run_all(small_config(tmp_path / "media", dataset_group={"name": "media"}, **changes))

    assert csv.read_bytes() == before == b"USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1790812801\n"


def test_a_run_says_which_keys_do_not_fit_the_layout_and_which_files_are_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_raw(tmp_path, EVENT)
    put_raw(tmp_path, "", name="empty.json")
    (tmp_path / "raw/web/day=2026-10-01").mkdir(parents=True)
    (tmp_path / "raw/web/day=2026-10-01/a.json").write_text(EVENT)

    run_all(small_config(tmp_path, checks="warn"))

    closing = capsys.readouterr().out.partition("\n\nPersonalize would refuse")[0]
    assert closing.splitlines()[-2:] == [
        f"Not read: {tmp_path}/raw has keys that do not fit the layout hive (day=<YYYY-MM-DD>/<file>): "
        "1, e.g. web/day=2026-10-01/a.json; if they are events, correct layout or uri",
        f"Empty:    {tmp_path}/raw has files without bytes: 1, e.g. day=2026-10-01/empty.json",
    ]


def test_the_command_loads_neither_dagster_nor_spark_nor_pandas(tmp_path: Path) -> None:
    """Nor what a small run in a folder does not need: processes, AWS, tables for terminals, charts."""
    put_raw(tmp_path, EVENT)
    small_config(tmp_path, checks="warn")
    program = (
        "import sys\n"
        "from personalize_assets.cli import program\n"
        f"sys.argv = ['personalize-assets', 'run', '--config', '{tmp_path}/personalize.yaml']\n"
        "try:\n"
        "    program()\n"
        "except SystemExit as end:\n"
        "    print(end.code)\n"
        "unwanted = {'dagster', 'pyspark', 'pandas', 'loky', 'boto3', 'rich', 'pygal', 'yaml', 'pydantic_settings'}\n"
        "print(sorted(unwanted & sys.modules.keys()))\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert done.stdout.splitlines()[-2:] == ["3", "[]"]


class Recorder:
    """A display that keeps what it is given."""

    def __init__(self) -> None:
        self.found: list[Progress] = []

    def stage(self, name: str, what: str) -> AbstractContextManager[None]:
        return nullcontext()

    def progress(self, progress: Progress) -> None:
        self.found.append(progress)

    def note(self, line: str) -> None:
        raise AssertionError(line)

    waiting = note


def test_progress_says_which_of_several_ranges_of_days_it_is_of(tmp_path: Path) -> None:
    for day in ("2026-10-01", "2026-10-02"):
        put_raw(tmp_path, EVENT, day=day)
    shown = Recorder()

    run_all(small_config(tmp_path, checks="warn", automation={"max_days_per_run": 1}), display=shown)

    parts = [(one.job, one.part, one.parts) for one in shown.found if one.total]
    assert parts[:4] == [("catalog", 1, 2), ("catalog", 2, 2), ("convert", 1, 2), ("convert", 2, 2)]
    assert set(parts[4:]) == {("export", 1, 1)}


def test_what_follows_a_range_that_failed_is_no_part_of_several() -> None:
    shown = Recorder()
    parts = _Parts(shown.progress)
    ranges = cast("Generator[list[date]]", parts.each([[FIRST], [FIRST + timedelta(days=1)]]))

    next(ranges)
    parts.progress(Progress(job="convert"))
    ranges.close()
    parts.progress(Progress(job="export"))

    assert [(one.part, one.parts) for one in shown.found] == [(1, 2), (1, 1)]
