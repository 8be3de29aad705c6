"""Parquet, ORC and Avro as rows: files whose schema is in them, and which are read in place and not as a stream."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import IO, Any, NamedTuple, cast

import pyarrow as pa
import pyarrow.parquet

from personalize_assets.conversion.reading.file_formats import UNREADABLE_FILE
from personalize_assets.conversion.reading.formats.json_lines import encode, lines_of
from personalize_assets.conversion.reading.formats.rows import MALFORMED_ROW
from personalize_assets.conversion.reading.formats.settings import AUTO, AVRO, ORC, PARQUET
from personalize_assets.conversion.reading.json_value import Event

MAGIC_BYTES = 8
"""As many bytes of a file show that it is one of these."""

NAMES = {PARQUET: "Parquet file", ORC: "ORC file", AVRO: "Avro file"}
"""What a file of each format is called in texts."""

_MAGIC = {PARQUET: b"PAR1", ORC: b"ORC", AVRO: b"Obj\x01"}
_ROWS_AT_ONCE = 8192
_BUFFER_BYTES = 256 * 1024
_COPY = "copy it again"
_ARROW_REFUSALS = (pa.ArrowException, OSError, ValueError, IndexError, TypeError, OverflowError, MemoryError)


class Share(NamedTuple):
    """A part of a file, of several that are read side by side; numbered from 0."""

    number: int
    of: int

    def holds(self, part: int, parts: int) -> bool:
        """Whether a row group or stripe belongs to it, of so many in the file."""
        return part * self.of // parts == self.number


WHOLE = Share(0, 1)


def table_format(beginning: bytes) -> str | None:
    """Which of these formats a file has that begins like this; None if it has another one."""
    if beginning.startswith(_MAGIC[ORC]) and len(beginning) > 3 and beginning[3] >= 0x20:
        return None  # text; in a file of ORC, the lengths of its first stream follow
    return next((name for name, magic in _MAGIC.items() if beginning.startswith(magic)), None)


def is_table(beginning: bytes, format: str) -> bool:
    """Whether a file that begins like this is read as a table if the config says ``format``."""
    found = table_format(beginning)
    return format in NAMES or (found is not None and format == AUTO)


class TableRows:
    """Rows of one file (``rows.RowReader``)."""

    def __init__(self, file: IO[bytes], format: str, share: Share = WHOLE) -> None:
        """Take the file, which can seek, what the config says about its format, and which part of it to read."""
        self._file = _Watched(file)
        self._format = format
        self._share = share

    def __iter__(self) -> Iterator[bytes | Event]:
        """Yield lines of JSON; then, for a damaged file, one reject that counts the rows that were lost."""
        size = self._file.seek(0, io.SEEK_END)
        self._file.seek(0)
        found = table_format(self._file.read(MAGIC_BYTES))
        self._file.seek(0)
        if found is None or self._format not in (AUTO, found):
            what = NAMES[found] if found else "other file"
            text = f"{what} of {size:,} bytes: source.format is {self._format}; write auto there, or remove the file"
            yield from self._unreadable(text)
            return
        read = {PARQUET: _parquet, ORC: _orc, AVRO: _avro}[found]
        rows = 0
        table: _Table | None = None
        try:
            table = read(cast("IO[bytes]", self._file))
            twice = [name for name, count in Counter(table.names).items() if count > 1]
            if twice:
                yield from self._unreadable(f"{NAMES[found]} with two columns {twice[0]!r}: rename one of them")
                return
            for block in table.lines(self._share):
                rows += block.lines if isinstance(block, Event) else block.count(b"\n")
                yield block
        except ImportError as error:
            yield from self._unreadable(f"{NAMES[found]} of {size:,} bytes: install what it needs ({error})")
        except _ARROW_REFUSALS as error:
            if self._file.error is not None:
                raise self._file.error from error
            lost = table.rows(self._share) - rows if table else 0
            if lost <= 0 and not rows:
                yield from self._unreadable(f"damaged {NAMES[found]} of {size:,} bytes: {_COPY}")
                return
            yield Event(f"damaged {NAMES[found]}: {_COPY}".encode(), None, MALFORMED_ROW, max(lost, 1))

    def _unreadable(self, text: str) -> Iterator[Event]:
        if self._share.number == 0:
            yield Event(text.encode(), None, UNREADABLE_FILE)


def shortened(file: IO[bytes], rows: int) -> bytes | None:
    """A Parquet file of the first rows of a Parquet or ORC file, for what looks at a file's beginning alone.

    None if it is damaged. Raises ``OSError`` if it cannot be read.
    """
    watched = _Watched(file)
    try:
        if table_format(watched.read(MAGIC_BYTES)) == ORC:
            from pyarrow import orc

            opened = orc.ORCFile(watched)
            batches = iter([opened.read_stripe(0).slice(0, rows)] if opened.nstripes else [])
            table = pa.Table.from_batches(batches, opened.schema)
        else:
            # Through a buffer, pages are read as they are needed, and not the whole row group.
            options = {"buffer_size": _BUFFER_BYTES, "pre_buffer": False, "coerce_int96_timestamp_unit": "us"}
            parquet = pa.parquet.ParquetFile(watched, **options)
            batches = islice(parquet.iter_batches(rows, use_threads=False), 1)
            table = pa.Table.from_batches(batches, parquet.schema_arrow)
        written = io.BytesIO()
        pa.parquet.write_table(table, written)
        return written.getvalue()
    except _ARROW_REFUSALS as error:
        if watched.error is not None:
            raise watched.error from error
        return None


class _Table(NamedTuple):
    """An open file: the names of its columns, the number of its rows in a share (0 if unknown), and these rows."""

    names: Sequence[str]
    rows: Callable[[Share], int]
    lines: Callable[[Share], Iterator[bytes | Event]]


def _lines_of(batch: pa.RecordBatch) -> Iterator[bytes | Event]:
    """The rows as lines; a row with a value that has no form in Python, as a time in the year 290,000, by itself."""
    try:
        yield lines_of(batch)
    except _ARROW_REFUSALS as error:
        if batch.num_rows == 1:
            yield Event(f"a row with a value that cannot be read: {error}".encode(), None, MALFORMED_ROW)
            return
        for row in range(batch.num_rows):
            yield from _lines_of(batch.slice(row, 1))


def _parquet(file: IO[bytes]) -> _Table:
    # INT96 in microseconds: nanoseconds of 64 bits end in the year 2262.
    opened = pa.parquet.ParquetFile(file, coerce_int96_timestamp_unit="us")
    groups = opened.num_row_groups

    def groups_of(share: Share) -> list[int]:
        return [group for group in range(groups) if share.holds(group, groups)]

    def lines(share: Share) -> Iterator[bytes | Event]:
        for group in groups_of(share):
            for batch in opened.iter_batches(_ROWS_AT_ONCE, row_groups=[group], use_threads=False):
                yield from _lines_of(batch)

    def rows(share: Share) -> int:
        return sum(opened.metadata.row_group(group).num_rows for group in groups_of(share))

    return _Table(opened.schema_arrow.names, rows, lines)


def _orc(file: IO[bytes]) -> _Table:
    from pyarrow import orc

    opened = orc.ORCFile(file)
    stripes = opened.nstripes

    def lines(share: Share) -> Iterator[bytes | Event]:
        for stripe in range(stripes):
            if share.holds(stripe, stripes):
                whole = opened.read_stripe(stripe)
                for at in range(0, whole.num_rows, _ROWS_AT_ONCE):
                    yield from _lines_of(whole.slice(at, _ROWS_AT_ONCE))

    return _Table(opened.schema.names, lambda share: opened.nrows if share == WHOLE else 0, lines)


def _avro(file: IO[bytes]) -> _Table:
    import fastavro

    try:
        blocks = fastavro.block_reader(file)
    except ImportError:
        raise
    except Exception as error:  # for damaged bytes it raises whatever its code runs into
        raise pa.ArrowInvalid(str(error)) from error
    schema: Any = blocks.writer_schema

    def lines(share: Share) -> Iterator[bytes]:
        if share.number:
            return
        try:
            for block in blocks:
                yield "".join(f"{encode(_as_object(row))}\n" for row in block).encode()
        except ImportError:
            raise
        except Exception as error:
            raise pa.ArrowInvalid(str(error)) from error

    fields = schema.get("fields", ()) if isinstance(schema, dict) else ()
    return _Table([field["name"] for field in fields], lambda share: 0, lines)


def _as_object(row: Any) -> dict[str, Any]:
    """A row as an object: a schema need not be a record."""
    return row if isinstance(row, dict) else {"value": row}


class _Watched(io.RawIOBase):
    """A file that keeps the error of a read: Arrow raises one of its own, as it does for damaged bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self.error: OSError | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            self.error = error
            raise

    def readinto(self, buffer: Any) -> int:
        found = self.read(len(buffer))
        cast("memoryview", memoryview(buffer))[: len(found)] = found
        return len(found)
