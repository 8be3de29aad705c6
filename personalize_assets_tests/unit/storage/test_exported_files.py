"""exported_files in a folder."""

from pathlib import Path

import pytest

from personalize_assets.storage.destination import Destination
from personalize_assets_tests.helpers.exports_contract import ExportedFilesContract


class TestExportedFilesInAFolder(ExportedFilesContract):
    @pytest.fixture
    def destination(self, tmp_path: Path) -> Destination:
        return Destination(str(tmp_path / "out"))
