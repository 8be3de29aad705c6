"""Rows as the bytes of a file. The same rows give the same bytes: no time of writing, no random mark is in them."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import fastavro
import msgspec
import pyarrow as pa
import pyarrow.parquet

from personalize_assets.generate.shapes.shape import Row

_EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)
_SYNC_MARKER = b"personalize-data"


def lines(table: str, rows: Sequence[Row]) -> bytes:
    """JSON, an object a line."""
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def zipped_lines(table: str, rows: Sequence[Row]) -> bytes:
    """JSON lines in gzip."""
    return packed(lines(table, rows))


def glued(table: str, rows: Sequence[Row]) -> bytes:
    """JSON with nothing between two objects, as Firehose stores records."""
    return b"".join(map(msgspec.json.encode, rows))


def packed(content: bytes) -> bytes:
    """The content in gzip, without a time."""
    return gzip.compress(content, mtime=0)


def archive(members: dict[str, bytes]) -> bytes:
    """A zip archive of files by name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(zipfile.ZipInfo(name, _EPOCH_OF_ZIP), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def avro(schema: dict[str, Any], rows: Sequence[Row]) -> bytes:
    """An Avro container file."""
    file = io.BytesIO()
    fastavro.writer(file, schema, rows, "deflate", sync_marker=_SYNC_MARKER)
    return file.getvalue()


def parquet(schema: pa.Schema, rows: Sequence[Row]) -> bytes:
    """A Parquet file."""
    file = io.BytesIO()
    pa.parquet.write_table(pa.Table.from_pylist(list(rows), schema), file)
    return file.getvalue()


def csv_table(rows: Sequence[Row]) -> bytes:
    """A CSV with a header: null is nothing between the commas, and what is no text is JSON."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return file.getvalue().encode()


def _cell(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
