"""A whole run on S3: how many requests it takes, and that it gives what a run on a folder gives."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from personalize_assets.config import load_config
from personalize_assets.local_run.run import run_all
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.object_store import open_store
from personalize_assets_tests.helpers.latency_server import LatencyServer, Request, counts
from personalize_assets_tests.helpers.stored import latest_csv

DAYS = 30
FEW = 9
ONCE = 70
"""Requests of a run that do not depend on the number of days: CSV, manifest, schema, owner, checks and lists."""


def run(folder: Path, source: str, destination: str, *, resume: bool = False) -> None:
    """Run interactions of a few events a day."""
    config: dict[str, Any] = {
        "checks": "warn",
        "source": {"uri": source, "layout": "hive", "start_date": "2026-10-01"},
        "destination": {"uri": destination},
        "dataset_group": {"name": "shop"},
        "datasets": {
            "interactions": {
                "where": {"event": "Clicked"},
                "columns": {"USER_ID": "user", "ITEM_ID": "sku", "TIMESTAMP": "at"},
            }
        },
    }
    file = folder / "personalize.yaml"
    file.write_text(yaml.safe_dump(config))
    run_all(load_config(file, os.environ), resume=resume)


def arrives(source: str, number: int, name: str = "a.json") -> None:
    """A file of a day."""
    events = [
        {"event": "Clicked", "user": f"u{n}", "sku": f"i{n}", "at": 1_790_812_800 + 86_400 * number + n}
        for n in range(3)
    ]
    text = "".join(json.dumps(event) + "\n" for event in events)
    open_store(source).write(f"day={date(2026, 10, 1) + timedelta(number)}/{name}", text.encode())


def by_object(requests: Sequence[Request]) -> Counter[tuple[str, str]]:
    """Requests for objects by kind and path."""
    return Counter((request.kind, request.path) for request in requests if request.path.count("/") > 1)


def arrive(source: str, days: int) -> str:
    """A file of each of the first days; returns the source."""
    for number in range(days):
        arrives(source, number)
    return source


def test_a_destination_on_s3_takes_five_requests_a_day(tmp_path: Path, s3_server: LatencyServer) -> None:
    run(tmp_path, arrive(str(tmp_path / "raw"), DAYS), "s3://events/out")

    # A day: its catalog, its rows, its object and the list of its files are written, and its rows are read.
    assert len(s3_server.requests) <= 5 * DAYS + ONCE
    assert counts(s3_server.requests).get("HEAD", 0) == 0
    assert counts(s3_server.requests)["LIST"] <= 25  # two of the CSV: for the checks of the run and of the report
    of_days = {place: number for place, number in by_object(s3_server.requests).items() if "day=" in place[1]}
    assert len(of_days) == 5 * DAYS
    assert set(of_days.values()) == {1}


def test_source_and_destination_on_s3_take_seven_requests_a_day(tmp_path: Path, s3_server: LatencyServer) -> None:
    source = arrive("s3://events/raw", FEW)
    s3_server.reset()

    run(tmp_path, source, "s3://events/out")

    of_raw_files = counts([request for request in s3_server.requests if request.path.startswith("/events/raw/")])
    assert of_raw_files == {"GET": FEW, "GET range": FEW}
    assert len(s3_server.requests) <= 7 * FEW + ONCE


def test_a_second_run_with_nothing_new_writes_no_rows_and_reads_each_commit_once(
    tmp_path: Path, s3_server: LatencyServer
) -> None:
    raw = arrive(str(tmp_path / "raw"), FEW)
    run(tmp_path, raw, "s3://events/out")
    s3_server.reset()

    run(tmp_path, raw, "s3://events/out", resume=True)

    written = [request.path for request in s3_server.requests if request.kind == "PUT"]
    assert [path for path in written if "filtered_interactions" in path or "rejects" in path] == []
    assert len(s3_server.requests) <= 4 * FEW + ONCE


def test_a_changed_day_is_found_and_replaced_and_the_others_are_left(tmp_path: Path, s3_server: LatencyServer) -> None:
    raw = arrive(str(tmp_path / "raw"), FEW)
    run(tmp_path, raw, "s3://events/out")
    arrives(raw, 7, "b.json")
    s3_server.reset()

    run(tmp_path, raw, "s3://events/out", resume=True)

    written = {request.path.rpartition("/")[0] for request in s3_server.requests if request.kind == "PUT"}
    assert "/events/out/filtered_interactions/day=2026-10-08" in written
    assert len([folder for folder in written if "/filtered_interactions/day=" in folder]) == 1
    rows = [file.key for file in open_store("s3://events/out").files("filtered_interactions/day=")]
    assert len(rows) == FEW + 1
    [replaced] = Destination("s3://events/out").days.all()["2026-10-08"].replaced
    assert set(replaced.files) < set(rows)


def test_the_csv_is_that_of_a_run_on_a_folder(tmp_path: Path, bucket: str) -> None:
    run(tmp_path, arrive(f"s3://{bucket}/raw", FEW), "s3://events/out")
    run(tmp_path, arrive(str(tmp_path / "raw"), FEW), str(tmp_path / "out"))

    made = latest_csv(Destination("s3://events/out"), "interactions")
    assert made == (tmp_path / "out/exports/latest/interactions.csv").read_bytes()
