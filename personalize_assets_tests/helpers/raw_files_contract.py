"""Tests of raw files that hold for folders and buckets."""

from datetime import date, timedelta

import pytest

from personalize_assets.config import Source
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.layouts import LAYOUTS, layout
from personalize_assets.storage.object_store import open_store
from personalize_assets.storage.raw_files import DayListing, Listing, RawFiles, listed_once

START = date(2026, 10, 1)


NEXT = date(2026, 10, 2)


PATTERNS = ["c=*/d=*/year=%Y/month=%m/day=%d/hour=%H/**", "logs/%Y%m%d_*.gz", "*/dt=%Y-%m-%d-%H/*", "logs/%s/*"]
DATED = [name for name in LAYOUTS if name != "flat"] + PATTERNS


def source(uri: str, name: str, *keys: str) -> RawFiles:
    """A source with a file under each of the keys."""
    store = open_store(uri)
    for key in keys:
        store.write(key, b"{}")
    return RawFiles(Source(uri=uri, layout=name, start_date=START))


def days(listing: Listing) -> dict[str, list[str]]:
    return {day.isoformat(): [file.key for file in files] for day, files in listing.days.items()}


class RawFilesContract:
    """What holds for raw files in a folder and in a bucket; a subclass gives the fixture ``uri`` of an empty source."""

    @pytest.mark.parametrize("name", DATED)
    def test_files_are_found_by_their_arrival_day(self, uri: str, name: str) -> None:
        key = layout(name, START).key
        first, second, third = key(START, "b.gz"), key(START, "a.gz"), key(NEXT, "c d%20ü.gz")
        raw = source(uri, name, first, second, third)

        assert days(raw.all()) == {"2026-10-01": [second, first], "2026-10-02": [third]}
        assert days(raw.of([NEXT])) == {"2026-10-02": [third]}
        assert days(raw.of([START, NEXT])) == {"2026-10-01": [second, first], "2026-10-02": [third]}

    def test_all_files_of_a_flat_source_arrived_on_its_first_day(self, uri: str) -> None:
        raw = source(uri, "flat", "a.json", "deep/er/b.json")

        assert days(raw.all()) == days(raw.of([START])) == {"2026-10-01": ["a.json", "deep/er/b.json"]}
        assert days(raw.of([NEXT])) == {"2026-10-02": []}

    def test_several_collectors_of_a_day_are_found_together(self, uri: str) -> None:
        key = layout("segment", START).key
        keys = [key(START, "1.gz", source=name) for name in ("android prod", "website-prod")]

        assert days(source(uri, "segment", *keys).of([START])) == {"2026-10-01": keys}

    def test_a_day_without_files_has_an_empty_list(self, uri: str) -> None:
        raw = source(uri, "hive", "day=2026-10-01/a.json")

        assert days(raw.of([NEXT])) == {"2026-10-02": []}

    @pytest.mark.parametrize("name", DATED)
    def test_many_days_in_one_listing_give_the_same_as_each_alone(self, uri: str, name: str) -> None:
        key = layout(name, START).key
        range_of_days = [START + timedelta(days=n) for n in range(8)]
        folder = key(START, "")
        raw = source(uri, name, *(key(day, "a.gz") for day in range_of_days), f"{folder}_SUCCESS", "README.txt")

        together = raw.of(range_of_days)
        alone = [raw.of([day]) for day in range_of_days]

        assert together.days == {day: files for one in alone for day, files in one.days.items()}
        assert together.foreign_by_day == {START: 1}
        assert [one.foreign_by_day[day] for one, day in zip(alone, range_of_days, strict=True)] == [1] + [0] * 7

    def test_foreign_files_are_left_out_and_counted(self, uri: str) -> None:
        raw = source(
            uri,
            "segment",
            "segment-logs/dummy-object.txt",
            "segment-logs/web/1790812800000/a.gz",
            ".DS_Store",
            "notes.txt",
        )

        listing = raw.all()

        assert days(listing) == {"2026-10-01": ["segment-logs/web/1790812800000/a.gz"]}
        assert (listing.foreign, listing.early) == (3, 0)

    def test_files_from_before_the_first_day_are_left_out_and_counted(self, uri: str) -> None:
        raw = source(uri, "hive", "day=2026-09-29/a", "day=2026-09-30/a", "day=2026-10-01/a")

        listing = raw.all()

        assert days(listing) == {"2026-10-01": ["day=2026-10-01/a"]}
        assert (listing.foreign, listing.early) == (0, 2)

    def test_a_segment_folder_that_is_no_midnight_is_foreign_however_it_is_listed(self, uri: str) -> None:
        raw = source(uri, "segment", "segment-logs/web/1790812800000/a.gz", "segment-logs/web/1790812800001/b.gz")
        many = [START + timedelta(days=n) for n in range(8)]

        for listing in (raw.all(), raw.of([START]), raw.of(many)):
            assert [file.key for file in listing.days[START]] == ["segment-logs/web/1790812800000/a.gz"]

    def test_a_file_without_bytes_is_a_raw_file(self, uri: str) -> None:
        open_store(uri).write("day=2026-10-01/empty", b"")

        (file,) = source(uri, "hive").of([START]).days[START]
        assert (file.key, file.bytes) == ("day=2026-10-01/empty", 0)

    def test_the_uri_of_a_file_starts_with_its_sources(self, uri: str) -> None:
        assert source(uri, "flat").uri("a b/c.json") == f"{uri}/a b/c.json"

    def test_an_empty_source_shows_what_keys_should_look_like(self, uri: str) -> None:
        with pytest.raises(PersonalizeAssetsError) as error:
            source(uri, "rudderstack").all()

        assert str(error.value) == (
            f"{uri} holds no raw files of layout 'rudderstack': expected keys like "
            "rudder-logs/<source>/<YYYY-MM-DD>/<file>, found nothing at all; "
            "correct uri, layout or start_date of the source in the config"
        )

    def test_a_source_of_another_layout_shows_a_key_that_was_found(self, uri: str) -> None:
        with pytest.raises(PersonalizeAssetsError) as error:
            source(uri, "segment", "2026/10/01/00/events.gz").all()

        assert str(error.value) == (
            f"{uri} holds no raw files of layout 'segment': expected keys like "
            "segment-logs/<source>/<day at 00:00 UTC in ms>/<file>, found e.g. "
            "2026/10/01/00/events.gz; correct uri, layout or start_date of the source "
            "in the config"
        )

    def test_a_first_day_after_all_files_is_an_error(self, uri: str) -> None:
        with pytest.raises(PersonalizeAssetsError) as error:
            source(uri, "hive", "day=2026-09-29/a", "day=2026-09-30/a").all()

        assert "found 2 files, but all from before start_date 2026-10-01; correct uri, layout or start_date" in str(
            error.value
        )

    @pytest.mark.parametrize("name", [*LAYOUTS, *PATTERNS])
    def test_a_day_listed_by_itself_is_the_same_as_in_a_listing_of_many(self, uri: str, name: str) -> None:
        key = layout(name, START).key
        raw = source(
            uri,
            name,
            *(key(day, f"{n}.gz", source=f"s{n}", hour=n) for day in (START, NEXT) for n in (2, 1)),
            "x/_SUCCESS",
        )

        listing = DayListing(raw)
        with listed_once():
            raw.all()
            once = [raw.of([day]).days[day] for day in (START, NEXT)]

        assert once == [raw.of([day]).days[day] for day in (START, NEXT)]
        for day in (START, NEXT):
            assert list(listing.files(day)) == raw.of([day]).days[day]

    def test_a_listing_of_a_day_goes_on_after_any_of_its_keys(self, uri: str) -> None:
        keys = [f"year=2026/month=10/day={day}/{name}" for day in ("01", "1") for name in ("a b", "a/c=1/x", "ü")]
        raw = source(uri, "hive", *keys, "day=2026-10-01/z")
        whole = [file.key for file in DayListing(raw).files(START)]

        assert whole == sorted(whole)
        for number, after in enumerate(whole, 1):
            assert [file.key for file in DayListing(raw).files(START, after)] == whole[number:]
