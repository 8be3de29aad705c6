"""The contestants: this project on each of its engines, and the scripts in ``benchmarks/peers``."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.data import START
from benchmarks.measuring import REPO
from personalize_assets.engines import make_engine
from personalize_assets.errors import PersonalizeAssetsError

ENGINES = ("arrow", "local")
CONFIG = REPO / "sample_data/segment.yaml"
COMMAND = Path(sys.executable).with_name("personalize-assets")


class Contestant(NamedTuple):
    """One way from raw files to ``interactions.csv``. ``slow`` ones run less often.

    A script is the module ``script`` of ``peers`` (by default of the contestant's name), run by ``python`` (by default
    this one).
    """

    name: str
    what: str
    datasets: int
    engine: str | None = None
    slow: bool = False
    script: str | None = None
    python: str | None = None

    def command(self, raw: Path, out: Path) -> tuple[Sequence[str | Path], Mapping[str, str]]:
        """The command, and the environment variables to add."""
        if self.engine:
            return [COMMAND, "run", "--config", CONFIG, "--engine", self.engine], settings(raw, out)
        script = f"benchmarks.peers.{self.script or self.name}"
        return [self.python or sys.executable, "-m", script, raw, out / "interactions.csv"], {}

    def interactions(self, out: Path) -> Path:
        return out / ("exports/latest/interactions.csv" if self.engine else "interactions.csv")


def contestants(engines: Sequence[str] = ENGINES) -> list[Contestant]:
    """This project's engines first; then the peers, from the slowest to the fastest."""
    ours = [Contestant(engine, f"this project, engine `{engine}`", datasets=3, engine=engine) for engine in engines]
    return [
        *ours,
        Contestant("workshop", "the workshop's Glue logic, in PySpark", datasets=1, slow=True),
        Contestant("pandas_script", "pandas", datasets=1, slow=True),
        Contestant("plain_spark", "PySpark", datasets=1),
        Contestant("polars_script", "Polars", datasets=1),
        Contestant("duckdb_script", "DuckDB", datasets=1),
    ]


def former_duckdb(folder: Path) -> Contestant:
    """The script of DuckDB on DuckDB 1.5, installed into an environment of its own below ``folder``.

    Raises ``subprocess.CalledProcessError`` if it cannot be installed.
    """
    requirements = Path(__file__).with_name("duckdb-1.5.txt")
    environment = folder / "duckdb-1.5"
    python, done = environment / "bin/python", environment / "installed.txt"
    if not done.exists() or done.read_text() != requirements.read_text():
        venv.create(environment, with_pip=True, clear=True)
        install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r")
        subprocess.run([python, *install, requirements], check=True)
        done.write_text(requirements.read_text())
    return Contestant("duckdb_1_5", "DuckDB 1.5", datasets=1, script="duckdb_script", python=str(python))


def settings(raw: Path, out: Path, start: object = START) -> dict[str, str]:
    """Environment variables that give the sample's config another source and destination."""
    return {
        "PERSONALIZE__SOURCE__URI": str(raw.absolute()),
        "PERSONALIZE__SOURCE__START_DATE": str(start),
        "PERSONALIZE__DESTINATION__URI": str(out.absolute()),
        # Some sources are too small for Personalize.
        "PERSONALIZE__CHECKS": "warn",
    }


def refusal(engine: str) -> str | None:
    """Why an engine cannot be measured, for example because this version lacks it; None if it can."""
    try:
        make_engine(engine)
    except (PersonalizeAssetsError, ImportError) as error:
        return str(error)
    return None
