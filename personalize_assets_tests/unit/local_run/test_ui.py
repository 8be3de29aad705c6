"""How the UI is started; end_to_end/test_wheel.py starts it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run import ui


def test_without_the_webserver_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui, "find_spec", lambda name: None)

    with pytest.raises(PersonalizeAssetsError) as caught:
        ui.check_installed()

    assert str(caught.value) == (
        "the UI needs dagster-webserver, which is not installed; pip install 'personalize-assets[ui]'"
    )


def test_the_history_is_kept_in_the_folder_of_the_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    env = ui.variables("shop", Path("mine.yaml"), {"A": "1"}, tmp_path)

    assert env == {
        "A": "1",
        "PERSONALIZE_CONFIG": str(tmp_path / "mine.yaml"),
        "DAGSTER_HOME": str(tmp_path / ".dagster/shop"),
    }
    assert (tmp_path / ".dagster/shop/dagster.yaml").is_file()


def test_a_home_of_dagster_that_is_set_is_used_and_a_config_that_is_set_stays(tmp_path: Path) -> None:
    given = {"DAGSTER_HOME": "/srv/dagster", "PERSONALIZE_CONFIG": "other.yaml"}

    assert ui.variables("shop", None, given, tmp_path) == given
    assert list(tmp_path.iterdir()) == []


def test_the_command_shows_the_definitions_of_this_package(tmp_path: Path) -> None:
    assert ui.command("0.0.0.0", 3001, tmp_path, is_named=False) == [
        sys.executable, "-m", "dagster", "dev", "-m", "personalize_assets.definitions",
        "--host", "0.0.0.0", "--port", "3001",
    ]  # fmt: skip


@pytest.mark.parametrize(("is_named", "shown"), [(False, "-w"), (True, "-m")])
def test_the_command_shows_the_project_of_the_folder_unless_a_config_is_named(
    tmp_path: Path, is_named: bool, shown: str
) -> None:
    (tmp_path / "workspace.yaml").touch()

    assert ui.command("::1", 3001, tmp_path, is_named=is_named)[4] == shown
