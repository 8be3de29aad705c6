"""The raw files of a source by arrival day: every layout, in folders and buckets."""

from datetime import date
from pathlib import Path

import pytest

from personalize_assets.config import Source
from personalize_assets.layouts import LAYOUTS
from personalize_assets.storage.object_store import StoredObject, StoreError
from personalize_assets.storage.raw_files import NO_FILES, RawFiles, Tally, content_digest
from personalize_assets_tests.helpers.raw_files_contract import NEXT, START, RawFilesContract, source


class TestRawFilesInAFolder(RawFilesContract):
    @pytest.fixture
    def uri(self, tmp_path: Path) -> str:
        (tmp_path / "raw events").mkdir()
        return str(tmp_path / "raw events")


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_folder_that_is_not_there_is_an_error_and_not_a_day_without_files(tmp_path: Path, name: str) -> None:
    raw = source(str(tmp_path / "nothing"), name)

    for listing in (raw.all, lambda: raw.of([START]), lambda: raw.of([NEXT])):
        with pytest.raises(StoreError) as error:
            listing()
        assert str(error.value) == (f"{tmp_path}/nothing is not a folder; create it, or correct the uri in the config")


# -- the digest of a listing -------------------------------------------------------------------------------------------


def test_a_digest_does_not_depend_on_the_order_of_files_nor_on_their_time() -> None:
    one, two = StoredObject("a", 1, 5.0, "v1"), StoredObject("b", 2, 6.0, "v2")

    assert content_digest({"source": [one, two]}) == content_digest({"source": [two._replace(modified=9.0), one]})


@pytest.mark.parametrize(
    "other",
    [
        {"source": [StoredObject("b", 1, 5.0, "v1")]},
        {"source": [StoredObject("a", 2, 5.0, "v1")]},
        {"source": [StoredObject("a", 1, 5.0, "v2")]},
        {"users": [StoredObject("a", 1, 5.0, "v1")]},
        {"source": [StoredObject("a", 1, 5.0, "v1")] * 2},
        {"source": []},
    ],
)
def test_another_key_size_version_source_or_number_of_files_is_another_digest(
    other: dict[str, list[StoredObject]],
) -> None:
    assert content_digest(other) != content_digest({"source": [StoredObject("a", 1, 5.0, "v1")]})


def test_a_listing_may_be_summed_in_several_steps() -> None:
    files = [StoredObject(name, size, float(size), "v") for name, size in (("a", 1), ("b", 2), ("c", 3))]
    tally = Tally()
    for id, some in (("source", files[:1]), ("users", files[2:]), ("source", files[1:2])):
        tally.add(id, some)

    assert tally.digest == content_digest({"source": files[:2], "users": files[2:]})
    assert (tally.files, tally.bytes, tally.newest, tally.sources) == (3, 6, 3.0, ["source", "users"])
    assert content_digest({"source": []}) == NO_FILES


# -- notifications -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bucket", "key", "day"),
    [
        ("events", "raw/day=2026-10-01/a.gz", START),
        ("events", "raw/notes.txt", None),
        ("events", "other/day=2026-10-01/a.gz", None),
        ("another", "raw/day=2026-10-01/a.gz", None),
    ],
)
def test_a_notification_names_a_day_if_its_object_is_a_raw_file(bucket: str, key: str, day: date | None) -> None:
    raw = RawFiles(Source(uri="s3://events/raw", layout="hive", start_date=START))

    assert raw.day_of_object(bucket, key) == day
