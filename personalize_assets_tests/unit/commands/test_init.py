"""Arguments of `init`, and what it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets_tests.helpers.command import invoke


def test_without_arguments_the_working_folder_gets_the_sample_of_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("A=1\n")

    result = invoke("init")

    assert result.exit_code == 0, result.output
    assert result.stdout == (
        f"Wrote segment/, personalize.yaml, .gitignore, definitions.py, workspace.yaml in {tmp_path}\n"
        "Kept .env, which exists already\n"
        "\n"
        "Next:\n"
        "  personalize-assets validate    # what would match, what would be rejected; writes nothing\n"
        "  personalize-assets run         # converts all days and exports the CSVs\n"
        "  personalize-assets rejects     # what could not be used, and why\n"
        "  personalize-assets dev         # opens Dagster's UI\n"
    )


def test_a_source_and_a_sample_are_one_too_many(tmp_path: Path) -> None:
    result = invoke("init", "--source", "raw", "--sample", "ga4", str(tmp_path / "shop"))

    assert (result.exit_code, "give --source or --sample, one of the two" in result.stderr) == (2, True)
    assert not (tmp_path / "shop").exists()


def test_a_project_that_is_there_is_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "personalize.yaml").write_text("")

    result = invoke("init", str(tmp_path))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {tmp_path}/personalize.yaml already exists")
