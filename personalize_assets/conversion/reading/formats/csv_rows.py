"""Reads CSV with pyarrow, in chunks of whole rows. Every cell is text or null; ids keep their zeros and digits."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import cast

import pyarrow as pa
import pyarrow.csv

from personalize_assets.conversion.reading.damage import TruncatedStream
from personalize_assets.conversion.reading.file_formats import UNREADABLE_FILE
from personalize_assets.conversion.reading.formats.csv_chunks import RowEnds
from personalize_assets.conversion.reading.formats.json_lines import lines_of
from personalize_assets.conversion.reading.formats.row_columns import RowColumns, as_columns, raws_of
from personalize_assets.conversion.reading.formats.rows import MALFORMED_ROW
from personalize_assets.conversion.reading.formats.settings import CsvDialect
from personalize_assets.conversion.reading.framer import MAX_MALFORMED_IN_A_ROW, TOO_MANY_MALFORMED
from personalize_assets.conversion.reading.json_value import MAX_RAW_BYTES, Event, is_utf8

MAX_ROW_BYTES = 16 * 1024 * 1024
"""The most bytes of a row. Where more follow without an end, a quote is taken for one that was never closed."""

_CHUNK_BYTES = 4 * 1024 * 1024
_CHUNK_OF_COLUMNS_BYTES = 8 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
# Tried in this order where several are equally frequent in the first line.
_DELIMITERS = ("::", ",", "\t", "|", ";")
# pyarrow takes one character only: this one stands for a longer delimiter.
_STAND_IN = "\x1f"
_NAME = re.compile(r"[A-Za-z_][\w.$:/-]*(?: [\w.$:/-]+)*")
_SAMPLED_ROWS = 20
# What may precede a header: byte order marks, and lines of white space alone.
_BEFORE_HEADER = re.compile(rb"(?:\xef\xbb\xbf|[ \t\x0b\x0c]*+(?:\r\n|\n|\r(?!\Z)))*+")
_BYTES_BEFORE_HEADER = _BOM + b" \t\r\n\x0b\x0c"
_QUOTED = re.compile(rb'"(?:[^"]++|"")*+"')
_BLANK = re.compile(rb"[\r\n]*+")
_JSON_LINE = re.compile(rb"^[ \t]*[{\[]", re.MULTILINE)


class CsvRows:
    """Rows of one CSV (``rows.RowReader``)."""

    def __init__(
        self, blocks: Iterable[bytes], dialect: CsvDialect, *, only_columns: Collection[str] | None = None
    ) -> None:
        """Take the text in blocks, and how it is written.

        ``only_columns``: yield columns where that is possible, and of these the ones with these names. None: lines.
        """
        self._only_columns = only_columns
        self._blocks = iter(blocks)
        self._dialect = dialect
        self._buffer = b""
        self._end: TruncatedStream | None = None
        self._has_ended = False
        self._malformed_in_a_row = 0

    def __iter__(self) -> Iterator[RowColumns | bytes | Event]:
        """Yield columns, or lines of JSON, and each row that cannot be read by itself."""
        while not self._has_ended and len(self._buffer) <= len(_BOM):
            self._read_on(len(_BOM) + 1)
        self._buffer = self._buffer.removeprefix(_BOM)
        if self._dialect.header:
            self._skip_to_header()
        delimiter = self._dialect.delimiter or self._find_delimiter()
        ends = RowEnds(delimiter, self._dialect)
        names: Sequence[str] = self._dialect.columns
        if self._dialect.header:
            if not self._buffer.strip() or (header := self._take_first(ends)) is None:
                yield from self._at_end(b"") if self._has_ended and self._end else self._without_header()
                return
            names = names or _names_in(header, delimiter, self._dialect)
            problem = _problem_of(names)
            if problem:
                yield Event(problem.encode(), None, UNREADABLE_FILE)
                return
        parser = _Parser(names, delimiter, self._dialect, ends)
        for chunk in self._chunks(ends):
            if isinstance(chunk, Event):
                yield chunk
                self._malformed_in_a_row += 1
                continue
            rows, malformed = parser.parse(chunk, self._only_columns)
            yield from malformed
            if rows:
                yield rows
            self._malformed_in_a_row = 0 if rows else self._malformed_in_a_row + len(malformed)
            if self._malformed_in_a_row > MAX_MALFORMED_IN_A_ROW:
                yield Event(b"", None, TOO_MANY_MALFORMED)
                return

    def _chunks(self, ends: RowEnds) -> Iterator[bytes | Event]:
        """Whole rows, and what is no row by itself."""
        wanted = _CHUNK_BYTES
        while not self._has_ended:
            self._read_on(wanted)
            if self._has_ended:
                break
            end = ends.last(self._buffer)
            if end:
                yield self._buffer[:end]
                self._buffer = self._buffer[end:]
                wanted = _CHUNK_BYTES
            elif len(self._buffer) > MAX_ROW_BYTES:
                yield self._take_broken_line()
            else:
                wanted = 2 * len(self._buffer)
        if self._end is None and not self._buffer.endswith(b"\n"):
            self._buffer += b"\n"
        while self._buffer.strip(b"\r\n"):
            if end := ends.last(self._buffer):
                yield self._buffer[:end]
                self._buffer = self._buffer[end:]
            elif self._end is None:
                yield self._take_broken_line()
            else:
                break
        yield from self._at_end(self._buffer)

    def _at_end(self, rest: bytes) -> Iterator[Event]:
        """What ends the file early, if anything does, with the beginning of the row that is cut off."""
        if self._end is not None:
            yield Event(rest[:MAX_RAW_BYTES] or self._end.text.encode(), None, self._end.reason)

    def _take_broken_line(self) -> Event:
        """The first line, which begins a row without an end."""
        end = self._buffer.find(b"\n") + 1 or len(self._buffer)
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        return Event(line[:MAX_RAW_BYTES].rstrip(b"\r\n"), None, MALFORMED_ROW)

    def _skip_to_header(self) -> None:
        """Drop blank lines from the text's beginning, as between two rows."""
        while True:
            self._buffer = self._buffer[_end_of_blank(self._buffer) :]
            if self._has_ended or self._buffer.strip(_BYTES_BEFORE_HEADER) or len(self._buffer) > MAX_ROW_BYTES:
                return
            self._read_on(2 * len(self._buffer) + 1)

    def _take_first(self, ends: RowEnds) -> bytes | None:
        """The first row, which is the header; None, and nothing taken, if it has no end."""
        while True:
            end = ends.first(self._buffer)
            if not end and self._has_ended and self._end is None and ends.first(self._buffer + b"\n"):
                end = len(self._buffer)
            if end:
                header, self._buffer = self._buffer[:end], self._buffer[end:]
                return header
            if self._has_ended or len(self._buffer) > MAX_ROW_BYTES:
                return None
            self._read_on(2 * len(self._buffer) + 1)

    def _without_header(self) -> Iterator[Event]:
        """What replaces the rows of a file whose first row has no end; nothing for one that is blank."""
        if self._buffer.strip(_BYTES_BEFORE_HEADER):
            text = (
                f"CSV whose first row, the header, does not end within {len(self._buffer):,} bytes: close its quote,"
                " or set source.csv.quote to null"
            )
            yield Event(text.encode(), None, UNREADABLE_FILE)

    def _find_delimiter(self) -> str:
        while not self._has_ended and b"\n" not in self._buffer.lstrip(b"\r\n") and len(self._buffer) < MAX_ROW_BYTES:
            self._read_on(2 * len(self._buffer) + 1)
        return delimiter_of(self._buffer)

    def _read_on(self, size: int) -> None:
        """Read until ``size`` bytes are in the buffer, or the text ends."""
        pieces, found = [self._buffer], len(self._buffer)
        try:
            while found < size:
                block = next(self._blocks, None)
                if block is None:
                    self._has_ended = True
                    break
                pieces.append(block)
                found += len(block)
        except TruncatedStream as error:
            self._end, self._has_ended = error, True
        self._buffer = b"".join(pieces)


