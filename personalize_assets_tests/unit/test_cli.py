"""Arguments and exit codes; what the commands do is tested in end_to_end/."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from personalize_assets_tests.helpers.command import invoke


def test_suggest_does_not_overwrite_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("mine")

    result = invoke("suggest", "--source", str(tmp_path), "--output", str(tmp_path / "mine.yaml"))

    assert result.stderr == f"Error: {tmp_path}/mine.yaml already exists; name a new file, or remove it first\n"
    assert (tmp_path / "mine.yaml").read_text() == "mine"


def test_help_loads_neither_dagster_nor_rich_nor_boto3() -> None:
    program = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from personalize_assets.cli import main\n"
        "CliRunner().invoke(main, ['--help'])\n"
        "print(sorted({'dagster', 'rich', 'boto3', 'pyarrow', 'pydantic'} & sys.modules.keys()))\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
