"""Rejects of a small group that is converted in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets.local_run.run import run_all
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.rejects import Filter, RejectCount, Rejects, find_rejects, printable, rejects_of
from personalize_assets_tests.helpers.dagster_runs import put_raw, small_config

GOOD = '{"user": "u1", "item": "i1", "time": 1790812801}\n'
NO_USER = '{"item": "i1", "secret": "s3cret", "time": 1790812801}\n'
NO_ITEM = '{"user": "u1", "time": 1790812801}\n'


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> DatasetGroup:
    """Two days: three rejects and a broken line on the first, one reject on the second."""
    folder: Path = tmp_path_factory.mktemp("group")
    config = small_config(folder, checks="warn", mask=["secret"])
    put_raw(folder, GOOD + NO_USER * 2 + NO_ITEM + "broken\n")
    put_raw(folder, GOOD + NO_USER, "2026-10-02")
    run_all(config)
    return DatasetGroup(config)


def counts(found: Rejects) -> list[tuple[str, str, int]]:
    return [(one.dataset, one.reason, one.count) for one in found.counts]


def test_rejects_are_counted_by_dataset_and_reason_the_most_frequent_first(group: DatasetGroup) -> None:
    found = find_rejects(group, Filter(), 0)

    assert (found.days, found.total, found.samples) == (2, 5, ())
    assert counts(found) == [
        ("interactions", "missing:USER_ID", 3),
        ("", "malformed_json", 1),
        ("interactions", "missing:ITEM_ID", 1),
    ]


def test_samples_are_those_of_the_newest_days_and_masked(group: DatasetGroup) -> None:
    found = find_rejects(group, Filter(), 2)

    assert [(sample.day, sample.reason) for sample in found.samples] == [
        ("2026-10-02", "missing:USER_ID"),
        ("2026-10-01", "missing:USER_ID"),
        ("2026-10-01", "malformed_json"),
        ("2026-10-01", "missing:ITEM_ID"),
    ]
    assert "***" in (found.samples[0].raw or "")
    assert "s3cret" not in "".join(sample.raw or "" for sample in found.samples)
    assert found.samples[0].file.endswith("raw/day=2026-10-02/a.json")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(days=("2026-10-02",)), [("interactions", "missing:USER_ID", 1)]),
        (Filter(days=("2026-11-01",)), []),
        (Filter(reason="missing:ITEM_ID"), [("interactions", "missing:ITEM_ID", 1)]),
        (Filter(reason="missing"), [("interactions", "missing:USER_ID", 3), ("interactions", "missing:ITEM_ID", 1)]),
        (Filter(reason="miss"), []),
        (Filter(dataset="users"), []),
        (Filter(dataset="interactions", reason="malformed_json"), []),
    ],
)
def test_a_filter_leaves_others_out(group: DatasetGroup, wanted: Filter, expected: list[tuple[str, str, int]]) -> None:
    found = find_rejects(group, wanted, 5)

    assert counts(found) == expected
    assert len(found.samples) == sum(count for *_, count in expected)


def test_no_reject_file_is_read_without_samples(group: DatasetGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group.destination.days, "first_rejects_in", None)

    assert find_rejects(group, Filter(), 0).counts[0] == RejectCount("interactions", "missing:USER_ID", 3)


def test_an_empty_destination_has_none_and_stays_empty(tmp_path: Path) -> None:
    found = find_rejects(DatasetGroup(small_config(tmp_path)), Filter(), 3)

    assert found == Rejects("shop", 0, 0, (), ())
    assert not (tmp_path / "out").exists()


def test_samples_come_from_no_more_files_than_are_asked_for(group: DatasetGroup) -> None:
    found = rejects_of(group, group.destination.days.all(), Filter(), 5, most_files=1)

    assert {sample.day for sample in found.samples} == {"2026-10-02"}


def test_what_a_terminal_or_a_browser_would_obey_is_escaped() -> None:
    assert printable("caf\u00e9 \x1b[31m\n\u202eabc") == "caf\u00e9 \\x1b[31m\\n\\u202eabc"


def test_samples_follow_a_mask_that_the_config_got_after_the_conversion(tmp_path: Path) -> None:
    put_raw(tmp_path, GOOD + NO_USER)
    run_all(small_config(tmp_path, checks="warn"))

    found = find_rejects(DatasetGroup(small_config(tmp_path, checks="warn", mask=["secret"])), Filter(), 2)

    assert len(found.samples) == 1
    assert "s3cret" not in (found.samples[0].raw or "")
