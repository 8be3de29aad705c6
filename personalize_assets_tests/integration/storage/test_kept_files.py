"""kept_files in a bucket."""

import pytest

from personalize_assets.storage.destination import Destination
from personalize_assets_tests.helpers.exports_contract import KeptContract


class TestKeptInABucket(KeptContract):
    @pytest.fixture
    def destination(self, bucket: str) -> Destination:
        return Destination(f"s3://{bucket}/out")
