"""Buckets as object stores."""

import os
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from personalize_assets.storage.object_store import ObjectStore, StoreError, open_store
from personalize_assets.storage.s3 import S3Store, arrow_s3_options
from personalize_assets_tests.helpers.store_contract import ObjectStoreContract, listed


class TestS3Store(ObjectStoreContract):
    @pytest.fixture
    def store(self, bucket: str) -> ObjectStore:
        return open_store(f"s3://{bucket}/some/prefix")


def test_more_keys_than_a_page_holds_are_listed_and_deleted(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = S3Store(f"s3://{bucket}/many")
    pages = store._client.meta.events
    pages.register("before-parameter-build.s3.ListObjectsV2", lambda params, **_: params.setdefault("MaxKeys", 2))
    monkeypatch.setattr("personalize_assets.storage.s3._KEYS_PER_DELETE", 3)
    for number in range(7):
        store.write(f"{number}/x", b"")
    S3Store(f"s3://{bucket}/many-others").write("y", b"")

    assert store.folders() == ["0", "1", "2", "3", "4", "5", "6"]
    keys = [file.key for file in store.files()]
    assert keys == ["0/x", "1/x", "2/x", "3/x", "4/x", "5/x", "6/x"]
    store.delete(keys)
    assert listed(S3Store(f"s3://{bucket}")) == {"many-others/y": 0}


def test_a_page_opens_in_a_browser_and_other_files_have_no_type(bucket: str) -> None:
    store = S3Store(f"s3://{bucket}/out")
    store.write("report.html", b"<!doctype html>")
    store.write("a.json", b"{}")

    types = [
        store._client.head_object(Bucket=bucket, Key=f"out/{key}")["ContentType"] for key in ("report.html", "a.json")
    ]

    assert types[0] == "text/html; charset=utf-8"
    assert "html" not in types[1]


def test_a_whole_bucket_is_a_store(bucket: str) -> None:
    S3Store(f"s3://{bucket}").write("a/b", b"x")

    assert listed(S3Store(f"s3://{bucket}/")) == {"a/b": 1}


def test_a_join_that_fails_leaves_no_upload_behind(bucket: str) -> None:
    with pytest.raises(StoreError):
        S3Store(f"s3://{bucket}/p").join("all.csv", b"A\n", ["gone"])

    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket=bucket)


@pytest.mark.parametrize("call", ["check_exists", "files", "folders", "read", "write", "delete", "join"])
def test_a_bucket_that_is_not_there_is_named(bucket: str, call: str) -> None:
    store = S3Store("s3://no-such-bucket/p")
    arguments: dict[str, tuple[Any, ...]] = {
        "read": ("a",),
        "write": ("a", b"x"),
        "delete": (["a"],),
        "join": ("a", b"x", []),
    }

    with pytest.raises(StoreError) as error:
        list(getattr(store, call)(*arguments.get(call, ())))

    uri, text = str(error.value).split(": ", 1)
    assert uri.removesuffix("/a") == "s3://no-such-bucket/p"
    assert text == "there is no bucket 'no-such-bucket'; create it, or correct the uri in the config"


def test_arrow_gets_an_endpoint_that_is_not_awss(bucket: str) -> None:
    host = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")

    assert arrow_s3_options(["/a/folder", f"s3://{bucket}/p"]) == {
        "region": "eu-central-1",
        "endpoint_override": host,
        "scheme": "http",
    }


def test_a_server_that_knows_no_conditions_is_named_with_what_to_do(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = S3Store(f"s3://{bucket}/p")

    def without_conditions(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "NotImplemented", "Message": ""}}, "PutObject")

    monkeypatch.setattr(store._client, "put_object", without_conditions)

    with pytest.raises(StoreError) as error:
        store.swap("a", b"first", None)

    assert str(error.value) == (
        f"s3://{bucket}/p/a: this server does not know conditional writes (If-Match), without which runs that overlap "
        "replace each other's results; use a server that does, or a folder as destination"
    )


def test_a_swap_whose_answer_was_lost_and_that_was_tried_again_has_succeeded(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = S3Store(f"s3://{bucket}/p")
    put_object = store._client.put_object

    def twice(**request: Any) -> Any:
        put_object(**request)
        return put_object(**request)

    monkeypatch.setattr(store._client, "put_object", twice)

    assert store.swap("a", b"first", None) == store.read_version("a")


def test_the_error_of_a_file_that_cannot_be_swapped_names_it(bucket: str) -> None:
    with pytest.raises(StoreError, match=r"^s3://no-such-bucket/p/a: there is no bucket"):
        S3Store("s3://no-such-bucket/p").swap("a", b"x", None)


# -- archives and folders without a name -------------------------------------------------------------------------------


def put_archived(bucket: str, *classes: str) -> None:
    """An object ``p/<number>`` of each storage class."""
    client: Any = boto3.client("s3")
    for number, storage_class in enumerate(classes):
        client.put_object(Bucket=bucket, Key=f"p/{number}", Body=b"x", StorageClass=storage_class)


def test_an_object_in_an_archive_is_listed_with_its_storage_class(bucket: str) -> None:
    put_archived(bucket, "STANDARD", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR")

    archives = {file.key: file.archive for file in S3Store(f"s3://{bucket}/p").files()}

    assert archives == {"0": "", "1": "GLACIER", "2": "DEEP_ARCHIVE", "3": ""}


def test_only_a_page_with_archived_objects_is_asked_for_again_and_for_what_is_restored(bucket: str) -> None:
    put_archived(bucket, "STANDARD", "STANDARD", "STANDARD", "GLACIER", "GLACIER")
    store = S3Store(f"s3://{bucket}/p")
    events = store._client.meta.events
    asked = []

    def note(params: dict[str, Any], **_: Any) -> None:
        params.setdefault("MaxKeys", 2)
        asked.append((params.get("StartAfter"), params.get("OptionalObjectAttributes")))

    def restored(parsed: dict[str, Any], **_: Any) -> None:
        for found in parsed.get("Contents", ()):
            if asked[-1][1] and found["Key"] == "p/3":
                found["RestoreStatus"] = {"IsRestoreInProgress": False, "RestoreExpiryDate": "2026-12-01"}

    events.register("before-parameter-build.s3.ListObjectsV2", note)
    events.register("after-call.s3.ListObjectsV2", restored)

    assert [(file.key, file.archive) for file in store.files()] == [
        ("0", ""), ("1", ""), ("2", ""), ("3", ""), ("4", "GLACIER"),
    ]  # fmt: skip
    assert asked == [
        (None, None), (None, None), ("p/1", ["RestoreStatus"]), (None, None), ("p/3", ["RestoreStatus"]),
    ]  # fmt: skip


def test_a_prefix_may_end_in_a_folder_without_a_name(bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key="logs//2026/a", Body=b"x")

    store = S3Store(f"s3://{bucket}/logs//")

    assert store.uri == f"s3://{bucket}/logs/"
    assert (listed(store), store.folders(), store.read("2026/a")) == ({"2026/a": 1}, ["2026"], b"x")
