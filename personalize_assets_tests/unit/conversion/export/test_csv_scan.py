"""A CSV read as Personalize would: what is right passes, and what is wrong is named by its line."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.export import csv_scan as scanning
from personalize_assets.conversion.export.csv_scan import Scan, combine_scans, scan_csv

ITEMS = Dataset(
    "items",
    (
        Column("ITEM_ID", required=True),
        Column("PRICE", type="float"),
        Column("TEXT", textual=True),
        Column("MADE", type="timestamp"),
        Column("SOLD", type="boolean"),
        Column("STOCK", type="int"),
    ),
    {},
)
HEADER = "ITEM_ID,PRICE,TEXT,MADE,SOLD,STOCK\n"
ROW = "i1,9.5,red,1790812800,True,3\n"


def scanned(text: str | bytes) -> Scan:
    return scan_csv(io.BytesIO(text if isinstance(text, bytes) else text.encode()), ITEMS)


def test_a_file_as_it_should_be_has_nothing_wrong_and_is_counted_to_its_end() -> None:
    text = HEADER + ROW + 'i2,,"a \\"b\\", \\\\ ü",,False,-4\n'

    scan = scanned(text)

    assert (scan.broken, scan.wrong) == ([], [])
    assert (scan.header, scan.rows, scan.lines) == (HEADER.strip().split(","), 2, 2)
    assert (scan.bytes, scan.sha256) == (len(text.encode()), hashlib.sha256(text.encode()).hexdigest())


def test_without_a_digest_all_else_is_counted() -> None:
    text = (HEADER + ROW).encode()

    scan = scan_csv(io.BytesIO(text), ITEMS, has_digest=False)

    assert (scan.rows, scan.lines, scan.bytes, scan.sha256) == (1, 1, len(text), "")


def test_a_header_alone_is_a_file_without_rows() -> None:
    scan = scanned(HEADER)

    assert (scan.rows, scan.lines, scan.broken, scan.wrong) == (0, 0, [], [])


def test_an_empty_file_has_no_header() -> None:
    scan = scanned("")

    assert (scan.header, scan.rows, scan.bytes) == ([""], 0, 0)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (",9.5,red,1790812800,True,3", "ITEM_ID is empty, but required"),
        (f"{'i' * 257},9.5,red,1790812800,True,3", "ITEM_ID has over 256 characters"),
        (f"i,9.5,{'t' * 20_001},1790812800,True,3", "TEXT has over 20,000 characters"),
        ("", "ITEM_ID is empty, but required"),
        ("i,1e5,red,1790812800,True,3", "PRICE is no float as Personalize reads it"),
        ("i,9.5,red,1790812800.5,True,3", "MADE is no timestamp as Personalize reads it"),
        ("i,9.5,red,1790812800,true,3", "SOLD is no boolean as Personalize reads it"),
        ("i,9.5,red,1790812800,True,three", "STOCK is no int as Personalize reads it"),
        ("i,9.5,red,1790812800,True,3000000000", "STOCK is too large for int"),
        ("i,9.5,red,1790812800,True,3/", "STOCK is no int as Personalize reads it"),
        ("i,9.5,red,1790812800,True,3:", "STOCK is no int as Personalize reads it"),
        ('i,9.5,red,1790812800,True,""', "STOCK is no int as Personalize reads it"),
    ],
)
def test_a_wrong_value_is_named_by_its_line(line: str, problem: str) -> None:
    scan = scanned(HEADER + ROW + line + "\n")

    assert [(wrong["line"], wrong["problem"]) for wrong in scan.wrong] == [(3, problem)]
    assert (scan.wrong_count, scan.broken_count) == (1, 0)


@pytest.mark.parametrize("time", ["1790812800000", "179081280", "-5"])
def test_the_time_of_an_interaction_has_a_range_and_the_date_of_an_item_has_none(time: str) -> None:
    columns = (
        Column("USER_ID", required=True),
        Column("ITEM_ID", required=True),
        Column("TIMESTAMP", type="timestamp"),
    )
    text = f"USER_ID,ITEM_ID,TIMESTAMP\nu,i,{time}\n"

    of_interactions = scan_csv(io.BytesIO(text.encode()), Dataset("interactions", columns, {}))
    of_items = scanned(HEADER + ROW.replace("1790812800", time))

    problem = "TIMESTAMP is not in epoch seconds between 1990-01-01 and tomorrow"
    assert [(wrong["line"], wrong["problem"]) for wrong in of_interactions.wrong] == [(2, problem)]
    assert (of_items.rows, of_items.wrong) == (1, [])


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (HEADER + ROW + "i2,1\n" + ROW, 3, "2 cells instead of 6"),
        (HEADER + ROW + "i2,1,a,b,1790812800,True,3\n", 3, "7 cells instead of 6"),
        (HEADER + ROW + ROW.strip(), "last", "the file does not end with a line feed"),
        ((HEADER + ROW).replace("\n", "\r\n"), "any", "2 carriage returns; lines end with a line feed alone"),
    ],
    ids=["too few cells", "too many cells", "no end", "CRLF"],
)
def test_a_broken_line_is_named(text: str, line: Any, problem: str) -> None:
    scan = scanned(text)

    assert {"line": line, "problem": problem} in [{"line": b["line"], "problem": b["problem"]} for b in scan.broken]


def test_a_line_break_inside_quotes_is_broken() -> None:
    assert scanned(HEADER + ROW + 'i2,1,"a\nb",1790812800,True,3\n' + ROW).broken_count > 0


def test_bytes_that_are_not_utf8_are_broken() -> None:
    scan = scanned(HEADER.encode() + b"i\xff,9.5,red,1790812800,True,3\n")

    assert scan.broken_count == 1
    assert "UTF8" in str(scan.broken[0]["problem"])


def test_a_byte_order_mark_makes_another_name_of_the_first_column() -> None:
    assert scanned("\ufeff" + HEADER + ROW).header[0] == "\ufeffITEM_ID"


def test_of_many_wrong_values_all_are_counted_and_five_are_shown() -> None:
    scan = scanned(HEADER + "i,dear,red,1790812800,True,3\n" * 1000)

    assert (scan.wrong_count, [wrong["line"] for wrong in scan.wrong]) == (1000, [2, 3, 4, 5, 6])


def test_lines_keep_their_numbers_over_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "_BLOCK_BYTES", 1000)
    text = HEADER + ROW * 500 + "i2\n" + ROW * 500 + ",9.5,red,1790812800,True,3\n"

    scan = scanned(text)

    assert [broken["line"] for broken in scan.broken] == [502]
    assert [wrong["line"] for wrong in scan.wrong] == [1003]
    assert (scan.rows, scan.lines, scan.bytes) == (1001, 1002, len(text))


def test_the_files_of_a_folder_count_as_one_and_a_line_says_its_file() -> None:
    good, bad = scanned(HEADER + ROW), scanned(HEADER + ROW + ",9.5,red,1790812800,True,3\n")

    scan = combine_scans([good, bad, scanned("X\n")], ["0.csv", "1.csv", "2.csv"])

    assert (scan.rows, scan.lines, scan.bytes, scan.wrong_count) == (3, 3, good.bytes + bad.bytes + 2, 1)
    assert scan.header == ["X"]
    other = hashlib.sha256(b"X\n").hexdigest()
    assert scan.sha256 == hashlib.sha256(f"{good.sha256}\n{bad.sha256}\n{other}\n".encode()).hexdigest()
    assert scan.wrong == [{"file": "1.csv", "line": 3, "problem": "ITEM_ID is empty, but required", "text": ""}]


def test_of_hidden_columns_no_value_is_shown_nor_of_what_may_be_one() -> None:
    def shown(text: str) -> list[Any]:
        scan = scan_csv(io.BytesIO(text.encode()), ITEMS, {"PRICE"})
        return [scan.header[0], *([line["problem"], line["text"]] for line in [*scan.broken, *scan.wrong])]

    assert shown(HEADER + "i1,cheap,red,soon,True,3\n") == [
        "ITEM_ID",
        ["PRICE is no float as Personalize reads it", "***"],
        ["MADE is no timestamp as Personalize reads it", "soon"],
    ]
    assert shown(HEADER + ROW + "i2,9\n")[1:] == [["2 cells instead of 6", "***"]]
    assert shown(ROW)[0] == "***"
    assert shown("")[0] == ""


def test_arrows_own_words_are_not_shown_where_columns_are_hidden() -> None:
    text = (HEADER + "i1,9.5,r\xe9d,1790812800,True,3\n").encode("latin-1")

    assert scanned(text).broken[0]["problem"] != "no CSV from here on"
    assert scan_csv(io.BytesIO(text), ITEMS, {"PRICE"}).broken[0]["problem"] == "no CSV from here on"


def test_a_value_is_named_by_its_line_whatever_is_broken_before_or_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "_BLOCK_BYTES", 128)
    wrong, broken = "i1,cheap,red,1790812800,True,3\n", "i2,9\n"
    lines = [broken, ROW, wrong, broken, wrong, broken, *[ROW] * 9, broken, wrong, ROW, broken, broken, wrong, broken]

    scan = scanned(HEADER + "".join(lines))

    assert [line["line"] for line in scan.wrong] == [n for n, line in enumerate(lines, 2) if line == wrong]
    assert [line["line"] for line in scan.broken] == [n for n, line in enumerate(lines, 2) if line == broken][:5]
