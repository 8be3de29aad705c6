"""The file of a report: one in the destination, or one that the user names."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.report.writing import try_report, write_report, write_report_to
from personalize_assets_tests.helpers.dagster_runs import small_config


@pytest.fixture
def group(tmp_path: Path) -> DatasetGroup:
    return DatasetGroup(small_config(tmp_path))


def test_a_report_replaces_the_one_before(group: DatasetGroup, tmp_path: Path) -> None:
    first = write_report(group)
    (tmp_path / "out/report.html").write_text("a user who was deleted")

    assert write_report(group) == first == str(tmp_path / "out/report.html")
    assert "a user who was deleted" not in (tmp_path / "out/report.html").read_text()
    assert sorted(file.name for file in (tmp_path / "out").glob("*.html")) == ["report.html"]


def test_other_users_of_the_machine_cannot_read_it(group: DatasetGroup) -> None:
    assert Path(write_report(group)).stat().st_mode & 0o007 == 0


def test_a_file_that_is_named_leaves_the_destination_as_it_is(group: DatasetGroup, tmp_path: Path) -> None:
    written = write_report_to(group, tmp_path / "new/here.html")

    assert Path(written).read_text().startswith("<!doctype html>")
    assert not (tmp_path / "out").exists()


def test_a_file_that_cannot_be_written_is_named(group: DatasetGroup, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")

    with pytest.raises(
        PersonalizeAssetsError, match=r"the report cannot be written to .*here.html: .*name another file"
    ):
        write_report_to(group, tmp_path / "taken/here.html")


def test_the_destination_of_another_group_is_refused(tmp_path: Path) -> None:
    write_report(DatasetGroup(small_config(tmp_path)))
    before = (tmp_path / "out/report.html").read_bytes()

    with pytest.raises(PersonalizeAssetsError, match="shop"):
        write_report(DatasetGroup(small_config(tmp_path, dataset_group={"name": "other"})))

    assert (tmp_path / "out/report.html").read_bytes() == before


def test_a_run_goes_on_with_a_warning_if_the_report_cannot_be_written(group: DatasetGroup, tmp_path: Path) -> None:
    (tmp_path / "out/report.html").mkdir(parents=True)
    warnings: list[str] = []

    assert try_report(group, warn=warnings.append) is None
    [warning] = warnings
    assert warning.startswith("the report was not written: StoreError: ")
    assert warning.endswith("what was exported is complete, and `personalize-assets report` tries again")
