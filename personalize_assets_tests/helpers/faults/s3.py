"""Runs on an S3 that fails, and kills at chosen writes to S3."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3

from personalize_assets.conversion.reading import s3_objects
from personalize_assets_tests.helpers.faults.child import Conditions, finish, run, run_here, start
from personalize_assets_tests.helpers.faults.judge import problems, two_days_later
from personalize_assets_tests.helpers.faults.kills import kill_all_over
from personalize_assets_tests.helpers.faults.world import World, group_of
from personalize_assets_tests.helpers.faulty_s3 import Fault, FaultPlan
from personalize_assets_tests.helpers.latency_server import LatencyServer, Request

_BUCKET = "events"
_OUT = f"s3://{_BUCKET}/out"
_WRITES = ("PUT", "PUT part", "COPY", "COPY part", "POST complete", "POST uploads", "DELETE", "POST delete")
_SHARE = 0.1
STORIES = {"late file": "before", "next day": "late file"}


@dataclass(frozen=True)
class S3World:
    """A world whose destination is a bucket; ``left`` has all its objects after a run of a state without a fault."""

    world: World
    server: LatencyServer
    env: Mapping[str, str]
    left: Mapping[str, Mapping[str, bytes]]

    def begin(self, before: str, state: str) -> Path:
        """The bucket as it was after a state, the raw files of another; returns the config."""
        _fill(self.left[before])
        return self.world.begin(None, state, _OUT)


@contextmanager
def s3_world(world: World) -> Iterator[S3World]:
    """A server, whose bucket this process reaches by its environment, and the runs without a fault."""
    server = LatencyServer()
    env = {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "made",
        "AWS_SECRET_ACCESS_KEY": "up",
    }
    former = dict(os.environ)
    os.environ.update(env)
    try:
        where: Any = {"LocationConstraint": "eu-central-1"}
        boto3.client("s3").create_bucket(Bucket=_BUCKET, CreateBucketConfiguration=where)
        left: dict[str, dict[str, bytes]] = {}
        for state in STORIES.values():
            config = world.begin(None, state, _OUT)
            assert run(run_here, config, {}, conditions=Conditions(env=env)) == 0
            left[state] = {key: _body(key) for key in _keys()}
        yield S3World(world, server, env, left)
    finally:
        os.environ.clear()
        os.environ.update(former)
        server.stop()


def _keys() -> list[str]:
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=_BUCKET)
    return [found["Key"] for page in pages for found in page.get("Contents", ())]


def _body(key: str) -> bytes:
    data: bytes = boto3.client("s3").get_object(Bucket=_BUCKET, Key=key)["Body"].read()
    return data


def _fill(objects: Mapping[str, bytes]) -> None:
    client = boto3.client("s3")
    for upload in client.list_multipart_uploads(Bucket=_BUCKET).get("Uploads", ()):
        client.abort_multipart_upload(Bucket=_BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
    boto3.resource("s3").Bucket(_BUCKET).objects.all().delete()
    for key, data in objects.items():
        client.put_object(Bucket=_BUCKET, Key=key, Body=data)


def quick_run(config: Path) -> None:
    """A run whose pauses between tries are cut short."""
    real = time.sleep
    time.sleep = lambda seconds: real(min(float(seconds), 0.02))
    moment = timedelta(milliseconds=1)
    backoff: Any = {"init_backoff": moment, "max_backoff": moment, "base": 2}
    s3_objects._RETRIES = {**s3_objects._RETRIES, "backoff": backoff}
    run_here(config, {})


def faulty_run(there: S3World, seed: int) -> tuple[Counter[str], bool, list[str]]:
    """A run of which a tenth of all requests fails; returns the faults, whether it ended well, and what was wrong."""
    story = list(STORIES)[seed % len(STORIES)]
    before = STORIES[story]
    config = there.begin(before, story)
    there.server.faults = plan = FaultPlan.by_chance(seed, _SHARE, list(Fault))
    code = run(quick_run, config, conditions=Conditions(env=there.env))
    there.server.faults = None
    group = group_of(config)
    right = there.world.answers
    found = problems(group, [right[story]] if code == 0 else [right[story], right[before]])
    if code not in (0, 1):
        found.append(f"the run ended with {code}")
    if code := run(quick_run, config, conditions=Conditions(env=there.env)):
        found.append(f"the run after it fails with {code}")
    found += problems(group, [right[story]])
    injected = Counter({str(fault): number for fault, number in plan.injected.items()})
    return injected, code == 0, [f"S3 with faults, seed {seed}: {problem}" for problem in found]


def faulty_runs(there: S3World, count: int, seed: int = 1) -> tuple[Counter[str], int, list[str]]:
    """So many runs; returns the faults by kind, how many runs ended well all the same, and what was wrong."""
    injected: Counter[str] = Counter()
    well, found = 0, []
    for number in range(count):
        of_run, is_well, problems_found = faulty_run(there, seed * 1000 + number)
        injected += of_run
        well += is_well
        found += problems_found
    return injected, well, found


def _killed_run(there: S3World, config: Path, write: int) -> bool:
    """Run and kill at a write, before it is done or, at even ones, when it is; whether the run had so many."""
    victim: list[int] = []
    seen = 0

    def kill(request: Request) -> int | None:
        nonlocal seen
        seen += request.kind in _WRITES
        if request.kind in _WRITES and seen >= write:
            while not victim:
                time.sleep(0.001)
            with suppress(ProcessLookupError):  # killed by another thread of this server
                os.kill(victim[0], signal.SIGKILL)
            return 503 if write % 2 or seen > write else None
        return None

    there.server.refuse = kill
    try:
        process = start(quick_run, config, conditions=Conditions(env=there.env))
        assert process.pid is not None
        victim.append(process.pid)
        return finish(process) == -signal.SIGKILL
    finally:
        there.server.refuse = lambda request: None


def s3_kill(there: S3World, story: str, write: int) -> list[str] | None:
    """Kill a run at a write, look, and run twice more, a day apart each; None if it had fewer writes."""
    before = STORIES[story]
    config = there.begin(before, story)
    if not _killed_run(there, config, write):
        return None
    group = group_of(config)
    right = there.world.answers
    found = problems(group, [right[story], right[before]])
    found += two_days_later(
        group,
        right[story],
        lambda hours: run(quick_run, config, conditions=Conditions(hours=hours, env=there.env)),
    )
    uploads = boto3.client("s3").list_multipart_uploads(Bucket=_BUCKET).get("Uploads", ())
    found += [f"leftover: an upload of {upload['Key']}" for upload in uploads]
    return [f"S3, {story}, killed at write {write}: {problem}" for problem in found]


def _writes_of(there: S3World, story: str) -> int:
    config = there.begin(STORIES[story], story)
    there.server.requests.clear()
    run(quick_run, config, conditions=Conditions(env=there.env))
    return sum(request.kind in _WRITES for request in there.server.requests)


def s3_kills(there: S3World, count: int, seed: int = 1) -> tuple[Counter[str], list[str]]:
    """Kill so many runs on S3; see ``kill_all_over``."""
    return kill_all_over(STORIES, partial(_writes_of, there), partial(s3_kill, there), count, seed)