class _Parser:
    """Parses chunks of whole rows of one file."""

    def __init__(self, names: Sequence[str], delimiter: str, dialect: CsvDialect, ends: RowEnds) -> None:
        self._names = list(names)
        self._delimiter = delimiter
        self._dialect = dialect
        self._ends = ends

    def parse(
        self, chunk: bytes, only_columns: Collection[str] | None = None
    ) -> tuple[RowColumns | bytes, list[Event]]:
        """The rows, and those that cannot be read. ``only_columns`` as in ``CsvRows``."""
        malformed: list[Event] = []
        if not is_utf8(chunk):
            good = []
            for row in self._ends.rows(chunk):
                if is_utf8(row):
                    good.append(row)
                else:
                    malformed.append(Event(row[:MAX_RAW_BYTES].rstrip(b"\r\n"), None, MALFORMED_ROW))
            chunk = b"".join(good)
        if _BLANK.fullmatch(chunk):
            return b"", malformed

        def skip(row: pa.csv.InvalidRow) -> str:
            text = row.text.replace(_STAND_IN, self._delimiter) if len(self._delimiter) > 1 else row.text
            malformed.append(Event(text.encode()[:MAX_RAW_BYTES], None, MALFORMED_ROW))
            return "skip"

        def read(skip: object, only: list[str] | None = None) -> list[pa.RecordBatch]:
            table = _read(chunk, self._names, self._delimiter, self._dialect, skip, only)
            return cast("list[pa.RecordBatch]", table.to_batches())

        if only_columns is None or len(chunk) > _CHUNK_OF_COLUMNS_BYTES:
            return b"".join(map(lines_of, read(skip))), malformed
        only = [name for name in self._names if name in only_columns] or self._names[:1]
        batches = read(skip, only)
        if not sum(batch.num_rows for batch in batches):
            return b"", malformed

        def whole_rows(_: pa.RecordBatch, numbers: Sequence[int]) -> Iterator[bytes]:
            (batch,) = read(lambda row: "skip")
            return raws_of(batch, numbers)

        columns = as_columns(batches[0], whole_rows) if len(batches) == 1 else None
        return columns or b"".join(map(lines_of, read(lambda row: "skip"))), malformed


