"""Rows of daily Parquet files: their row groups, and what of them belongs to a piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from personalize_assets.conversion.export.pieces import Piece, RowGroup, is_at_or_behind
from personalize_assets.conversion.reading.file_errors import UnansweredFile, UnreadableDailyFile
from personalize_assets.conversion.reading.filesystem import FileSystem

_FOOTERS_AT_ONCE = 16
_ROWS_AT_ONCE = 65_536


def row_groups(uris: Sequence[str], s3: dict[str, Any], time_column: str | None) -> list[RowGroup]:
    """The row groups of Parquet files, from their footers. Without a time column all begin and end at 0.

    Raises ``UnreadableDailyFile`` for a file that is missing or damaged.
    """
    filesystem = FileSystem(s3)

    def of_file(uri: str) -> list[RowGroup]:
        with open_parquet(filesystem, uri) as parquet:
            metadata = parquet.metadata
        place = metadata.schema.names.index(time_column) if time_column else None
        groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
        return [
            RowGroup(uri, number, group.num_rows, *(_range(group, place) if place is not None else (0, 0)))
            for number, group in enumerate(groups)
            if group.num_rows
        ]

    with ThreadPoolExecutor(_FOOTERS_AT_ONCE) as threads:
        return [group for groups in threads.map(of_file, uris) for group in groups]


@contextmanager
def open_parquet(
    filesystem: FileSystem, uri: str, remedy: str = "materialize the daily datasets of that day again"
) -> Iterator[pq.ParquetFile]:
    """A Parquet file of ours. Raises ``UnreadableDailyFile`` if it is missing or damaged; ``remedy`` ends its text."""
    try:
        with filesystem.open(uri) as file:
            yield pq.ParquetFile(file)
    except UnansweredFile:
        raise
    except (OSError, pa.ArrowInvalid) as error:
        raise UnreadableDailyFile(f"{uri} cannot be read: {error}; {remedy}") from error


def _range(group: Any, place: int) -> tuple[int, int]:
    statistics = group.column(place).statistics
    if statistics is None or not statistics.has_min_max:
        return -(2**63), 2**63 - 1  # a file of another writer: it may hold any time
    return statistics.min, statistics.max


def read_groups(groups: Sequence[RowGroup], columns: Sequence[str], s3: dict[str, Any]) -> Iterator[pa.RecordBatch]:
    """The rows of row groups, in batches; each file is opened once."""
    filesystem = FileSystem(s3)
    by_file: dict[str, list[int]] = {}
    for group in groups:
        by_file.setdefault(group.uri, []).append(group.number)
    for uri, numbers in by_file.items():
        with open_parquet(filesystem, uri) as parquet:
            yield from parquet.iter_batches(_ROWS_AT_ONCE, row_groups=sorted(numbers), columns=list(columns))


def read_piece(
    piece: Piece, order: Sequence[str], columns: Sequence[str], s3: dict[str, Any]
) -> Iterator[pa.RecordBatch]:
    """The rows of a piece, in no particular order; ``columns`` include those of its bounds."""
    for batch in read_groups(piece.groups, columns, s3):
        rows = batch
        if piece.at is not None:
            rows = rows.filter(pa.array(is_at_or_behind(rows, order, piece.at)))
        if piece.until is not None and rows.num_rows:
            rows = rows.filter(pa.array(~is_at_or_behind(rows, order, piece.until)))
        if rows.num_rows:
            yield rows
