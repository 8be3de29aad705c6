"""Where reading goes on behind what is broken: n glued events of which k are damaged."""

from __future__ import annotations

import io
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.reading import framer as framing
from personalize_assets.conversion.reading import resumption
from personalize_assets.conversion.reading.framer import Framer
from personalize_assets.conversion.reading.json_value import MALFORMED, Event
from personalize_assets.conversion.reading.splits import split_blocks
from personalize_assets_tests.helpers.damage import DamagedFile, damaged_file
from personalize_assets_tests.helpers.framing import PATHS, framed, read_on


def read(data: bytes) -> list[Event]:
    """The events of a file, on which both paths and several cuts have agreed."""
    results = [
        framed(path, [data[at : at + size] for at in range(0, len(data), size)])[0]
        for path, size in itertools.product(PATHS, (1, 7, len(data) + 1))
    ]
    for result in results:
        assert result == results[0]
    return results[0]


def shop_event(number: int) -> bytes:
    event = {
        "messageId": f"m{number}",
        "event": "View",
        "userId": f"u{number % 7}",
        "properties": {"sku": f"s{number % 11}", "price": number + 0.5},
        "timestamp": f"2026-10-01T05:00:{number:02}Z",
    }
    return json.dumps(event).encode()


def outcome(data: bytes) -> tuple[list[str], list[tuple[bytes, int]]]:
    """The ids of the events, and the broken stretches with their lines."""
    found = read(data)
    return (
        [event.fields["messageId"] for event in found if event.fields is not None],
        [(event.raw, event.lines) for event in found if event.fields is None],
    )


def ids(*numbers: int) -> list[str]:
    return [f"m{number}" for number in numbers]


def test_not_a_number_among_glued_events_is_null_and_costs_nothing() -> None:
    data = b"".join(shop_event(number) for number in range(20)).replace(b" 7.5", b" NaN")
    found = read(data)
    assert [event.fields["messageId"] for event in found if event.fields] == ids(*range(20))
    assert found[7].fields is not None
    assert found[7].fields["properties"] == {"sku": "s7", "price": None}


def test_an_event_that_is_cut_off_within_a_name_costs_only_itself() -> None:
    cut = shop_event(7)[:60]
    assert cut.endswith(b'"u0", "proper')
    data = b"".join(cut if number == 7 else shop_event(number) for number in range(20))
    assert outcome(data) == (ids(*range(7), *range(8, 20)), [(cut, 1)])


def test_text_between_glued_events_is_one_malformed_event() -> None:
    events = [shop_event(number) for number in range(20)]
    events[7] += b"ERROR upstream timed out"
    assert outcome(b"".join(events)) == (ids(*range(20)), [(b"ERROR upstream timed out", 1)])


def test_a_whole_event_that_is_nested_in_a_broken_one_is_no_event() -> None:
    trap = b'{"messageId": "m2", "broken": tru, "inner": ' + shop_event(99) + b"}"
    events = [shop_event(number) for number in range(6)]
    events[2] = trap
    assert outcome(b"".join(events)) == (ids(0, 1, 3, 4, 5), [(trap, 1)])


@pytest.mark.parametrize(
    "between", [b"\\n", b"\\r\\n", b"\\n\n", b" \\n ", b",\\n"], ids=lambda between: between.decode()
)
def test_line_ends_that_were_escaped_mean_nothing_between_events(between: bytes) -> None:
    assert outcome(between.join(shop_event(number) for number in range(9)) + between) == (ids(*range(9)), [])


BROKEN = b'{"messageId": tru, "a": [%s, %s], "b": {"c": %s}}' % ((shop_event(99),) * 3)


@pytest.mark.parametrize("between", [b"", b" ", b"\n", b"\r\n", b"\\n", b",", b", ", b",\n"])
def test_brackets_show_where_a_broken_event_ends_whatever_stands_between_events(between: bytes) -> None:
    broken = BROKEN.replace(b'"messageId": tru', b'"messageId": "m2", "event": tru')
    events = [shop_event(0), shop_event(1), broken, shop_event(3), shop_event(4)]
    assert outcome(between.join(events)) == (ids(0, 1, 3, 4), [(broken, 1)])


@pytest.mark.parametrize(
    "damaged",
    [
        shop_event(2)[:-1],
        shop_event(2)[:-20],
        shop_event(2)[:80],
        shop_event(2).replace(b'"event"', b'"event', 1),
        shop_event(2).replace(b'"event"', b'"even"t"', 1),
        shop_event(2).replace(b'"event": ', b'"event" ', 1),
        shop_event(2).replace(b'{"sku"', b'"sku"', 1),
        shop_event(2).replace(b"View", b"\\View", 1),
        b"\0\0\0\0",
        b"<html><body>503</body></html>",
        b'2026-10-01 10:00:00 ERROR {"a":1',
        b"Traceback:\n  File x",
    ],
)
@pytest.mark.parametrize("between", [b"", b"\n"])
def test_what_is_damaged_costs_at_most_itself_and_the_event_behind_it(between: bytes, damaged: bytes) -> None:
    events = [shop_event(0), shop_event(1), damaged, *map(shop_event, range(3, 9))]
    found, broken = outcome(between.join(events))
    assert found in (ids(0, 1, *range(3, 9)), ids(0, 1, *range(4, 9)))
    assert broken


