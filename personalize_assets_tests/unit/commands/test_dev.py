"""Arguments and exit codes of `dev`; end_to_end/test_wheel.py opens the UI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from personalize_assets.local_run import ui
from personalize_assets_tests.helpers.command import invoke
from personalize_assets_tests.helpers.dagster_runs import small_config


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, int, str]]:
    """Host, port and config of the UI, which ends as after Ctrl-C. No port is opened."""
    found: list[tuple[str, int, str]] = []

    def serve(arguments: Sequence[str], env: Mapping[str, str]) -> int:
        *_, host, _, port = arguments
        found.append((host, int(port), env.get("PERSONALIZE_CONFIG", "")))
        return 130

    monkeypatch.setattr(ui, "check_free", lambda host, port: None)

    monkeypatch.setattr(ui, "serve", serve)
    monkeypatch.chdir(tmp_path)
    small_config(tmp_path)
    return found


def test_ctrl_c_is_exit_code_130_and_one_sentence(calls: list[tuple[str, int, str]], tmp_path: Path) -> None:
    result = invoke("dev", "--config", "personalize.yaml", "--port", "3001")

    assert calls == [("127.0.0.1", 3001, str(tmp_path / "personalize.yaml"))]
    assert (result.exit_code, result.stdout, result.stderr) == (
        130,
        "The UI: http://127.0.0.1:3001 (Ctrl-C stops it)\n",
        "Stopped. The history of runs is kept; `personalize-assets dev` shows it again.\n",
    )


def test_a_config_that_is_wrong_opens_nothing(calls: list[tuple[str, int, str]], tmp_path: Path) -> None:
    (tmp_path / "personalize.yaml").write_text("source: {}\n")

    result = invoke("dev")

    assert (result.exit_code, result.stdout, calls) == (1, "", [])
    assert result.stderr.startswith("Error: personalize.yaml: ")


def test_without_the_webserver_nothing_is_opened(
    calls: list[tuple[str, int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui, "find_spec", lambda name: None)

    result = invoke("dev")

    assert (result.exit_code, calls) == (1, [])
    assert result.stderr.endswith("pip install 'personalize-assets[ui]'\n")
