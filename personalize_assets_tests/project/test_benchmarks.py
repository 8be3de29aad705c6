"""The benchmark is fair: each peer does the work, is measured completely, and is compared row by row."""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import click
import psutil
import pytest
from click.testing import CliRunner

from benchmarks import bench
from benchmarks.comparing import Comparison, compare
from benchmarks.contestants import contestants, refusal
from benchmarks.data import Raw, huge_file, site, small_files
from benchmarks.folder_server import BUCKET, serving
from benchmarks.growth import growth
from benchmarks.history import stage_seconds
from benchmarks.large import check_room
from benchmarks.large_data import large_site, lean, one_file, small_files_of
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
    with pytest.raises(CommandFailed, match=r"^exit code 4: what went wrong$"):
        measure([sys.executable, "-c", "import sys; print('a\\nwhat went wrong\\n', file=sys.stderr); sys.exit(4)"])


def test_a_command_that_does_not_end_is_stopped_with_its_children(tmp_path: Path) -> None:
    started = tmp_path / "child"
    child = f"import os, pathlib, time; pathlib.Path({str(started)!r}).write_text(str(os.getpid())); time.sleep(600)"
    command = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"]

    with pytest.raises(CommandFailed, match=r"^stopped after 2 s, the most it was given$"):
        measure(command, timeout=2)

    pid = int(started.read_text())
    assert not psutil.pid_exists(pid) or not is_alive(psutil.Process(pid))


def test_a_command_that_takes_too_much_memory_is_stopped() -> None:
    program = "import time; held = bytearray(300 << 20); time.sleep(600)"

    with pytest.raises(CommandFailed, match=r"^stopped when it had more than 0\.2 GiB of memory, after \d+ s$"):
        measure([sys.executable, "-c", program], max_bytes=200 << 20)


def test_memory_that_processes_share_counts_once() -> None:
    program = (
        "import mmap, os, time; held = mmap.mmap(-1, 200 << 20); held.write(bytes(200 << 20))\n"
        "children = [os.fork() for _ in range(2)]\n"
        "if 0 in children: [held[at] for at in range(0, len(held), 4096)]; time.sleep(1); os._exit(0)\n"
        "[os.waitpid(child, 0) for child in children]"
    )

    found = measure([sys.executable, "-c", program])

    assert found.peak_bytes > 400 * 2**20
    assert found.peak_pss_bytes < 300 * 2**20


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


def test_a_large_site_repeats_a_day_with_other_ids_times_and_users(tmp_path: Path) -> None:
    raw = large_site(tmp_path, 6_000, 3)

    events = [json.loads(line) for line in lines(raw) if line.startswith(b"{") and line.endswith(b"}")]
    ids = Counter(event["messageId"] for event in events)
    assert raw.events == pytest.approx(6_000, rel=0.2)
    assert raw.unpacked == sum(len(line) + 1 for line in lines(raw))
    assert len(events) == raw.events
    # 1.5 % are repeated within their day, and one of 400 a day later.
    assert 0.005 < 1 - len(ids) / len(events) < 0.04
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}", id) for id in ids)
    days = Counter(event["receivedAt"][:10] for event in events)
    assert sorted(day for day, count in days.items() if count > raw.events / 4) == [f"2026-10-0{n}" for n in (1, 2, 3)]
    late = [event for event in events if event["originalTimestamp"][:10] < "2026-09-30"]
    assert 0 < len(late) < raw.events / 40
    assert 450 < raw.unpacked / raw.events < 750
    assert large_site(tmp_path, 6_000, 3) == raw


def test_one_user_of_a_large_site_may_have_a_tenth_of_the_events(tmp_path: Path) -> None:
    raw = large_site(tmp_path, 6_000, 2, hot_user=True)

    users = Counter(re.findall(rb'"userId":"(\d+)"', b"\n".join(lines(raw))))
    (_, most), (_, second) = users.most_common(2)
    assert 0.05 < most / users.total() < 0.2
    assert second < most / 3


def test_events_that_lose_what_nothing_reads_stay_whole_and_broken_ones_stay_broken() -> None:
    event = b'{"channel":"a","context":{"app":{"name":"a"},"ip":"1"},"event":"x","properties":{"sku":"s","url":"u"}}'

    assert json.loads(lean(event)) == {"context": {"ip": "1"}, "event": "x", "properties": {"sku": "s"}}
    assert lean(b'{"channel":"client","event":"x","prop') == b'{"event":"x","prop'


