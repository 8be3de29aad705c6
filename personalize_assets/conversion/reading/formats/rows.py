"""What the readers of rows have in common: an interface, and the reasons of rows that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from personalize_assets.conversion.reading.formats.row_columns import RowColumns
from personalize_assets.conversion.reading.json_value import Event

MALFORMED_ROW = "malformed_row"
"""Reason of the reject for a row of a CSV with more or fewer cells than columns, or that is not UTF-8."""

ROWS, ROW_GROUPS = "rows", "row_groups"
"""The framing of files of rows, as ``lines`` and ``stream`` are those of JSON; row groups can be read one by one."""


class RowReader(Protocol):
    """Reads one file."""

    def __iter__(self) -> Iterator[RowColumns | bytes | Event]:
        """Yield blocks of rows, and what cannot be read, in the order of the file.

        A block has a JSON object on a line for each row, or columns, if the reader was made for them.

        Raises ``TruncatedStream`` behind what can be read of a damaged file.
        """
