"""What a file holds, and what it is called."""

import re
from pathlib import Path

import pytest

from personalize_assets.generate import generate
from personalize_assets_tests.helpers.raw_files import (
    files_in,
    unzipped,
)


def test_segment_files_come_from_three_sources_beside_the_object_that_tested_the_bucket(week: Path) -> None:
    keys = files_in(week).keys()

    assert "segment-logs/dummy-object.txt" in keys
    assert {key.split("/")[1] for key in keys if key.endswith(".gz")} == {"website-prod", "android-prod", "ios-prod"}


def test_firehose_records_are_glued_and_some_files_are_not_compressed(tmp_path: Path) -> None:
    generate(tmp_path / "f", layout="firehose", days=1, users=400, seed=3)

    contents = list(files_in(tmp_path / "f").values())
    assert {content.startswith(b"\x1f\x8b") for content in contents} == {True, False}
    assert any(b"}{" in unzipped(content) for content in contents)
    assert any(b'{\n  "' in unzipped(content) for content in contents)  # one wrapped over lines


def test_hive_files_are_plain_lines_and_flat_ones_are_mixed(tmp_path: Path) -> None:
    generate(tmp_path / "hive", layout="hive", days=1, users=100, seed=3)
    generate(tmp_path / "flat", layout="flat", days=2, users=100, seed=3)

    assert {Path(key).suffixes[-1] for key in files_in(tmp_path / "hive")} == {".json"}
    assert {Path(key).suffixes[-1] for key in files_in(tmp_path / "flat")} == {".json", ".gz"}


def test_files_of_a_pattern_are_named_and_compressed_as_it_says(tmp_path: Path) -> None:
    generate(tmp_path / "one", layout="logs/%Y%m%d_*.gz", days=1, users=60, seed=3)
    generate(tmp_path / "two", layout="*/%Y/%m/%d/%H/*", days=1, users=60, seed=3)

    one, two = files_in(tmp_path / "one"), files_in(tmp_path / "two")
    assert all(re.fullmatch(r"logs/20261001_events-[0-9]{5}-[0-9a-f]{8}\.gz", key) for key in one)
    assert all(content.startswith(b"\x1f\x8b") for content in one.values())
    assert {key.partition("/2026/10/01/")[0] for key in two} == {"website-prod", "android-prod", "ios-prod"}


def test_files_of_a_shape_are_in_its_folder_and_say_how_many_events_came_before(tmp_path: Path) -> None:
    made = generate(tmp_path / "k", shape="kafka-connect", days=1, users=60, seed=3)

    keys = list(files_in(tmp_path / "k"))
    pattern = r"topics/clicks/year=2026/month=10/day=01/hour=[0-9]{2}/clicks\+0\+([0-9]{10})\.avro"
    offsets = [int(re.fullmatch(pattern, key)[1]) for key in keys]  # type: ignore[index]
    assert offsets[0] == 0
    assert offsets == sorted(set(offsets))
    assert offsets[-1] < made.events


def test_the_tables_of_a_shape_are_in_folders_of_their_own(tmp_path: Path) -> None:
    generate(tmp_path / "r", shape="redshift", days=1, users=60, seed=3)

    assert {key.rpartition("/")[0] for key in files_in(tmp_path / "r")} == {
        "tracks/day=2026-10-01",
        "identifies/day=2026-10-01",
    }


def test_a_file_that_is_full_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personalize_assets.generate.file_writer.MAX_EVENTS_PER_FILE", 10)
    generate(tmp_path / "hive", layout="hive", days=1, users=100, seed=3)

    counts = [len(content.splitlines()) for content in files_in(tmp_path / "hive").values()]
    assert len(counts) > 2
    assert max(counts) == 10
