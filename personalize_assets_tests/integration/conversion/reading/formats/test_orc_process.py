"""ORC is read in a process of its own, whose death is damage of the file."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet
import pytest

from personalize_assets.conversion.reading.formats import orc_process
from personalize_assets.conversion.reading.formats.orc_process import Died, Header, read_first, read_lines
from personalize_assets.conversion.reading.formats.program import Program
from personalize_assets.conversion.reading.formats.row_batches import WHOLE


def orc(table: pa.Table) -> io.BytesIO:
    file = io.BytesIO()
    pa.orc.write_table(table, file)
    return file


def test_a_header_comes_before_the_rows() -> None:
    header, rows = read_lines(orc(pa.table({"a": ["x", None]})), WHOLE)
    assert header == Header(["a"], 2)
    assert rows == b'{"a":"x"}\n{"a":null}\n'


def test_a_process_that_dies_is_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the library for ORC does on some damaged files."""
    dying = tmp_path / "python"
    dying.write_text("#!/bin/sh\nkill -SEGV $$\n")
    dying.chmod(0o755)
    orc_process._program().close()
    monkeypatch.setattr(sys, "executable", str(dying))
    with pytest.raises(Died):
        list(read_lines(orc(pa.table({"a": ["x"]})), WHOLE))
    assert read_first(orc(pa.table({"a": ["x"]})), 1) is None


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[Program]:
    """An entry for each process that is started."""
    found: list[Program] = []
    start = Program._started

    def started(program: Program) -> subprocess.Popen[bytes]:
        found.append(program)
        return start(program)

    orc_process._program().close()
    monkeypatch.setattr(Program, "_started", started)
    return found


def test_one_process_reads_one_file_after_another(starts: list[Program]) -> None:
    files = [orc(pa.table({"a": [name]})) for name in "xyz"]

    rows = [list(read_lines(file, WHOLE))[1:] for file in files]

    assert rows == [[b'{"a":"x"}\n'], [b'{"a":"y"}\n'], [b'{"a":"z"}\n']]
    assert len(starts) == 1


def test_a_process_that_met_damage_reads_no_other_file(starts: list[Program]) -> None:
    """What is read from memory that the library has damaged is not to be trusted."""

    with pytest.raises(Died):
        list(read_lines(io.BytesIO(b"ORC" + bytes(100)), WHOLE))

    assert list(read_lines(orc(pa.table({"a": ["x"]})), WHOLE))[1:] == [b'{"a":"x"}\n']
    assert len(starts) == 2


def test_the_first_rows_are_parquet() -> None:
    first = read_first(orc(pa.table({"a": ["x", "y"]})), 1)
    assert first is not None
    assert pa.parquet.read_table(io.BytesIO(first)).to_pylist() == [{"a": "x"}]


def test_what_is_no_orc_is_damage() -> None:
    with pytest.raises(Died):
        list(read_lines(io.BytesIO(b"ORC" + bytes(100)), WHOLE))


def test_the_program_writes_messages(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    (tmp_path / "a").write_bytes(orc(pa.table({"a": [1]})).getvalue())
    orc_process.main([str(tmp_path / "a"), "0", "1"])
    header, line, end = ((size).to_bytes(8, "big") for size in (9, 8, 0))
    assert capsysbinary.readouterr().out == b"L" + header + b'[["a"],1]L' + line + b'{"a":1}\n.' + end