@pytest.mark.parametrize(
    "line",
    [
        b'2026-10-01T05:00:00Z\ttag\t{"messageId":"m9","p":{"a":1}}\n',
        b'Oct 1 05:00:00 host app[1]: {"messageId":"m9"}\n',
        b'INFO [main] a={"messageId":"m9"} done\n',
    ],
)
def test_json_in_the_lines_of_a_log_is_no_event(line: bytes) -> None:
    found = outcome(line * 3 + shop_event(0) + b"\n" + line)
    assert found == (ids(0), [((line * 3).strip(), 3), (line.strip(), 1)])


def test_objects_that_lost_the_comma_between_them_are_still_part_of_their_event() -> None:
    broken = b'{"messageId":"m1","products":[{"sku":"a"}{"sku":"b"}{"sku":"c"}],"x":{"y":1}}'
    assert outcome(shop_event(0) + broken + shop_event(2)) == (ids(0, 2), [(broken, 1)])


def test_nested_objects_that_begin_a_line_are_part_of_a_broken_event() -> None:
    broken = b'{"messageId":"m1","a":tru,"products":[\n{"messageId":"m8"},\n{"messageId":"m9"}\n]}'
    assert outcome(shop_event(0) + b"\n" + broken + b"\n" + shop_event(2)) == (ids(0, 2), [(broken, 4)])


def test_an_array_on_one_line_goes_on_behind_a_broken_event() -> None:
    events = [shop_event(number) for number in range(5)]
    events[2] = events[2].replace(b'"View"', b"View")
    assert outcome(b"[" + b", ".join(events) + b"]") == (ids(0, 1, 3, 4), [(events[2], 1)])


def test_reading_goes_on_behind_garbage_of_several_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "WINDOW_BYTES", 300)
    monkeypatch.setattr(resumption, "WINDOW_BYTES", 300)
    garbage = b"\0" * 1000
    events = [shop_event(0), garbage, *map(shop_event, range(1, 5))]
    found, broken = outcome(b"".join(events))
    assert found == ids(0, 2, 3, 4)
    assert broken == [(garbage + shop_event(1), 1)]


def test_whole_objects_on_lines_of_a_broken_event_of_20_kb_are_no_events() -> None:
    elements = b",\n".join(b'{"messageId": "trap", "number": %d}' % number for number in range(600))
    broken = b'{"messageId": oops, "elements": [\n' + elements + b"\n]}"
    assert len(broken) > 20_000
    found, stretches = outcome(shop_event(0) + b"\n" + broken + b"\n" + shop_event(1) + b"\n")
    assert found == ids(0, 1)
    assert stretches == [(broken, 602)]


def test_lines_behind_an_event_that_never_closes_are_events_after_8_kb_as_well() -> None:
    cut_off = b'{"messageId": "m99", "event":'
    lines = [line for number in range(60) for line in (cut_off, shop_event(number))]
    found, stretches = outcome(b"\n".join(lines))
    assert found == ids(*range(60))
    assert stretches == [(cut_off, 1)] * 60


# -- n events, k of them damaged ---------------------------------------------------------------------------------------

SEEDS = st.integers(0, 2**32).map(damaged_file)


def check(file: DamagedFile, found: list[Event]) -> None:
    """At least n - 2k come out and none is invented; only glued files are certain to lose no more."""
    events: list[dict[str, Any]] = [event.fields for event in found if event.fields is not None]
    right = [event for event in events if str(event.get("messageId")) in file.whole]
    for event in right:
        assert event == file.whole[event["messageId"]]
    assert len({event["messageId"] for event in right}) == len(right)
    if b"," not in file.separator:
        assert len(right) >= file.total - 2 * len(file.damaged)
        invented = [event for event in found if event.fields and event.fields.get("messageId", "trap") == "trap"]
        assert [event.raw for event in invented if event.raw not in file.damaged] == []


@given(SEEDS)
def test_of_n_events_of_which_k_are_damaged_at_least_n_minus_2k_come_out_and_none_is_invented(
    file: DamagedFile,
) -> None:
    check(file, framed("one_by_one", [file.text])[0])


@given(SEEDS, st.lists(st.integers(0, 6000), max_size=8))
def test_damaged_events_are_the_same_on_both_paths_in_any_blocks(file: DamagedFile, places: list[int]) -> None:
    edges = [0, *sorted(place for place in places if place < len(file.text)), len(file.text)]
    blocks = [file.text[first:last] for first, last in itertools.pairwise(edges)]
    found = framed("one_by_one", [file.text])[0]
    assert framed("in_batches", [file.text])[0] == found
    assert framed("one_by_one", blocks)[0] == found
    assert framed("in_batches", blocks)[0] == found


@given(SEEDS, st.integers(2, 5))
def test_damaged_events_are_the_same_in_shares(file: DamagedFile, count: int) -> None:
    parts = [split_blocks(io.BytesIO(file.text), len(file.text), number, count) for number in range(count)]
    framers = [Framer(part) for part in parts]
    found = [event for framer in framers for event in read_on("in_batches", framer)]
    if not any(framer.is_cut for framer in framers[:-1]):
        assert found == framed("one_by_one", [file.text])[0]


def test_a_reject_of_a_stretch_has_its_reason() -> None:
    assert read(b"oops") == [Event(b"oops", None, MALFORMED)]
