"""A dataset group in a bucket, and the Personalize that reads there."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets_tests.helpers.import_world import ImportWorld
from personalize_assets_tests.helpers.personalize_emulator import PersonalizeEmulator


@pytest.fixture
def world(bucket: str, personalize: PersonalizeEmulator, tmp_path: Path) -> ImportWorld:
    """Nothing is exported, and Personalize has nothing."""
    return ImportWorld(bucket, tmp_path, personalize)