def test_files_of_one_size_hold_whole_lines_of_a_site(tmp_path: Path) -> None:
    raw = large_site(tmp_path, 2_000, 2)

    small = small_files_of(tmp_path, raw, 20, 10_000)
    zipped = small_files_of(tmp_path, raw, 10, 3_000, zipped=True)
    huge = one_file(tmp_path, raw, 200_000, zipped=False)

    assert (small.files, zipped.files, huge.files) == (20, 10, 1)
    assert set(lines(small)) | set(lines(zipped)) | set(lines(huge)) <= set(lines(raw))
    assert small.packed == pytest.approx(200_000, rel=0.15)
    assert zipped.packed == pytest.approx(30_000, rel=0.5)
    assert 200_000 <= huge.packed < 700_000
    with pytest.raises(ValueError, match="wanted 100,000"):
        small_files_of(tmp_path, raw, 100_000, 10_000)


def test_sizes_that_do_not_fit_on_the_disk_are_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=11 * 10**9))

    check_room(tmp_path, [3_000_000, 30_000_000])
    assert "disk: 11 GB for 3 M and 30 M events" in capsys.readouterr().out
    with pytest.raises(click.ClickException, match=r"has 11 GB free, wanted 31 GB; name a larger disk with --data, or"):
        check_room(tmp_path, [100_000_000])


@pytest.mark.parametrize(("text", "sizes"), [("3,30,200", [3, 30, 200]), ("0.1", [0.1]), ("30,3", [3, 30])])
def test_sizes_are_millions_of_events(text: str, sizes: list[float]) -> None:
    assert bench.sizes_of(text) == [round(size * 1e6) for size in sizes]


@pytest.mark.parametrize("text", ["", "x", "3;30", "0"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write millions of events as 3,30,200"):
        bench.sizes_of(text)


def test_a_folder_is_served_as_a_bucket(tmp_path: Path) -> None:
    for name in ("a/1", "a/2", "b c/3", "d"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"content of {name}")

    with serving(tmp_path) as server:
        client = boto3.client("s3", endpoint_url=server.url, region_name="eu-central-1")
        server.set_seconds(0)
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 2})
        assert [entry["Key"] for page in pages for entry in page["Contents"]] == ["a/1", "a/2", "b c/3", "d"]
        folders = client.list_objects_v2(Bucket=BUCKET, Delimiter="/")
        assert [entry["Prefix"] for entry in folders["CommonPrefixes"]] == ["a/", "b c/"]
        assert client.get_object(Bucket=BUCKET, Key="b c/3")["Body"].read() == b"content of b c/3"
        assert client.get_object(Bucket=BUCKET, Key="d", Range="bytes=2-4")["Body"].read() == b"nte"
        assert server.counts() == {"LIST": 3, "GET": 1, "GET range": 1}


def test_the_seconds_of_stages_are_read_from_what_run_prints() -> None:
    printed = (
        "catalog  7 days, a to b (0.4 s)\nconvert  7 days (1.2 s)\nexport   users, items (10.0 s)\n\ndataset (x)\n"
    )

    assert stage_seconds(printed) == {"catalog": 0.4, "convert": 1.2, "export": 10.0}


# Results


def figures(*seconds: float, memory: int = 512, **more: Any) -> dict[str, Any]:
    peaks = {"peak_bytes": 512 * 2**20, "peak_pss_bytes": memory * 2**20, "disk_bytes": 0}
    runs = [{"seconds": one, "cpu_seconds": one * 2, **peaks} for one in seconds]
    return {"datasets": 1, "engine": None, "slow": False, "runs": runs, **more}


def history_row(days: int, **stages: float) -> dict[str, Any]:
    seconds = {"seconds": stages["export"] + 2, "again_seconds": 1.5, "whole_seconds": 60.0}
    return {
        "name": "local",
        "days": days,
        "events_a_day": 200,
        "stages": stages,
        "peak_bytes": 2**30,
        "peak_pss_bytes": 2**30,
        **seconds,
    }


def s3_row(what: str, wait: bool, convert: float) -> dict[str, Any]:
    stages = {"catalog": 0.1, "convert": convert, "export": 1.0}
    about = {"name": "arrow", "what": what, "about": what, "days": 30, "wait": wait}
    return {**about, "seconds": 9.0 if what == "30 days" else 4.0, "stages": stages, "requests": 300, **PEAKS}


