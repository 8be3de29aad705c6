"""Checks a stored CSV as Personalize would read it: broken lines, bad cells, size and digest.

It reads the bytes of the file once, in bounded memory, and relies on nothing that the export reported.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.conversion.contract import MIN_EPOCH_SECONDS, TEXTUAL_CHARS, Column, Dataset
from personalize_assets.conversion.export.suppressed import USER_ID, UserIds
from personalize_assets.conversion.export.text_bytes import text_bytes
from personalize_assets.conversion.mapping.masking import MASK
from personalize_assets.conversion.mapping.timestamps import DAY_SECONDS

_BLOCK_BYTES = 4 * 1024 * 1024
_LINE_FEED = ord("\n")
_MAX_TEXT_CHARS = 200
_MAX_EXAMPLES = 5

Example = dict[str, int | str]
"""A line with a problem, as a row of a table: ``line``, ``problem``, ``text``, and in a folder of files ``file``."""


@dataclass
class Scan:
    """The result of checking a CSV.

    Attributes:
        header: The names in the first line.
        rows: Records with the right number of cells.
        lines: Lines without the header.
        bytes: Size of the file.
        sha256: Digest of the file, in hexadecimal; empty if it was not wanted.
        broken: The first lines that are no record; at most five.
        broken_count: How many there are.
        wrong: The first values that Personalize would refuse; at most five.
        wrong_count: How many there are.
        suppressed_lines: The first lines of users that must not be exported; at most five.
        suppressed_count: How many there are.
    """

    header: list[str] = field(default_factory=list)
    rows: int = 0
    lines: int = 0
    bytes: int = 0
    sha256: str = ""
    broken: list[Example] = field(default_factory=list)
    broken_count: int = 0
    wrong: list[Example] = field(default_factory=list)
    wrong_count: int = 0
    suppressed_lines: list[Example] = field(default_factory=list)
    suppressed_count: int = 0

    def add_broken(self, line: int | str, problem: str, text: str) -> None:
        """Count a line that is no record. ``line`` is its number, or a description where it has none."""
        self.broken_count += 1
        if len(self.broken) < _MAX_EXAMPLES:
            self.broken.append({"line": line, "problem": problem, "text": text[:_MAX_TEXT_CHARS]})


def combine_scans(scans: Sequence[Scan], names: Sequence[str]) -> Scan:
    """Combine the scans of a folder's files into one, with the name of the file in each example.

    The header is the first one that differs from the first file's, if any does, so that the difference is reported. The
    SHA-256 is that of the files' digests in hexadecimal, one per line.
    """
    first = scans[0].header
    return Scan(
        header=next((scan.header for scan in scans if scan.header != first), first),
        rows=sum(scan.rows for scan in scans),
        lines=sum(scan.lines for scan in scans),
        bytes=sum(scan.bytes for scan in scans),
        sha256=hashlib.sha256("".join(f"{scan.sha256}\n" for scan in scans).encode()).hexdigest(),
        broken=_with_files([scan.broken for scan in scans], names),
        broken_count=sum(scan.broken_count for scan in scans),
        wrong=_with_files([scan.wrong for scan in scans], names),
        wrong_count=sum(scan.wrong_count for scan in scans),
        suppressed_lines=_with_files([scan.suppressed_lines for scan in scans], names),
        suppressed_count=sum(scan.suppressed_count for scan in scans),
    )


def _with_files(examples: Sequence[list[Example]], names: Sequence[str]) -> list[Example]:
    found = [{"file": name, **line} for name, lines in zip(names, examples, strict=True) for line in lines]
    return found[:_MAX_EXAMPLES]


class _CountedFile:
    """A file without its header, for Arrow to read; counts and hashes all bytes, those of the header too."""

    closed = False

    def __init__(self, file: IO[bytes], scan: Scan, *, has_header: bool, has_digest: bool = True) -> None:
        self._file = file
        self._scan = scan
        self._digest = hashlib.sha256() if has_digest else None
        self._last = b"\n"
        self._returns = 0
        block = self._take(_BLOCK_BYTES)
        self.header, found, self._rest = block.partition(b"\n") if has_header else (b"", b"", block)
        self._newlines_in_header = len(found)

    def _take(self, size: int) -> bytes:
        block = self._file.read(size)
        if self._digest:
            self._digest.update(block)
        self._scan.bytes += len(block)
        self._scan.lines += int(np.count_nonzero(np.frombuffer(block, np.uint8) == _LINE_FEED))
        self._returns += block.count(b"\r")
        self._last = block[-1:] or self._last
        return block

    def read(self, size: int = -1) -> bytes:
        if self._rest:
            size = len(self._rest) if size < 0 else size
            block, self._rest = self._rest[:size], self._rest[size:]
            return block
        return self._take(_BLOCK_BYTES if size < 0 else size)

    def has_rows(self) -> bool:
        """Whether anything comes after the header."""
        self._rest = self._rest or self._take(_BLOCK_BYTES)
        return bool(self._rest)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True

    def end(self) -> None:
        """Read what the parser has left, then complete the scan with what only the whole file tells."""
        while self.read(_BLOCK_BYTES):
            pass
        scan = self._scan
        scan.sha256 = self._digest.hexdigest() if self._digest else ""
        scan.lines -= self._newlines_in_header
        if self._last != b"\n":
            scan.lines += 1
            scan.add_broken("last", "the file does not end with a line feed", "")
        if self._returns:
            scan.add_broken("any", f"{self._returns:,} carriage returns; lines end with a line feed alone", "")


class _LineNumbers:
    """The line numbers of the records of a batch.

    Arrow reports broken lines before it returns the records around them; kept are only those that it has read ahead.
    """

    def __init__(self) -> None:
        self.broken: deque[int] = deque()
        self._among: list[int] = []
        self._first = self._next = 2

    def next_batch(self, records: int) -> None:
        """Move on to the next batch, which has this many records."""
        self._first, self._among = self._next, []
        self._next += records
        while self.broken and self.broken[0] < self._next:
            self._among.append(self.broken.popleft())
            self._next += 1

    def of(self, index: int) -> int:
        """The line of a record of the batch, whose index starts at 0; the file's first line is 1."""
        line = self._first + index
        for broken in self._among:
            if broken > line:
                break
            line += 1
        return line


