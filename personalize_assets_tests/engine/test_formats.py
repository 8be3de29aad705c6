"""The same events give the same bytes, whatever the format of their files and however these are packed."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet
import pytest
import yaml

from personalize_assets.config import load_config
from personalize_assets.engines import Engine
from personalize_assets.pipeline.catalog import current_catalog, profile_days
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.suggest import suggest_config
from personalize_assets_tests.helpers.groups import convert, export
from personalize_assets_tests.helpers.packing import PACKERS, zipped

DAY = date(2026, 10, 1)
EVENTS = [
    {"id": f"m{n}", "user": f"u{n % 7:03}", "item": f"i{n}", "at": 1790830800 + n, "text": 'a "b", \\c\nd'}
    for n in range(200)
]
LINES = [json.dumps(event).encode() + b"\n" for event in EVENTS]


def group_of(folder: Path, files: dict[str, bytes], source: str = "", more: str = "") -> DatasetGroup:
    """A dataset group of one day with these files."""
    raw = folder / "raw" / f"day={DAY}"
    raw.mkdir(parents=True)
    for name, content in files.items():
        (raw / name).write_bytes(content)
    (folder / "personalize.yaml").write_text(
        f"source: {{uri: raw, layout: hive, start_date: 2026-10-01{source}}}\n"
        "destination: {uri: out}\n"
        "dataset_group: {name: formats}\n"
        "datasets:\n"
        "  interactions:\n"
        "    dedupe_by: id\n"
        "    columns: {USER_ID: user, ITEM_ID: item, TIMESTAMP: at, TEXT: text}\n" + more
    )
    return DatasetGroup(load_config(folder / "personalize.yaml", os.environ))


def csv_of(folder: Path, engine: Engine, files: dict[str, bytes], source: str = "") -> bytes:
    """The export of these files."""
    group = group_of(folder, files, source)
    convert(group, engine, [DAY])
    export(group, engine, "interactions_csv")
    return (folder / "out/exports/latest/interactions.csv").read_bytes()


def test_every_compression_gives_the_bytes_of_plain_files(tmp_path: Path, engine: Engine) -> None:
    plain = csv_of(tmp_path / "plain", engine, {"a": b"".join(LINES)})
    assert plain.count(b"\n") == 1 + len(EVENTS)
    size = len(LINES) // len(PACKERS)
    files = {}
    for number, (name, pack) in enumerate(PACKERS.items()):
        end = (number + 1) * size if number + 1 < len(PACKERS) else None
        files[name] = pack(b"".join(LINES[number * size : end]))
    assert csv_of(tmp_path / "packed", engine, files) == plain
    twice = {
        "gzip-in-gzip": PACKERS["gzip"](PACKERS["gzip"](b"".join(LINES[:50]))),
        "archive": zipped({"a.gz": PACKERS["gzip"](b"".join(LINES[50:100])), "b": b"".join(LINES[100:])}),
    }
    assert csv_of(tmp_path / "twice", engine, twice) == plain


def as_csv(events: Sequence[Mapping[str, object]], **dialect: Any) -> bytes:
    """Events as CSV with a header."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(events[0]), lineterminator="\n", **dialect)
    writer.writeheader()
    writer.writerows(events)
    return file.getvalue().encode()


def test_csv_gives_the_bytes_of_json(tmp_path: Path, engine: Engine) -> None:
    plain = csv_of(tmp_path / "plain", engine, {"a": b"".join(LINES)})
    files = {
        "comma": as_csv(EVENTS[:50]),
        "semicolon.gz": PACKERS["gzip"](as_csv(EVENTS[50:100], delimiter=";")),
        "archive": zipped({"one": as_csv(EVENTS[100:120]), "two": as_csv(EVENTS[120:150], delimiter="\t")}),
        "lines": b"".join(LINES[150:]),
    }
    assert csv_of(tmp_path / "csv", engine, files) == plain
    dialect = "{delimiter: '|', quote: null, escape: '\\', header: off, columns: [id, user, item, at, text]}"
    rows = [
        "|".join(str(value).replace("\\", "\\\\").replace("\n", "\\\n") for value in event.values()) for event in EVENTS
    ]
    assert (
        csv_of(
            tmp_path / "unload", engine, {"0000_part_00": "\n".join(rows).encode()}, f", format: csv, csv: {dialect}"
        )
        == plain
    )


