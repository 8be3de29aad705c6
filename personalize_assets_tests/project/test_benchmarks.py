"""The benchmark is fair: each peer does the work, is measured completely, and is compared row by row."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from benchmarks import bench
from benchmarks.comparing import Comparison, compare
from benchmarks.contestants import contestants, refusal
from benchmarks.data import Raw, huge_file, site, small_files
from benchmarks.growth import growth
from benchmarks.measuring import REPO, CommandFailed, is_alive, measure
from benchmarks.peers import duckdb_script, pandas_script, polars_script
from benchmarks.report import BEGIN, END, put_into, rendered
from benchmarks.targets import targets
from personalize_assets_tests.helpers.benchmark_events import COLUMNS, EVERY_FORM, THEIR_ROWS, rows, write_raw

SCRIPTS = {"duckdb": duckdb_script.main, "polars": polars_script.main, "pandas": pandas_script.main}
MACHINE = {
    "date": "2026-11-22 00:00 UTC",
    "commit": None,
    "cpu": "a processor",
    "cores": 2,
    "memory_bytes": 24 * 2**30,
    "load": 0.1,
    "system": "Linux 6",
    "python": "3.11.7",
    "java": "17.0.1",
    "libraries": {"duckdb": "2.0.0"},
}


# The peers


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_reads_every_form_that_a_value_takes(script: Callable[[Path, Path], None], tmp_path: Path) -> None:
    script(write_raw(tmp_path, *EVERY_FORM), tmp_path / "out.csv")

    assert rows(tmp_path / "out.csv") == THEIR_ROWS


def test_every_script_takes_part() -> None:
    scripts = {file.stem for file in (REPO / "benchmarks/peers").glob("*.py")} - {"__init__", "spark_session"}

    assert {one.name for one in contestants(engines=())} == scripts


# Comparing


def test_rows_are_compared_whatever_their_order_quotes_and_forms_of_numbers(tmp_path: Path) -> None:
    header = ",".join(COLUMNS) + "\n"
    (tmp_path / "ours.csv").write_text(header + '"say \\"x, y\\"",01,Order Completed,5,2\nu,A,Order Completed,,1\n')
    (tmp_path / "theirs.csv").write_text(header + 'u,A,Order Completed,,1\n"say ""x, y""",01,Order Completed,5.0,2\n')

    assert compare(tmp_path / "ours.csv", tmp_path / "theirs.csv") == Comparison(2, 0, 0, ())


def test_lost_and_added_rows_are_counted_with_their_copies(tmp_path: Path) -> None:
    header = "USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP\n"
    (tmp_path / "ours.csv").write_text(header + "u,A,Click,1,1\nu,B,Click,1,2\nu,C,Click,1,3\n")
    (tmp_path / "theirs.csv").write_text(header + "u,A,Click,1,1\nu,A,Click,1,1\nu,A,Click,1,1\nu,C,Click,1,\n")

    assert compare(tmp_path / "ours.csv", tmp_path / "theirs.csv") == Comparison(
        rows=4, lost=2, added=3, columns_missing=()
    )


def test_a_column_that_a_peer_lacks_is_named_and_left_out_of_the_comparison(tmp_path: Path) -> None:
    (tmp_path / "ours.csv").write_text("USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP\nu,A,Click,1,1\n")
    (tmp_path / "theirs.csv").write_text("USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP\nu,A,Click,1\n")

    assert compare(tmp_path / "ours.csv", tmp_path / "theirs.csv") == Comparison(1, 0, 0, ("EVENT_VALUE",))


# Measuring


def test_the_memory_and_the_processor_time_of_children_count() -> None:
    child = "import time; held = bytearray(200 << 20); [None for _ in iter(lambda: time.process_time() < 0.6, False)]"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True); print('done')"

    found = measure([sys.executable, "-c", parent])

    assert found.output == "done\n"
    assert 200 * 2**20 < found.peak_bytes < 400 * 2**20
    assert found.seconds >= 0.5
    assert found.cpu_seconds >= 0.5


