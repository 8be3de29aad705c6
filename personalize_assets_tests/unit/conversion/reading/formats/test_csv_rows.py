"""CSV in the dialects of warehouses, with rows that cannot be read."""

from __future__ import annotations

import csv
import io
import json
import random
import tracemalloc
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from personalize_assets.conversion.reading.damage import TruncatedStream
from personalize_assets.conversion.reading.formats import csv_rows
from personalize_assets.conversion.reading.formats.csv_rows import CsvRows, delimiter_of, looks_like_csv
from personalize_assets.conversion.reading.formats.row_columns import RowColumns
from personalize_assets.conversion.reading.formats.settings import CsvDialect
from personalize_assets.conversion.reading.json_value import Event

PLAIN = CsvDialect()
UNLOAD = CsvDialect(delimiter="|", quote=None, escape="\\", header=False, columns=("user", "item", "note"))


def read(text: bytes, dialect: CsvDialect = PLAIN, size: int = 1 << 20) -> tuple[list[Any], list[tuple[str, bytes]]]:
    """The rows, and the reasons and bytes of what is none."""
    rows, malformed = [], []
    for found in CsvRows((text[at : at + size] for at in range(0, len(text), size)), dialect):
        if isinstance(found, Event):
            assert found.fields is None
            malformed.append((found.reason or "", found.raw))
        else:
            assert isinstance(found, bytes)
            rows += [json.loads(line) for line in found.splitlines()]
    return rows, malformed


def rows_of(text: bytes, dialect: CsvDialect = PLAIN) -> list[Any]:
    rows, malformed = read(text, dialect)
    assert malformed == []
    return rows


# -- dialects ----------------------------------------------------------------------------------------------------------


def test_every_cell_is_text_as_it_is_written() -> None:
    assert rows_of(b"user,item,price,ok\n00123,12345678901234567890,1e5,t\n") == [
        {"user": "00123", "item": "12345678901234567890", "price": "1e5", "ok": "t"}
    ]


def test_quoted_cells_hold_delimiters_quotes_and_line_breaks() -> None:
    assert rows_of(b'user,note\nu1,"a, ""b""\r\nc"\nu2,"{""sku"": ""x""}"\n') == [
        {"user": "u1", "note": 'a, "b"\r\nc'},
        {"user": "u2", "note": '{"sku": "x"}'},
    ]


def test_empty_cells_are_null_with_or_without_quotes() -> None:
    assert rows_of(b'a,b,c,d\n,"",\\N,NULL\n') == [{"a": None, "b": None, "c": None, "d": "NULL"}]
    assert rows_of(b"a,b\nNULL,\n", CsvDialect(null=("NULL",))) == [{"a": None, "b": ""}]


def test_what_redshift_unloads_with_escape_is_read() -> None:
    assert rows_of(b"u1|i\\|1|a\\\nb\nu2|i2|c\\\\d\n", UNLOAD) == [
        {"user": "u1", "item": "i|1", "note": "a\nb"},
        {"user": "u2", "item": "i2", "note": "c\\d"},
    ]


def test_what_snowflake_unloads_without_quotes_is_read() -> None:
    dialect = CsvDialect(delimiter=",", quote=None, escape="\\")
    assert rows_of(b'USER_ID,NOTE\n1,say "hi"\n2,\\N\n', CsvDialect(delimiter=",", quote=None)) == [
        {"USER_ID": "1", "NOTE": 'say "hi"'},
        {"USER_ID": "2", "NOTE": None},
    ]
    assert rows_of(b"USER_ID,NOTE\n1,a\\,b\n", dialect) == [{"USER_ID": "1", "NOTE": "a,b"}]


def test_what_movielens_publishes_is_read() -> None:
    dialect = CsvDialect(delimiter="::", header=False, columns=("user", "item", "rating", "at"))
    assert rows_of(b"1::1193::5::978300760\n1::661::3::978302109\n", dialect) == [
        {"user": "1", "item": "1193", "rating": "5", "at": "978300760"},
        {"user": "1", "item": "661", "rating": "3", "at": "978302109"},
    ]
    assert rows_of(b"userId,movieId,rating,timestamp\r\n1,296,5.0,1147880044\r\n") == [
        {"userId": "1", "movieId": "296", "rating": "5.0", "timestamp": "1147880044"}
    ]


@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";", "::"])
def test_the_delimiter_is_found_in_the_first_line(delimiter: str) -> None:
    text = delimiter.join(["user", "item", "at"]) + "\n" + delimiter.join(["u,1|2", "i", "t"]) + "\n"
    assert delimiter_of(text.encode()) == delimiter
    assert delimiter_of(b'"a|b|c",d\n') == ","
    assert delimiter_of(b"user\n") == ","


