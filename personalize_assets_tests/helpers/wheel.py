"""The package as a host project installs it: from its wheel, into an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

from personalize_assets_tests.helpers.samples import REPO

_SCRIPT = """\
#!{python}
import sys
from {module} import main
sys.exit(main())
"""
_SCRIPTS = {"dg": "dagster_dg_cli.cli", "dagster": "dagster._cli", "personalize-assets": "personalize_assets.cli"}


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the wheel in it; the libraries are those of the environment of the tests."""

    folder: Path

    def run(self, project: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A command of the environment in a project whose sources are in ``src``."""
        return subprocess.run(
            [self.program(command[0]), *command[1:]],
            cwd=project,
            env={**self.variables(project), **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def program(self, name: str) -> Path:
        """The path of one of its programs."""
        return self.folder / "bin" / name

    def variables(self, project: Path) -> dict[str, str]:
        """The variables that its programs need in a project."""
        return {
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "VIRTUAL_ENV": str(self.folder),
            "PYTHONPATH": str(project / "src"),
            "PYTHONWARNINGS": "ignore",
            "COLUMNS": "300",
        }


def installed(folder: Path) -> Environment:
    """Builds the wheel of the repository, as it is now, and an environment with it."""
    sources = folder / "sources"
    _copy_sources(sources)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, sources],
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        check=True,
    )
    (wheel,) = folder.glob("personalize_assets-*.whl")
    environment = folder / "venv"
    venv.create(environment, with_pip=False, symlinks=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    # A plain path: the .pth files in there, such as that of the editable package, are not read.
    (packages / "libraries.pth").write_text(sysconfig.get_paths()["purelib"])
    for name, module in _SCRIPTS.items():
        script = environment / "bin" / name
        script.write_text(_SCRIPT.format(python=environment / "bin" / "python", module=module))
        script.chmod(0o755)
    return Environment(environment)


def _copy_sources(into: Path) -> None:
    """What a wheel is made of. Builds of several processes of tests would disturb each other in one ``build/``."""
    into.mkdir()
    for name in ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py"):
        shutil.copy(REPO / name, into)
    for name in ("glue", "personalize_assets", "sample_data"):
        shutil.copytree(REPO / name, into / name, ignore=shutil.ignore_patterns("__pycache__"))
