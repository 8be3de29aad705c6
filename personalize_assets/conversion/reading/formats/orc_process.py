"""Reads one ORC file in a process of its own: the library that pyarrow has for it crashes on some damaged files.

``read_lines`` and ``read_first`` run this module as a program, which writes to its standard output.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import IO, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet

from personalize_assets.conversion.reading.formats.program import Answer, Program, questions
from personalize_assets.conversion.reading.formats.row_batches import Share, Slices
from personalize_assets.conversion.reading.json_value import Event

_COPIED_BYTES = 1024 * 1024
_SIZE_BYTES = 8
_LINES, _ROW, _END = b"L", b"R", b"."


class Died(Exception):
    """The process ended before it had read everything: the file is damaged."""


class Header(NamedTuple):
    """The names of a file's columns, and the number of rows in the share."""

    names: Sequence[str]
    rows: int


def read_lines(file: IO[bytes], share: Share) -> Iterator[Header | bytes | Event]:
    """Yield a header, and then rows as lines, and those that cannot be read. Raises ``Died`` for a damaged file.

    The file is copied to the folder for temporary files.
    """
    with _copied(file) as path, _program().asked((path, str(share.number), str(share.of))) as answer:
        names, rows = msgspec.json.decode(_message(answer)[1], type=tuple[list[str], int])
        yield Header(names, rows)
        while True:
            kind, content = _message(answer)
            if kind == _END:
                return
            yield content if kind == _LINES else msgspec.msgpack.decode(content, type=Event)


def read_first(file: IO[bytes], rows: int) -> bytes | None:
    """A Parquet file of the first rows; None for a damaged file."""
    with _copied(file) as path, _program().asked((path, str(rows))) as answer:
        try:
            _, content = _message(answer)
            _message(answer)  # the end
        except Died:
            return None
        return content


@contextmanager
def _copied(file: IO[bytes]) -> Iterator[str]:
    with tempfile.NamedTemporaryFile(suffix=".orc") as copy:
        file.seek(0)
        while block := file.read(_COPIED_BYTES):
            copy.write(block)
        copy.flush()
        yield copy.name


@cache
def _program() -> Program:
    return Program(__spec__.name if __spec__ else __name__)


def _message(answer: Answer) -> tuple[bytes, bytes]:
    kind, size = answer.read(1), int.from_bytes(answer.read(_SIZE_BYTES), "big")
    content = answer.read(size)
    if not kind or len(content) < size:
        raise Died
    if kind == _END:
        answer.end()
    return kind, content


# -- the process -------------------------------------------------------------------------------------------------------


def _send(kind: bytes, content: bytes = b"") -> None:
    sys.stdout.buffer.write(kind + len(content).to_bytes(_SIZE_BYTES, "big") + content)
    sys.stdout.buffer.flush()  # before the next stripe, on which the library may crash


def _stripe_rows(tail: bytes) -> list[int]:
    """The number of rows of each stripe, from a file's tail, a message of Protocol Buffers (``orc_proto.proto``).

    pyarrow has no other way to these numbers but to read the stripes.
    """
    (footer,) = _field(tail, 2)
    assert isinstance(footer, bytes)
    return [
        sum(rows for rows in _field(stripe, 5) if isinstance(rows, int))
        for stripe in _field(footer, 3)
        if isinstance(stripe, bytes)
    ]


def _field(message: bytes, wanted: int) -> list[int | bytes]:
    """The values of a field of a message of Protocol Buffers, in their order."""
    found: list[int | bytes] = []
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value: int | bytes
        if key & 7 == 0:
            value, at = _varint(message, at)
        else:
            size, at = _varint(message, at) if key & 7 == 2 else ({1: 8, 5: 4}[key & 7], at)
            value = message[at : at + size]
            at += size
        if key >> 3 == wanted:
            found.append(value)
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, the lowest ones first, and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def main(arguments: Sequence[str]) -> None:
    """Write the rows of a share (path, number, of how many), or the first rows as Parquet (path, how many)."""
    from pyarrow import orc

    path, *numbers = arguments
    opened = orc.ORCFile(path)
    stripes = opened.nstripes
    if len(numbers) == 1:
        batches = [opened.read_stripe(0).slice(0, int(numbers[0]))] if stripes else []
        written = io.BytesIO()
        pa.parquet.write_table(pa.Table.from_batches(batches, opened.schema), written)
        _send(_LINES, written.getvalue())
        _send(_END)
        return
    share = Share(*map(int, numbers))
    rows_of = _stripe_rows(opened.reader.serialized_file_tail())
    rows = sum(rows_of[stripe] for stripe in range(stripes) if share.holds(stripe, stripes))
    _send(_LINES, msgspec.json.encode((opened.schema.names, rows)))
    slices = Slices()
    for stripe in range(stripes):
        if share.holds(stripe, stripes):
            for found in slices.parts(opened.read_stripe(stripe)):
                if isinstance(found, Event):
                    _send(_ROW, msgspec.msgpack.encode(found))
                elif isinstance(found, bytes):
                    _send(_LINES, found)
    _send(_END)


if __name__ == "__main__":
    for asked in questions():
        main(asked)
