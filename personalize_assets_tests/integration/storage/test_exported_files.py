"""exported_files in a bucket."""

import pytest

from personalize_assets.storage.destination import Destination
from personalize_assets_tests.helpers.exports_contract import ExportedFilesContract


class TestExportedFilesInABucket(ExportedFilesContract):
    @pytest.fixture
    def destination(self, bucket: str) -> Destination:
        return Destination(f"s3://{bucket}/out")
