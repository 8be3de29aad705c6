"""A bucket that fails for a moment, or gives no right to delete."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from personalize_assets.conversion.tries import MAX_TRIES
from personalize_assets.storage.object_store import StoreError, TransientStoreError
from personalize_assets.storage.s3 import S3Store
from personalize_assets_tests.helpers.faulty_s3 import TRANSIENT, Fault, FaultPlan
from personalize_assets_tests.helpers.latency_server import LatencyServer, counts
from personalize_assets_tests.helpers.store_contract import listed

pytestmark = pytest.mark.usefixtures("quick_tries")

DATA = bytes(range(256)) * 1000
LARGE = DATA * 48
"""More than two pieces of an upload have at least: some of it is copied, some is sent."""
OF_READS = (Fault.ERROR_500, Fault.BUSY_503, Fault.RESET, Fault.SHORT, Fault.CUT)
OF_WRITES = (Fault.ERROR_500, Fault.BUSY_503, Fault.RESET, Fault.LOST)


@pytest.fixture
def store(bucket: str) -> S3Store:
    return S3Store(f"s3://{bucket}/p")


@pytest.mark.parametrize("fault", OF_READS)
def test_a_file_and_a_listing_are_whole_whatever_happens_to_the_first_requests(
    store: S3Store, s3_server: LatencyServer, fault: Fault
) -> None:
    store.write("a", DATA)
    s3_server.faults = FaultPlan.in_turn([fault, fault, None] * 3)

    assert store.read("a") == DATA
    assert listed(store) == {"a": len(DATA)}
    assert store.read("a", 100_000) == DATA[:100_000]
    assert s3_server.faults.injected == {fault: 6}


@pytest.mark.parametrize("fault", [Fault.SHORT, Fault.CUT])
def test_an_answer_that_there_is_no_such_file_may_break_too(
    store: S3Store, s3_server: LatencyServer, fault: Fault
) -> None:
    s3_server.faults = FaultPlan.in_turn([fault, fault])

    assert store.read("gone") is None
    assert s3_server.faults.injected == {fault: 2}


def test_a_file_that_is_replaced_while_it_is_read_is_read_from_its_beginning(
    store: S3Store, s3_server: LatencyServer
) -> None:
    store.write("a", LARGE)
    plan = s3_server.faults = FaultPlan.in_turn([Fault.SHORT], of="GET")

    def replace_it(request: object) -> None:
        if plan.injected and s3_server.faults:
            s3_server.faults = None
            store.write("a", LARGE[::-1])

    s3_server.refuse = replace_it  # called before each answer

    assert store.read("a") == LARGE[::-1]


@pytest.mark.parametrize("fault", OF_WRITES)
def test_each_write_is_done_once_whatever_happens_to_the_first_request(
    store: S3Store, s3_server: LatencyServer, fault: Fault
) -> None:
    def faulty(write: Callable[[], object]) -> object:
        s3_server.faults = FaultPlan.in_turn([fault])
        done = write()
        assert s3_server.faults.injected == {fault: 1}
        return done

    faulty(lambda: store.write("a", DATA))
    created = faulty(lambda: store.swap("b", b"1", None))
    before = store.read_version("b")
    swapped = faulty(lambda: store.swap("b", b"2", before))
    faulty(lambda: store.copy("a", "c"))
    faulty(lambda: store.delete(["a"]))

    assert created
    assert swapped
    assert (store.read("a"), store.read("b"), store.read("c")) == (None, b"2", DATA)


def test_an_error_inside_an_answer_of_status_200_is_tried_again(store: S3Store, s3_server: LatencyServer) -> None:
    store.write("a", DATA)
    s3_server.faults = FaultPlan.in_turn([Fault.ERROR_IN_200])

    store.copy("a", "b")

    assert store.read("b") == DATA


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        *(("GET range", fault) for fault in OF_READS),
        *((kind, fault) for kind in ("COPY part", "PUT part", "POST uploads", "POST complete") for fault in OF_WRITES),
        ("COPY part", Fault.ERROR_IN_200),
        ("POST complete", Fault.ERROR_IN_200),
    ],
)
def test_a_join_is_whole_whatever_happens_to_a_request(
    store: S3Store, s3_server: LatencyServer, kind: str, fault: Fault
) -> None:
    store.write("1", LARGE)
    store.write("2", DATA)
    store.write("3", LARGE)
    s3_server.faults = FaultPlan.in_turn([fault], of=kind)

    store.join("all", b"header\n", ["1", "2", "3"])

    assert s3_server.faults.injected == {fault: 1}
    assert store.read("all") == b"header\n" + LARGE + DATA + LARGE


def test_a_body_that_ends_early_is_asked_for_from_the_byte_that_a_join_had_reached(
    store: S3Store, s3_server: LatencyServer
) -> None:
    store.write("1", LARGE)
    s3_server.reset()
    s3_server.faults = FaultPlan.in_turn([Fault.SHORT], of="GET range")

    store.join("all", b"", ["1"])

    assert counts(s3_server.requests)["GET range"] == 3  # two blocks, and the rest of one
    assert store.read("all") == LARGE


def test_parts_that_a_stale_listing_leaves_out_are_joined(store: S3Store, s3_server: LatencyServer) -> None:
    s3_server.faults = FaultPlan.in_turn([Fault.STALE], of="LIST")
    store.write("1", DATA)

    store.join("all", b"header\n", ["1"])

    assert s3_server.faults.injected == {Fault.STALE: 1}
    assert store.read("all") == b"header\n" + DATA


def test_a_bucket_that_stays_busy_is_a_transient_error_after_the_last_try(
    store: S3Store, s3_server: LatencyServer
) -> None:
    s3_server.faults = FaultPlan.in_turn([Fault.BUSY_503] * 100)

    with pytest.raises(TransientStoreError, match=r"^s3://events/p/a: SlowDown "):
        store.read("a")
    assert counts(s3_server.requests) == {"GET": MAX_TRIES}


def test_bodies_that_end_early_each_time_are_a_transient_error(store: S3Store, s3_server: LatencyServer) -> None:
    store.write("a", DATA)
    s3_server.faults = FaultPlan.in_turn([Fault.SHORT] * 100)

    with pytest.raises(TransientStoreError, match=r"^s3://events/p/a: "):
        store.read("a")


def test_the_number_of_tries_is_that_of_the_environment(
    bucket: str, s3_server: LatencyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    s3_server.faults = FaultPlan.in_turn([Fault.BUSY_503] * 100)

    with pytest.raises(TransientStoreError):
        S3Store(f"s3://{bucket}/p").read("a")
    assert counts(s3_server.requests) == {"GET": 2}


def test_access_that_is_denied_is_not_tried_again(store: S3Store, s3_server: LatencyServer) -> None:
    s3_server.refuse = lambda request: 403

    with pytest.raises(StoreError) as error:
        store.read("a")

    assert not isinstance(error.value, TransientStoreError)
    assert len(s3_server.requests) == 1


@pytest.mark.parametrize("seed", range(3))
def test_a_tenth_of_all_requests_may_fail(store: S3Store, s3_server: LatencyServer, seed: int) -> None:
    s3_server.faults = plan = FaultPlan.by_chance(seed, 0.1, TRANSIENT)
    for number in range(30):
        store.write(f"{number:02}", DATA[number:])
    store.join("all", b"", [f"{number:02}" for number in range(30)])

    assert store.read("all") == b"".join(DATA[number:] for number in range(30))
    assert plan.injected.total() >= 3


# -- without the right to delete ---------------------------------------------------------------------------------------


def refusing_deletes(store: S3Store, keys: set[str]) -> None:
    """Let S3 refuse to delete keys, as without the right."""

    def refuse(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Errors"] = [{"Key": f"p/{key}", "Code": "AccessDenied", "Message": "Access Denied"} for key in keys]

    store._client.meta.events.register("after-call.s3.DeleteObjects", refuse)


def test_keys_that_may_not_be_deleted_are_counted_and_the_right_is_named(store: S3Store) -> None:
    refusing_deletes(store, {"a", "b"})

    left = store.try_delete(["a", "b", "c"])

    assert left.files == 2
    assert left.reason.endswith(
        ": access denied (Access Denied); the role or user that runs this needs s3:DeleteObject"
    )


def test_a_request_that_is_refused_as_a_whole_counts_all_its_keys(store: S3Store, s3_server: LatencyServer) -> None:
    s3_server.refuse = lambda request: 403

    left = store.try_delete(["a", "b", "c"])

    assert left.files == 3
    assert left.reason.endswith("the role or user that runs this needs s3:DeleteObject")


# -- uploads that were never completed ---------------------------------------------------------------------------------


def uploads(store: S3Store, bucket: str, hours_by_key: dict[str, int]) -> Callable[[], list[str]]:
    """Begin uploads so many hours ago; returns a function that returns the keys of those that are left."""
    client = boto3.client("s3")
    hours = {
        client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]: age for key, age in hours_by_key.items()
    }

    def aged(parsed: dict[str, Any], **_: Any) -> None:  # moto gives every upload the same old date
        for upload in parsed.get("Uploads", ()):
            upload["Initiated"] = datetime.now(UTC) - timedelta(hours=hours[upload["UploadId"]])

    store._client.meta.events.register("after-call.s3.ListMultipartUploads", aged)

    def left() -> list[str]:
        found = client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        for upload in found:
            client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        return sorted(upload["Key"] for upload in found)

    return left


def test_uploads_that_killed_processes_began_are_aborted_a_day_after(store: S3Store, bucket: str) -> None:
    left = uploads(store, bucket, {"p/a/1": 25, "p/a/2": 23, "p/b/3": 48, "other/a/4": 48})

    undeleted = store.delete_unfinished()

    assert (bool(undeleted), left()) == (False, ["other/a/4", "p/a/2"])


def test_uploads_of_other_prefixes_stay(store: S3Store, bucket: str, s3_server: LatencyServer) -> None:
    left = uploads(store, bucket, {"p/a/1": 48, "p/b/2": 48, "p/c/3": 48})
    s3_server.reset()

    store.delete_unfinished(["a/", "b/"])

    assert counts(s3_server.requests) == {"DELETE": 2, "LIST": 1}
    assert left() == ["p/c/3"]


def test_without_the_right_to_list_uploads_they_stay(store: S3Store, s3_server: LatencyServer) -> None:
    s3_server.refuse = lambda request: 403 if request.kind == "LIST" else None

    assert not store.delete_unfinished()


def test_an_upload_that_may_not_be_aborted_is_counted_and_the_right_is_named(store: S3Store, bucket: str) -> None:
    left = uploads(store, bucket, {"p/a/1": 48})

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AbortMultipartUpload")

    store._client.meta.events.register("before-call.s3.AbortMultipartUpload", refuse)

    undeleted = store.delete_unfinished()

    assert undeleted == (
        1,
        "s3://events/p/a/1: access denied (AbortMultipartUpload: no); the role or user that runs this needs "
        "s3:AbortMultipartUpload",
    )
    assert left() == ["p/a/1"]
