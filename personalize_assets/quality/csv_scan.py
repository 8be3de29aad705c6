"""Reads a CSV that lies there as Personalize would, in one pass and bounded memory; looks at bytes, not at our word."""

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


@dataclass
class Scan:
    """What was found. ``broken`` and ``wrong`` hold up to five lines each: ``{"line", "problem", "text"}``.

    Attributes:
        rows: Records of the right number of cells; ``lines`` counts every line but the header.
        broken_count: Lines that are no record; ``wrong_count``: values that Personalize would not take.
    """

    header: list[str] = field(default_factory=list)
    rows: int = 0
    lines: int = 0
    bytes: int = 0
    sha256: str = ""
    broken: list[dict[str, Any]] = field(default_factory=list)
    broken_count: int = 0
    wrong: list[dict[str, Any]] = field(default_factory=list)
    wrong_count: int = 0

    def is_broken(self, line: int | str, problem: str, text: str) -> None:
        self.broken_count += 1
        if len(self.broken) < _MAX_SHOWN:
            self.broken.append({"line": line, "problem": problem, "text": text[:_SHOWN_CHARS]})


def together(scans: Sequence[Scan], names: Sequence[str]) -> Scan:
    """The files of a folder as one scan; each line to blame says its file.

    A header that differs from the first file's is the one that counts, so that it is seen. The SHA-256 is that of the
    files' own in hexadecimal, a line each.
    """
    first = scans[0].header
    return Scan(
        header=next((scan.header for scan in scans if scan.header != first), first),
        rows=sum(scan.rows for scan in scans),
        lines=sum(scan.lines for scan in scans),
        bytes=sum(scan.bytes for scan in scans),
        sha256=hashlib.sha256("".join(f"{scan.sha256}\n" for scan in scans).encode()).hexdigest(),
        broken=_of_files([scan.broken for scan in scans], names),
        broken_count=sum(scan.broken_count for scan in scans),
        wrong=_of_files([scan.wrong for scan in scans], names),
        wrong_count=sum(scan.wrong_count for scan in scans),
    )


def _of_files(lines: Sequence[list[dict[str, Any]]], names: Sequence[str]) -> list[dict[str, Any]]:
    return [{"file": name, **line} for name, found in zip(names, lines, strict=True) for line in found][:_MAX_SHOWN]


class _Bytes:
    """A file as Arrow reads it, with its header taken off; counts and hashes what goes through."""

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
        """Read what the parser has left, and say what the whole file told."""
        while self.read(_BLOCK_BYTES):
            pass
        scan = self._scan
        scan.sha256 = self._digest.hexdigest()
        scan.lines -= self._newlines_in_header
        if self._last != b"\n":
            scan.lines += 1
            scan.is_broken("last", "the file does not end with a line feed", "")
        if self._returns:
            scan.is_broken("any", f"{self._returns:,} carriage returns; lines end with a line feed alone", "")


class _Lines:
    """On which lines the records of a batch stand. Arrow tells of broken lines before it gives the records around them.

    No more is kept than what Arrow has read ahead.
    """

    def __init__(self) -> None:
        self.broken: deque[int] = deque()
        self._among: list[int] = []
        self._first = self._next = 2

    def take(self, records: int) -> None:
        self._first, self._among = self._next, []
        self._next += records
        while self.broken and self.broken[0] < self._next:
            self._among.append(self.broken.popleft())
            self._next += 1

    def of(self, place: int) -> int:
        line = self._first + place
        for broken in self._among:
            if broken > line:
                break
            line += 1
        return line


def scan_csv(file: IO[bytes], dataset: Dataset, hidden: Collection[str] = ()) -> Scan:
    """Read a CSV to its end. It raises nothing about the content: whatever is wrong stands in the result.

    With ``hidden`` columns it shows no value of theirs, and of a line that is no record, where nobody can tell which
    value is whose, nothing at all; nor what stands in a header that is no column's name.
    """
    scan = Scan()
    lines = _Lines()
    source = _Bytes(file, scan)
    header = source.header.decode("utf-8", "backslashreplace")
    scan.header = header.split(",")
    names = scan.header if len(set(scan.header)) == len(scan.header) else [str(n) for n in range(len(scan.header))]
    try:
        for batch in _ahead(_batches(source, names, scan, lines)):
            lines.take(batch.num_rows)
            _look_at(batch, dataset, scan, lines, hidden)
            scan.rows += batch.num_rows
    except pa.ArrowInvalid as error:
        # Arrow's own words may hold what it cannot read.
        problem = "no CSV from here on" if hidden else str(error)
        scan.is_broken(f"after {scan.rows + scan.broken_count + 1:,}", problem, "")
    source.end()
    if not scan.broken_count and scan.rows != scan.lines:
        scan.is_broken("any", f"{scan.rows:,} records on {scan.lines:,} lines: a value holds a line break", "")
    if hidden:
        known = {column.name for column in dataset.columns}
        scan.header = [name if name in known or not name else MASK for name in scan.header]
        scan.broken = [{**line, "text": MASK if line["text"] else ""} for line in scan.broken]
    return scan


def _batches(source: _Bytes, names: list[str], scan: Scan, lines: _Lines) -> Iterator[pa.RecordBatch]:
    def broken(row: Any) -> str:
        problem = f"{row.actual_columns} cells instead of {row.expected_columns}"
        # Without threads Arrow has the number, from the first line it sees, which is the second of the file.
        lines.broken.append(row.number + 1)
        scan.is_broken(row.number + 1, problem, row.text or "")
        return "skip"

    if not source.has_rows():
        return  # Arrow would take that for an error
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


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The next batch is read while the last one is looked at."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = thread.submit(next, batches, None)
            yield batch


def _look_at(batch: pa.RecordBatch, dataset: Dataset, scan: Scan, lines: _Lines, hidden: Collection[str]) -> None:
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
                scan.wrong.append({"line": lines.of(place), "problem": f"{column.name} {problem}", "text": text})
