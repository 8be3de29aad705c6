"""JSON events out of bytes: where each begins and ends, on both paths."""

from __future__ import annotations

import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping.event_mapper import EventMapper
from personalize_assets.conversion.mapping.timestamps import max_epoch_seconds_of
from personalize_assets.conversion.mapping.where import matcher
from personalize_assets.conversion.reading import brackets
from personalize_assets.conversion.reading import framer as framing
from personalize_assets.conversion.reading.damage import TruncatedStream
from personalize_assets.conversion.reading.framer import (
    EVENT_TOO_LARGE,
    TOO_MANY_MALFORMED,
    UNCLOSED_ARRAY,
    Framer,
    everything,
)
from personalize_assets.conversion.reading.json_value import (
    MALFORMED,
    MAX_DEPTH,
    MAX_RAW_BYTES,
    NOT_AN_OBJECT,
    Event,
    scan,
)
from personalize_assets.conversion.reading.prefilter import prefilter
from personalize_assets_tests.helpers import hostile
from personalize_assets_tests.helpers.framing import PATHS, framed, read_on


def blocks(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def read(data: bytes, may_match: Callable[[bytes], bool] = everything) -> tuple[list[Event], int]:
    """Events and the count of skipped ones, after both paths and several cuts have agreed on them."""
    results = []
    for path, size in itertools.product(PATHS, (1, 7, len(data) + 1)):
        results.append(framed(path, blocks(data, size), may_match))
    for result in results:
        assert result == results[0]
    return results[0]


def read_in_blocks(data: bytes) -> tuple[list[Event], int]:
    """As ``read``, in blocks that are large enough for long files."""
    results = [framed(path, blocks(data, size)) for path in PATHS for size in (1000, len(data) + 1)]
    for result in results:
        assert result == results[0]
    return results[0]


def events(data: bytes) -> list[Any]:
    """The fields of each event, or the reason why it has none."""
    return [event.reason or event.fields for event in read(data)[0]]


# What holds events


def test_one_object_a_line_is_one_event_a_line() -> None:
    assert events(b'{"n":1}\n{"n":2}\n{"n":3}\n') == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_the_last_line_needs_no_line_end() -> None:
    assert events(b'{"n":1}\n{"n":2}') == [{"n": 1}, {"n": 2}]


def test_glued_objects_are_one_event_each() -> None:
    assert events(b'{"n":1}{"n":2}{"n":3}') == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_an_object_may_be_wrapped_over_lines() -> None:
    assert events(b'{"n":1,\n"m":2}{"n":3,\n\n"m"\n:4}\n') == [{"n": 1, "m": 2}, {"n": 3, "m": 4}]


def test_pretty_printed_objects_are_events_whatever_stands_between_them() -> None:
    one, two = ({"n": 1, "in": {"a": [1, {"b": 2}]}}, {"n": 2})
    for between in ("", "\n", ",\n", "  ", "\r\n"):
        data = json.dumps(one, indent=2) + between + json.dumps(two, indent=2)
        assert events(data.encode()) == [one, two]


@pytest.mark.parametrize(
    "data",
    [
        b'[{"n":1},{"n":2}]',
        b'[\n{"n":1},\n{"n":2}\n]\n',
        b'[{"n":1}\n{"n":2}]',
        b'[{"n":1}][{"n":2}]',
        b'[]{"n":1}[{"n":2}]',
    ],
)
def test_the_objects_of_an_array_are_events(data: bytes) -> None:
    assert events(data) == [{"n": 1}, {"n": 2}]


def test_an_array_that_never_closes_gives_its_objects_and_a_reject() -> None:
    assert events(b'[{"n":1},\n{"n":2},\n') == [{"n": 1}, {"n": 2}, UNCLOSED_ARRAY]


def test_an_array_in_an_array_is_one_event_that_is_no_object() -> None:
    assert events(b'[{"n":1},[{"n":2}],{"n":3}]') == [{"n": 1}, NOT_AN_OBJECT, {"n": 3}]


def test_white_space_commas_and_blank_lines_between_events_mean_nothing() -> None:
    assert events(b'\n\n  {"n":1}\r\n\r\n,\t{"n":2} , ,\r{"n":3}\n \n') == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_a_byte_order_mark_is_skipped_at_the_start_and_where_files_were_joined() -> None:
    bom = b"\xef\xbb\xbf"
    assert events(bom + b'{"n":1}\n' + bom + b'{"n":2}' + bom + b'{"n":3}') == [{"n": 1}, {"n": 2}, {"n": 3}]


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t\n", b"\xef\xbb\xbf", b"[]", b"[\n]\n"])
def test_a_file_without_values_has_no_events(data: bytes) -> None:
    assert events(data) == []


def test_braces_and_brackets_in_strings_are_text() -> None:
    assert events(b'{"a":"}{"}{"a":"]},{["}\n{"a":"}\\n{"}') == [{"a": "}{"}, {"a": "]},{["}, {"a": "}\n{"}]


def test_escaped_quotes_and_backslashes_do_not_end_a_string_early_or_late() -> None:
    data = rb'{"a":"\"}{\""}{"a":"\\"}{"a":"\\\""}' + b"\n" + rb'{"a":"x\\"}'
    assert events(data) == [{"a": '"}{"'}, {"a": "\\"}, {"a": '\\"'}, {"a": "x\\"}]


def test_unicode_escapes_are_characters() -> None:
    assert events(rb'{"\u0061":"\u00fc \ud83d\uDE00 \u007b\u0022"}') == [{"a": 'ü 😀 {"'}]


def test_the_bytes_of_an_event_are_those_of_the_file_without_what_surrounds_it() -> None:
    found, _ = read(b' [ {"n" : 1} ,\n  {"n":\n2}]  ')
    assert [event.raw for event in found] == [b'{"n" : 1}', b'{"n":\n2}']


def test_of_two_equal_names_in_an_object_the_last_counts() -> None:
    assert events(b'{"n":1,"n":2}') == [{"n": 2}]


# Numbers


def test_integers_keep_all_their_digits() -> None:
    data = b'{"n":12345678901234567890}{"n":99999999999999999999999}{"n":-9223372036854775809}'
    assert events(data) == [{"n": 12345678901234567890}, {"n": 99999999999999999999999}, {"n": -9223372036854775809}]


@pytest.mark.parametrize("number", [b"01", b"1.", b".5", b"+1", b"1e", b"-", b"nan", b"inf", b"-NaN", b"1NaN", b"0x10"])
def test_what_json_does_not_call_a_number_breaks_its_event(number: bytes) -> None:
    assert events(b'{"n":' + number + b'}\n{"n":2}\n') == [MALFORMED, {"n": 2}]


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"9" * 400 + b".5", b"7" * 5000])
def test_a_number_beyond_every_type_spoils_its_field_and_not_the_event(number: bytes) -> None:
    found = events(b'[{"ok":"x","n":' + number + b'},{"n":2}]')
    assert [found[0]["ok"], abs(found[0]["n"]), found[1]] == ["x", float("inf"), {"n": 2}]


