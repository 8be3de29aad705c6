"""Files of an S3 that fails for a moment: what tasks read and write is whole, or an error says how far they were."""

from __future__ import annotations

import os
from functools import partial

import pytest

from personalize_assets.conversion.reading.blocks_ahead import BLOCK_BYTES
from personalize_assets.conversion.reading.file_errors import UnansweredFile
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.reading.s3_objects import PART_BYTES
from personalize_assets.conversion.tries import MAX_TRIES
from personalize_assets_tests.helpers.faulty_s3 import Fault, FaultPlan
from personalize_assets_tests.helpers.latency_server import LatencyServer, counts

SMALL = os.urandom(1_000_000)
LARGE = os.urandom(2 * BLOCK_BYTES + 1000)
OF_READS = (Fault.ERROR_500, Fault.BUSY_503, Fault.RESET, Fault.SHORT, Fault.CUT)
OF_WRITES = (Fault.ERROR_500, Fault.BUSY_503, Fault.RESET, Fault.LOST)

pytestmark = pytest.mark.usefixtures("quick_tries")


def put(filesystem: FileSystem, uri: str, data: bytes) -> str:
    with filesystem.create(uri) as file:
        file.write(data)
    return uri


def read(filesystem: FileSystem, uri: str, listed_bytes: int | None = None) -> bytes:
    with filesystem.open(uri, listed_bytes) as file:
        return bytes(file.read())


@pytest.mark.parametrize("fault", OF_READS)
@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
def test_a_file_is_whole_whatever_happens_to_each_third_request(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer, fault: Fault, data: bytes
) -> None:
    uri = put(filesystem, f"s3://{bucket}/a", data)

    for listed_bytes in (None, len(data)):
        s3_server.faults = FaultPlan.in_turn([fault, fault, None] * 4)
        assert read(filesystem, uri, listed_bytes) == data
        assert s3_server.faults.injected[fault] >= 2


@pytest.mark.parametrize("fault", [Fault.SHORT, Fault.CUT])
def test_a_body_that_breaks_is_asked_for_from_the_byte_that_was_reached(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer, fault: Fault
) -> None:
    uri = put(filesystem, f"s3://{bucket}/a", SMALL)
    s3_server.reset()
    s3_server.faults = FaultPlan.in_turn([fault])

    assert read(filesystem, uri, len(SMALL)) == SMALL
    assert counts(s3_server.requests) == {"GET": 1, "GET range": 1}


def test_a_range_is_whole_though_its_body_ends_early(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer
) -> None:
    uri = put(filesystem, f"s3://{bucket}/a", SMALL)
    s3_server.faults = FaultPlan.in_turn([Fault.SHORT, Fault.CUT, Fault.SHORT])

    assert filesystem.read_range(uri, 1000, 900_000) == SMALL[1000:900_000]


@pytest.mark.parametrize("listed_bytes", [len(SMALL), len(SMALL) + 1])
def test_an_object_that_is_shorter_than_listed_is_asked_for_the_rest(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer, listed_bytes: int
) -> None:
    uri = put(filesystem, f"s3://{bucket}/a", SMALL)
    s3_server.faults = FaultPlan.in_turn([Fault.SHORTENED])

    assert read(filesystem, uri, listed_bytes) == SMALL


def test_an_object_that_became_shorter_after_it_was_listed_is_read_as_it_is(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer
) -> None:
    uri = put(filesystem, f"s3://{bucket}/a", SMALL)
    s3_server.reset()

    assert read(filesystem, uri, len(SMALL) + 1) == SMALL
    assert counts(s3_server.requests) == {"GET": 1, "GET range": 1}


def test_an_object_that_is_replaced_between_two_tries_is_an_error_and_no_mixture(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer
) -> None:
    uri = put(filesystem, f"s3://{bucket}/a", SMALL)
    other = SMALL[::-1]
    plan = FaultPlan.in_turn([Fault.CUT], of="GET")
    s3_server.faults = plan
    tries = partial(read, filesystem, uri, len(SMALL))

    def replace_it(request: object) -> None:
        if plan.injected and s3_server.faults:
            s3_server.faults = None
            put(filesystem, uri, other)

    s3_server.refuse = replace_it  # called before each answer

    with pytest.raises(OSError, match=r"^s3://events/a was replaced while it was read$"):
        tries()
    assert tries() == other


def test_an_s3_that_does_not_answer_is_an_error_that_says_how_far_it_came(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer
) -> None:
    uri = put(filesystem, f"s3://{bucket}/a", SMALL)
    s3_server.reset()
    s3_server.faults = FaultPlan.in_turn([Fault.SHORT, *[Fault.BUSY_503] * MAX_TRIES])

    with pytest.raises(UnansweredFile) as error:
        read(filesystem, uri, len(SMALL))

    beginning, _, cause = str(error.value).partition(" in 12 tries; ")
    reached = int(beginning.removeprefix("s3://events/a: bytes up to ").partition(" of ")[0].replace(",", ""))
    assert beginning.endswith(" of 1,000,000 were read")
    assert 0 < reached <= 500_000
    assert cause == "the last one: SlowDown: by plan"
    assert len(s3_server.requests) == MAX_TRIES


def test_access_that_is_denied_is_not_tried_again(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer
) -> None:
    s3_server.refuse = lambda request: 403

    with pytest.raises(PermissionError, match=r"^s3://events/a: access denied"):
        read(filesystem, f"s3://{bucket}/a", 3)
    assert len(s3_server.requests) == 1


@pytest.mark.parametrize("fault", OF_WRITES)
def test_a_small_file_is_written_whatever_happens_to_the_first_requests(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer, fault: Fault
) -> None:
    s3_server.faults = FaultPlan.in_turn([fault, fault])

    uri = put(filesystem, f"s3://{bucket}/a", SMALL)

    assert s3_server.faults.injected == {fault: 2}
    assert read(filesystem, uri) == SMALL


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        *((fault, kind) for fault in OF_WRITES for kind in ("POST uploads", "PUT part", "POST complete")),
        (Fault.ERROR_IN_200, "POST complete"),
    ],
)
def test_a_large_file_is_written_whatever_happens_to_the_first_requests(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer, fault: Fault, kind: str
) -> None:
    data = SMALL * (PART_BYTES // len(SMALL) + 1)
    s3_server.faults = FaultPlan.in_turn([fault], of=kind)

    uri = put(filesystem, f"s3://{bucket}/a", data)

    assert s3_server.faults.injected == {fault: 1}
    assert read(filesystem, uri) == data


def test_a_small_file_that_cannot_be_written_says_how_often_it_was_tried(
    filesystem: FileSystem, bucket: str, s3_server: LatencyServer
) -> None:
    s3_server.faults = FaultPlan.in_turn([Fault.BUSY_503] * MAX_TRIES)

    with pytest.raises(UnansweredFile) as error:
        put(filesystem, f"s3://{bucket}/a", b"abc")

    assert str(error.value) == (
        "s3://events/a: 3 bytes could not be written in 12 tries; the last one: SlowDown: by plan"
    )
