"""Profiles that are kept for the next export."""

from pathlib import Path

import pyarrow as pa

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.export.export_profile import PartCounter
from personalize_assets.conversion.export.exported import Places, read_profile, write_profile

ITEMS = Dataset("items", (Column("ITEM_ID", ("i",), required=True), Column("TAG", ("t",), categorical=True)), where={})


def test_a_profile_is_read_as_it_was_written(tmp_path: Path) -> None:
    counter = PartCounter(ITEMS)
    counter.add(pa.RecordBatch.from_pydict({"ITEM_ID": ["i", None], "TAG": ["a|b", "ü"]}))
    uri = Places("scratch", str(tmp_path)).keep("profile")

    write_profile(uri, counter.profile(), {})

    assert read_profile(uri, {}) == counter.profile()
