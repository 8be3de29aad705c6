"""Parquet, ORC and Avro as rows: files whose schema is in them, and which are read in place and not as a stream."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import IO, Any, NamedTuple, cast

import pyarrow as pa
import pyarrow.parquet

from personalize_assets.conversion.reading.file_formats import UNREADABLE_FILE
from personalize_assets.conversion.reading.formats.avro_blocks import check_schema, lines_of_block
from personalize_assets.conversion.reading.formats.orc_process import Died, Header, read_first, read_lines
from personalize_assets.conversion.reading.formats.row_batches import (
    ARROW_REFUSALS,
    WHOLE,
    Share,
    Slices,
    WholeRows,
)
from personalize_assets.conversion.reading.formats.row_columns import RowColumns, is_plain
from personalize_assets.conversion.reading.formats.rows import MALFORMED_ROW
from personalize_assets.conversion.reading.formats.settings import AUTO, AVRO, ORC, PARQUET
from personalize_assets.conversion.reading.json_value import Event

MAGIC_BYTES = 8
"""As many bytes of a file show that it is one of these."""

NAMES = {PARQUET: "Parquet file", ORC: "ORC file", AVRO: "Avro file"}
"""What a file of each format is called in texts."""

_MAGIC = {PARQUET: b"PAR1", ORC: b"ORC", AVRO: b"Obj\x01"}
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BUFFER_BYTES = 256 * 1024
_MOST_BYTES_OF_AN_INDEX = 2
_COPY = "copy it again"


def table_format(beginning: bytes) -> str | None:
    """Which of these formats a file has that begins like this; None if it has another one."""
    if beginning.startswith(_MAGIC[ORC]) and len(beginning) > 3 and _is_text(beginning[3:MAGIC_BYTES]):
        return None
    return next((name for name, magic in _MAGIC.items() if beginning.startswith(magic)), None)


def _is_text(behind_magic: bytes) -> bool:
    """Whether text follows; in a file of ORC, it is the length of a stream in 3 bytes, the last one mostly 0."""
    if behind_magic[0] < ord(" ") or _CONTROLS.search(behind_magic):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(behind_magic)  # the last character may be cut off
    except UnicodeDecodeError:
        return False
    return True


def is_table(beginning: bytes, format: str) -> bool:
    """Whether a file that begins like this is read as a table if the config says ``format``."""
    found = table_format(beginning)
    return format in NAMES or (found is not None and format == AUTO)


class TableRows:
    """Rows of one file (``rows.RowReader``)."""

    def __init__(
        self,
        file: IO[bytes],
        format: str,
        share: Share = WHOLE,
        *,
        only_columns: Collection[str] | None = None,
    ) -> None:
        """Take the file, which can seek, what the config says about its format, and which part of it to read.

        ``only_columns``: take rows of Parquet as columns where that is possible, and read of these only the ones with
        these names. None: all rows as lines.
        """
        self._file = _Watched(file)
        self._format = format
        self._share = share
        self._only_columns = only_columns

    def __iter__(self) -> Iterator[RowColumns | bytes | Event]:
        """Yield columns and lines of JSON; then, for a damaged file, one reject that counts the rows that were lost."""
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
            table = read(self._file, self._share, self._only_columns)
            twice = [name for name, count in Counter(table.names).items() if count > 1]
            if twice:
                yield from self._unreadable(f"{NAMES[found]} with two columns {twice[0]!r}: rename one of them")
                return
            for block in table.rows_found:
                rows += _count_rows(block)
                yield block
        except ImportError as error:
            yield from self._unreadable(f"{NAMES[found]} of {size:,} bytes: install what it needs ({error})")
        except ARROW_REFUSALS as error:
            if self._file.error is not None:
                raise self._file.error from error
            if found == ORC and isinstance(error, OSError) and error.errno:
                raise  # of the copy or the process, as a full disk; what pyarrow raises for damage has no number
            lost = table.rows - rows if table else 0
            if lost <= 0 and not rows:
                yield from self._unreadable(f"damaged {NAMES[found]} of {size:,} bytes: {_COPY}")
                return
            yield Event(f"damaged {NAMES[found]}: {_COPY}".encode(), None, MALFORMED_ROW, max(lost, 1))

    def _unreadable(self, text: str) -> Iterator[Event]:
        if self._share.number == 0:
            yield Event(text.encode(), None, UNREADABLE_FILE)


def _count_rows(block: RowColumns | bytes | Event) -> int:
    if isinstance(block, bytes):
        return block.count(b"\n")
    return block.lines if isinstance(block, Event) else len(block)


def shortened(file: IO[bytes], rows: int) -> bytes | None:
    """A Parquet file of the first rows of a Parquet or ORC file, for what looks at a file's beginning alone.

    None if it is damaged. Raises ``OSError`` if it cannot be read.
    """
    watched = _Watched(file)
    try:
        if table_format(watched.read(MAGIC_BYTES)) == ORC:
            return read_first(file, rows)
        # Through a buffer, pages are read as they are needed, and not the whole row group.
        options = {"buffer_size": _BUFFER_BYTES, "pre_buffer": False, "coerce_int96_timestamp_unit": "us"}
        parquet = pa.parquet.ParquetFile(watched, **options)
        batches = islice(parquet.iter_batches(rows, use_threads=False), 1)
        table = pa.Table.from_batches(batches, parquet.schema_arrow)
        written = io.BytesIO()
        pa.parquet.write_table(table, written)
        return written.getvalue()
    except ARROW_REFUSALS as error:
        if watched.error is not None:
            raise watched.error from error
        return None


class _Table(NamedTuple):
    """An open file: the names of its columns, the number of its rows in a share (0 if unknown), and these rows."""

    names: Sequence[str]
    rows: int
    rows_found: Iterator[RowColumns | bytes | Event]


def _parquet(file: _Watched, share: Share, only_columns: Collection[str] | None) -> _Table:
    # INT96 in microseconds: nanoseconds of 64 bits end in the year 2262.
    opened = pa.parquet.ParquetFile(file, coerce_int96_timestamp_unit="us")
    groups = [group for group in range(opened.num_row_groups) if share.holds(group, opened.num_row_groups)]

    names = _columns_to_read(opened.schema_arrow, only_columns)
    if names and groups and (repeating := _repeating(opened, groups[0], names)):
        options = {"read_dictionary": repeating, "metadata": opened.metadata}
        opened = pa.parquet.ParquetFile(file, coerce_int96_timestamp_unit="us", **options)

    def batches(of: pa.parquet.ParquetFile, group: int, slices: Slices) -> Iterator[pa.RecordBatch]:
        columns = names if of is opened else None
        for batch in of.iter_batches(slices.rows, row_groups=[group], columns=columns, use_threads=False):
            yield batch
            of.reader.set_batch_size(slices.rows)  # of the next batch

    def whole_rows(group: int) -> WholeRows:
        def read(slices: Slices) -> Iterator[pa.RecordBatch]:
            yield from batches(pa.parquet.ParquetFile(file, coerce_int96_timestamp_unit="us"), group, slices)

        return WholeRows(read, lambda: file.error)

    def parts() -> Iterator[RowColumns | bytes | Event]:
        slices = Slices(as_columns=only_columns is not None)
        for group in groups:
            first = 0
            slices.whole = whole_rows(group) if names is not None else None
            for batch in batches(opened, group, slices):
                yield from slices.parts(batch, first)
                first += batch.num_rows

    rows = sum(opened.metadata.row_group(group).num_rows for group in groups)
    return _Table(opened.schema_arrow.names, rows, parts())


def _columns_to_read(schema: pa.Schema, only: Collection[str] | None) -> list[str] | None:
    """The columns with these names, if all of them can be taken as columns; None if all columns are to be read.

    A damaged or odd value in a column that is not read costs no row.
    """
    fields = [field for field in schema if only is not None and field.name in only]
    if not fields or not all(is_plain(field.type) for field in fields):
        return None
    # pyarrow takes a dot for the way into a struct.
    return None if any("." in name for name in schema.names) else [field.name for field in fields]


def _repeating(file: pa.parquet.ParquetFile, group: int, names: Sequence[str]) -> list[str]:
    """Which of these columns have texts of which so few are distinct that they need not be copied for each row."""
    found = []
    of_group = file.metadata.row_group(group)
    for number in range(of_group.num_columns):
        column = of_group.column(number)
        name = column.path_in_schema
        # As an index in a dictionary only: the shortest text takes four bytes itself.
        is_small = column.total_uncompressed_size <= _MOST_BYTES_OF_AN_INDEX * column.num_values
        if is_small and name in names and pa.types.is_string(file.schema_arrow.field(name).type):
            found.append(name)
    return found


def _orc(file: _Watched, share: Share, _only_columns: Collection[str] | None) -> _Table:
    found = read_lines(cast("IO[bytes]", file), share)
    try:
        header = next(found)
        assert isinstance(header, Header)
    except Died as error:
        raise pa.ArrowInvalid from error

    def lines() -> Iterator[bytes | Event]:
        try:
            for block in found:
                assert not isinstance(block, Header)
                yield block
        except Died as error:
            raise pa.ArrowInvalid from error

    return _Table(header.names, header.rows, lines())


def _avro(file: _Watched, share: Share, _only_columns: Collection[str] | None) -> _Table:
    import fastavro

    try:
        blocks = fastavro.block_reader(cast("IO[bytes]", file))
        check_schema(json.loads(blocks.metadata["avro.schema"]))
    except ImportError:
        raise
    except Exception as error:  # for damaged bytes it raises whatever its code runs into
        raise pa.ArrowInvalid(str(error)) from error
    schema: Any = blocks.writer_schema

    def lines() -> Iterator[bytes | Event]:
        if share.number:
            return
        try:
            for block in blocks:
                yield from lines_of_block(block)
        except ImportError:
            raise
        except Exception as error:
            raise pa.ArrowInvalid(str(error)) from error

    fields = schema.get("fields", ()) if isinstance(schema, dict) else ()
    return _Table([field["name"] for field in fields], 0, lines())


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
