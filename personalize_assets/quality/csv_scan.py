"""Reads an exported CSV as Personalize does, in one pass and bounded memory. Uses the bytes alone, not the manifest."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.masking import MASK
from personalize_assets.quality.cells import problems

_BLOCK_BYTES = 4 * 1024 * 1024
_SHOWN_CHARS = 200
_MAX_SHOWN = 5


BadLine = dict[str, str | int]
"""``line`` (its number, or ``any``, ``last``, ``after 7``), ``problem``, ``text`` (cut); in a folder also ``file``."""


@dataclass
class Scan:
    """What was found in a CSV.

    Attributes:
        header: The names in the first line, as they are written there.
        rows: Records with the right number of cells.
        lines: All lines but the header.
        sha256: Of the whole file, in hexadecimal.
        broken: The first lines that are not a record; at most ``_MAX_SHOWN``, as ``wrong``.
        broken_count: The number of such lines.
        wrong: The first values that Personalize would not accept.
        wrong_count: The number of such values.
    """

    header: list[str] = field(default_factory=list)
    rows: int = 0
    lines: int = 0
    bytes: int = 0
    sha256: str = ""
    broken: list[BadLine] = field(default_factory=list)
    broken_count: int = 0
    wrong: list[BadLine] = field(default_factory=list)
    wrong_count: int = 0

    def add_broken(self, line: int | str, problem: str, text: str) -> None:
        """Count a line that is not a record, and keep it if it is among the first."""
        self.broken_count += 1
        if len(self.broken) < _MAX_SHOWN:
            self.broken.append({"line": line, "problem": problem, "text": text[:_SHOWN_CHARS]})


def merge_scans(scans: Sequence[Scan], names: Sequence[str]) -> Scan:
    """The files of a folder as one scan; ``names`` are theirs, and each bad line carries one.

    If a header differs from that of the first file, it becomes the header of the whole, so that a rule finds it. The
    SHA-256 is that of the digests of the files (hexadecimal, one a line), as in ``ExportManifest``.
    """
    first = scans[0].header
    return Scan(
        header=next((scan.header for scan in scans if scan.header != first), first),
        rows=sum(scan.rows for scan in scans),
        lines=sum(scan.lines for scan in scans),
        bytes=sum(scan.bytes for scan in scans),
        sha256=hashlib.sha256("".join(f"{scan.sha256}\n" for scan in scans).encode()).hexdigest(),
        broken=_with_file_names([scan.broken for scan in scans], names),
        broken_count=sum(scan.broken_count for scan in scans),
        wrong=_with_file_names([scan.wrong for scan in scans], names),
        wrong_count=sum(scan.wrong_count for scan in scans),
    )


def _with_file_names(lines: Sequence[list[BadLine]], names: Sequence[str]) -> list[BadLine]:
    return [{"file": name, **line} for name, found in zip(names, lines, strict=True) for line in found][:_MAX_SHOWN]


class _Bytes:
    """The file that Arrow reads: without the header. Counts and hashes all bytes, those of the header too."""

    closed = False

    def __init__(self, file: IO[bytes], scan: Scan) -> None:
        self._file = file
        self._scan = scan
        self._digest = hashlib.sha256()
        self._last = b"\n"
        self._returns = 0
        block = self._take(_BLOCK_BYTES)
        self.header, found, self._rest = block.partition(b"\n")
        self._newlines_in_header = len(found)

    def _take(self, size: int) -> bytes:
        block = self._file.read(size)
        self._digest.update(block)
        self._scan.bytes += len(block)
        self._scan.lines += block.count(b"\n")
        self._returns += block.count(b"\r")
        self._last = block[-1:] or self._last
        return block

    def read(self, size: int = -1) -> bytes:
        """Read as a binary file does; a negative size reads one block, not all of the file."""
        if self._rest:
            size = len(self._rest) if size < 0 else size
            block, self._rest = self._rest[:size], self._rest[size:]
            return block
        return self._take(_BLOCK_BYTES if size < 0 else size)

    def has_rows(self) -> bool:
        """Whether there is anything after the header."""
        self._rest = self._rest or self._take(_BLOCK_BYTES)
        return bool(self._rest)

    def readable(self) -> bool:
        """Arrow asks."""
        return True

    def close(self) -> None:
        """Called by Arrow; the file itself stays open."""
        self.closed = True

    def end(self) -> None:
        """Read what the parser left unread, and put what is known of the whole file into the scan."""
        while self.read(_BLOCK_BYTES):
            pass
        scan = self._scan
        scan.sha256 = self._digest.hexdigest()
        scan.lines -= self._newlines_in_header
        if self._last != b"\n":
            scan.lines += 1
            scan.add_broken("last", "the file does not end with a line feed", "")
        if self._returns:
            scan.add_broken("any", f"{self._returns:,} carriage returns; lines end with a line feed alone", "")


class _Lines:
    """The line numbers of the records of a batch.

    Arrow reports a broken line before it returns the records around it: ``broken`` holds the numbers of those reported
    and not yet passed, no more than what Arrow has read ahead.
    """

    def __init__(self) -> None:
        self.broken: deque[int] = deque()
        self._among: list[int] = []
        self._first = self._next = 2

    def advance(self, records: int) -> None:
        """Go on to the next batch, of so many records."""
        self._first, self._among = self._next, []
        self._next += records
        while self.broken and self.broken[0] < self._next:
            self._among.append(self.broken.popleft())
            self._next += 1

    def number(self, place: int) -> int:
        """The line number of the record at a position of the current batch."""
        line = self._first + place
        for broken in self._among:
            if broken > line:
                break
            line += 1
        return line


def scan_csv(file: IO[bytes], dataset: Dataset, hidden: Collection[str] = ()) -> Scan:
    """Read a CSV to its end. What is wrong with the content is in the result; it raises no error.

    The result has no value of a ``hidden`` column. If there are such columns, it has no text of broken lines either,
    because their cells cannot be assigned to columns, and no header name that is not a column of the dataset.
    """
    scan = Scan()
    lines = _Lines()
    source = _Bytes(file, scan)
    header = source.header.decode("utf-8", "backslashreplace")
    scan.header = header.split(",")
    names = scan.header if len(set(scan.header)) == len(scan.header) else [str(n) for n in range(len(scan.header))]
    try:
        for batch in _read_ahead(_batches(source, names, scan, lines)):
            lines.advance(batch.num_rows)
            _check_values(batch, dataset, scan, lines, hidden)
            scan.rows += batch.num_rows
    except pa.ArrowInvalid as error:
        # The text of Arrow's error may quote what it cannot read.
        problem = "not a CSV from here on" if hidden else str(error)
        scan.add_broken(f"after {scan.rows + scan.broken_count + 1:,}", problem, "")
    source.end()
    if not scan.broken_count and scan.rows != scan.lines:
        scan.add_broken("any", f"{scan.rows:,} records on {scan.lines:,} lines: a value holds a line break", "")
    if hidden:
        known = {column.name for column in dataset.columns}
        scan.header = [name if name in known or not name else MASK for name in scan.header]
        scan.broken = [{**line, "text": MASK if line["text"] else ""} for line in scan.broken]
    return scan


def _batches(source: _Bytes, names: list[str], scan: Scan, lines: _Lines) -> Iterator[pa.RecordBatch]:
    def add_broken(row: Any) -> str:
        problem = f"{row.actual_columns} cells instead of {row.expected_columns}"
        # Arrow numbers lines only without threads, and counts from the first it sees: the second line of the file.
        lines.broken.append(row.number + 1)
        scan.add_broken(row.number + 1, problem, row.text or "")
        return "skip"

    if not source.has_rows():
        return  # Arrow raises an error for an empty file
    reader = pyarrow.csv.open_csv(
        pa.PythonFile(source, mode="r"),
        read_options=pyarrow.csv.ReadOptions(column_names=names, block_size=_BLOCK_BYTES, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(
            double_quote=False, escape_char="\\", ignore_empty_lines=False, invalid_row_handler=add_broken
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
    """The same batches; each is read in a thread while the one before is checked."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = thread.submit(next, batches, None)
            yield batch


def _check_values(batch: pa.RecordBatch, dataset: Dataset, scan: Scan, lines: _Lines, hidden: Collection[str]) -> None:
    for column in dataset.columns:
        if column.name not in batch.schema.names:
            continue
        values = batch.column(column.name)
        for problem, mask in problems(column, values):
            places = pc.indices_nonzero(pc.fill_null(mask, False))
            scan.wrong_count += len(places)
            for place in places[: _MAX_SHOWN - len(scan.wrong)].to_pylist():
                text = str(values[place].as_py() or "")[:_SHOWN_CHARS]
                text = MASK if text and column.name in hidden else text
                scan.wrong.append({"line": lines.number(place), "problem": f"{column.name} {problem}", "text": text})
