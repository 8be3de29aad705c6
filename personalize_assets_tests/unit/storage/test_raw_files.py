"""The raw files of a source by arrival day: every layout, in folders and buckets."""

from pathlib import Path

import pytest

from personalize_assets.layouts import LAYOUTS
from personalize_assets.storage.object_store import StoreError
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
