"""Loading the definitions in a process of its own: quick, silent, and without a call to anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from personalize_assets_tests.helpers.samples import REPO


def test_the_definitions_load_in_an_empty_environment_without_a_warning_a_jvm_or_a_call_to_aws(tmp_path: Path) -> None:
    fake_java = tmp_path / "java"
    fake_java.write_text(f"#!/bin/sh\ntouch {tmp_path}/java-was-started\n")
    fake_java.chmod(0o755)
    program = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('a connection was opened')\n"
        "socket.socket.connect = refuse\n"
        "import dagster as dg\n"
        "from personalize_assets import definitions\n"
        "dg.Definitions.validate_loadable(definitions.definitions())\n"
        "assert 'boto3' not in sys.modules, 'boto3 was loaded'\n"
    )

    loaded = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", program],
        env={"PATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (loaded.returncode, loaded.stdout, loaded.stderr) == (0, "", "")
    assert not (tmp_path / "java-was-started").exists()


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
    # Dagster warns of a component of its own, which `dg` finds wherever dagster_spark is installed.
    assert [line for line in warnings if "SparkDeclarativePipelineScaffolder" not in line] == []