def _read(
    chunk: bytes,
    names: list[str] | None,
    delimiter: str,
    dialect: CsvDialect,
    skip: object = None,
    only: list[str] | None = None,
) -> pa.Table:
    """Parse a chunk; without ``names``, columns are called ``f0``, ``f1`` and so on. ``only``: of these, some."""
    is_long = len(delimiter) > 1
    if chunk.startswith(_BOM):
        chunk = b"\n" + chunk  # pyarrow drops one at the beginning, where it belongs to a cell
    if is_long:
        chunk = chunk.replace(delimiter.encode(), _STAND_IN.encode())
    return pa.csv.read_csv(
        pa.BufferReader(chunk),
        pa.csv.ReadOptions(
            use_threads=False,
            block_size=len(chunk) + 1,
            column_names=names,
            autogenerate_column_names=names is None,
        ),
        pa.csv.ParseOptions(
            delimiter=_STAND_IN if is_long else delimiter,
            quote_char=False if is_long else dialect.quote or False,
            escape_char=dialect.escape or False,
            newlines_in_values=True,
            invalid_row_handler=skip,
        ),
        pa.csv.ConvertOptions(
            column_types={name: pa.string() for name in names or ()},
            include_columns=only,
            null_values=list(dialect.null),
            strings_can_be_null=True,
        ),
    )


def _names_in(header: bytes, delimiter: str, dialect: CsvDialect) -> list[str]:
    """The names in a header; a column without one is called by its number, from 1. Empty if it cannot be read."""
    text = header.rstrip(b"\r\n").decode("utf-8", "backslashreplace").encode() + b"\n"
    try:
        row = _read(text, None, delimiter, dialect).schema
        # Read again, as text: a name may look like a number.
        (values,) = _read(text, row.names, delimiter, dialect).to_pylist()
    except (pa.ArrowInvalid, ValueError):  # no row, or several
        return []
    return [(value or "").strip() or f"column_{number}" for number, value in enumerate(values.values(), 1)]


def _problem_of(names: Sequence[str]) -> str | None:
    """Why columns cannot have these names. Without the names: those of a file without a header are values."""
    if not names:
        return "CSV whose first row cannot be read as a header: name the columns with source.csv.columns"
    numbers: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        first = numbers.setdefault(name, number)
        if first < number:
            return (
                f"CSV whose columns {first} and {number} have one name: give other names with source.csv.columns,"
                " and set source.csv.header to off if its first row has values"
            )
    return None


def _end_of_blank(text: bytes) -> int:
    """Where what may precede a header ends."""
    found = _BEFORE_HEADER.match(text)
    return found.end() if found else 0


def delimiter_of(beginning: bytes) -> str:
    """The delimiter of a CSV that begins like this: the most frequent one of its first line, a comma without any."""
    line = _QUOTED.sub(b"", beginning.lstrip(b"\r\n").split(b"\n", 1)[0])
    counts = {delimiter: line.count(delimiter.encode()) * len(delimiter) for delimiter in _DELIMITERS}
    best = max(counts, key=lambda delimiter: counts[delimiter])
    return best if counts[best] else ","


def looks_like_csv(beginning: bytes) -> bool:
    """Whether a text is a CSV with a header: names, and rows with as many cells. No line must begin like JSON.

    Args:
        beginning: Its first bytes, or all of them; the last row may be cut off.
    """
    if _JSON_LINE.search(beginning):
        return False
    dialect = CsvDialect()
    text = beginning[_end_of_blank(beginning) :]
    delimiter = delimiter_of(text)
    ends = RowEnds(delimiter, dialect)
    header_end = ends.first(text)
    if not header_end or not is_utf8(text[:header_end]) or f"{delimiter} ".encode() in text[:header_end]:
        return False
    names = _names_in(text[:header_end], delimiter, dialect) if text[:header_end].strip() else []
    if len(names) < 2 or len(set(names)) < len(names) or not all(map(_NAME.fullmatch, names)):
        return False
    if len(names) < 3 and any(" " in name for name in names):
        return False
    rest = text[header_end:]
    if not ends.first(rest):  # a file of one row may lack its line end
        rest += b"\n"
    rows: list[bytes] = []
    for row in ends.rows(rest):
        rows.append(row)
        if len(rows) == _SAMPLED_ROWS:
            break
    whole = [row for row in rows if is_utf8(row) and row.strip()]
    parser = _Parser(names, delimiter, dialect, ends)
    lines, malformed = parser.parse(b"".join(whole))
    return isinstance(lines, bytes) and lines.count(b"\n") > 4 * max(len(malformed) - 1, 0)
