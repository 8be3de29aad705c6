"""The raw files of a source by arrival day: every layout, in folders and buckets."""

import pytest

from personalize_assets.layouts import LAYOUTS
from personalize_assets.storage.object_store import StoreError
from personalize_assets.storage.unread_keys import UnreadKeys
from personalize_assets_tests.helpers.raw_files_contract import NEXT, START, RawFilesContract, source


class TestRawFilesInABucket(RawFilesContract):
    @pytest.fixture
    def uri(self, bucket: str) -> str:
        return f"s3://{bucket}/raw events"


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_bucket_that_is_not_there_is_an_error_and_not_a_day_without_files(bucket: str, name: str) -> None:
    raw = source("s3://no-such-bucket/raw", name)

    for listing in (raw.all, lambda: raw.of([START]), lambda: raw.of([NEXT])):
        with pytest.raises(StoreError) as error:
            listing()
        assert str(error.value) == (
            "s3://no-such-bucket/raw: there is no bucket 'no-such-bucket'; create it, or correct the uri in the config"
        )


def test_a_source_may_begin_in_a_folder_without_a_name(bucket: str) -> None:
    raw = source(f"s3://{bucket}/logs//", "firehose", "2026/10/01/05/a")

    (file,) = raw.all().days[START]

    assert raw.uri(file.key) == f"s3://{bucket}/logs//2026/10/01/05/a"
    assert raw.day_of_object(bucket, "logs//2026/10/01/05/a") == START
    above = source(f"s3://{bucket}/logs", "firehose", "2026/10/01/05/b")
    assert above.all().unfit == UnreadKeys(1, ("/2026/10/01/05/a",))
