"""The files that are shipped to Glue: they are in an installed package, and the script refuses an old Python."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import setuptools

from personalize_assets.engines.glue.bundle import script, template
from personalize_assets_tests.helpers.samples import REPO


def test_an_old_python_is_an_error_that_names_the_glue_versions_to_use(tmp_path: Path) -> None:
    old = "import sys, runpy; sys.version_info = (3, 10); sys.version = '3.10.9'; runpy.run_path(sys.argv[1])"

    done = subprocess.run(
        [sys.executable, "-c", old, REPO / "glue" / "convert.py"], capture_output=True, text=True, check=False
    )

    assert done.stderr == (
        "personalize_assets needs Python 3.11 or newer, but this is 3.10.9: set the job's Glue version to 5.1 or 6.0\n"
    )
    assert done.returncode == 1


def test_an_installed_package_has_the_files_of_the_folder_glue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPO)
    given: dict[str, Any] = {}
    monkeypatch.setattr(setuptools, "setup", given.update)
    runpy.run_path(str(REPO / "setup.py"))
    build = given["cmdclass"]["build_py"](
        setuptools.Distribution({"packages": ["personalize_assets.deploy"], "script_name": "setup.py"})
    )
    build.build_lib = str(tmp_path)
    build.ensure_finalized()

    build.run()

    installed = tmp_path / "personalize_assets" / "engines" / "glue" / "files"
    assert (installed / "template.yaml").read_text() == template()
    assert (installed / "convert.py").read_bytes() == script().content
