"""What commits of our own cost beside Delta tables: one object a day, replaced by compare-and-swap."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from benchmarks.delta_places import BUCKET, Place, client, cost

RACES = 50
COUNTS_BYTES = 50_000


def read(place: Place, key: str) -> tuple[bytes | None, str]:
    """An object and its version, or None and nothing."""
    if not place.server:
        path = Path(place.uri, key)
        return (path.read_bytes(), "") if path.exists() else (None, "")
    try:
        found = client(place.server.url).get_object(Bucket=BUCKET, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None, ""
        raise
    return found["Body"].read(), found["ETag"]


def swap(place: Place, key: str, new: bytes, before: tuple[bytes | None, str]) -> bool:
    """Replace an object if it still is what ``read`` returned; False if it is not."""
    if not place.server:
        return _swap_file(Path(place.uri, key), new, before[0])
    condition = {"IfMatch": before[1]} if before[1] else {"IfNoneMatch": "*"}
    try:
        client(place.server.url).put_object(Bucket=BUCKET, Key=key, Body=new, **condition)
    except ClientError as error:
        # S3 answers 409 to one of two that come at the same time, and 404 if the object has been deleted.
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 409, 412):
            return False
        raise
    return True


def _swap_file(path: Path, new: bytes, old: bytes | None) -> bool:
    """Replace a file if it still holds ``old``, under a lock that ends with the process; the reader sees no lock."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = path.read_bytes() if path.exists() else None
        if found != old:
            return False
        temporary = path.with_suffix(f".{os.getpid()}")
        with temporary.open("wb") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        return True


def _racer(place: Place, way: str, gate: Any, results: Any) -> None:
    for index in range(RACES):
        key = f"own/{way}-{index}.json"
        before = read(place, key)
        gate.wait()
        results.put((index, swap(place, key, f"{os.getpid()}".encode(), before)))


def _winners(place: Place, way: str) -> str:
    """How many of two processes replaced the same object, by number of races."""
    context = multiprocessing.get_context("spawn")
    gate, results = context.Barrier(2), context.SimpleQueue()
    racers = [context.Process(target=_racer, args=(place, way, gate, results)) for _ in range(2)]
    for racer in racers:
        racer.start()
    answers = [results.get() for _ in range(2 * RACES)]
    for racer in racers:
        racer.join()
    won = Counter(sum(one for index, one in answers if index == race) for race in range(RACES))
    return ", ".join(f"{number} in {races} races" for number, races in sorted(won.items()))


def own(places: Sequence[Place]) -> Iterator[tuple[str, ...]]:
    """One object a day, for all three datasets and the accounting."""
    yield "one object of 50 KB a day", "swap", "1,000 days read", "winners, new day", "winners, replaced day"
    body = json.dumps({"counts": "x" * COUNTS_BYTES}).encode()
    for place in places:
        for index in range(1_000):
            place.put(f"days/{index}.json", body)
        for index in range(RACES):
            place.put(f"own/replaced-{index}.json", b"before")

        def swap_first(place: Place = place) -> None:
            assert swap(place, "days/0.json", body, read(place, "days/0.json"))

        def read_all(place: Place = place) -> None:
            for index in range(1_000):
                read(place, f"days/{index}.json")

        swapped, everything = cost(place, swap_first), cost(place, read_all, 3)
        yield place.name, str(swapped), str(everything), _winners(place, "new"), _winners(place, "replaced")
