"""What is read out of a message of S3, SNS or EventBridge."""

from __future__ import annotations

import json
from typing import Any

import pytest

from personalize_assets.aws.event_queue import objects

DIRECT = {
    "Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": "a+b%2Bc"}}}]
}


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (DIRECT, [("b", "a b+c")]),
        ({"Type": "Notification", "Message": json.dumps(DIRECT)}, [("b", "a b+c")]),
        (
            {"detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": {"key": "a+b"}}},
            [("b", "a+b")],
        ),
        ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}, []),
        ({"Records": [{"s3": {"bucket": {}, "object": {}}}, 7]}, []),
        ([1], []),
    ],
)
def test_a_message_names_its_objects(message: Any, found: list[tuple[str, str]]) -> None:
    assert list(objects(json.dumps(message))) == found


def test_a_message_that_is_no_json_names_none() -> None:
    assert list(objects("hello")) == []
