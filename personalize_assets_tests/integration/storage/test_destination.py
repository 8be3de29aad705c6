"""The destination: commits replace files atomically, old files are deleted afterwards, damaged objects are named."""

import pytest

from personalize_assets.storage.destination import Destination
from personalize_assets_tests.helpers.destination_contract import DestinationContract


class TestDestinationInABucket(DestinationContract):
    @pytest.fixture
    def destination(self, bucket: str) -> Destination:
        return Destination(f"s3://{bucket}/out")
