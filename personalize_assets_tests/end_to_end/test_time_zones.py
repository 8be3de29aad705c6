"""The time zone of the machine has no influence on an export."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from personalize_assets_tests.helpers.samples import EXPORTS, SAMPLE_DATA, export_hashes


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_the_zone_of_the_machine_does_not_matter(zone: str, tmp_path: Path) -> None:
    subprocess.run(
        [Path(sys.executable).with_name("personalize-assets"), "run", "--config", SAMPLE_DATA / "segment.yaml"],
        env={**os.environ, "TZ": zone, "PERSONALIZE__DESTINATION__URI": str(tmp_path)},
        check=True,
        capture_output=True,
    )

    assert export_hashes(tmp_path) == EXPORTS["segment"]
