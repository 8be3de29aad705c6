"""Errors name the file as given, so each test works in the folder of its file."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder ``shop`` of the test's own is the working folder."""
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
