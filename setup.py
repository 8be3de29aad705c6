"""Everything is in pyproject.toml but this: the folder ``glue/`` goes into the package where it is installed from.

It stays at the top of the repository because people read and run what is in it.
"""

from pathlib import Path
from shutil import copyfile

from setuptools import setup
from setuptools.command.build_py import build_py

GLUE = Path(__file__).parent / "glue"


class BuildWithGlue(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            into = Path(self.build_lib, "personalize_assets", "engines", "glue", "files")
            into.mkdir(parents=True, exist_ok=True)
            for name in ("convert.py", "template.yaml"):
                copyfile(GLUE / name, into / name)


setup(cmdclass={"build_py": BuildWithGlue})
