"""Rows of one block of an Avro file, of which single ones cannot be read. Needs fastavro."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from personalize_assets.conversion.reading.formats.json_lines import encode
from personalize_assets.conversion.reading.formats.rows import MALFORMED_ROW
from personalize_assets.conversion.reading.json_value import Event

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
    yield "".join(lines).encode()
    if block.bytes_.read(1):  # the number of its rows is damaged
        yield Event(DAMAGED, None, MALFORMED_ROW)


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
