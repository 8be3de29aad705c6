"""Files of S3 through Arrow."""

from __future__ import annotations

import gzip
import os

from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.reading.gzip_blocks import unpacked_blocks


def test_what_was_created_on_s3_can_be_opened_there(bucket: str) -> None:
    text = b"".join(b'{"n":%d}\n' % n for n in range(1000))
    host = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
    filesystem = FileSystem({"endpoint_override": host, "scheme": "http", "region": os.environ["AWS_REGION"]})
    for name, data in (("plain", text), ("packed.gz", gzip.compress(text))):
        with filesystem.create(f"s3://{bucket}/a/{name}") as file:
            file.write(data)
        with filesystem.open(f"s3://{bucket}/a/{name}") as file:
            assert b"".join(unpacked_blocks(file)) == text
