"""A whole run of the command line on an S3 that fails: the same bytes, or a failure that changes nothing."""

from __future__ import annotations

import hashlib
import queue
import re

import pytest
from click.testing import CliRunner, Result

from personalize_assets.cli import main
from personalize_assets.conversion import waiting
from personalize_assets.local_run.display import PlainDisplay
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.object_store import open_store
from personalize_assets_tests.helpers.faulty_s3 import TRANSIENT, Fault, FaultPlan
from personalize_assets_tests.helpers.latency_server import LatencyServer
from personalize_assets_tests.helpers.samples import EXPORTS, SAMPLE_DATA

pytestmark = pytest.mark.usefixtures("quick_tries")


@pytest.fixture
def raw(bucket: str) -> str:
    """The sample of Segment in the bucket."""
    source = open_store(str(SAMPLE_DATA / "segment"))
    to = open_store(f"s3://{bucket}/raw")
    for file in source.files():
        to.write(file.key, source.read(file.key) or b"")
    return to.uri


def run(raw: str, out: str) -> Result:
    env = {"PERSONALIZE__SOURCE__URI": raw, "PERSONALIZE__DESTINATION__URI": out, "PERSONALIZE_ENGINE": "arrow"}
    return CliRunner().invoke(main, ["run", "--config", str(SAMPLE_DATA / "segment.yaml")], env=env)


def current(out: str) -> dict[str, str]:
    """The SHA-256 of each current CSV, by file name; empty before the first export."""
    destination = Destination(out)
    latest, store = destination.exports.latest(), destination.store
    keys = [manifest.path for manifest in latest.datasets.values()] if latest else []
    return {key.rpartition("/")[2]: hashlib.sha256(store.read(key) or b"").hexdigest() for key in keys}


@pytest.mark.parametrize("seed", range(4))
def test_a_run_gives_the_same_bytes_though_a_tenth_of_all_requests_fails(
    s3_server: LatencyServer, raw: str, seed: int
) -> None:
    s3_server.faults = plan = FaultPlan.by_chance(seed, 0.1, TRANSIENT)

    done = run(raw, "s3://events/out")

    s3_server.faults = None
    assert done.exit_code == 0, done.output
    assert plan.injected.total() > 20
    assert "retry" not in done.output  # of a whole stage
    assert current("s3://events/out") == EXPORTS["segment"]


@pytest.mark.parametrize("seed", range(2))
def test_stale_listings_never_give_a_wrong_export_and_the_next_run_is_whole(
    s3_server: LatencyServer, raw: str, seed: int
) -> None:
    s3_server.faults = FaultPlan.by_chance(seed, 0.3, [Fault.STALE])

    done = run(raw, "s3://events/out")

    s3_server.faults = None
    assert current("s3://events/out") in ({}, EXPORTS["segment"]), done.output
    done = run(raw, "s3://events/out")
    assert done.exit_code == 0, done.output
    assert current("s3://events/out") == EXPORTS["segment"]


def test_a_role_without_the_right_to_delete_is_enough_and_one_line_says_what_it_lacks(
    s3_server: LatencyServer, raw: str
) -> None:
    s3_server.refuse = lambda request: 403 if request.kind in ("DELETE", "POST delete") else None

    done = run(raw, "s3://events/out")

    assert done.exit_code == 0, done.output
    assert current("s3://events/out") == EXPORTS["segment"]
    warnings = [line for line in done.output.splitlines() if line.startswith("Warning: ")]
    assert len(warnings) == 1
    assert "could not be deleted" in warnings[0]
    assert "needs s3:DeleteObject. The results are complete" in warnings[0]


def test_a_line_says_what_is_waited_for_while_s3_does_not_answer(
    s3_server: LatencyServer, raw: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(waiting, "_CHECK_SECONDS", 0.01)
    lines: queue.Queue[str] = queue.Queue()
    monkeypatch.setattr(PlainDisplay, "waiting", lambda display, line: lines.put(line))
    found: list[str] = []

    def answer_after_the_line(request: object) -> None:
        if not found:
            found.append(lines.get(timeout=60))

    s3_server.refuse = answer_after_the_line  # called before each answer

    assert run(raw, "s3://events/out").exit_code == 0
    assert re.fullmatch(rf"waiting for \d s: S3 ListObjectsV2 {s3_server.url}/events(, and \d+ more)?", found[0])
