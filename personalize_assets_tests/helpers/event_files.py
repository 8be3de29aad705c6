"""The same events as files of every format, and what one task of ``convert`` makes of a file."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import fastavro
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
from msgspec import structs

from personalize_assets.catalog.file_heads import HEAD_BYTES, inspect_head
from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert.task import run_task
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.conversion.spec import Plan, RawFile, RawFileSet, SourceCounts, Task

Events = Sequence[Mapping[str, Any]]
DAY = date(2026, 10, 1)

INTERACTIONS = Dataset(
    "interactions",
    (
        Column("USER_ID", ("user",), required=True),
        Column("ITEM_ID", ("each.sku", "item"), required=True),
        Column("EVENT_TYPE", ("kind",), required=True),
        Column("TIMESTAMP", ("at",), type="timestamp", required=True),
        Column("EVENT_VALUE", ("each.price", "price"), type="float"),
        Column("STOCK", ("stock",), type="long"),
        Column("FLAG", ("flag",), categorical=True),
        Column("BIG", ("stock",)),
        Column("NOTE", ("note",)),
    ),
    where={"kind": ("view", "buy")},
    each="lines",
    dedupe_by="note",
)
"""Columns of every type. ``lines`` is an array of objects, which a CSV lacks."""

_FLAT = pa.schema(
    [("user", pa.string()), ("item", pa.string()), ("kind", pa.string()), ("at", pa.int64()), ("price", pa.float64()),
     ("stock", pa.int64()), ("flag", pa.bool_()), ("note", pa.string())]
)  # fmt: skip
_LINE = pa.struct([("sku", pa.string()), ("price", pa.float64())])
_NESTED = _FLAT.append(pa.field("lines", pa.list_(_LINE)))
_AVRO_TYPES = {pa.string(): "string", pa.int64(): "long", pa.float64(): "double", pa.bool_(): "boolean"}


def _avro_schema(fields: pa.Schema) -> Any:
    line = {"type": "record", "name": "line", "fields": _avro_fields(pa.schema(list(_LINE)))}
    of_lines = (
        [{"name": "lines", "type": ["null", {"type": "array", "items": line}]}] if "lines" in fields.names else []
    )
    return fastavro.parse_schema({"type": "record", "name": "event", "fields": [*_avro_fields(_FLAT), *of_lines]})


def _avro_fields(fields: pa.Schema) -> list[dict[str, Any]]:
    return [{"name": field.name, "type": ["null", _AVRO_TYPES[field.type]]} for field in fields]


def _schema(events: Events) -> pa.Schema:
    return _NESTED if any("lines" in event for event in events) else _FLAT


def json_lines(events: Events) -> bytes:
    """One object a line; text beyond ASCII is escaped."""
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def glued(events: Events) -> bytes:
    """Objects with nothing between them, in UTF-8."""
    return b"".join(json.dumps(event, ensure_ascii=False).encode() for event in events)


def wrapped(events: Events) -> bytes:
    """One array over many lines, with a byte order mark."""
    return b"\xef\xbb\xbf" + json.dumps(list(events), indent=2).encode()


def as_csv(events: Events, **dialect: Any) -> bytes:
    """Rows below a header; null is an empty cell. The events have no lines."""
    file = io.StringIO(newline="")
    # Of line breaks, this library quotes only what is in its own.
    writer = csv.writer(file, lineterminator="\r\n", **dialect)
    writer.writerow(_FLAT.names)
    for event in events:
        cells = (event.get(name) for name in _FLAT.names)
        writer.writerow(json.dumps(cell) if type(cell) in (bool, float) else cell for cell in cells)
    return file.getvalue().encode()


def table_of(events: Events) -> pa.Table:
    """Events as typed columns."""
    return pa.Table.from_pylist([dict(event) for event in events], _schema(events))


def as_parquet(events: Events, **options: Any) -> bytes:
    """Row groups of a few rows."""
    file = io.BytesIO()
    pq.write_table(table_of(events), file, **{"row_group_size": 3, **options})
    return file.getvalue()


def as_orc(events: Events) -> bytes:
    """One stripe."""
    file = io.BytesIO()
    pyarrow.orc.write_table(table_of(events), file)
    return file.getvalue()


def as_avro(events: Events, codec: str = "deflate") -> bytes:
    """Blocks of a few rows."""
    file = io.BytesIO()
    fastavro.writer(file, _avro_schema(_schema(events)), events, codec, sync_interval=200)
    return file.getvalue()


TEXTS: Mapping[str, Callable[[Events], bytes]] = {"lines": json_lines, "glued": glued, "wrapped": wrapped}
"""Formats that any compression may be around, and which may have lines."""
TABLES: Mapping[str, Callable[[Events], bytes]] = {"parquet": as_parquet, "avro": as_avro, "orc": as_orc}
"""Formats with a compression of their own."""


class Converted(NamedTuple):
    """What a task made of a file: rows in no order, and the counts of rows and events, of rejects by reason."""

    rows: Counter[str]
    rejected: dict[str, int]
    dropped: dict[str, int]
    source: SourceCounts


def convert_file(data: bytes, folder: Path, format: SourceFormat | None = None) -> Converted:
    """Convert one raw file as a run does: its head is looked at, and then one task reads it."""
    file = folder / "raw"
    file.write_bytes(data)
    head = inspect_head(data[:HEAD_BYTES], len(data), format=format or SourceFormat())
    raw = RawFile(str(file), DAY, len(data), head.framing, head.compression)
    dataset = INTERACTIONS if format is None else structs.replace(INTERACTIONS, format=format)
    plan = Plan("run", ("interactions",), {name: f"{folder}/{name}" for name in ("interactions", "rejects")}, 0, {})
    day = run_task(Task(0, RawFileSet("source", True, (raw,), (dataset,))), plan).days[DAY.isoformat()]
    counts = day.datasets["interactions"]
    found = day.source
    assert found.read == found.wanted + found.not_wanted + sum(found.malformed.values()) + found.unreadable
    assert counts.rows == counts.kept + sum(counts.rejected.values())
    rows: list[Any] = [row for uri in counts.files for row in pq.read_table(uri).to_pylist()]
    assert len(rows) == counts.kept
    return Converted(
        Counter(map(repr, rows)),
        dict(sorted(counts.rejected.items())),
        dict(sorted(counts.dropped.items())),
        SourceCounts(
            read=found.read,
            wanted=found.wanted,
            not_wanted=found.not_wanted,
            malformed=found.malformed,
            unreadable=found.unreadable,
        ),
    )
