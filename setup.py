"""Copies the folders ``glue/`` and ``sample_data/`` into an installed package; everything else is in pyproject.toml.

They stay at the top of the repository because people read and run their files.
"""

from pathlib import Path
from shutil import copyfile, copytree, ignore_patterns

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent


class BuildWithFolders(build_py):  # type: ignore[misc]  # setuptools has no stubs here
    """Builds the package with the script and template of the Glue job, and the samples.

    An editable package finds them in the repository.
    """

    def run(self) -> None:
        """Build, then copy."""
        super().run()
        if self.editable_mode:
            return
        package = Path(self.build_lib, "personalize_assets")
        into = package / "engines" / "glue" / "files"
        into.mkdir(parents=True, exist_ok=True)
        for name in ("convert.py", "template.yaml"):
            copyfile(HERE / "glue" / name, into / name)
        samples = package / "new_project" / "files"
        copytree(HERE / "sample_data", samples, dirs_exist_ok=True, ignore=ignore_patterns("expected", "README.md"))


setup(cmdclass={"build_py": BuildWithFolders})
