"""Rows of one block of an Avro file, of which single ones cannot be read. Needs fastavro."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import IO, Any

from personalize_assets.conversion.reading.formats.json_lines import encode
from personalize_assets.conversion.reading.formats.rows import MALFORMED_ROW
from personalize_assets.conversion.reading.json_value import Event

_NEEDED: Mapping[str, tuple[str, Any]] = {
    "record": ("fields", list),
    "enum": ("symbols", list),
    "array": ("items", (str, dict, list)),
    "map": ("values", (str, dict, list)),
    "fixed": ("size", int),
}
"""What each complex type must have besides its name, and of which kind."""
DAMAGED = b"damaged Avro file: copy it again"


def lines_of_block(block: Any) -> Iterator[bytes | Event]:
    """The rows of a ``fastavro`` block as lines; a row with a value that has no form in Python by itself.

    Behind damage, one reject counts the rest of the block.
    """
    try:
        lines = [_line(row) for row in block]
    except ImportError:
        raise
    except Exception:  # for damaged bytes it raises whatever its code runs into
        block.bytes_.seek(0)
        yield from _one_by_one(block)
        return
    if block.bytes_.read(1):
        yield from _with_more_rows(block)
    else:
        yield "".join(lines).encode()


def _with_more_rows(block: Any) -> Iterator[bytes | Event]:
    """The rows of a block that has bytes behind as many as it says.

    If rows end exactly where the block does, only their number is damaged. Else it may be the schema, by which any
    bytes are rows, and none of them is believed.
    """
    import fastavro

    schema = fastavro.parse_schema(block.writer_schema)
    stream: IO[bytes] = block.bytes_
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    lines: list[str] = []
    try:
        while (start := stream.tell()) < size:
            lines.append(_line(fastavro.schemaless_reader(stream, schema, None)))
            if stream.tell() == start:
                raise ValueError("rows without bytes")
    except Exception:
        yield Event(DAMAGED, None, MALFORMED_ROW, max(min(block.num_records, size), 1))
        return
    yield "".join(lines).encode()
    yield Event(DAMAGED, None, MALFORMED_ROW)


def check_schema(schema: Any) -> None:
    """Raise ``ValueError`` for a schema that lacks what its types need: fastavro reads a record without fields as none.

    The rules are those of the Avro specification, section Schema Declaration.
    """
    if isinstance(schema, list):
        for one in schema:
            check_schema(one)
        return
    if not isinstance(schema, dict):
        return
    kind = schema.get("type")
    needed = _NEEDED.get(kind) if isinstance(kind, str) else None
    if needed and not isinstance(schema.get(needed[0]), needed[1]):
        raise ValueError(f"the schema has a type {kind!r} without {needed[0]}")
    for inner in (kind, schema.get("items"), schema.get("values")):
        check_schema(inner)
    for field in schema.get("fields") or ():
        if not isinstance(field, dict) or not isinstance(field.get("name"), str) or "type" not in field:
            raise ValueError("the schema has a field without name or type")
        check_schema(field["type"])


def _one_by_one(block: Any) -> Iterator[bytes | Event]:
    import fastavro

    schema = fastavro.parse_schema(block.writer_schema)
    plain = fastavro.parse_schema(_without_logical_types(block.writer_schema))
    stream: IO[bytes] = block.bytes_
    lines: list[str] = []
    for number in range(block.num_records):
        start = stream.tell()
        try:
            lines.append(_line(fastavro.schemaless_reader(stream, schema, None)))
            continue
        except Exception as error:
            reason = f"a row with a value that cannot be read: {error}"
        yield "".join(lines).encode()
        lines = []
        stream.seek(start)
        try:  # its end is found, whatever its values mean
            fastavro.schemaless_reader(stream, plain, None, handle_unicode_errors="replace")
        except Exception:
            stream.seek(start)
            # A row has a byte or more: a larger number is damaged too.
            yield Event(DAMAGED, None, MALFORMED_ROW, max(min(block.num_records - number, len(stream.read())), 1))
            return
        yield Event(reason.encode(), None, MALFORMED_ROW)
    yield "".join(lines).encode()


def _line(row: Any) -> str:
    """A row as a line; as an object, which a schema need not be."""
    return f"{encode(row if isinstance(row, dict) else {'value': row})}\n"


def _without_logical_types(schema: Any) -> Any:
    """A schema in which times, decimals and UUIDs are the numbers, bytes and texts that stand for them."""
    if isinstance(schema, list):
        return [_without_logical_types(one) for one in schema]
    if isinstance(schema, dict):
        return {
            key: _without_logical_types(value)
            for key, value in schema.items()
            if key not in ("logicalType", "default") and not key.startswith("__")
        }
    return schema
