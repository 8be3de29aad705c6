"""What is shipped to Glue: the zip of the conversion, named by its content."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from personalize_assets.engines.glue import bundle as package
from personalize_assets.engines.glue.bundle import Artifact, glue_file, library, script, template
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets_tests.helpers.samples import REPO


def test_the_zip_has_the_conversion_and_nothing_else() -> None:
    names = zipfile.ZipFile(io.BytesIO(library().content)).namelist()

    assert names[0] == "personalize_assets/__init__.py"
    assert set(names[1:]) == {
        file.relative_to(REPO).as_posix() for file in (REPO / "personalize_assets" / "conversion").rglob("*.py")
    }


def test_the_same_sources_give_the_same_bytes_whenever_and_wherever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = library()
    copied = tmp_path / "elsewhere" / "personalize_assets"
    shutil.copytree(REPO / "personalize_assets", copied)  # copies have other times
    for file in copied.rglob("*.py"):
        os.utime(file, (0, 0))
        file.chmod(0o600)
    monkeypatch.setattr(package, "_PACKAGE", copied)
    library.cache_clear()

    again = library()

    library.cache_clear()
    assert again == before


def test_other_sources_have_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = library()
    shutil.copytree(REPO / "personalize_assets", tmp_path / "personalize_assets")
    (tmp_path / "personalize_assets" / "conversion" / "session.py").write_text("# changed")
    monkeypatch.setattr(package, "_PACKAGE", tmp_path / "personalize_assets")
    library.cache_clear()

    changed = library()

    library.cache_clear()
    assert changed.name != before.name


def test_an_artifact_is_named_by_its_content() -> None:
    assert Artifact.of("convert", ".py", b"") == Artifact("convert-e3b0c44298fc1c14.py", b"")


def test_script_and_template_are_those_of_the_folder_glue() -> None:
    assert script().content == (REPO / "glue" / "convert.py").read_bytes()
    assert template() == (REPO / "glue" / "template.yaml").read_text()


def test_a_file_that_is_missing_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "_PACKAGE", tmp_path / "personalize_assets")

    with pytest.raises(PersonalizeAssetsError) as error:
        glue_file("convert.py")

    assert str(error.value) == (
        "glue/convert.py is neither beside the package nor in it; install the package again, or deploy from a clone"
    )


def test_an_installed_package_finds_its_files_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "personalize_assets" / "engines" / "glue" / "files"
    inside.mkdir(parents=True)
    (inside / "convert.py").write_text("# installed")
    monkeypatch.setattr(package, "_PACKAGE", tmp_path / "personalize_assets")

    assert glue_file("convert.py") == b"# installed"
