"""The catalog of a day: its files, and the fields of their events."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec

from personalize_assets.catalog.day_catalog import catalog_sources, day_catalogs
from personalize_assets.config import Source
from personalize_assets.conversion.progress import Progress
from personalize_assets.storage.manifests import CatalogSource, DayCatalog
from personalize_assets.storage.object_store import StoredObject
from personalize_assets.storage.raw_files import RawFiles

DAY = date(2026, 10, 1)
LINE = b'{"type": "track", "userId": "u1"}'


def day(root: Path) -> DayCatalog:
    raw = RawFiles(Source(uri=str(root), layout="hive", start_date=DAY))
    return of_files(raw, raw.of([DAY]).days[DAY])


def of_files(raw: RawFiles, files: Sequence[StoredObject]) -> DayCatalog:
    ((day, catalog),) = day_catalogs({"source": raw}, {DAY: {"source": files}})
    assert day == DAY
    return catalog


def test_a_days_catalog_names_its_files_and_fields(tmp_path: Path) -> None:
    folder = tmp_path / "day=2026-10-01"
    folder.mkdir()
    (folder / "b.gz").write_bytes(gzip.compress(b'{"a": 1}\n{"a": null}\n', mtime=0))
    (folder / "a.json").write_bytes(b'{"b": {"c": "x"}}{"b": {}}')
    (folder / "empty").write_bytes(b"")

    assert json.loads(msgspec.json.encode(day(tmp_path))) == {
        "day": "2026-10-01",
        "sources": {"source": {"uri": str(tmp_path), "layout": "hive"}},
        "bytes": 26 + (folder / "b.gz").stat().st_size,
        "files": [
            {
                "source": "source",
                "key": "day=2026-10-01/a.json",
                "bytes": 26,
                "compression": "none",
                "framing": "stream",
            },
            {
                "source": "source",
                "key": "day=2026-10-01/b.gz",
                "bytes": (folder / "b.gz").stat().st_size,
                "compression": "gzip",
                "framing": "lines",
            },
            {"source": "source", "key": "day=2026-10-01/empty", "bytes": 0, "compression": "none", "framing": "stream"},
        ],
        "sampled_events": 4,
        "fields": [
            {"path": "a", "types": ["integer"], "nulls": 0.75},
            {"path": "b", "types": ["object"], "nulls": 0.5},
            {"path": "b.c", "types": ["string"], "nulls": 0.75},
        ],
        "content": None,
        "foreign_files": 0,
        **{name: {"count": 0, "examples": []} for name in ("unfit", "archived", "empty")},
    }


def test_the_same_files_give_the_same_catalog(tmp_path: Path) -> None:
    folder = tmp_path / "day=2026-10-01"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.json").write_text(json.dumps({f"field {number % 7}": number, "x": [number]}) + "\n")

    assert day(tmp_path) == day(tmp_path)


def test_a_day_without_files_has_an_empty_catalog(tmp_path: Path) -> None:
    found = day(tmp_path)

    assert (found.files, found.fields, found.bytes, found.sampled_events) == ((), (), 0, 0)


def test_a_file_that_is_deleted_after_it_was_listed_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "day=2026-10-01"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / name).write_bytes(LINE)
    raw = RawFiles(Source(uri=str(tmp_path), layout="hive", start_date=DAY))
    files = raw.of([DAY]).days[DAY]
    (folder / "a").unlink()

    found = of_files(raw, files)

    assert [file.key for file in found.files] == ["day=2026-10-01/b"]
    assert found.bytes == len(LINE)


def test_a_source_is_named_by_its_uri_and_layout() -> None:
    raw = RawFiles(Source(uri="s3://raw/events", layout="hive", start_date=DAY))

    assert catalog_sources({"items": raw}) == {"items": CatalogSource("s3://raw/events", "hive")}


def test_each_file_is_progress(tmp_path: Path) -> None:
    folder = tmp_path / "day=2026-10-01"
    folder.mkdir()
    for name in ("a.json", "b.json"):
        (folder / name).write_bytes(LINE)
    raw = RawFiles(Source(uri=str(tmp_path), layout="hive", start_date=DAY))
    found: list[Progress] = []

    list(day_catalogs({"source": raw}, {DAY: {"source": raw.of([DAY]).days[DAY]}}, found.append))

    assert [one.figures() for one in found] == [["1 of 2 files"], ["2 of 2 files"]]
