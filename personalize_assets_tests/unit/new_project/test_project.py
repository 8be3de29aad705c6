"""The files of a new project, in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets.config import load_config
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.new_project.project import from_sample, from_source, next_steps
from personalize_assets.new_project.samples import SAMPLES, SMALL
from personalize_assets_tests.helpers.samples import SAMPLE_DATA

FILES = [".env", ".gitignore", "definitions.py", "personalize.yaml", "workspace.yaml"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_project_of_a_sample_has_its_config_its_raw_files_and_those_of_dagster(tmp_path: Path) -> None:
    made = from_sample("segment", tmp_path / "shop")

    assert names(tmp_path / "shop") == [*FILES[:-1], "segment", "workspace.yaml"]
    assert sorted(made.written) == sorted([*FILES, "segment/"])
    assert made.kept == []


@pytest.mark.parametrize("name", SAMPLES)
def test_the_config_of_a_sample_reads_the_copies_and_writes_below_the_project(name: str, tmp_path: Path) -> None:
    from_sample(name, tmp_path)

    config = load_config(tmp_path / "personalize.yaml")
    for dataset in config.datasets.named():
        for uri in config.source_of(dataset).uris:
            assert Path(uri).is_dir()
            assert Path(uri).is_relative_to(tmp_path)
    assert config.destination.uri == str(tmp_path / "data")
    assert config.checks == ("warn" if name in SMALL else "strict")


def test_a_sample_brings_no_expected_csvs(tmp_path: Path) -> None:
    from_sample("next_best_action", tmp_path)

    assert names(tmp_path / "next_best_action") == ["events"]


def test_the_comments_of_a_sample_stay_in_their_column(tmp_path: Path) -> None:
    from_sample("segment", tmp_path)

    assert (
        "\n  uri: data                     # folder, or s3://bucket/prefix\n"
        in (tmp_path / "personalize.yaml").read_text()
    )


def test_a_project_of_a_source_has_a_config_that_is_written_from_it(tmp_path: Path) -> None:
    made = from_source(str(SAMPLE_DATA / "segment"), tmp_path / "shop")

    assert names(tmp_path / "shop") == FILES
    assert load_config(tmp_path / "shop/personalize.yaml").source.uri == str(SAMPLE_DATA / "segment")
    assert [note.partition(" ")[0] for note in made.notes] == ["No"]


def test_files_that_are_there_stay_as_they_are_and_are_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MINE=1\n")
    (tmp_path / "workspace.yaml").symlink_to("elsewhere")

    made = from_sample("ga4", tmp_path)

    assert made.kept == [".env", "workspace.yaml"]
    assert (tmp_path / ".env").read_text() == "MINE=1\n"
    assert not (tmp_path / "elsewhere").exists()


def test_a_gitignore_that_is_there_gets_the_lines_it_lacks(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine\n.env")

    made = from_sample("ga4", tmp_path)

    assert "lines of .gitignore" in made.written
    lines = (tmp_path / ".gitignore").read_text().splitlines()
    assert lines[:2] == ["mine", ".env"]
    assert lines.count(".env") == 1
    assert "/data/" in lines


@pytest.mark.parametrize("there", ["personalize.yaml", "segment"])
def test_a_folder_that_has_a_config_or_the_raw_files_is_refused_and_nothing_is_written(
    there: str, tmp_path: Path
) -> None:
    (tmp_path / there).write_text("mine")

    with pytest.raises(PersonalizeAssetsError) as caught:
        from_sample("segment", tmp_path)

    assert str(caught.value) == (
        f"{tmp_path}/{there} already exists, and nothing was written; name another folder, or remove it first"
    )
    assert names(tmp_path) == [there]


def test_a_source_without_events_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()

    with pytest.raises(PersonalizeAssetsError):
        from_source(str(tmp_path / "raw"), tmp_path / "shop")

    assert names(tmp_path) == ["raw"]


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(PersonalizeAssetsError, match=r"file/shop/ga4: cannot be written: .*Not a directory"):
        from_sample("ga4", tmp_path / "file" / "shop")


def test_the_next_steps_begin_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert next_steps(Path("my shop"))[0] == "cd 'my shop'"
    assert next_steps(Path())[0].startswith("personalize-assets validate ")
