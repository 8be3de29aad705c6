"""The same events give the same bytes, however their files are packed."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

from personalize_assets.config import load_config
from personalize_assets.engines import Engine
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.groups import convert, export
from personalize_assets_tests.helpers.packing import PACKERS, zipped

DAY = date(2026, 10, 1)
EVENTS = [
    {"id": f"m{n}", "user": f"u{n % 7:03}", "item": f"i{n}", "at": 1790830800 + n, "text": 'a "b", \\c\nd'}
    for n in range(200)
]
LINES = [json.dumps(event).encode() + b"\n" for event in EVENTS]


def group_of(folder: Path, files: dict[str, bytes]) -> DatasetGroup:
    """A dataset group of one day with these files."""
    raw = folder / "raw" / f"day={DAY}"
    raw.mkdir(parents=True)
    for name, content in files.items():
        (raw / name).write_bytes(content)
    (folder / "personalize.yaml").write_text(
        "source: {uri: raw, layout: hive, start_date: 2026-10-01}\n"
        "destination: {uri: out}\n"
        "dataset_group: {name: formats}\n"
        "datasets:\n"
        "  interactions:\n"
        "    dedupe_by: id\n"
        "    columns: {USER_ID: user, ITEM_ID: item, TIMESTAMP: at, TEXT: text}\n"
    )
    return DatasetGroup(load_config(folder / "personalize.yaml", os.environ))


def csv_of(folder: Path, engine: Engine, files: dict[str, bytes]) -> bytes:
    """The export of these files."""
    group = group_of(folder, files)
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


def test_a_damaged_file_of_each_compression_is_counted(tmp_path: Path, engine: Engine) -> None:
    files = {name: pack(b"".join(LINES))[:-5] for name, pack in PACKERS.items()}
    done = convert(group_of(tmp_path, files), engine, [DAY])
    counts = done.accounting["interactions"][DAY.isoformat()]
    assert counts.raw_files == len(files)
    assert counts.unreadable + sum(counts.malformed.values()) == len(files)
    assert counts.read == counts.wanted + counts.not_wanted + counts.unreadable + sum(counts.malformed.values())