def test_the_error_of_a_failed_command_is_its_last_line() -> None:
    with pytest.raises(CommandFailed, match=r"^exit code 3: what went wrong$"):
        measure([sys.executable, "-c", "import sys; print('a\\nwhat went wrong\\n', file=sys.stderr); sys.exit(3)"])


def test_a_command_that_does_not_end_is_stopped_with_its_children(tmp_path: Path) -> None:
    started = tmp_path / "child"
    child = f"import os, pathlib, time; pathlib.Path({str(started)!r}).write_text(str(os.getpid())); time.sleep(600)"
    command = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"]

    with pytest.raises(CommandFailed, match=r"^stopped after 2 s, the most it was given$"):
        measure(command, timeout=2)

    pid = int(started.read_text())
    assert not psutil.pid_exists(pid) or not is_alive(psutil.Process(pid))


def test_a_command_does_not_see_the_settings_of_the_measuring_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONALIZE__SOURCE__URI", "elsewhere")
    program = "import os; print([name for name in os.environ if name.startswith('PERSONALIZE')])"

    assert measure([sys.executable, "-c", program], {"PERSONALIZE_ENGINE": "local"}).output == (
        "['PERSONALIZE_ENGINE']\n"
    )


# The data


def lines(raw: Raw) -> list[bytes]:
    """All raw lines, sorted, in whatever file they are."""
    files = [file for file in raw.folder.glob("segment-logs/*/*/*") if file.is_file()]
    contents = [file.read_bytes() for file in files]
    return sorted(
        line
        for content in contents
        for line in (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).splitlines()
    )


def test_a_site_is_made_once_and_is_about_as_large_as_asked(tmp_path: Path) -> None:
    first = site(tmp_path, 5_000)
    before = {file: file.stat().st_mtime_ns for file in first.folder.rglob("*.gz")}

    assert site(tmp_path, 5_000) == first
    assert {file: file.stat().st_mtime_ns for file in first.folder.rglob("*.gz")} == before
    assert 4_500 < first.events < 5_500
    assert first.files == len(before)
    assert first.packed == sum(file.stat().st_size for file in before)


def test_a_site_whose_making_was_interrupted_is_made_again(tmp_path: Path) -> None:
    made = site(tmp_path, 1_000)
    made.folder.with_name(f"{made.folder.name}.json").unlink()
    next(made.folder.rglob("*.gz")).unlink()

    assert site(tmp_path, 1_000) == made
    assert len(list(made.folder.rglob("*.gz"))) == made.files


def test_small_files_hold_the_same_events_on_the_same_days(tmp_path: Path) -> None:
    ordinary, small = small_files(tmp_path, 2_000)

    assert small.files == pytest.approx(ordinary.unpacked / 20_000, abs=8)
    assert lines(small) == lines(ordinary)
    assert small.events == ordinary.events
    assert small.packed == small.unpacked == ordinary.unpacked
    days = [{file.parent.name for file in raw.folder.glob("segment-logs/*/*/*")} for raw in (ordinary, small)]
    assert days[0] == days[1]


@pytest.mark.parametrize("zipped", [False, True])
def test_a_huge_file_holds_all_events(zipped: bool, tmp_path: Path) -> None:
    ordinary = site(tmp_path, 2_000)

    huge = huge_file(tmp_path, ordinary, zipped=zipped)

    assert huge.files == 1
    assert lines(huge) == lines(ordinary)
    assert huge.unpacked == ordinary.unpacked
    assert (huge.packed < huge.unpacked) == zipped


# Results


def figures(*seconds: float, **more: Any) -> dict[str, Any]:
    runs = [{"seconds": one, "cpu_seconds": one * 2, "peak_bytes": 512 * 2**20} for one in seconds]
    return {"datasets": 1, "engine": None, "slow": False, "runs": runs, **more}


