"""The engine `arrow`: a small job is done in this process, and its errors are for the user."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.spec import (
    ConvertSpec,
    DailyFiles,
    DatasetExport,
    ExportSpec,
    Plan,
    RawFile,
    RawFileSet,
)
from personalize_assets.engines import arrow
from personalize_assets.engines.arrow import ArrowEngine
from personalize_assets.engines.machine import workers
from personalize_assets.errors import PersonalizeAssetsError

ITEMS = Dataset("items", (Column("ITEM_ID", ("item",), required=True),), where={})
NO_CONTEXT: Any = None


def conversion(file: Path) -> ConvertSpec:
    raw = RawFile(str(file), date(2026, 10, 1), 1, "lines")
    folders = {"items": str(file.parent / "items"), "rejects": str(file.parent / "rejects")}
    return ConvertSpec((RawFileSet("source", True, (raw,), (ITEMS,)),), Plan("r", ("items",), folders, 0, {}))


def test_a_small_job_is_done_in_this_process(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('{"item": "i"}\n')

    report = ArrowEngine().convert(NO_CONTEXT, conversion(tmp_path / "a"))

    assert report.days["2026-10-01"].datasets["items"].kept == 1


def test_a_raw_file_that_is_gone_is_an_error_for_the_user(tmp_path: Path) -> None:
    with pytest.raises(PersonalizeAssetsError, match=r"/gone cannot be read: .+; if the file is gone, materialize"):
        ArrowEngine().run(NO_CONTEXT, conversion(tmp_path / "gone"))


def test_a_daily_file_that_is_gone_is_an_error_for_the_user(tmp_path: Path) -> None:
    spec = ExportSpec(
        (DatasetExport(ITEMS, daily=(DailyFiles("2026-10-01", (f"{tmp_path}/gone",)),)),),
        {},
        scratch=f"{tmp_path}/scratch",
    )

    with pytest.raises(PersonalizeAssetsError, match=r"/gone cannot be read: .+; materialize the daily datasets"):
        ArrowEngine().run(NO_CONTEXT, spec)


def test_processes_are_started_early_for_every_core_and_the_bytes_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(arrow, "start_early", lambda *arguments: started.append(arguments))

    ArrowEngine().prepare(123)

    assert started == [(workers, 123)]
