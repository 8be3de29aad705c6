"""Catalogs and profiles of days."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from msgspec.json import decode

from personalize_assets.catalog import day_catalog
from personalize_assets.catalog.event_profile import EventProfile
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline import catalog
from personalize_assets.pipeline.catalog import (
    BusyCatalog,
    catalog_days,
    current_catalog,
    profile_days,
    register_in_athena,
)
from personalize_assets.storage.manifests import CatalogFile, CatalogSource
from personalize_assets.storage.raw_files import NO_FILES
from personalize_assets_tests.helpers.small_group import CLICK, FIRST, SECOND, put_events, small_group


def test_a_catalog_has_the_files_and_fields_of_its_day(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK)
    (tmp_path / "raw/day=2026-10-01/_SUCCESS").touch()

    catalogs = catalog_days(group, [FIRST, SECOND])

    found = catalogs["2026-10-01"]
    size = (tmp_path / "raw/day=2026-10-01/a.json").stat().st_size
    assert found.files == (CatalogFile("source", "day=2026-10-01/a.json", size, "none", "lines"),)
    assert found.sources == {"source": CatalogSource(str(tmp_path / "raw"), "hive")}
    assert [field.path for field in found.fields] == ["at", "event", "sku", "user"]
    assert (found.bytes, found.sampled_events, found.foreign_files) == (size, 1, 1)
    assert (catalogs["2026-10-02"].files, catalogs["2026-10-02"].content) == ((), NO_FILES)
    assert current_catalog(group, FIRST) == found


def test_the_content_of_a_day_changes_with_its_files(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK)
    before = catalog_days(group, [FIRST])["2026-10-01"].content
    assert catalog_days(group, [FIRST])["2026-10-01"].content == before

    put_events(group, FIRST, CLICK, name="b.json")

    assert catalog_days(group, [FIRST])["2026-10-01"].content != before


def test_only_days_whose_files_changed_are_catalogued_again_when_a_run_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK)
    put_events(group, SECOND, CLICK)
    before = catalog_days(group, [FIRST, SECOND])
    put_events(group, SECOND, CLICK, name="b.json")
    read: list[date] = []
    day_catalogs = day_catalog.day_catalogs

    def noted(sources: Any, files: Any, on_progress: Any) -> Any:
        read.extend(files)
        return day_catalogs(sources, files, on_progress)

    monkeypatch.setattr(catalog, "day_catalogs", noted)

    after = catalog_days(group, [FIRST, SECOND], resume=True)

    assert read == [SECOND]
    assert after["2026-10-01"] == before["2026-10-01"]
    assert len(after["2026-10-02"].files) == 2
    assert list(after) == ["2026-10-01", "2026-10-02"]
    assert catalog_days(group, [FIRST, SECOND], resume=False) == after
    assert read == [SECOND, FIRST, SECOND]


@pytest.mark.parametrize("change", ["foreign", "damaged", "sources"])
def test_a_catalog_that_may_be_another_one_is_written_again(tmp_path: Path, change: str) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK)
    catalog_days(group, [FIRST])
    if change == "foreign":
        (tmp_path / "raw/day=2026-10-01/_SUCCESS").touch()
    elif change == "damaged":
        group.destination.store.write("catalog/day=2026-10-01.json", b"{")
    else:
        kept = group.destination.catalogs([FIRST]).get(FIRST)
        assert kept is not None
        group.destination.put_catalogs(
            {FIRST: structs.replace(kept, sources={})}, group.destination.find_catalogs([FIRST])
        )

    found = catalog_days(group, [FIRST], resume=True)["2026-10-01"]

    assert found == catalog_days(group, [FIRST])["2026-10-01"] == current_catalog(group, FIRST)


def test_an_older_listing_never_replaces_a_newer_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run lists a late file and catalogues it, after this one has listed the day and before it writes."""
    group, other = small_group(tmp_path), small_group(tmp_path)
    put_events(group, FIRST, CLICK)
    put_catalogs = group.destination.put_catalogs
    tries: list[int] = []

    def other_first(catalogs: Any, before: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            put_events(other, FIRST, CLICK, name="late.json")
            catalog_days(other, [FIRST])
        return put_catalogs(catalogs, before)

    monkeypatch.setattr(group.destination, "put_catalogs", other_first)

    found = catalog_days(group, [FIRST])["2026-10-01"]

    assert [file.key for file in found.files] == ["day=2026-10-01/a.json", "day=2026-10-01/late.json"]
    assert current_catalog(group, FIRST) == found
    assert len(tries) == 2


def test_a_catalog_that_others_replace_again_and_again_is_given_up_with_a_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = small_group(tmp_path)
    monkeypatch.setattr(group.destination, "put_catalogs", lambda catalogs, before: list(catalogs))

    with pytest.raises(BusyCatalog) as error:
        catalog_days(group, [FIRST])

    assert str(error.value) == f"{tmp_path}/out/catalog/day=2026-10-01.json was replaced 5 times meanwhile: run again"


def test_a_day_that_is_not_catalogued_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        current_catalog(small_group(tmp_path), FIRST)

    assert str(error.value) == (
        f"{tmp_path}/out/catalog/day=2026-10-01.json does not exist: the files of 2026-10-01 are not catalogued; "
        "materialize raw_event_catalog for that day first, or use `personalize-assets run --days 2026-10-01`"
    )


def test_a_catalog_of_other_sources_is_an_error(tmp_path: Path) -> None:
    catalog_days(small_group(tmp_path), [FIRST])
    moved = small_group(tmp_path, source={"uri": "raw", "layout": "firehose", "start_date": "2026-10-01"})

    with pytest.raises(PersonalizeAssetsError, match="lists the files of other sources than the config has now; mater"):
        current_catalog(moved, FIRST)


def test_the_profile_of_a_day_is_written_beside_its_catalog(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK)
    catalog_days(group, [FIRST])

    profiles = profile_days(group, [FIRST])

    assert profiles["2026-10-01"].event_field == "event"
    stored = group.destination.store.read("catalog/profile/day=2026-10-01.json")
    assert decode(stored or b"", type=EventProfile) == profiles["2026-10-01"]


def test_nothing_is_registered_for_folders(tmp_path: Path) -> None:
    group = small_group(tmp_path)

    assert register_in_athena(group, catalog_days(group, [FIRST])) == {}
