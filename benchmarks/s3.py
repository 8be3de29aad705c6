"""S3 with the latency of a network: many small files and a large one as the source, many days as the destination.

Sources come from ``folder_server``; the destination is moto behind the tests' latency server. Each case runs without a
wait, too, so that a server's own time, on the same cores, can be distinguished from the latency's.

The full size (scale 1): 10,000 gzip files of 10 KB, one plain file of 5 GB, 30 and 365 days of one small file (365 only
at full size).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import boto3
import click

from benchmarks.contestants import COMMAND, CONFIG, refusal, settings
from benchmarks.data import Raw
from benchmarks.folder_server import BUCKET, serving
from benchmarks.history import stage_seconds
from benchmarks.large_data import large_site, one_file, small_files_of
from benchmarks.measuring import CommandFailed, measure

SECONDS_AN_ANSWER = 0.04

_SMALL_FILES, _SMALL_FILE_BYTES = 10_000, 10_000
_FILE_BYTES = 5 * 10**9
_DAYS = (30, 365)
_EVENTS_A_DAY = 1_000
_REGION: Final = "eu-central-1"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": _REGION}


def on_s3(data: Path, scale: float, engines: Sequence[str]) -> dict[str, Any]:
    """Each case with and without a wait."""
    rows = []
    for engine in engines:
        for row in (*_sources(data, scale, engine), *_destinations(data, scale, engine)):
            text = row.get("missing") or f"{row['seconds']:.1f} s {row['stages']}, {row['counts']}"
            click.echo(f"{engine}: {row['about']}, {'with' if row['wait'] else 'without'} a wait: {text}")
            rows.append(row)
    return {"seconds_an_answer": SECONDS_AN_ANSWER, "scale": scale, "rows": rows}


def _sources(data: Path, scale: float, engine: str) -> Iterator[dict[str, Any]]:
    count = max(1, round(_SMALL_FILES * scale))
    # A gzip file of 10 KB has more than 90 events; compressed alone they take more room than in a large file.
    small = small_files_of(
        data, large_site(data, count * _SMALL_FILE_BYTES // 70, 7), count, _SMALL_FILE_BYTES, zipped=True
    )
    size = round(_FILE_BYTES * scale)
    large = one_file(data, large_site(data, size // 600, 7), size, zipped=False)
    cases = {
        "small files": (
            small,
            f"{small.files:,} gzip files of {small.packed / small.files / 1000:.0f} KB as the source",
        ),
        "one file": (large, f"one plain file of {large.packed / 1e6:,.0f} MB as the source"),
    }
    for what, (raw, about) in cases.items():
        with serving(raw.folder) as server:
            for seconds in (0.0, SECONDS_AN_ANSWER):
                server.set_seconds(seconds)
                out = data / "s3"
                found = {"what": what, "about": about, "days": 7, "wait": seconds > 0}
                env = settings(Path(BUCKET), out) | {"PERSONALIZE__SOURCE__URI": f"s3://{BUCKET}"}
                found |= _run(engine, env | {"AWS_ENDPOINT_URL": server.url})
                yield found | {"counts": server.counts(), "requests": sum(server.counts().values())}
                shutil.rmtree(out, ignore_errors=True)


def _destinations(data: Path, scale: float, engine: str) -> Iterator[dict[str, Any]]:
    # Here, so that the other cases and parts need neither moto nor the tests.
    from personalize_assets_tests.helpers.latency_server import in_new_process

    for days in _DAYS:
        if days != min(_DAYS) and scale < 1:
            continue
        raw = _one_small_file_a_day(data, days)
        for seconds in (0.0, SECONDS_AN_ANSWER):
            with in_new_process() as server:
                client = boto3.client(
                    "s3",
                    endpoint_url=server.url,
                    region_name=_REGION,
                    aws_access_key_id="testing",
                    aws_secret_access_key="testing",
                )
                client.create_bucket(Bucket="made", CreateBucketConfiguration={"LocationConstraint": _REGION})
                server.set_seconds(seconds)
                about = f"destination of {days} days of one small file"
                found = {"what": f"{days} days", "about": about, "days": days, "wait": seconds > 0}
                env = settings(raw.folder, data) | {"PERSONALIZE__DESTINATION__URI": "s3://made"}
                found |= _run(engine, env | {"AWS_ENDPOINT_URL": server.url})
                kinds = [request.kind for request in server.requests()]
                yield found | {
                    "counts": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
                    "requests": len(kinds),
                }


def _one_small_file_a_day(data: Path, days: int) -> Raw:
    """The first file of a source and day alone."""
    whole = large_site(data, days * _EVENTS_A_DAY, days, files_a_source=1)
    folder = data / f"{whole.folder.name}-one-a-day"
    shutil.rmtree(folder, ignore_errors=True)
    files = sorted(whole.folder.glob("segment-logs/website-prod/*/*.gz"))
    for file in files:
        target = folder / file.relative_to(whole.folder)
        target.parent.mkdir(parents=True)
        target.hardlink_to(file)
    return Raw(folder, 0, len(files), sum(file.stat().st_size for file in files), 0)


def _run(engine: str, env: Mapping[str, str]) -> dict[str, Any]:
    reason = refusal(engine)
    if reason:
        return {"name": engine, "missing": reason}
    command: list[str | Path] = [COMMAND, "run", "--config", CONFIG, "--engine", engine]
    try:
        measured = measure(command, {**_CREDENTIALS, **env})
    except CommandFailed as failure:
        return {"name": engine, "missing": str(failure)}
    return {"name": engine, **measured.figures(), "stages": stage_seconds(measured.output)}
