"""docs/reference/limits.md gives the limits that the code has."""

from __future__ import annotations

import pytest

from personalize_assets.conversion.mapping.event_mapper import TOO_MANY_ELEMENTS
from personalize_assets.conversion.reading.damage import (
    MAX_UNPACKED_BYTES,
    MAX_UNPACKED_RATIO,
    UNPACKED_TOO_LARGE,
)
from personalize_assets.conversion.reading.field_tree import MAX_ELEMENTS
from personalize_assets.conversion.reading.file_formats import UNREADABLE_FILE
from personalize_assets.conversion.reading.formats.csv_rows import MAX_ROW_BYTES
from personalize_assets.conversion.reading.formats.rows import MALFORMED_ROW
from personalize_assets.conversion.reading.framer import (
    EVENT_TOO_LARGE,
    MAX_EVENT_BYTES,
    MAX_MALFORMED_IN_A_ROW,
    TOO_MANY_MALFORMED,
)
from personalize_assets.conversion.reading.json_value import (
    MALFORMED,
    MAX_DEPTH,
    MAX_RAW_BYTES,
    MAX_VALUES,
    TOO_MANY_VALUES,
)
from personalize_assets.conversion.reading.text_blocks import MAX_PACKED_TIMES
from personalize_assets_tests.helpers.samples import REPO


@pytest.mark.parametrize(
    ("limit", "value", "beyond"),
    [
        ("bytes of one event", f"{MAX_EVENT_BYTES:,} (", EVENT_TOO_LARGE),
        ("values (fields, elements) of one event", f"{MAX_VALUES:,} ", TOO_MANY_VALUES),
        ("rows that `each` makes of one event", f"{MAX_ELEMENTS:,} ", TOO_MANY_ELEMENTS),
        ("nesting of one event", f"{MAX_DEPTH} ", MALFORMED),
        ("unpacked bytes of a packed file", f"{MAX_UNPACKED_BYTES:,} (", UNPACKED_TOO_LARGE),
        ("unpacked bytes of a packed file", f" or {MAX_UNPACKED_RATIO} times", UNPACKED_TOO_LARGE),
        ("bytes of one row of a CSV", f"{MAX_ROW_BYTES:,} (", MALFORMED_ROW),
        ("times a file is packed, one in the other", f"{MAX_PACKED_TIMES} ", UNREADABLE_FILE),
        ("malformed events in a row", f"{MAX_MALFORMED_IN_A_ROW:,} ", TOO_MANY_MALFORMED),
        ("bytes of a broken stretch that a reject keeps", f"{MAX_RAW_BYTES:,} (", ""),
    ],
)
def test_the_limits_in_the_docs_are_those_of_the_code(limit: str, value: str, beyond: str) -> None:
    rows = (REPO / "docs/reference/limits.md").read_text().splitlines()
    (row,) = [row for row in rows if row.startswith(f"| {limit} |")]

    assert value in row
    assert beyond in row