def test_a_number_beyond_every_type_does_not_hide_what_else_is_wrong() -> None:
    assert events(b'{"n":1e999,"a":"\xff"}\n{"n":1e999,"a":"\\ud800"}\n') == [MALFORMED, MALFORMED]


# Broken stretches


@pytest.mark.parametrize(
    "broken",
    [
        b'{"n":',
        b'{"n":1',
        b'{"n":"x',
        b'{"n":"x\\',
        b'{"n":tru}',
        b'{"n":1,}',
        b"{'n':1}",
        b'"n":1}',
        b"}",
        b"]",
        b"\x00\x00",
        b"2026-10-01 INFO started",
        b'{"n":1}}',
    ],
)
def test_a_broken_line_costs_only_itself(broken: bytes) -> None:
    found = events(b'{"n":1}\n' + broken + b'\n{"n":2}\n{"n":3}\n')
    assert found[0] == {"n": 1}
    assert found[-3:] == [MALFORMED, {"n": 2}, {"n": 3}]


def test_a_broken_stretch_ends_before_the_next_line_that_begins_with_a_brace() -> None:
    found, _ = read(b'{"n":1}\n{"n": oops\n"n"\n[2]\n{"n":4}\n')
    assert [event.raw for event in found] == [b'{"n":1}', b'{"n": oops\n"n"\n[2]', b'{"n":4}']
    assert [(event.reason, event.lines) for event in found] == [(None, 1), (MALFORMED, 3), (None, 1)]


