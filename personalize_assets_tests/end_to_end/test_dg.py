"""`dg check defs` in the repository, as a developer runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from personalize_assets_tests.helpers.samples import REPO


def test_dg_check_defs_passes_without_a_warning_of_ours(tmp_path: Path) -> None:
    dg_command = Path(sys.executable).with_name("dg")
    checked = subprocess.run(
        [dg_command, "check", "defs"],
        env={"PATH": f"{dg_command.parent}:/usr/bin:/bin", "HOME": str(tmp_path)},
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    warnings = [line for line in (checked.stdout + checked.stderr).splitlines() if "warning" in line.lower()]
    # `dg` finds this component of dagster_spark and warns about it.
    assert [line for line in warnings if "SparkDeclarativePipelineScaffolder" not in line] == []