PEAKS = {"peak_bytes": 512 * 2**20, "peak_pss_bytes": 512 * 2**20}
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
        "rows": [history_row(10, catalog=0.2, convert=0.5, export=2.0), history_row(1000, convert=0.75, export=9.0)],
    },
    "large": {
        "sizes": [
            {
                "machine": MACHINE,
                "wanted": 30_000_000,
                "events": 30_000_000,
                "files": 2_000,
                "bytes": 2_500_000_000,
                "unpacked": 19_000_000_000,
                "days": 30,
                "contestants": [
                    figures(35.0, 33.0, name="arrow", what="arrow", engine="arrow", same=True),
                    figures(30.0, name="duckdb_script", what="DuckDB", memory=4096, same=False),
                    figures(name="polars_script", what="Polars", missing="stopped"),
                ],
            }
        ]
    },
    "s3": {
        "machine": MACHINE,
        "seconds_an_answer": 0.04,
        "rows": [s3_row("small files", False, 2.0), s3_row("small files", True, 2.5), s3_row("30 days", True, 9.0)],
    },
    "cluster": {
        "machine": MACHINE,
        "workers": 2,
        "spark": "4.1.1",
        "rows": [
            {
                "case": "one gzip file",
                "job": "convert",
                "seconds": 10.0,
                "tasks": 2,
                "stages": 1,
                "input_bytes": 50_000_000,
                "shuffle_bytes": 0,
                "longest_seconds": 9.0,
                "median_seconds": 6.0,
            }
        ],
    },
}


def test_a_target_counts_the_shortest_run_and_says_what_was_not_measured() -> None:
    found = [(one.what, one.wanted, one.found, one.reached) for one in targets(RESULTS)]

    assert found == [
        ("workshop : `arrow`", "at least 20", None, None),
        ("workshop : `local`", "at least 8", 10.0, True),
        ("30 M events, `arrow` : DuckDB", "at most 1.2", 1.1, True),
        ("30 M events, memory of `arrow` : memory of DuckDB", "at most 0.25", 0.125, True),
        ("`local`: export after one more day, longest history : shortest", "at most 1.5", 4.5, False),
        ("S3, many small files: convert with 40 ms an answer : without", "at most 1.5", 1.25, True),
        ("S3, 30 days: seconds with 40 ms an answer", "at most 10", 9.0, True),
        ("S3, 30 days: requests a day", "at most 8", 10.0, False),
    ]


def test_a_hundred_million_events_have_to_end_within_two_gibibytes() -> None:
    size = {**RESULTS["large"]["sizes"][0], "events": 200_000_000}

    found = [(one.what, one.found, one.reached) for one in targets({"large": {"sizes": [size]}})]

    assert found == [
        ("200 M events, memory of `arrow` : memory of DuckDB", 0.125, True),
        ("200 M events, GiB of memory of `arrow`", 0.5, True),
    ]


def test_the_table_gives_ratios_to_the_workshop_and_to_duckdb() -> None:
    text = rendered(RESULTS)

    assert "| local | 1 | 12.5 | 16.2 | 2 | 25.0 | 80,000 | 512 | 10.0 | 2.50 |" in text
    assert "| DuckDB | 1 | 5.0 | 6.0 | 3 | 10.0 | 200,000 | 512 | 25.0 | 1.00 |" in text
    assert "Not measured: `arrow`. it is not here" in text
    assert "| workshop : `local` | at least 8 | 10.00 | yes |" in text
    assert "| `local` | 1,000 | 200 | 0.0 | 0.8 | 9.0 | 11.0 | 1.5 | 60.0 | 1,024 |" in text


def test_a_size_says_who_has_other_rows_and_who_did_not_finish() -> None:
    text = rendered(RESULTS)

    assert "**30.0 M events** of 30 days in 2,000 gzip files (2.5 GB, 19.0 GB unpacked):" in text
    assert "| arrow | 1 | 33.0 | 2 | 66.0 | 909,091 | 512 | 512 | 0 | 1.10 | yes |" in text
    assert "| DuckDB | 1 | 30.0 | 1 | 60.0 | 1,000,000 | 4,096 | 512 | 0 | 1.00 | **no** |" in text
    assert "Not measured: `polars_script`. stopped" in text


def test_requests_and_shuffled_bytes_are_in_the_tables() -> None:
    text = rendered(RESULTS)

    assert "| `arrow` | small files | 40 ms | 0.1 | 2.5 | 1.0 | 4.0 | 300 | 10.0 | 512 |" in text
    assert "| one gzip file | convert | 10.0 | 2 | 1 | 50 | 0 | 9.0 s | 1.5 |" in text


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