def test_a_stretch_counts_the_lines_in_it_that_hold_something() -> None:
    for data, lines in (
        (b"oops", 1),
        (b"oops\n", 1),
        (b"oops\n\n , \r\noops\r\n oops", 3),
        (b"{\n" + b"oops\n" * 5000, 5001),
        (b"Oct 1 05:00:00 host app[1]: started\n" * 5 + b"\n", 5),
        (b'2026-10-01T05:00:00Z\ttag\t{"event":"View","p":{"a":1}}\n' * 5000, 5000),
    ):
        found, _ = read_in_blocks(data)
        assert [(event.reason, event.lines) for event in found] == [(MALFORMED, lines)]


def test_an_array_goes_on_after_a_broken_stretch_in_it() -> None:
    assert events(b'[\n{"n":1},\n{"n":oops},\n{"n":2},\n{"n":3}\n]\n') == [{"n": 1}, MALFORMED, {"n": 2}, {"n": 3}]


def test_an_array_whose_end_was_broken_does_not_spoil_later_arrays() -> None:
    assert events(b'[{"n":1},{"n":]\n{"n":2}\n[{"n":3}]\n') == [{"n": 1}, MALFORMED, {"n": 2}, {"n": 3}]


@pytest.mark.parametrize("value", [b"1", b"-2.5e3", b'"x"', b"true", b"false", b"null"])
def test_a_value_that_is_no_object_is_one_event(value: bytes) -> None:
    assert events(b'{"n":1}\n' + value + b'\n{"n":2}\n') == [{"n": 1}, NOT_AN_OBJECT, {"n": 2}]


@pytest.mark.parametrize("glued", [b"nullnull", b"12-3", b"truex", b"1.2.3", b"1}"])
def test_scalars_need_something_between_them(glued: bytes) -> None:
    found, _ = read(glued + b'\n{"n":1}\n')
    assert [(event.raw, event.reason) for event in found] == [(glued, MALFORMED), (b'{"n":1}', None)]


@pytest.mark.parametrize("text", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf"])
def test_an_object_whose_bytes_are_not_utf8_is_malformed_and_its_neighbours_are_not(text: bytes) -> None:
    found, _ = read(b'{"n":1}{"n":"' + text + b'"}{"' + text + b'":1}{"n":2}')
    assert [event.reason for event in found] == [None, MALFORMED, MALFORMED, None]
    assert found[1].raw == b'{"n":"' + text + b'"}'


@pytest.mark.parametrize(
    "text", [rb"\ud800", rb"\udc00", rb"\ud83d\u0041", rb"\ud800abcdefghijklmnop", rb"\ude00\ud83d"]
)
def test_half_of_a_surrogate_pair_is_malformed_and_its_neighbours_are_not(text: bytes) -> None:
    found, _ = read(b'[{"n":1},{"n":"' + text + b'"},{"n":"long enough to be far from the end"}]')
    assert [event.reason for event in found] == [None, MALFORMED, None]


def test_of_a_large_broken_stretch_the_beginning_is_kept() -> None:
    broken = b"x" * (3 * MAX_RAW_BYTES)
    for path, size in itertools.product(PATHS, (MAX_RAW_BYTES - 1, 5 * MAX_RAW_BYTES)):
        found = framed(path, blocks(broken + b'\n{"n":1}', size))[0]
        assert [event.raw for event in found] == [b"x" * MAX_RAW_BYTES, b'{"n":1}']


def test_an_event_beyond_the_limit_of_size_is_a_reject_of_its_own_reason_whatever_the_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(framing, "MAX_EVENT_BYTES", 1000)
    fits, too_large = (b'{"n":"' + b"x" * size + b'"}' for size in (992, 993))
    for size in (1, 7, 600, 5000):
        found = Framer(blocks(fits + b"\n" + too_large + b'\n{"n":1}', size)).one_by_one()
        assert [(event.raw, event.reason) for event in found] == [
            (fits, None),
            (too_large, EVENT_TOO_LARGE),
            (b'{"n":1}', None),
        ]


# Depth


def nested(depth: int, opening: bytes = b'{"a":', closing: bytes = b"}") -> bytes:
    return opening * depth + b"1" + closing * depth


@pytest.mark.parametrize("depth", [100, MAX_DEPTH])
def test_nesting_is_read_to_a_fixed_depth(depth: int) -> None:
    found = events(nested(depth) + b'{"n":1}')
    assert isinstance(found[0], dict)
    assert found[1] == {"n": 1}


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 500, 960, 990, 1000, 5000])
@pytest.mark.parametrize(("opening", "closing"), [(b'{"a":', b"}"), (b'{"a":[', b"]}")])
def test_what_is_nested_deeper_is_malformed_and_its_neighbours_are_not(
    depth: int, opening: bytes, closing: bytes
) -> None:
    deep = nested(depth, opening, closing)
    for path in PATHS:
        found = framed(path, [b'{"n":1}' + deep + b'{"n":2}'])[0]
        assert [event.raw for event in found] == [b'{"n":1}', deep, b'{"n":2}']
        assert [event.reason for event in found] == [None, MALFORMED, None]


