"""What a config gives every stage: sources, sizes, and what must not be shown."""

from pathlib import Path

import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets_tests.helpers.small_group import CLICK, FIRST, IDENTIFY, SECOND, put_events, small_group

OWN_SOURCE = {
    "interactions": {"columns": {"USER_ID": "user", "ITEM_ID": "sku", "TIMESTAMP": "at"}},
    "users": {
        "source": {"uri": "crm", "layout": "firehose"},
        "columns": {"USER_ID": "user", "CITY": {"path": "city", "categorical": True}},
    },
}


def test_a_dataset_with_a_source_of_its_own_gives_it_its_name(tmp_path: Path) -> None:
    group = small_group(tmp_path, datasets=OWN_SOURCE)

    assert group.source_ids == {"interactions": "source", "users": "users"}
    assert {id: raw.store.uri for id, raw in group.sources.items()} == {
        "source": str(tmp_path / "raw"),
        "users": str(tmp_path / "crm"),
    }


def test_each_uri_of_a_source_has_an_id_and_together_they_are_one_source(tmp_path: Path) -> None:
    uris = {"uri": ["web", "ios"], "layout": "hive", "start_date": "2026-10-01"}
    group = small_group(tmp_path, source=uris, datasets=OWN_SOURCE)

    assert group.places == {"source": ("source", "source-2"), "users": ("users",)}
    assert {id: raw.store.uri for id, raw in group.sources.items()} == {
        "source": str(tmp_path / "web"),
        "source-2": str(tmp_path / "ios"),
        "users": str(tmp_path / "crm"),
    }


def test_the_bytes_of_a_day_are_those_of_all_sources_oldest_day_first(tmp_path: Path) -> None:
    group = small_group(tmp_path, datasets=OWN_SOURCE)
    put_events(group, SECOND, CLICK)
    group.sources["users"].store.write("2026/10/01/00/a", b"{}")
    group.sources["users"].store.write("2026/10/02/00/a", b"{}{}")

    sizes = group.bytes_by_day()

    assert list(sizes) == [FIRST, SECOND]
    assert (sizes[FIRST], sizes[SECOND]) == (2, len((tmp_path / "raw/day=2026-10-02/a.json").read_bytes()) + 4)


def test_the_files_of_days_are_those_of_each_source_and_a_day_may_have_none(tmp_path: Path) -> None:
    group = small_group(tmp_path, datasets=OWN_SOURCE)
    put_events(group, SECOND, CLICK)
    group.sources["users"].store.write("2026/10/02/00/a", b"{}{}")

    found = group.files_of([FIRST, SECOND])

    keys = {day: {id: [file.key for file in files] for id, files in of_day.items()} for day, of_day in found.items()}
    assert keys == {
        FIRST: {"source": [], "users": []},
        SECOND: {"source": ["day=2026-10-02/a.json"], "users": ["2026/10/02/00/a"]},
    }
    assert group.files_by_day() == {SECOND: found[SECOND]}


def test_a_source_without_any_raw_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PersonalizeAssetsError, match="holds no raw files of layout 'hive'"):
        small_group(tmp_path).bytes_by_day()


def test_masked_paths_are_those_of_the_config_and_of_hashed_columns(tmp_path: Path) -> None:
    hashed = {"path": "user", "hash": True}
    datasets = {
        "interactions": {"columns": {"USER_ID": hashed, "ITEM_ID": "sku", "TIMESTAMP": "at"}},
        "users": {"columns": {"USER_ID": hashed, "CITY": {"path": "traits.city", "categorical": True}}},
    }
    group = small_group(tmp_path, mask=["traits"], datasets=datasets)

    assert group.masked_paths == ("traits", "user")
    assert group.hidden_columns("users") == {"USER_ID", "CITY"}
    assert group.hidden_columns("interactions") == {"USER_ID"}


def test_folders_need_no_options_of_s3(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, IDENTIFY)

    assert group.s3_options == {}
