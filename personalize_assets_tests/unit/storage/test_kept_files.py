"""kept_files in a folder."""

from pathlib import Path

import pytest

from personalize_assets.storage.destination import Destination
from personalize_assets_tests.helpers.exports_contract import KeptContract


class TestKeptInAFolder(KeptContract):
    @pytest.fixture
    def destination(self, tmp_path: Path) -> Destination:
        return Destination(str(tmp_path / "out"))