def test_what_opens_thousands_of_brackets_and_closes_none_is_one_broken_stretch() -> None:
    for path in PATHS:
        found = framed(path, blocks(b'{"a":' * 5000 + b'\n{"n":1}\n', 4096))[0]
        assert [event.reason or event.fields for event in found] == [MALFORMED, {"n": 1}]


# What is not wanted, and what was cut off


def test_what_may_not_match_is_counted_unless_it_is_broken_or_no_object() -> None:
    data = b'{"n":"no"}\n{"n":"yes"}\n{"n":"no"\n{"n":"no","m":"\xff"}\n12\n{"n":"yes"}{"n":"no"}'
    found, skipped = read(data, lambda raw: b"yes" in raw)
    assert [(event.raw, event.reason) for event in found] == [
        (b'{"n":"yes"}', None),
        (b'{"n":"no"', MALFORMED),
        (b'{"n":"no","m":"\xff"}', MALFORMED),
        (b"12", NOT_AN_OBJECT),
        (b'{"n":"yes"}', None),
    ]
    assert skipped == 2


def cut_off(data: bytes) -> Iterator[bytes]:
    yield data
    raise TruncatedStream


@pytest.mark.parametrize(
    ("data", "raw"),
    [
        (b"", b""),
        (b'{"n":1}\n', b""),
        (b'{"n":1}', b""),
        (b'{"n":1}\n{"n":', b'{"n":'),
        (b'{"n":1}{"n":2,', b'{"n":2'),
        (b'[{"n":1},', b""),
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_a_stream_that_is_cut_off_is_one_malformed_event_after_what_could_be_read(
    path: str, data: bytes, raw: bytes
) -> None:
    found = framed(path, cut_off(data))[0]
    assert [(event.raw, event.reason) for event in found if event.fields is None] == [(raw, MALFORMED)]
    assert [event.fields for event in found[:-1]] == ([{"n": 1}] if data else [])


@pytest.mark.parametrize("path", PATHS)
def test_a_stream_that_is_cut_off_is_reported_even_where_nothing_in_it_is_wanted(path: str) -> None:
    found, skipped = framed(path, cut_off(b'{"n":1}\n{"n":'), lambda raw: False)
    assert [(event.raw, event.reason) for event in found] == [(b'{"n":', MALFORMED)]
    assert skipped == 1


# The samples this project began with


def test_the_conversion_samples_events_become_its_rows() -> None:
    data = (
        b'{"type": "useritem", "ITEM_ID": 35, "USER_ID": 1, "EVENT_TYPE": "click", \n'
        b'"EVENT_VALUE": 35, "TIMESTAMP": 1547159644}{"type": "useritem", "ITEM_ID": 34, \n'
        b'"USER_ID": 1, "EVENT_TYPE": "click", "EVENT_VALUE": 35, "TIMESTAMP": 1547159645}\n'
    )
    names = ("ITEM_ID", "USER_ID", "EVENT_TYPE", "EVENT_VALUE", "TIMESTAMP")
    columns = tuple(Column(n, (n,), type="timestamp" if n == "TIMESTAMP" else "string", required=True) for n in names)
    dataset = Dataset("interactions", columns, where={"type": ("useritem",)})
    found, skipped = read(data, prefilter([dataset]))
    rows = [row for event in found for row in EventMapper(dataset).rows(event.fields or {}, 1547159645)]
    assert [",".join(map(str, row.values[:5])) for row in rows] == [
        "35,1,click,35,1547159644",
        "34,1,click,35,1547159645",
    ]
    assert skipped == 0


def test_the_segment_samples_events_become_its_rows() -> None:
    names = ("Product Added", "Page Viewed", "Order Completed", "Product Clicked")
    data = b"".join(
        json.dumps(
            {"type": "track", "event": name, "userId": f"u{n}", "properties": {"sku": f"s{n}"}, "timestamp": time}
        ).encode()
        + b"\n"
        for n, (name, time) in enumerate(
            zip(
                names,
                (
                    "2026-10-01T00:00:00.999Z",
                    "2026-10-01T00:00:01Z",
                    "2026-10-01T02:00:00+02:00",
                    "2026-09-30T23:59:59",
                ),
                strict=True,
            )
        )
    )
    dataset = Dataset(
        "interactions",
        (
            Column("USER_ID", ("userId",), required=True),
            Column("ITEM_ID", ("properties.sku",), required=True),
            Column("EVENT_TYPE", ("event",), required=True),
            Column("TIMESTAMP", ("timestamp",), type="timestamp", required=True),
        ),
        where={"event": ("Product Added", "Order Completed", "Product Clicked")},
    )
    found, skipped = read(data, prefilter([dataset]))
    latest = max_epoch_seconds_of(date(2026, 10, 1))
    wanted = [event.fields for event in found if event.fields and matcher(dataset)(event.fields)]
    rows = [row.values[:4] for fields in wanted for row in EventMapper(dataset).rows(fields, latest)]
    assert rows == [
        ("u0", "s0", "Product Added", 1790812800),
        ("u2", "s2", "Order Completed", 1790812800),
        ("u3", "s3", "Product Clicked", 1790812799),
    ]
    assert skipped == 1


# Size


@pytest.mark.parametrize("path", PATHS)
def test_a_line_of_50_megabytes_is_an_event(path: str) -> None:
    large = b'{"n":"' + b"x" * (50 * 1024 * 1024) + b'"}'
    found = framed(path, blocks(b'{"n":1}\n' + large + b'\n{"n":2}\n', 1024 * 1024))[0]
    assert [event.raw for event in found] == [b'{"n":1}', large, b'{"n":2}']
    assert [event.reason for event in found] == [None, None, None]


@pytest.mark.parametrize("path", PATHS)
def test_the_memory_of_reading_does_not_grow_with_the_file(path: str) -> None:
    event = b'{"event":"Product Viewed","text":"' + b"x" * 10_000 + b'"}'
    block = event * 100
    times = 200 * 1024 * 1024 // len(block)
    tracemalloc.start()
    count = sum(1 for _ in read_on(path, Framer(block for _ in range(times))))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == times * 100
    assert peak < 30 * 1024 * 1024


def test_the_memory_of_reading_does_not_grow_with_a_broken_stretch() -> None:
    block = b"2026-10-01 INFO nothing here\n" * 40_000
    tracemalloc.start()
    found = list(read_on("in_batches", Framer(block for _ in range(40))))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [event.reason for event in found] == [MALFORMED]
    assert peak < 30 * 1024 * 1024


# What a split asks


@pytest.mark.parametrize("data", [b"", b'{"n":1}', b'{"n":1}\n', b'[{"n":1}]', b'{"n":1,}\n', b"12", b"OOPS"])
def test_a_file_that_ends_after_a_value_or_a_break_is_not_cut(data: bytes) -> None:
    framer = Framer([data])
    list(framer.one_by_one())
    assert not framer.is_cut


@pytest.mark.parametrize("data", [b'{"n":', b'{"n":"x', b'[{"n":1},', b'{"n":tr', b'{"a":' * 2000, b'{"n":"\\ud8'])
def test_a_file_that_ends_inside_a_value_or_an_array_is_cut(data: bytes) -> None:
    framer = Framer([data])
    list(framer.one_by_one())
    assert framer.is_cut


@pytest.mark.parametrize(
    ("data", "is_cut"),
    [
        (b'{"n":tru},{"n":2}\n', True),
        (b'{"n":tru}{"n":2}\n', False),
        (b'{"n":tru,"a":[1, {"b":2}]},\n{"n":2}\n', True),
        (b'{"n":tru,"a":[1, {"b":2}]}\n{"n":2}\n', False),
        (b'{"n":0}\n{"n":tru,"a":[1, {"b":2}]}\n', False),
    ],
)
def test_a_split_is_cut_if_its_first_break_depends_on_what_is_between_events(data: bytes, is_cut: bool) -> None:
    framer = Framer([data])
    list(framer.one_by_one())
    assert framer.is_cut == is_cut


def test_a_truncated_stream_is_cut() -> None:
    framer = Framer(cut_off(b'{"n":1}\n'))
    list(framer.one_by_one())
    assert framer.is_cut


# What bounds the time


LONG = 100 * 1024


class Scanned:
    """Counts the bytes that are walked over to find where values end or break."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = 0
        self.calls = 0

        def counted(view: memoryview) -> Any:
            found = scan(view)
            self.bytes += found.place
            self.calls += 1
            return found

        def opened_between(text: bytes, first: int, last: int) -> Any:
            self.bytes += last - first
            return brackets.OpenBrackets(text, first, last)

        def end_of(text: bytes, first: int) -> int | None:
            found = brackets.brackets_end(text, first)
            self.bytes += (len(text) if found is None else found) - first
            return found

        monkeypatch.setattr(framing, "scan", counted)
        monkeypatch.setattr(framing, "OpenBrackets", opened_between)
        monkeypatch.setattr(framing, "brackets_end", end_of)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", hostile.INPUTS)
def test_no_bytes_are_walked_over_again_and_again(path: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"".join(hostile.INPUTS[name](LONG))
    scanned = Scanned(monkeypatch)

    count = len(framed(path, blocks(data, 32 * 1024))[0])

    # Each byte a few times, also where blocks cut a value; and a short stretch for each event that breaks.
    assert scanned.bytes <= 6 * len(data) + 600 * min(count, 1000) + 20 * count


@pytest.mark.parametrize("path", PATHS)
def test_a_value_that_is_open_where_one_before_it_broke_is_not_read_again(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned = Scanned(monkeypatch)

    found = framed(path, [b'{"a":[1,\n' * 10_000])[0]

    assert [event.raw for event in found] == [b'{"a":[1'] * 10_000
    assert scanned.calls < 300


@pytest.mark.parametrize("path", PATHS)
def test_whole_lines_within_a_value_that_never_ends_are_still_events(path: str) -> None:
    line = b'{"n":' + b"1" * 300 + b"}"

    found = framed(path, [b'{"a":[\n' + (line + b",\n") * 5000])[0]

    assert [event.raw for event in found] == [b'{"a":['] + [line] * 5000
    assert [event.reason for event in found] == [MALFORMED] + [None] * 5000


@pytest.mark.parametrize("path", PATHS)
def test_so_many_malformed_events_in_a_row_are_read_and_one_more_ends_the_file(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(framing, "MAX_MALFORMED_IN_A_ROW", 5)
    for size in (1, 7, 1000):
        at_limit = framed(path, blocks(b"1\n" * 5 + b'{"n":1}\n' + b"[2]\n" * 5 + b'{"n":2}\n', size))[0]
        assert [event.reason for event in at_limit] == [NOT_AN_OBJECT] * 5 + [None] + [NOT_AN_OBJECT] * 5 + [None]

        above = framed(path, blocks(b'{"n":1}\n' + b'{"x"\n' * 6 + b'{"n":2}\n', size))[0]
        assert [event.reason for event in above] == [None, *[MALFORMED] * 5, TOO_MANY_MALFORMED]
        assert above[-1].raw == b'{"x"'


@pytest.mark.parametrize("path", PATHS)
def test_a_file_that_is_given_up_is_reported_even_where_nothing_in_it_is_wanted(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(framing, "MAX_MALFORMED_IN_A_ROW", 5)

    found, skipped = framed(path, [b"1\n" * 10], lambda raw: False)

    assert [(event.raw, event.reason) for event in found] == [(b"1", NOT_AN_OBJECT)] * 5 + [(b"1", TOO_MANY_MALFORMED)]
    assert skipped == 0


@pytest.mark.parametrize(
    ("data", "is_cut"),
    [
        (b"1\n" * 100 + b'{"n":1}\n', True),
        (b'{"n":1}\n' + b"1\n" * 100, True),
        (b'{"n":1}\n' + b"1\n" * 500 + b'{"n":1}\n', False),
        (b"1\n" * 99 + b'{"n":1}\n', False),
    ],
)
def test_a_split_that_begins_or_ends_with_many_malformed_events_is_read_with_its_neighbours(
    data: bytes, is_cut: bool
) -> None:
    framer = Framer([data])
    list(framer.one_by_one())
    assert framer.is_cut is is_cut