def test_names_may_be_given_beside_a_header() -> None:
    assert rows_of(b"A,B\n1,2\n", CsvDialect(columns=("user", "item"))) == [{"user": "1", "item": "2"}]


def test_a_column_without_a_name_is_called_by_its_number() -> None:
    assert rows_of(b",user,007\n1,2,3\n") == [{"column_1": "1", "user": "2", "007": "3"}]


@pytest.mark.parametrize("text", [b"", b"\xef\xbb\xbf", b"a,b\n", b"a,b", b"\xef\xbb\xbfa,b\r\n"])
def test_a_file_without_rows_is_empty(text: bytes) -> None:
    assert read(text) == ([], [])


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    assert rows_of(b"\xef\xbb\xbfuser,item\nu,i") == [{"user": "u", "item": "i"}]


def test_blank_lines_are_no_rows() -> None:
    assert rows_of(b"a,b\n\n1,2\r\n\r\n\n3,4\n\n") == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


@pytest.mark.parametrize("dialect", [PLAIN, CsvDialect(delimiter=","), CsvDialect(columns=("a", "b"))], ids=str)
@pytest.mark.parametrize(
    "before", [b"\n", b"\r\n", b"\xef\xbb\xbf\r\n", b"\r\r", b" \t\n\n" * 50, b"\n\xef\xbb\xbf"], ids=repr
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_blank_lines_before_a_header_are_no_header(before: bytes, dialect: CsvDialect, size: int) -> None:
    assert read(before + b"a,b\n1,2\n", dialect, size) == ([{"a": "1", "b": "2"}], [])
    assert read(before + b"a,b", dialect, size) == read(before, dialect, size) == ([], [])


def test_a_header_may_begin_with_an_empty_name_between_tabs() -> None:
    assert rows_of(b"\n\tuser\n0\tu1\n") == [{"column_1": "0", "user": "u1"}]


def test_the_delimiter_is_found_behind_blank_lines() -> None:
    assert rows_of(b"\n\nu1|i1\n", CsvDialect(header=False, columns=("a", "b"))) == [{"a": "u1", "b": "i1"}]


def test_a_quote_without_an_end_is_looked_through_once() -> None:
    """What the search keeps for each byte would be hundreds of megabytes."""
    text = b'a;b;"' + b"x" * 2_000_000
    tracemalloc.start()
    try:
        assert delimiter_of(text) == ";"
        assert tracemalloc.get_traced_memory()[1] < 10 * len(text)
    finally:
        tracemalloc.stop()


def test_a_byte_order_mark_within_a_file_costs_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "_CHUNK_BYTES", 1)
    assert read(b"a,b\n1,2\n\xef\xbb\xbf\n\xef\xbb\xbf3,4\n", size=1) == (
        [{"a": "1", "b": "2"}, {"a": "\ufeff3", "b": "4"}],
        [("malformed_row", b"\xef\xbb\xbf")],
    )


def test_control_characters_stay() -> None:
    assert rows_of(b"a,b\nx\x01y,\tz\\\n") == [{"a": "x\x01y", "b": "\tz\\"}]


# -- rows that cannot be read ------------------------------------------------------------------------------------------


def test_a_row_with_more_or_fewer_cells_is_a_reject_with_the_row() -> None:
    assert read(b"a,b\n1,2\n3,4,5\n6\n7,8\n") == (
        [{"a": "1", "b": "2"}, {"a": "7", "b": "8"}],
        [("malformed_row", b"3,4,5"), ("malformed_row", b"6")],
    )
    dialect = CsvDialect(delimiter="::", header=False, columns=("a", "b"))
    assert read(b"1::2::3\n", dialect) == ([], [("malformed_row", b"1::2::3")])


def test_a_row_that_is_not_utf8_is_a_reject_with_the_row() -> None:
    assert read(b'a,b\n1,2\n3,M\xfcnze\n"5\n",\xff,7\n8,9\n') == (
        [{"a": "1", "b": "2"}, {"a": "8", "b": "9"}],
        [("malformed_row", b"3,M\xfcnze"), ("malformed_row", b'"5\n",\xff,7')],
    )


def test_a_quote_that_is_never_closed_costs_its_line() -> None:
    assert read(b'a,b\n1,"2\n3,4\n5,6') == (
        [{"a": "3", "b": "4"}, {"a": "5", "b": "6"}],
        [("malformed_row", b'1,"2')],
    )


