"""Copies the folder ``glue/`` into an installed package; everything else is in pyproject.toml.

The folder stays at the top of the repository because people read and run its files.
"""

from pathlib import Path
from shutil import copyfile

from setuptools import setup
from setuptools.command.build_py import build_py

GLUE = Path(__file__).parent / "glue"


class BuildWithGlue(build_py):  # type: ignore[misc]  # setuptools has no stubs here
    """Builds the package with the script and the template of the Glue job; an editable one finds them in ``glue/``."""

    def run(self) -> None:
        """Build, then copy."""
        super().run()
        if not self.editable_mode:
            into = Path(self.build_lib, "personalize_assets", "engines", "glue", "files")
            into.mkdir(parents=True, exist_ok=True)
            for name in ("convert.py", "template.yaml"):
                copyfile(GLUE / name, into / name)


setup(cmdclass={"build_py": BuildWithGlue})
