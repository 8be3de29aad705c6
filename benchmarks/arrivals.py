"""Cost of a tick of the arrivals sensor: calls to S3 and time, for buckets with growing history.

    .venv/bin/python benchmarks/arrivals.py

The bucket is a stub that counts calls and returns pages of 1,000 keys, as S3 does. The figures are a tick's own work;
on S3 each call takes another 20 to 50 ms.
"""

from __future__ import annotations

import statistics
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from personalize_assets.config import Source
from personalize_assets.layouts import layout
from personalize_assets.pipeline.arrivals import CommittedDay, Cursor, Position, Rules, Runs, tick
from personalize_assets.storage.object_store import StoredObject
from personalize_assets.storage.raw_files import DayListing, RawFiles, content_digest

TODAY = date(2026, 11, 20)
FILES_A_DAY = 288  # one every five minutes
_PAGE = 1000


class CountedBucket:
    """A store of sorted keys that counts the requests which S3 would receive."""

    uri = "s3://bucket/raw"

    def __init__(self, keys: list[str]) -> None:
        self.keys = sorted(keys)
        self.calls = 0

    def check_exists(self) -> None:
        self.calls += 1

    def holds(self, prefix: str = "") -> bool:
        self.calls += 1
        at = bisect_left(self.keys, prefix)
        return at < len(self.keys) and self.keys[at].startswith(prefix)

    def files(self, prefix: str = "", after: str = "") -> Iterator[StoredObject]:
        at = bisect_right(self.keys, after) if after > prefix else bisect_left(self.keys, prefix)
        while True:
            self.calls += 1
            page = [key for key in self.keys[at : at + _PAGE] if key.startswith(prefix)]
            yield from (StoredObject(key, 1000, 1e9, "etag") for key in page)
            at += _PAGE
            if len(page) < _PAGE or at >= len(self.keys):
                return

    def folders(self, prefix: str = "") -> list[str]:
        """Common prefixes. S3 skips the keys below each prefix, so a page holds 1,000 prefixes."""
        found = []
        at = bisect_left(self.keys, prefix)
        while at < len(self.keys) and self.keys[at].startswith(prefix):
            name, slash, _ = self.keys[at][len(prefix) :].partition("/")
            if slash:
                found.append(name)
            at = bisect_left(self.keys, prefix + name + ("0" if slash else "\0"))  # "0" follows "/" in ASCII
        self.calls += 1 + len(found) // _PAGE
        return found


class Bench:
    """The sensor's state for a bucket whose history is converted."""

    def __init__(self, raw: RawFiles, bucket: CountedBucket, days: Sequence[date]) -> None:
        self.raw = raw
        self.bucket = bucket
        listing = DayListing(raw)
        self.commits = {day: content_digest({"source": listing.files(day)}) for day in days}
        self.reads = 0

    def begin(self) -> None:
        self.listing = DayListing(self.raw)
        self.bucket.calls = self.reads = 0

    def expect(self, days: Sequence[date]) -> None:
        """List nothing ahead."""

    def files(self, day: date, after: Position | None) -> Iterator[tuple[str, StoredObject]]:
        return (("source", file) for file in self.listing.files(day, after.key if after else ""))

    def committed(self, day: date) -> CommittedDay:
        self.reads += 1
        return CommittedDay(self.commits[day], "run")

    def runs(self, day: date, change: str) -> Runs:
        return Runs()

    def vanished(self, day: date, sources: Sequence[str]) -> str | None:
        return None


def bench(name: str, keys: int) -> tuple[int, float, float, float, int]:
    """Days; and for 50 ticks after the first 20: mean calls, mean reads of commits, median ms, bytes of the cursor."""
    days = [TODAY - timedelta(days=n) for n in range(max(keys // FILES_A_DAY, 1))]
    made = layout(name, days[-1])
    sources = ("android", "ios", "website")
    stored = [
        made.key(day, f"{number:03}.gz", source=sources[number % 3], hour=number % 24)
        for day in days
        for number in range(FILES_A_DAY)
    ]
    raw = RawFiles(Source(uri=CountedBucket.uri, layout=name, start_date=days[-1]))
    bucket = CountedBucket(stored)
    raw.store = bucket  # type: ignore[assignment]  # has what the arrivals ask of a store
    state = Bench(raw, bucket, days)
    rules = Rules(days[:3], days[3:], 2, 1800)
    cursor = Cursor()
    calls, reads, seconds, size = [], [], [], 0
    for number in range(70):
        state.begin()
        started = time.perf_counter()
        cursor = Cursor.read(cursor.text(), "")
        outcome = tick(cursor, state, rules, 2e9 + 60 * number, lambda: False)
        text = cursor.text()
        assert not outcome.requests
        if number >= 20:
            seconds.append(time.perf_counter() - started)
            calls.append(bucket.calls)
            reads.append(state.reads)
            size = max(size, len(text))
    return len(days), statistics.mean(calls), statistics.mean(reads), 1000 * statistics.median(seconds), size


def main() -> None:
    print("| layout | keys | days | calls a tick | commits read a tick | ms a tick | cursor, bytes |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in ("segment", "firehose", "hive", "customer_id=*/year=%Y/month=%m/day=%d/hour=%H/**", "logs/%Y%m%d_*.gz"):
        for keys in (10_000, 100_000, 1_000_000):
            days, calls, reads, ms, size = bench(name, keys)
            print(f"| `{name}` | {keys:,} | {days:,} | {calls:.1f} | {reads:.1f} | {ms:.1f} | {size:,} |")


if __name__ == "__main__":
    main()