def scan_csv(
    file: IO[bytes],
    dataset: Dataset,
    hidden: Collection[str] = (),
    header: Sequence[str] | None = None,
    *,
    has_digest: bool = True,
    suppressed: UserIds | None = None,
) -> Scan:
    """Read a CSV to its end. Problems of its content are in the result, and never raised.

    With ``header`` the file is a part that has no first line with names: these are its columns. ``has_digest`` says
    whether ``sha256`` is wanted; else it is empty. ``suppressed`` are ids of users that must not be in the file.
    The values of ``hidden`` columns are masked in examples. If there are any, so are broken lines, in which values
    cannot be assigned to columns, and names in the header that are no column's.
    """
    scan = Scan()
    lines = _LineNumbers()
    source = _CountedFile(file, scan, has_header=header is None, has_digest=has_digest)
    found = source.header.decode("utf-8", "backslashreplace")
    scan.header = found.split(",") if header is None else list(header)
    names = scan.header if len(set(scan.header)) == len(scan.header) else [str(n) for n in range(len(scan.header))]
    try:
        for batch in _read_ahead(_batches(source, names, scan, lines)):
            lines.next_batch(batch.num_rows)
            _check_cells(batch, dataset, scan, lines, hidden)
            if suppressed and USER_ID in batch.schema.names:
                _check_users(batch, suppressed, scan, lines)
            scan.rows += batch.num_rows
    except pa.ArrowInvalid as error:
        # Arrow's message may quote what it cannot read.
        problem = "no CSV from here on" if hidden else str(error)
        scan.add_broken(f"after {scan.rows + scan.broken_count + 1:,}", problem, "")
    source.end()
    if not scan.broken_count and scan.rows != scan.lines:
        scan.add_broken("any", f"{scan.rows:,} records on {scan.lines:,} lines: a value holds a line break", "")
    if hidden:
        known = {column.name for column in dataset.columns}
        scan.header = [name if name in known or not name else MASK for name in scan.header]
        scan.broken = [{**line, "text": MASK if line["text"] else ""} for line in scan.broken]
    return scan


