"""The file of a report: one in the destination, or one that the user names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run.run import run_all
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.report import writing
from personalize_assets.report.writing import try_report, write_report, write_report_to
from personalize_assets.storage.manifests import DayCommit
from personalize_assets_tests.helpers.dagster_runs import put_raw, small_config
from personalize_assets_tests.helpers.stored import put_day


@pytest.fixture
def empty(tmp_path: Path) -> DatasetGroup:
    return DatasetGroup(small_config(tmp_path))


@pytest.fixture
def group(empty: DatasetGroup) -> DatasetGroup:
    """One converted day."""
    put_day(empty.destination, "2026-10-01", {"interactions": DayCommit(run="r", mapping="m", rows=1, kept=1)})
    return empty


def test_a_report_replaces_the_one_before(group: DatasetGroup, tmp_path: Path) -> None:
    first = write_report(group)
    (tmp_path / "out/report.html").write_text("a user who was deleted")

    assert write_report(group) == first == str(tmp_path / "out/report.html")
    assert "a user who was deleted" not in (tmp_path / "out/report.html").read_text()
    assert sorted(file.name for file in (tmp_path / "out").glob("*.html")) == ["report.html"]


def test_other_users_of_the_machine_cannot_read_it(group: DatasetGroup) -> None:
    assert Path(write_report(group)).stat().st_mode & 0o007 == 0


def test_a_file_that_is_named_leaves_the_destination_as_it_is(group: DatasetGroup, tmp_path: Path) -> None:
    before = list((tmp_path / "out").rglob("*"))

    written = write_report_to(group, tmp_path / "new/here.html")

    assert Path(written).read_text().startswith("<!doctype html>")
    assert list((tmp_path / "out").rglob("*")) == before


def test_a_destination_without_anything_is_left_without_anything(empty: DatasetGroup, tmp_path: Path) -> None:
    nothing = (
        r"/out has no converted day from 2026-10-01 on and no export, so there is nothing to report; correct "
        r"destination.uri or source.start_date, or use `personalize-assets run` first$"
    )

    with pytest.raises(PersonalizeAssetsError, match=nothing):
        write_report(empty)
    with pytest.raises(PersonalizeAssetsError, match=nothing):
        write_report_to(empty, tmp_path / "here.html")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["personalize.yaml", "raw"]


def test_a_file_that_cannot_be_written_is_named(group: DatasetGroup, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")

    with pytest.raises(
        PersonalizeAssetsError, match=r"the report cannot be written to .*here.html: .*name another file"
    ):
        write_report_to(group, tmp_path / "taken/here.html")


def test_the_destination_of_another_group_is_refused(group: DatasetGroup, tmp_path: Path) -> None:
    write_report(group)
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


def test_the_log_has_the_traceback_of_a_report_that_cannot_be_written(
    group: DatasetGroup, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writing, "render", None)
    caplog.set_level("DEBUG", writing.__name__)

    assert try_report(group) is None
    assert "TypeError" in caplog.messages[-1]
    assert [record.levelname for record in caplog.records if record.exc_info] == ["DEBUG"]


USER, NOTE, KIND = "ann@example.org", "a secret note", "a secret event"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Pages by who wrote them: a run, ``report`` afterwards, and ``report`` after ``mask`` came into the config.

    Most ids are too long, so that most rows are rejects and the run quotes ids as their likely cause.
    """
    folder = tmp_path_factory.mktemp("written")
    event = {"item": "i1", "event": KIND, "note": NOTE, "time": 1790812801}
    users = [USER, *(f"{number} {USER} " * 20 for number in range(9))]
    put_raw(folder, "".join(json.dumps({"user": user, **event}) + "\n" for user in users))
    columns = {"USER_ID": "user", "ITEM_ID": "item", "EVENT_TYPE": "event", "TIMESTAMP": "time"}
    changes = {"checks": "warn", "datasets": {"interactions": {"columns": columns}}}
    page = folder / "out/report.html"
    run_all(small_config(folder, **changes))
    pages = {"run": page.read_text()}
    write_report(DatasetGroup(small_config(folder, **changes)))
    pages["report"] = page.read_text()
    write_report(DatasetGroup(small_config(folder, mask=["note", "event"], **changes)))
    return {**pages, "report with a mask": page.read_text()}


@pytest.mark.parametrize("writer", ["run", "report", "report with a mask"])
def test_the_page_names_no_user_whichever_command_writes_it(written: dict[str, str], writer: str) -> None:
    assert "too_long:USER_ID" in written[writer]
    assert USER not in written[writer]


def test_what_the_config_masks_now_is_nowhere_on_the_page(written: dict[str, str]) -> None:
    shown = {text: [writer for writer, page in written.items() if text in page] for text in (NOTE, KIND)}

    assert shown == {NOTE: ["run", "report"], KIND: ["run", "report"]}


def test_every_command_writes_the_same_page(written: dict[str, str]) -> None:
    by_run, by_report = (re.sub(r"<dt>Written</dt>.*", "", written[writer]) for writer in ("run", "report"))

    assert by_run == by_report