RESULTS: dict[str, Any] = {
    "contest": {
        "machine": MACHINE,
        "raw": {"events": 1_000_000, "files": 30, "bytes": 80_000_000, "unpacked": 900_000_000},
        "contestants": [
            figures(name="arrow", what="arrow", missing="it is\nnot here"),
            figures(20.0, 12.5, name="local", what="local", engine="local"),
            figures(125.0, name="workshop", what="workshop"),
            figures(5.0, 6.0, 7.0, name="duckdb_script", what="DuckDB"),
        ],
    },
    "history": {
        "machine": MACHINE,
        "rows": [
            {"name": "local", "days": 10, "events_a_day": 200, "convert": [0.5, 0.4], "export": 2, "peak_bytes": 2**30},
            {
                "name": "local",
                "days": 1000,
                "events_a_day": 200,
                "convert": [0.8, 0.9],
                "export": 9,
                "peak_bytes": 2**30,
            },
        ],
    },
}


def test_a_target_counts_the_shortest_run_and_says_what_was_not_measured() -> None:
    found = [(one.what, one.wanted, one.found, one.reached) for one in targets(RESULTS)]

    assert found == [
        ("workshop : `arrow`", "at least 20", None, None),
        ("workshop : `local`", "at least 8", 10.0, True),
        ("`arrow` : DuckDB", "at most 1.5", None, None),
        ("`local`: one more day after the longest history : after the shortest", "at most 1.5", 2.0, False),
    ]


def test_the_table_gives_ratios_to_the_workshop_and_to_duckdb() -> None:
    text = rendered(RESULTS)

    assert "| local | 1 | 12.5 | 16.2 | 2 | 25.0 | 80,000 | 512 | 10.0 | 2.50 |" in text
    assert "| DuckDB | 1 | 5.0 | 6.0 | 3 | 10.0 | 200,000 | 512 | 25.0 | 1.00 |" in text
    assert "Not measured: `arrow`. it is not here" in text
    assert "| workshop : `local` | at least 8 | 10.00 | yes |" in text
    assert "| `local` | 1,000 | 200 | 0.80 | 9.0 | 1,024 |" in text


def test_the_readme_keeps_what_stands_around_the_results(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")

    put_into(readme, {"history": RESULTS["history"]})
    put_into(readme, {"history": RESULTS["history"]})

    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}\n\n### Targets\n")
    assert text.endswith(f"\n\n{END}\nafter\n")
    assert text.count("### One more day") == 1
    assert "old" not in text


def test_a_readme_without_the_marks_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine\n")

    with pytest.raises(ValueError, match="has no lines '<!-- results: written by `make bench` -->' and"):
        put_into(tmp_path / "README.md", RESULTS)
    assert (tmp_path / "README.md").read_text() == "mine\n"


def test_the_readme_shows_the_results_that_are_kept() -> None:
    results = json.loads((REPO / "benchmarks/results.json").read_text())

    assert rendered(results) in (REPO / "benchmarks/README.md").read_text()


# The command


def test_an_engine_that_this_version_does_not_have_is_reported_and_the_others_run(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"{BEGIN}\n{END}\n")
    (tmp_path / "results.json").write_text(json.dumps({"history": RESULTS["history"]}))
    options = {"--data": "data", "--results": "results.json", "--readme": "README.md"}
    paths = [part for name, value in options.items() for part in (name, str(tmp_path / value))]
    others = ["--engine", "spork", "--only", "spork", "--only", "duckdb_script", "--events", "2000", "--runs", "2"]

    done = CliRunner().invoke(bench.main, ["contest", *others, *paths])

    assert done.exit_code == 0, done.output
    results = json.loads((tmp_path / "results.json").read_text())
    spork, duckdb = results["contest"]["contestants"]
    assert spork["missing"] == refusal("spork")
    assert "'spork'" in spork["missing"]
    assert spork["runs"] == []
    assert len(duckdb["runs"]) == 2
    assert results["history"] == RESULTS["history"]
    assert "Not measured: `spork`." in (tmp_path / "README.md").read_text()


def test_growth_measures_a_sixteenth_a_quarter_and_all(tmp_path: Path) -> None:
    measured = growth(tmp_path, 16_000, engines=())["rows"]

    assert [row["factor"] for row in measured] == [1, 4, 16]
    assert [round(row["events"], -3) for row in measured] == [1_000, 4_000, 16_000]
    assert all(row["seconds"] > 0 and row["peak_bytes"] > 2**20 for row in measured)
