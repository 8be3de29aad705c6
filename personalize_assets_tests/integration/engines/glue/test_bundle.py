"""The files that are shipped to Glue: they are in an installed package, and the script refuses an old Python."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet
import pytest
import setuptools

from personalize_assets.engines.glue.bundle import library, script, template
from personalize_assets_tests.helpers.glue_emulator import GlueEmulator
from personalize_assets_tests.helpers.packing import PACKERS
from personalize_assets_tests.helpers.samples import REPO


def test_an_old_python_is_an_error_that_names_the_glue_versions_to_use(tmp_path: Path) -> None:
    old = "import sys, runpy; sys.version_info = (3, 10); sys.version = '3.10.9'; runpy.run_path(sys.argv[1])"

    done = subprocess.run(
        [sys.executable, "-c", old, REPO / "glue" / "convert.py"], capture_output=True, text=True, check=False
    )

    assert done.stderr == (
        "personalize_assets needs Python 3.11 or newer, but this is 3.10.9: set the job's Glue version to 5.1 or "
        "6.0, or emr_serverless.environment\n"
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


_READ = """
import sys
from personalize_assets.conversion.reading.formats.table_files import TableRows, is_table
from personalize_assets.conversion.reading.text_blocks import unpacked_blocks
for name in sys.argv[1:]:
    with open(name, "rb") as file:
        found = TableRows(file, "auto") if is_table(file.read(8), "auto") else unpacked_blocks(file)
        print(b"".join(found).decode(), end="")
"""


def test_what_glue_installs_reads_every_compression_and_format(glue: GlueEmulator, tmp_path: Path) -> None:
    table = pa.table({"a": [1]})
    pa.parquet.write_table(table, tmp_path / "parquet")
    pa.orc.write_table(table, tmp_path / "orc")
    schema = {"type": "record", "name": "e", "fields": [{"name": "a", "type": "int"}]}
    for codec in ("deflate", "snappy"):
        with (tmp_path / f"avro-{codec}").open("wb") as file:
            fastavro.writer(file, schema, [{"a": 1}], codec)
    for name, pack in PACKERS.items():
        (tmp_path / name).write_bytes(pack(b'{"a":1}\n'))
    names = sorted(str(file) for file in tmp_path.iterdir())
    packed = tmp_path / library().name
    packed.write_bytes(library().content)

    done = subprocess.run(
        [glue.environment() / "bin" / "python", "-c", _READ, *names],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(packed)},
    )

    assert done.stderr == ""
    assert done.stdout == '{"a":1}\n' * len(names)
