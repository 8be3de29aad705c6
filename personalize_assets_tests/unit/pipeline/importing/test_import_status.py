"""What imports have left in the records of a destination; more is in local_run/test_status.py."""

from __future__ import annotations

from pathlib import Path

from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.import_status import recorded_imports
from personalize_assets_tests.helpers.dagster_runs import small_config


def test_without_records_imports_are_left_out_unless_all_are_asked_for(tmp_path: Path) -> None:
    group = DatasetGroup(small_config(tmp_path))

    assert recorded_imports(group, None, always=False) == {}
    [(name, found)] = recorded_imports(group, None, always=True).items()
    assert (name, found.holds, found.rows_held, found.is_pending) == ("interactions", "", 0, False)


def test_rows_that_personalize_holds_are_unknown_once_their_export_was_deleted(tmp_path: Path) -> None:
    group = DatasetGroup(small_config(tmp_path))
    group.destination.imports.end("interactions", "x", "20200101T000000Z-ab")

    found = recorded_imports(group, None, always=False)["interactions"]

    assert (found.holds, found.rows_held) == ("20200101T000000Z-ab", None)
