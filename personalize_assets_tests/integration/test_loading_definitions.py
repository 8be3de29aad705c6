"""Loading the definitions in a new process: silent, and without a call to anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


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
