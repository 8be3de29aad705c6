"""The difference of two sorted CSVs, held to one by Counter and by dict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.export.csv_lines import csv_lines
from personalize_assets.conversion.export.row_order import sort_order
from personalize_assets.pipeline.importing.csv_difference import Difference, RowOrder, UnsortedCsv, difference

EVENTS = RowOrder.of_events(("USER_ID", "TIMESTAMP", "EVENT_TYPE"), {"TIMESTAMP"})
ITEMS = RowOrder.of_entities(("ITEM_ID", "TITLE"), "ITEM_ID")


def blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def quoted(text: str) -> bytes:
    if any(mark in text for mark in ',"\\'):
        return b'"' + text.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'
    return text.encode()


def csv_of_events(rows: list[tuple[str, int, str]]) -> bytes:
    ordered = sorted(rows, key=lambda row: (row[1], row[0].encode(), row[2].encode()))
    return b"".join(b"%s,%d,%s\n" % (quoted(user), at, quoted(kind)) for user, at, kind in ordered)


def csv_of_items(rows: dict[str, str]) -> bytes:
    ordered = sorted(rows.items(), key=lambda row: row[0].encode())
    return b"".join(b"%s,%s\n" % (quoted(id), quoted(title)) for id, title in ordered)


def made(older: bytes, newer: bytes, order: RowOrder, size: int = 7) -> tuple[list[bytes], Difference]:
    lines: list[bytes] = []
    found = difference(blocks(older, size), blocks(newer, size), order, lines.append)
    return lines, found


TEXTS = st.text(st.sampled_from('ab,"\\é '), max_size=3)
EVENT_ROWS = st.lists(st.tuples(TEXTS, st.integers(9, 11) | st.integers(0, 10**10), TEXTS), max_size=12)
ITEM_ROWS = st.dictionaries(st.text(st.sampled_from('ab,"\\é'), min_size=1, max_size=2), TEXTS, max_size=12)


@given(EVENT_ROWS, EVENT_ROWS, EVENT_ROWS, st.integers(1, 40))
def test_events_differ_as_multisets_of_rows_do(
    both: list[tuple[str, int, str]], gone: list[tuple[str, int, str]], added: list[tuple[str, int, str]], size: int
) -> None:
    older, newer = csv_of_events(both + gone), csv_of_events(both + added)
    before, after = Counter(older.splitlines(True)), Counter(newer.splitlines(True))

    lines, found = made(older, newer, EVENTS, size)

    assert Counter(lines) == after - before
    assert found.vanished == (before - after).total()
    assert (found.rows, found.bytes) == (len(lines), sum(map(len, lines)))


@given(ITEM_ROWS, ITEM_ROWS, st.integers(1, 40))
def test_items_differ_by_their_ids(before: dict[str, str], after: dict[str, str], size: int) -> None:
    lines, found = made(csv_of_items(before), csv_of_items(after), ITEMS, size)

    changed = {id: title for id, title in after.items() if before.get(id) != title}
    assert b"".join(lines) == csv_of_items(changed)
    assert found.vanished == len(before.keys() - after.keys())


@given(EVENT_ROWS, EVENT_ROWS)
def test_the_rows_before_and_the_difference_are_the_rows_after_if_none_vanished(
    both: list[tuple[str, int, str]], added: list[tuple[str, int, str]]
) -> None:
    older, newer = csv_of_events(both), csv_of_events(both + added)

    lines, found = made(older, newer, EVENTS)

    assert found.vanished == 0
    assert Counter(older.splitlines(True) + lines) == Counter(newer.splitlines(True))


def test_long_equal_stretches_are_skipped_on_both_sides_of_a_difference() -> None:
    rows = [("u", at, "View") for at in range(1_000_000_000, 1_000_200_000)]
    older, newer = csv_of_events(rows), csv_of_events([*rows, ("late", 1_000_100_000, "View")])

    lines, found = made(older, newer, EVENTS, 1 << 16)

    assert lines == [b"late,1000100000,View\n"]
    assert found == Difference(1, 21, 0)


def test_a_csv_that_is_not_sorted_is_refused() -> None:
    with pytest.raises(UnsortedCsv, match="a row is less than one before it"):
        made(b"", b"u,20,View\nu,10,View\n", EVENTS)


COLUMNS = {"USER_ID": pa.string(), "EVENT_VALUE": pa.float64(), "TIMESTAMP": pa.int64(), "DEPTH": pa.int64()}
CELLS = st.fixed_dictionaries(
    {
        "USER_ID": TEXTS.map(lambda text: text.strip() or None),
        "EVENT_VALUE": st.none() | st.sampled_from([-1.5, 0.5, 2.0, 10.0, 9.25, 1e15]),
        "TIMESTAMP": st.sampled_from([1, 2, 10]),
        "DEPTH": st.none() | st.sampled_from([-2, 3, 20, 2**53, 2**53 + 1]),
    }
)


def exported(rows: list[dict[str, Any]]) -> bytes:
    """Rows as an export sorts and writes them."""
    table = pa.Table.from_pylist(rows, pa.schema(list(COLUMNS.items())))
    ordered = table.take(sort_order(table, ["TIMESTAMP", *COLUMNS])).combine_chunks()
    return b"".join(bytes(csv_lines(batch)) for batch in ordered.to_batches())


@given(st.lists(CELLS, max_size=15), st.lists(CELLS, max_size=5), st.lists(CELLS, max_size=15))
def test_the_order_is_the_one_of_exports(
    both: list[dict[str, Any]], gone: list[dict[str, Any]], added: list[dict[str, Any]]
) -> None:
    older, newer = exported(both + gone), exported(both + added)
    before, after = Counter(older.splitlines(True)), Counter(newer.splitlines(True))
    order = RowOrder.of_events(tuple(COLUMNS), {"EVENT_VALUE", "TIMESTAMP", "DEPTH"})

    lines, found = made(older, newer, order)

    assert Counter(lines) == after - before
    assert found.vanished == (before - after).total()


def test_many_rows_of_one_time_are_compared_one_by_one() -> None:
    rows = [(f"u{number:07d}", 1_000_000_000, "View") for number in range(30_000)]
    older, newer = csv_of_events(rows[::2]), csv_of_events(rows)

    lines, found = made(older, newer, EVENTS, 1 << 16)

    assert (len(lines), found.vanished) == (15_000, 0)