def as_table(events: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Events with typed columns."""
    table = pa.Table.from_pylist([dict(event) for event in events])
    at = table.schema.get_field_index("at")
    times = pa.array([event["at"] for event in events], pa.timestamp("s")).cast(pa.timestamp("us"))
    return table.set_column(at, "at", times)


def as_parquet(events: Sequence[Mapping[str, Any]], **options: Any) -> bytes:
    """Events as Parquet."""
    file = io.BytesIO()
    pa.parquet.write_table(as_table(events), file, **options)
    return file.getvalue()


def as_orc(events: Sequence[Mapping[str, Any]]) -> bytes:
    """Events as ORC."""
    file = io.BytesIO()
    pa.orc.write_table(as_table(events), file)
    return file.getvalue()


def as_avro(events: Sequence[Mapping[str, Any]]) -> bytes:
    """Events as Avro."""
    fields = [{"name": name, "type": "long" if name == "at" else "string"} for name in events[0]]
    file = io.BytesIO()
    fastavro.writer(file, {"type": "record", "name": "event", "fields": fields}, events, "deflate")
    return file.getvalue()


def test_parquet_orc_and_avro_give_the_bytes_of_json(tmp_path: Path, engine: Engine) -> None:
    plain = csv_of(tmp_path / "plain", engine, {"a": b"".join(LINES)})
    files = {
        "a": as_parquet(EVENTS[:50], use_deprecated_int96_timestamps=True),
        "b.csv": as_parquet(EVENTS[50:90], row_group_size=7, use_dictionary=True),
        "c": as_orc(EVENTS[90:130]),
        "d": as_avro(EVENTS[130:170]),
        "e": b"".join(LINES[170:]),
    }
    assert csv_of(tmp_path / "tables", engine, files) == plain
    assert csv_of(tmp_path / "one", engine, {"a": as_parquet(EVENTS)}, ", format: parquet") == plain


def test_tables_that_cannot_be_read_are_counted(tmp_path: Path, engine: Engine) -> None:
    files = {"a": as_parquet(EVENTS)[:-9], "b": as_orc(EVENTS)[:-9], "c": as_avro(EVENTS)[:-9], "d": b"".join(LINES)}
    done = convert(group_of(tmp_path, files), engine, [DAY])
    counts = done.accounting["interactions"][DAY.isoformat()]
    assert (counts.raw_files, counts.wanted, counts.unreadable, counts.malformed) == (4, len(EVENTS), 3, {})


def test_a_row_that_cannot_be_read_is_counted(tmp_path: Path, engine: Engine) -> None:
    files = {"a": as_csv(EVENTS) + b"m,u\nm,u,i,1790830800,\xff\nm,,i,1790830800,\n"}
    done = convert(group_of(tmp_path, files, ", format: csv"), engine, [DAY])
    counts = done.accounting["interactions"][DAY.isoformat()]
    assert (counts.read, counts.wanted, counts.malformed) == (len(EVENTS) + 3, len(EVENTS) + 1, {"malformed_row": 2})
    assert done.commits["interactions"][DAY.isoformat()].rejected == {"missing:USER_ID": 1}
    written = [path.read_text() for path in (tmp_path / "out/rejects").rglob("*.jsonl")]
    rejects = [json.loads(line) for text in written for line in text.splitlines()]
    assert sorted(reject["raw"] for reject in rejects) == [
        "m,u",
        "m,u,i,1790830800,\\xff",
        '{"id":"m","user":null,"item":"i","at":"1790830800","text":null}',
    ]


def test_a_damaged_file_of_each_compression_is_counted(tmp_path: Path, engine: Engine) -> None:
    files = {name: pack(b"".join(LINES))[:-5] for name, pack in PACKERS.items()}
    done = convert(group_of(tmp_path, files), engine, [DAY])
    counts = done.accounting["interactions"][DAY.isoformat()]
    assert counts.raw_files == len(files)
    assert counts.unreadable + sum(counts.malformed.values()) == len(files)
    assert counts.read == counts.wanted + counts.not_wanted + counts.unreadable + sum(counts.malformed.values())


CLICKS: list[dict[str, Any]] = [
    {"id": f"m{n}", "event": "Clicked", "user": f"u{n % 3}", "item": f"i{n}", "at": 1790830800 + n, "text": "secret"}
    for n in range(9)
]
LOST = {"id": "m9", "event": "Clicked", "user": "u0", "item": None, "at": 1790830809, "text": "secret"}


def as_avro_with_nulls(events: Sequence[Mapping[str, Any]]) -> bytes:
    """Events as Avro; each field may be null."""
    fields = [{"name": name, "type": ["null", "long" if name == "at" else "string"]} for name in events[0]]
    file = io.BytesIO()
    fastavro.writer(file, {"type": "record", "name": "event", "fields": fields}, events)
    return file.getvalue()


@pytest.mark.parametrize(
    ("write", "framing", "time"),
    [
        (lambda events: b"".join(json.dumps(event).encode() + b"\n" for event in events), "lines", 1790830809),
        (as_csv, "rows", "1790830809"),
        (as_parquet, "row_groups", "2026-10-01 05:00:09.000000"),
        (as_orc, "row_groups", "2026-10-01 05:00:09.000000000"),
        (as_avro_with_nulls, "rows", 1790830809),
    ],
    ids=["json", "csv", "parquet", "orc", "avro"],
)
def test_catalog_profile_masks_rejects_and_suggest_know_every_format(
    write: Any, framing: str, time: Any, tmp_path: Path, engine: Engine
) -> None:
    group = group_of(tmp_path, {"a": write([*CLICKS, LOST])}, more="mask: [text]\n")

    done = convert(group, engine, [DAY])

    catalog = current_catalog(group, DAY)
    assert [(file.compression, file.framing) for file in catalog.files] == [("none", framing)]
    assert [field.path for field in catalog.fields] == ["at", "event", "id", "item", "text", "user"]
    (profile,) = profile_days(group, [DAY]).values()
    assert [(kind.name, kind.events, kind.items) for kind in profile.events] == [("Clicked", 10, {"item": 9})]
    assert {sample["text"] for sample in profile.samples} == {"***"}
    assert done.commits["interactions"][DAY.isoformat()].rejected == {"missing:ITEM_ID": 1}
    (reject,) = [json.loads(file.read_text()) for file in (tmp_path / "out/rejects").rglob("*.jsonl")]
    assert json.loads(reject["raw"]) == {**LOST, "at": time, "text": "***"}
    found = yaml.safe_load(suggest_config(str(tmp_path / "raw"), folder=tmp_path).text)
    columns = found["datasets"]["interactions"]["columns"]
    assert found["source"] == {"uri": "raw", "layout": "hive", "start_date": DAY}
    assert (columns["USER_ID"], columns["ITEM_ID"], columns["TIMESTAMP"]) == ("user", "item", "at")
