"""The files of exports: one file or a folder of files, one current at a time, and a manifest that says which."""

import pytest

from personalize_assets.storage.destination import Destination
from personalize_assets_tests.helpers.exported_files_contract import ExportedFilesContract


class TestExportedFilesInABucket(ExportedFilesContract):
    @pytest.fixture
    def destination(self, bucket: str) -> Destination:
        return Destination(f"s3://{bucket}/out")
