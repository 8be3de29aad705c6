"""What the conversion, which ships to Glue alone, may import."""

from __future__ import annotations

import os
import subprocess
import sys


def test_the_conversion_imports_with_neither_dagster_nor_boto3() -> None:
    program = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('dagster', 'boto3', 'botocore', 'pydantic', 'yaml', 'click'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import pkgutil, importlib, personalize_assets.conversion as conversion\n"
        "for module in pkgutil.walk_packages(conversion.__path__, conversion.__name__ + '.'):\n"
        "    importlib.import_module(module.name)\n"
    )

    imported = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env={**os.environ}
    )

    assert imported.stderr == ""
