"""days in a bucket."""

import pytest

from personalize_assets.storage.destination import Destination
from personalize_assets_tests.helpers.days_contract import DaysContract


class TestDaysInABucket(DaysContract):
    @pytest.fixture
    def destination(self, bucket: str) -> Destination:
        return Destination(f"s3://{bucket}/out")
