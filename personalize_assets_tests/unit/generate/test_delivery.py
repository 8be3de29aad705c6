"""Repeats, late files and broken lines."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

from personalize_assets_tests.helpers.raw_files import (
    Event,
    arrived,
    event_day,
    lines_in,
)


def test_messages_repeat_in_the_same_file_in_another_and_on_a_later_day(week: Path) -> None:
    places: dict[str, list[tuple[date, str]]] = {}
    for day, key, event in arrived(week):
        places.setdefault(event["messageId"], []).append((day, key))
    repeated = [seen for seen in places.values() if len(seen) > 1]

    assert 0.005 < len(repeated) / len(places) < 0.03
    assert any(len({key for _, key in seen}) == 1 for seen in repeated)
    assert any(len({key for _, key in seen}) > 1 for seen in repeated)
    assert any(len({day for day, _ in seen}) > 1 for seen in repeated)


def test_repeats_are_the_same_bytes_or_differ_in_the_time_of_receipt_alone(events: list[Event]) -> None:
    first: dict[str, Event] = {}
    differences = set()
    for event in events:
        before = first.setdefault(event["messageId"], event)
        differences.add(frozenset(field for field in event if event[field] != before[field]))

    assert differences == {frozenset(), frozenset({"receivedAt"})}


def test_late_files_hold_only_events_of_the_three_days_before(week: Path) -> None:
    files: dict[tuple[date, str], set[int]] = {}
    for day, key, event in arrived(week):
        files.setdefault((day, key), set()).add((day - event_day(event)).days)
    late = [ages for ages in files.values() if 0 not in ages]

    assert late
    assert set().union(*late) <= {1, 2, 3}


def test_no_event_is_later_than_its_arrival_day(week: Path) -> None:
    assert all(event_day(event) <= day for day, _, event in arrived(week))


def test_about_one_line_in_a_thousand_is_cut_off_or_garbage_or_no_object(week: Path) -> None:
    def kind(line: bytes) -> str:
        try:
            return type(json.loads(line)).__name__
        except ValueError:
            return "cut off" if line.startswith(b"{") else "garbage"

    kinds = Counter(kind(line) for line in lines_in(week))
    broken = kinds.total() - kinds["dict"]

    assert 0.0005 < broken / kinds.total() < 0.002
    assert {"cut off", "garbage"} < kinds.keys() - {"dict"}
