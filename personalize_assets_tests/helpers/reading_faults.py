"""Damaged files on every path of reading: the same rows, rejects and counts, and accounting that balances.

``check_mutated`` is for tests and for ``make faults`` alike.
"""

from __future__ import annotations

import io
import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple, cast

import pyarrow.parquet as pq

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert.day_counts import DatasetDayCounts, SourceDayCounts
from personalize_assets.conversion.convert.day_profile import DayProfileBuilder
from personalize_assets.conversion.convert.event_sink import DayOutput, EventSink, SourceMappers
from personalize_assets.conversion.convert.writers import RejectWriter, RowWriter
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.mapping.timestamps import max_epoch_seconds_of
from personalize_assets.conversion.reading.batches import Batch
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.reading.framer import Framer
from personalize_assets.conversion.reading.json_value import Event
from personalize_assets.conversion.spec import DatasetCounts, SourceCounts
from personalize_assets_tests.helpers.hostile import event, mutated

WAYS = ("structs", "dicts", "one by one")
"""The fast path into structs, the fast path into dicts, and the exact path alone."""

INTERACTIONS = Dataset(
    "interactions",
    (
        Column("USER_ID", ("userId",), required=True),
        Column("ITEM_ID", ("each.sku", "properties.sku"), required=True),
        Column("TIMESTAMP", ("timestamp",), type="timestamp", required=True),
        Column("EVENT_VALUE", ("each.price",), type="float"),
    ),
    where={"event": ("Order Completed", "Product Clicked")},
    each="properties.products",
    dedupe_by="messageId",
)
DAY = date(2026, 10, 1)

_EVENTS = (
    b'{"event":"Order Completed","messageId":"m1","userId":"u1","timestamp":"2026-10-01T10:00:00Z",'
    b'"properties":{"products":[{"sku":"a","price":1.5},{"sku":"b"}]}}',
    b'{"event":"Product Clicked","messageId":"m2","userId":"u2","timestamp":1790812800,"properties":{"sku":"c"}}',
    b'{"event":"Page Viewed","context":{"a":[[1,-2.5e3],{"b":null}],"t":"\\u00fc \\ud83d\\ude00 \\" }{"}}',
    b'{"event":"Product Clicked","userId":"","timestamp":"2026-10-01T10:00:00Z"}',
    '{"event":"Order Completed","userId":"ü😀","timestamp":"2026-10-01","properties":{"products":[]}}'.encode(),
    event(7, "long").strip(),
)
_BETWEEN = (b"\n", b"\n", b"\n", b"\n", b"", b" ", b",\n", b"\r\n", b"\n[\n", b"\n]\n")


class Outcome(NamedTuple):
    """What reading made of a file, without the order of rows and rejects."""

    source: SourceCounts
    dataset: DatasetCounts
    rows: Counter[str]
    rejects: Counter[bytes]


class _Memory:
    """Files that are written and not stored."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def create(self, uri: str) -> io.BytesIO:
        memory = self

        class File(io.BytesIO):
            def close(self) -> None:
                memory.files[uri] = self.getvalue()
                super().close()

        return File()


_MAPPERS = {way: SourceMappers([INTERACTIONS], ["interactions"]) for way in WAYS}
_MAPPERS["dicts"]._decoder = None


def outcome(data: bytes, way: str, block: int | None = None) -> Outcome:
    """Read a file in blocks of so many bytes, or as one. Asserts that the accounting balances."""
    memory = _Memory()
    files = cast("FileSystem", memory)
    mappers = _MAPPERS[way]
    rows = RowWriter(files, "rows", daily_schema(INTERACTIONS), DayProfileBuilder(INTERACTIONS))
    output = DayOutput(
        max_epoch_seconds_of(DAY),
        SourceDayCounts(RejectWriter(files, "malformed")),
        {"interactions": DatasetDayCounts("interactions", rows, RejectWriter(files, "rejects"))},
    )
    sink = EventSink(mappers, output)
    size = block or len(data) + 1
    framer = Framer((data[at : at + size] for at in range(0, len(data), size)), mappers.may_match)
    found: Iterator[Batch | Event] = framer.one_by_one() if way == "one by one" else mappers.read(framer)
    for one in found:
        sink.accept(one, "file")
    sink.end_text(framer.skipped)
    day = sink.close()
    source, dataset = day.source, day.datasets["interactions"]
    assert source.read == source.wanted + source.not_wanted + sum(source.malformed.values()) + source.unreadable
    assert dataset.rows == dataset.kept + sum(dataset.rejected.values())
    table: list[dict[str, Any]] = pq.read_table(io.BytesIO(memory.files["rows"])).to_pylist() if dataset.kept else []
    assert len(table) == dataset.kept
    lines = [line for name in ("malformed", "rejects") for line in memory.files.get(name, b"").splitlines()]
    counted = sum(json.loads(line).get("lines", 1) for line in lines)
    assert counted == sum(source.malformed.values()) + sum(dataset.rejected.values())
    return Outcome(source, _unordered(dataset), Counter(map(repr, table)), Counter(lines))


def _unordered(counts: DatasetCounts) -> DatasetCounts:
    return DatasetCounts(rows=counts.rows, kept=counts.kept, rejected=dict(sorted(counts.rejected.items())))


def check_mutated(count: int, seed: int) -> Counter[str]:
    """Read so many damaged files on every path, whole and in blocks; returns what was in them, by kind.

    Raises ``AssertionError`` with the bytes of a file that two ways read differently.
    """
    chance = random.Random(seed)
    totals: Counter[str] = Counter()
    for _ in range(count):
        parts = [chance.choice(_EVENTS) + chance.choice(_BETWEEN) for _ in range(chance.randint(1, 6))]
        data = mutated(b"".join(parts), chance, most=4)
        wanted = outcome(data, WAYS[0])
        for way, block in ((WAYS[0], chance.randint(1, 90)), (WAYS[1], None), (WAYS[2], chance.randint(1, 400))):
            found = outcome(data, way, block)
            assert found == wanted, f"{way} in blocks of {block}: {data!r}\n{found}\n{wanted}"
        totals += Counter(files=1, read=wanted.source.read, kept=wanted.dataset.kept)
        totals += Counter(wanted.source.malformed) + Counter(wanted.dataset.rejected)
    return totals
