"""tables in a bucket."""

import pytest

from personalize_assets.storage.destination import Destination
from personalize_assets_tests.helpers.exports_contract import TablesContract


class TestTablesInABucket(TablesContract):
    @pytest.fixture
    def destination(self, bucket: str) -> Destination:
        return Destination(f"s3://{bucket}/out")