def test_a_quote_that_is_not_closed_for_long_costs_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "MAX_ROW_BYTES", 1000)
    monkeypatch.setattr(csv_rows, "_CHUNK_BYTES", 100)
    text = b'a,b\n1,"2\n' + b"3,4\n" * 500 + b'5,"6"\n'
    rows, malformed = read(text, size=64)
    assert malformed == [("malformed_row", b'1,"2')]
    assert rows == [{"a": "3", "b": "4"}] * 500 + [{"a": "5", "b": "6"}]


def test_two_columns_of_one_name_make_a_file_unreadable() -> None:
    assert read(b"user,item,user\n1,2,3\n") == (
        [],
        [
            (
                "unreadable_file",
                b"CSV whose columns 1 and 3 have one name: give other names with source.csv.columns,"
                b" and set source.csv.header to off if its first row has values",
            )
        ],
    )


@pytest.mark.parametrize("quoted", [b'"u,i,t', b'u,"i'], ids=repr)
@pytest.mark.parametrize("columns", [(), ("u", "i", "t")], ids=["header's names", "given names"])
@pytest.mark.parametrize("rows", [2, 2000], ids=["within the most bytes of a row", "beyond them"])
def test_a_header_without_an_end_makes_a_file_unreadable(
    quoted: bytes, columns: tuple[str, ...], rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "MAX_ROW_BYTES", 1000)
    found, malformed = read(quoted + b"\n" + b"u1,i1,1790000000\n" * rows, CsvDialect(columns=columns), size=64)
    assert found == []
    ((reason, text),) = malformed
    assert reason == "unreadable_file"
    assert text.startswith(b"CSV whose first row, the header, does not end within ")
    assert text.endswith(b" bytes: close its quote, or set source.csv.quote to null")


def test_a_header_that_cannot_be_read_makes_a_file_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> pa.Table:
        raise pa.ArrowInvalid

    monkeypatch.setattr(csv_rows, "_read", refuse)
    text = b"CSV whose first row cannot be read as a header: name the columns with source.csv.columns"
    assert read(b"u,i\nu1,i1\n") == ([], [("unreadable_file", text)])


def test_too_many_malformed_rows_end_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "MAX_MALFORMED_IN_A_ROW", 10)
    monkeypatch.setattr(csv_rows, "_CHUNK_BYTES", 10)
    rows, malformed = read(b"a,b\n" + b"1\n" * 100 + b"1,2\n", size=4)
    assert rows == []
    assert malformed[-1] == ("too_many_malformed", b"")
    assert len(malformed) < 30


def cut_off(text: bytes) -> Iterator[bytes]:
    yield text
    raise TruncatedStream


def test_of_a_text_that_cannot_be_unpacked_to_its_end_whole_rows_are_read() -> None:
    for text, raw in ((b"a,b\n1,2\n3,", b"3,"), (b"a,b\n1,2\n", b""), (b'a,b\n1,2\n3,"4\n', b'3,"4\n')):
        *blocks, last = CsvRows(cut_off(text), PLAIN)
        assert blocks == [b'{"a":"1","b":"2"}\n']
        assert isinstance(last, Event)
        assert (last.reason, last.raw, last.lines) == ("malformed_json", raw, 1)


# -- properties --------------------------------------------------------------------------------------------------------

CELLS = st.text(alphabet=st.sampled_from('ab,"|\\\n\r\té😀 0'), max_size=6)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8), st.integers(1, 50), st.sampled_from([1, 40, 1 << 22]))
def test_what_pythons_writer_writes_is_read(rows: list[tuple[str, str, str]], size: int, chunk: int) -> None:
    assume(all("\0" not in cell for row in rows for cell in row))
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\r\n").writerows([("x", "y", "z"), *rows])
    expected = [dict(zip("xyz", (cell or None for cell in row), strict=True)) for row in rows]
    with mock.patch.object(csv_rows, "_CHUNK_BYTES", chunk):
        assert read(file.getvalue().encode(), size=size) == (expected, [])


@given(st.text(alphabet='ab,"\n', max_size=60).map(str.encode), st.integers(1, 20), st.integers(1, 30))
def test_blocks_and_chunks_change_nothing(text: bytes, size: int, chunk: int) -> None:
    dialect = CsvDialect(header=False, columns=("a", "b"))
    whole = read(text, dialect)
    with mock.patch.object(csv_rows, "_CHUNK_BYTES", chunk):
        rows, malformed = read(text, dialect, size)
    assert (rows, sorted(malformed)) == (whole[0], sorted(whole[1]))


