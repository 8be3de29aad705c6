"""Which exports imports read, in a folder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from personalize_assets.storage import import_records
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.import_records import ImportRecords


@pytest.fixture
def records(tmp_path: Path) -> ImportRecords:
    return Destination(str(tmp_path / "out")).imports


def test_an_export_is_kept_while_it_is_read_and_while_its_rows_are_held(records: ImportRecords) -> None:
    first = records.begin("items", "first")
    while_read = records.runs(["items", "users"])
    records.end("items", [first], "first")
    second = records.begin("items", "second")
    both = records.runs(["items"])
    records.end("items", [second], "second")

    assert (while_read, both, records.runs(["items"])) == ({"first"}, {"first", "second"}, {"second"})


def test_a_run_that_died_long_ago_keeps_nothing(records: ImportRecords, monkeypatch: pytest.MonkeyPatch) -> None:
    records.begin("items", "first")
    monkeypatch.setattr(import_records, "_LONGEST_SECONDS", -1)

    assert records.runs(["items"]) == set()


def test_no_run_is_lost_if_several_begin_at_once(records: ImportRecords) -> None:
    runs = [f"run-{number}" for number in range(8)]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda run: records.begin("items", run), runs))

    assert records.runs(["items"]) == set(runs)


def test_added_columns_are_remembered_until_they_are_trained_on(records: ImportRecords) -> None:
    records.add_untrained("items", ["GENRE", "PRICE"], 5.0)
    records.forget_untrained("items", ["PRICE"])

    assert records.find("items").untrained == {"GENRE": 5.0}


def test_an_export_that_two_imports_read_is_kept_until_both_have_ended(records: ImportRecords) -> None:
    one, other = records.begin("items", "first"), records.begin("items", "first")
    records.end("items", [one], "second")
    after_one = records.runs(["items"])
    records.end("items", [other], "second")

    assert (after_one, records.runs(["items"])) == ({"first", "second"}, {"second"})


def test_with_a_damaged_record_any_export_may_be_read(records: ImportRecords, tmp_path: Path) -> None:
    records.begin("items", "first")
    (tmp_path / "out" / records.key("items")).write_text("{")

    assert records.runs(["items"]) is None
    records.begin("items", "second")
    assert records.runs(["items"]) == {"second"}