def _batches(source: _CountedFile, names: list[str], scan: Scan, lines: _LineNumbers) -> Iterator[pa.RecordBatch]:
    def broken(row: Any) -> str:
        problem = f"{row.actual_columns} cells instead of {row.expected_columns}"
        # Arrow numbers lines (only without threads) from the first one it gets, which is the second of the file.
        lines.broken.append(row.number + 1)
        scan.add_broken(row.number + 1, problem, row.text or "")
        return "skip"

    if not source.has_rows():
        return  # for Arrow, a file without lines is an error
    reader = pyarrow.csv.open_csv(
        pa.PythonFile(source, mode="r"),
        read_options=pyarrow.csv.ReadOptions(column_names=names, block_size=_BLOCK_BYTES, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(
            double_quote=False, escape_char="\\", ignore_empty_lines=False, invalid_row_handler=broken
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    yield from reader


def _read_ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Read the next batch while the caller works on the last one."""
    with ThreadPoolExecutor(1) as thread:
        upcoming = thread.submit(next, batches, None)
        while (batch := upcoming.result()) is not None:
            upcoming = thread.submit(next, batches, None)
            yield batch


def _check_cells(
    batch: pa.RecordBatch, dataset: Dataset, scan: Scan, lines: _LineNumbers, hidden: Collection[str]
) -> None:
    for column in dataset.columns:
        if column.name not in batch.schema.names:
            continue
        cells = batch.column(column.name)
        for problem, mask in _cell_problems(column, cells):
            indices = pc.indices_nonzero(pc.fill_null(mask, False))
            scan.wrong_count += len(indices)
            for index in indices[: _MAX_EXAMPLES - len(scan.wrong)].to_pylist():
                text = str(cells[index].as_py() or "")[:_MAX_TEXT_CHARS]
                text = MASK if text and column.name in hidden else text
                scan.wrong.append({"line": lines.of(index), "problem": f"{column.name} {problem}", "text": text})


def _check_users(batch: pa.RecordBatch, ids: UserIds, scan: Scan, lines: _LineNumbers) -> None:
    """Count rows of users among ids; examples have the line alone, because these ids are not to be shown."""
    indices = ids.rows_of(batch)
    scan.suppressed_count += len(indices)
    for index in indices[: _MAX_EXAMPLES - len(scan.suppressed_lines)].to_pylist():
        scan.suppressed_lines.append({"line": lines.of(index)})


def _cell_problems(column: Column, cells: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """Yield each problem of a column's cells with a boolean mask of the cells that have it. Cells are text, or null."""
    column_type = COLUMN_TYPES[column.type]
    if column.required and cells.null_count:
        yield "is empty, but required", pc.is_null(cells)
    limit = TEXTUAL_CHARS if column.textual else column.max_chars
    # No text has more characters than bytes, whose number is at hand.
    if limit is not None and (pc.max(pc.binary_length(cells)).as_py() or 0) > limit:
        yield f"has over {limit:,} characters", pc.greater(pc.utf8_length(cells), limit)
    if column_type.csv_pattern is None:
        return
    if column_type.is_whole and _are_digits(cells):
        yield from _number_problems(column, cells)
        return
    is_well_formed = _matches(cells, column_type.csv_pattern)
    if pc.any(pc.invert(is_well_formed)).as_py():
        yield f"is no {column.type} as Personalize reads it", pc.invert(is_well_formed)
    elif column_type.is_whole:
        yield from _number_problems(column, cells)


def _are_digits(cells: pa.Array) -> bool:
    """Whether every cell but null is one digit or more: most numbers are, which takes a tenth of the time to see."""
    if not pc.min(pc.binary_length(cells)).as_py():
        return False
    # Below a digit is far above it in a byte.
    return bool((np.frombuffer(text_bytes(cells), np.uint8) - np.uint8(ord("0")) < 10).all())


def _matches(cells: pa.Array, pattern: str) -> pa.Array:
    """Whether cells match an expression; null stays null. Prices and the like repeat: each is compared once."""
    distinct = cells.dictionary_encode()
    return pc.match_substring_regex(distinct.dictionary, pattern).take(distinct.indices)


def _number_problems(column: Column, cells: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    column_type = COLUMN_TYPES[column.type]
    try:
        numbers = cells.cast(column_type.arrow)
    except pa.ArrowInvalid:
        # Only longer ones can be too large. Some of them may fit, but are not worth a second pass over a broken file.
        yield f"is too large for {column.type}", pc.greater(pc.utf8_length(cells), 9)
        return
    if column.is_event_time:
        latest = int(time.time()) + DAY_SECONDS
        is_outside = pc.or_(pc.less(numbers, MIN_EPOCH_SECONDS), pc.greater(numbers, latest))
        if pc.any(is_outside).as_py():
            yield "is not in epoch seconds between 1990-01-01 and tomorrow", is_outside