def test_mutations_raise_nothing() -> None:
    rng = random.Random(1)
    text = b'user,item,at\n00123,"a,b",2026-10-01\nu2,"say ""hi""\nthere",5\nu3,,\xc3\xbc\n' * 3
    for dialect in (PLAIN, CsvDialect(escape="\\"), UNLOAD, CsvDialect(delimiter="::")):
        for _ in range(250):  # `make faults` has more
            mutated = bytearray(text)
            for _ in range(rng.randrange(1, 8)):
                mutated[rng.randrange(len(mutated))] = rng.choice(b'\0\n\r",|\\:\xff\x1fa')
            rows, malformed = read(bytes(mutated), dialect, rng.choice([3, 50, 1000]))
            assert len(rows) + len(malformed) <= bytes(mutated).count(b"\n") + bytes(mutated).count(b"\r") + 1


# -- recognition -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        b"user_id,item_id\nu1,i1\n",
        b"user_id,item_id\nu1,i1",
        b"user_id;item_id;at\r\nu1;i1;1\r\n",
        b"user\titem\nu1\ti1\nu2\ti",
        b'\xef\xbb\xbf"userId","movieId"\n"1","2"\n',
        b"Order ID,Customer ID,Date\n1,2,2026-10-01\n",
        b"user,note\nu,M\xfcnze\nu,x\n",
        b"\nuser,item\nu,i\n",
        b"\xef\xbb\xbf\r\n\r\nuser,item\r\nu,i\r\n",
    ],
    ids=repr,
)
def test_a_header_and_rows_are_recognized(text: bytes) -> None:
    assert looks_like_csv(text)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"user_id,item_id\n",
        b"hello\nworld\n",
        b"Hello, world\nfoo, bar\n",
        b"1,2\n3,4\n",
        b"2026-10-01,INFO,started\n2026-10-01,INFO,stopped\n",
        b"Oct  1 05:00:00 host app[1]: started\n",
        b"a,a\n1,2\n",
        b'a;b\n1;2\n{"n":1}\n',
        b"user,item\nu\nv\nw\nx,y\n",
        b"\x89PNG,\xff\n1,2\n",
        b"\xef\xbb\xbf\xef\xbb\xbf\nhello world\n",
        b'"user,item\nu,i\n',
    ],
    ids=repr,
)
def test_other_text_is_not_taken_for_a_csv(text: bytes) -> None:
    assert not looks_like_csv(text)


# -- as columns --------------------------------------------------------------------------------------------------------


def as_columns(text: bytes, dialect: CsvDialect, *names: str) -> list[tuple[str, bytes]]:
    """The rows and what is none, in their order; of rows taken as columns their bytes."""
    found: list[tuple[str, bytes]] = []
    for part in CsvRows([text], dialect, only_columns=names):
        if isinstance(part, Event):
            found.append((part.reason or "", part.raw))
        elif isinstance(part, bytes):
            found += [("line", line) for line in part.splitlines()]
        else:
            found += [("columns", raw) for raw in part.raws(range(len(part)))]
    return found


def test_only_the_columns_that_are_asked_for_are_read_and_rows_keep_their_bytes() -> None:
    (rows,) = CsvRows([b"user,item,note\nu1,i1,a\nu2,,\n"], PLAIN, only_columns=("item", "other", "user"))
    assert isinstance(rows, RowColumns)
    assert rows.names == frozenset({"user", "item"})
    assert rows.column("item").to_pylist() == ["i1", None]
    assert list(rows.raws([1])) == [b'{"user":"u2","item":null,"note":null}']


def test_rows_without_any_column_that_is_asked_for_are_counted() -> None:
    (rows,) = CsvRows([b"user,item\nu1,i1\nu2,i2\n"], PLAIN, only_columns=("other",))
    assert isinstance(rows, RowColumns)
    assert len(rows) == 2


@given(st.text(alphabet='ab,"\n\r\t|ü\\', max_size=40), st.sampled_from([PLAIN, UNLOAD]))
def test_any_text_has_the_same_rows_as_columns_and_as_lines(text: str, dialect: CsvDialect) -> None:
    data = b"user,item\n" + text.encode()
    lines = []
    for part in CsvRows([data], dialect):
        assert not isinstance(part, RowColumns)
        lines += [("", part.raw)] if isinstance(part, Event) else [("", line) for line in part.splitlines()]
    assert [("", raw) for _, raw in as_columns(data, dialect, "user")] == lines


def test_a_row_that_is_too_long_for_columns_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "_CHUNK_OF_COLUMNS_BYTES", 100)
    text = b"user,item\n" + b"u" * 100 + b",i\n"
    assert [kind for kind, _ in as_columns(text, PLAIN, "user")] == ["line"]
