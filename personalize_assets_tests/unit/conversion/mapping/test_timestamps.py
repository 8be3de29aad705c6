"""Times in all the forms that events carry."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.contract import MIN_EPOCH_SECONDS
from personalize_assets.conversion.mapping.timestamps import (
    NANOS,
    are_in_range,
    epoch_nanos,
    is_in_range,
    many_nanos,
    many_seconds,
    max_epoch_seconds_of,
    nanos_of_texts,
    nanos_of_times,
    to_epoch_seconds,
)
from personalize_assets_tests.helpers.strategies import VALUES

# 2026-10-01T12:34:56Z
NOON = 1_790_858_096


@pytest.fixture(params=["UTC", "America/St_Johns", "Asia/Kathmandu"])
def time_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's own time zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-01T12:34:56Z",
        "2026-10-01T12:34:56z",
        "2026-10-01t12:34:56Z",
        "2026-10-01 12:34:56Z",
        "2026-10-01 12:34:56 Z",
        "2026-10-01T12:34:56",
        "2026-10-01 12:34:56",
        "2026-10-01T12:34:56+00:00",
        "2026-10-01T12:34:56-00:00",
        "2026-10-01T14:34:56+02:00",
        "2026-10-01T14:34:56+0200",
        "2026-10-01T14:34:56+02",
        "2026-10-01T07:04:56-0530",
        "2026-10-02T02:34:56+14:00",
        "2026-09-30T23:34:56-13:00",
        " 2026-10-01T12:34:56Z\n",
        "2026-10-01 12:34:56 UTC",
        "2026-10-01T12:34:56UTC",
        "2026-10-01 12:34:56 GMT",
        "2026-10-01 12:34:56 +0000 UTC",
        "2026-10-01 14:34:56 +0200 CEST",
        "2026-10-01 15:34:56 +0300 +03",
        "2026-10-01 12:34:56 +0000 UTC m=+0.000012345",
        "2026/10/01 12:34:56",
        "2026/10/01 14:34:56 +0200",
        "2026-10-1T12:34:56Z",
        "2026/10/1 12:34:56",
        "20261001T123456Z",
        "20261001T123456",
        "20261001T143456+0200",
        "20261001 12:34:56",
        "20261001123456",
        20261001123456,
        "Thu, 01 Oct 2026 12:34:56 GMT",
        "Thu, 1 Oct 2026 14:34:56 +0200",
        "1 Oct 2026 12:34:56 +0000 (UTC)",
        "thu, 01 oct 2026 07:34:56 EST",
        "Thu,  1 Oct 2026 12:34:56 -0000",
    ],
)
def test_iso_8601_with_an_offset_or_none_is_a_point_in_utc(text: str, time_zone: str) -> None:
    assert epoch_nanos(text) == NOON * NANOS


@pytest.mark.parametrize(
    ("fraction", "nanos"),
    [
        (".5", 500_000_000),
        (",5", 500_000_000),
        (".123", 123_000_000),
        (".123456", 123_456_000),
        (".123456789", 123_456_789),
        (".9999999999999999999999999999999999999999", 999_999_999),
        (".000000000", 0),
        (".0000000009", 0),
    ],
)
def test_a_fraction_has_any_number_of_digits_and_is_rounded_down(fraction: str, nanos: int) -> None:
    assert epoch_nanos(f"2026-10-01T12:34:56{fraction}Z") == NOON * NANOS + nanos
    assert epoch_nanos(f"2026-10-01T14:34:56{fraction}+02:00") == NOON * NANOS + nanos


def test_before_the_epoch_a_fraction_is_rounded_down_too() -> None:
    assert epoch_nanos("1969-12-31T23:59:59.5Z") == -NANOS // 2
    assert epoch_nanos(-0.5) == -NANOS // 2
    assert epoch_nanos("-0.0000000001") == -1


def test_seconds_may_be_left_out_and_a_date_alone_is_its_midnight() -> None:
    assert epoch_nanos("2026-10-01T12:34Z") == (NOON - 56) * NANOS
    assert epoch_nanos("2026-10-01") == 1_790_812_800 * NANOS


@pytest.mark.parametrize("text", ["2026-10-1T5:4:3Z", "2026/10/1 5:4:3", "20261001T050403Z", "2026-10-01 5:04:03 UTC"])
def test_zeros_before_a_number_may_be_left_out(text: str) -> None:
    assert epoch_nanos(text) == epoch_nanos("2026-10-01T05:04:03Z")


@pytest.mark.parametrize("text", ["2026-10-01T24:00:00Z", "2026-10-01 24:00", "20261001T2400Z", "2026-10-02"])
def test_24_00_is_the_next_midnight(text: str) -> None:
    assert epoch_nanos(text) == epoch_nanos("2026-10-02T00:00:00Z")


@pytest.mark.parametrize("value", ["20261001", 20261001, 20261001.0, "2026/10/01", "20261001T0000"])
def test_eight_digits_are_a_day_and_no_second_of_1970(value: Any) -> None:
    assert epoch_nanos(value) == 1_790_812_800 * NANOS


@pytest.mark.parametrize(
    ("value", "nanos"),
    [
        (20261301, 20_261_301 * NANOS),
        (20261001.5, 20_261_001 * NANOS + NANOS // 2),
        (22001001, 22_001_001 * NANOS),
        (20261001256060, 20_261_001_256_060 * 10**6),
    ],
)
def test_digits_that_are_no_day_of_these_centuries_are_an_epoch_number(value: float, nanos: int) -> None:
    assert epoch_nanos(value) == nanos


@pytest.mark.parametrize(
    ("value", "second"),
    [
        ("2026-10-01 05:00:00 UTC", 0),
        ("Thu, 01 Oct 2026 05:00:01 GMT", 1),
        ("2026/10/01 05:00:02", 2),
        ("20261001T050003Z", 3),
        ("2026-10-1T5:00:04Z", 4),
        ("2026-10-01T05:00:05,250Z", 5),
        (1790830806.75, 6),
        ("2026-10-01 07:00:07 +0200", 7),
    ],
)
def test_the_forms_that_programs_write_are_the_same_time(value: Any, second: int) -> None:
    assert to_epoch_seconds(value) == 1_790_830_800 + second
    assert many_seconds(many_nanos([value])).to_pylist() == [1_790_830_800 + second]


def test_a_leap_second_is_the_next_second() -> None:
    assert epoch_nanos("2016-12-31T23:59:60Z") == epoch_nanos("2017-01-01T00:00:00Z")


@pytest.mark.parametrize(
    "value",
    [
        NOON,
        NOON * 10**3,
        NOON * 10**6,
        NOON * 10**9,
        str(NOON),
        str(NOON * 10**3),
        str(NOON * 10**6),
        str(NOON * 10**9),
        float(NOON),
        f"{NOON}.0",
        "1.790858096e9",
        1.790858096e12,
        f" {NOON} ",
    ],
)
def test_epoch_numbers_are_told_apart_by_size_as_number_or_text(value: Any, time_zone: str) -> None:
    assert epoch_nanos(value) == NOON * NANOS


@pytest.mark.parametrize(
    ("value", "nanos"),
    [
        (99_999_999_999, 99_999_999_999 * 10**9),
        (100_000_000_000, 100_000_000_000 * 10**6),
        (99_999_999_999_999, 99_999_999_999_999 * 10**6),
        (100_000_000_000_000, 100_000_000_000_000 * 10**3),
        (99_999_999_999_999_999, 99_999_999_999_999_999 * 10**3),
        (100_000_000_000_000_000, 100_000_000_000_000_000),
        (10**20, None),
    ],
)
def test_the_units_meet_at_fixed_sizes(value: int, nanos: int | None) -> None:
    assert epoch_nanos(value) == nanos
    assert epoch_nanos(str(value)) == nanos


def test_a_numeric_text_of_any_length_is_rounded_down() -> None:
    assert epoch_nanos(f"{NOON}.{'9' * 50}") == NOON * NANOS + 999_999_999
    assert epoch_nanos(f"{NOON}999.{'9' * 50}") == NOON * NANOS + 999_999_999


def test_a_fraction_of_an_epoch_number_is_kept_to_the_nanosecond() -> None:
    assert epoch_nanos(1_790_858_096.25) == NOON * NANOS + 250_000_000
    assert epoch_nanos(1_790_858_096_123.5) == NOON * NANOS + 123_500_000


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        True,
        [],
        {},
        [NOON],
        "yesterday",
        "2026-13-01",
        "2026-02-29",
        "0000-01-01",
        "2026-10-01T24:00:01Z",
        "2026-10-01T24:00:00.5Z",
        "2026-10-01T25:00:00Z",
        "2026-10-01T12:60:00Z",
        "2026-10-01T12:34:61Z",
        "2026-10-01T12:34:56+24:00",
        "2026-10-01T12:34:56+02:60",
        "2026-10-01T12:34:56 CET",
        "2026-10-01T12:34:56 UTC+2",
        "2026-10-01 12:34:56 +0200 UTC",
        "2026-10-01 5:00 PM",
        "2026-10-01T12:34:56.",
        "2026-10-01Z",
        "01/02/2026",
        "13/10/2026",
        "01-02-2026 05:00:00",
        "1.10.2026",
        "10/1/26",
        "2026-10/01",
        "2026-274",
        "2026-W40-4",
        "20261001T05",
        "20261001T0500.5Z",
        "20261301T050000Z",
        "Fri, 01 Oct 2026 12:34:56 GMT",
        "Thu, 32 Oct 2026 12:34:56 GMT",
        "Thu, 01 Okt 2026 12:34:56 GMT",
        "Thu, 01 Oct 26 12:34:56 GMT",
        "Thu, 01 Oct 2026 12:34:56 CET",
        "Thu, 01 Oct 2026 12:34:56",
        "٢٠٢٦-10-01",
        "12345x",
        "nan",
        float("inf"),
        "1e9999",
    ],
)
def test_anything_else_is_no_point_in_time(value: Any) -> None:
    assert epoch_nanos(value) is None


def test_the_last_second_of_a_day_is_the_end_of_the_day_after_it() -> None:
    assert max_epoch_seconds_of(date(2026, 10, 1)) == int(datetime(2026, 10, 3, tzinfo=UTC).timestamp())


def test_the_first_second_is_that_of_1990() -> None:
    assert int(datetime(1990, 1, 1, tzinfo=UTC).timestamp()) == MIN_EPOCH_SECONDS


OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=OFFSETS)


@given(TIMES, st.sampled_from("T t"), st.sampled_from(["seconds", "milliseconds", "microseconds"]))
def test_what_datetime_writes_is_read_as_the_same_time(at: datetime, mark: str, precision: str) -> None:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000 if precision == "milliseconds" else at.microsecond)
    if precision == "seconds":
        at = at.replace(microsecond=0)
    micros = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert epoch_nanos(at.isoformat(mark, precision)) == micros * 1000


@given(st.integers(631_152_000, 4_000_000_000), st.sampled_from([1, 10**3, 10**6, 10**9]))
def test_an_epoch_number_is_the_same_time_in_every_unit_and_as_text(seconds: int, units: int) -> None:
    assert epoch_nanos(seconds * units) == epoch_nanos(str(seconds * units)) == seconds * NANOS


@given(
    st.one_of(
        st.text(max_size=40),
        st.floats(allow_nan=False),
        st.integers(),
        st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d.{0,9}"),
    )
)
def test_no_value_is_too_strange_to_be_asked(value: Any) -> None:
    result = epoch_nanos(value)
    assert result is None or type(result) is int


@pytest.mark.parametrize(
    ("value", "seconds"), [("2026-10-01T12:34:56.999Z", NOON), (NOON * 1000 + 999, NOON), (-0.5, -1), ("", None)]
)
def test_whole_seconds_are_rounded_down_and_an_empty_text_is_null(value: Any, seconds: int | None) -> None:
    assert to_epoch_seconds(value) == seconds


@pytest.mark.parametrize("value", ["soon", " ", True, [], {}])
def test_what_is_no_time_has_no_seconds(value: Any) -> None:
    with pytest.raises(ValueError, match="not a time"):
        to_epoch_seconds(value)


@pytest.mark.parametrize(
    ("seconds", "within"), [(MIN_EPOCH_SECONDS - 1, False), (MIN_EPOCH_SECONDS, True), (NOON, True), (NOON + 1, False)]
)
def test_the_range_of_times_includes_both_ends(seconds: int, within: bool) -> None:
    assert is_in_range(seconds, NOON) is within
    assert are_in_range(pa.array([seconds, None]), NOON).to_pylist() == [within, False]


DAYS = st.dates().flatmap(
    lambda day: st.sampled_from(
        [f"{day:%Y-%m-%d}", f"{day:%Y/%m/%d}", f"{day:%Y%m%d}", f"{day.year}-{day.month}-{day.day}", "2026-02-30"]
    )
)
CLOCKS = st.sampled_from(
    ["05:00:00", "5:0:9", "05:00", "050000", "24:00:00", "24:00:01", "23:59:60", "25:00:00", "05:61:00"]
)
FRACTIONS = st.sampled_from(["", "", ".5", ",25", ".123456789", ".1234567891", "."])
ZONES = st.sampled_from(
    [
        "",
        "Z",
        "z",
        " UTC",
        "UTC",
        " GMT",
        "+02:00",
        "-0530",
        " +0200",
        "+25:00",
        " +0000 UTC",
        " +0200 CEST",
        " +0200 UTC",
    ]
)
MAILS = st.builds(
    lambda at, zone: f"{at:%a, %d %b %Y %H:%M:%S}{zone}",
    st.datetimes(),
    st.sampled_from([" GMT", " +0200", " EST", " -0000 (UTC)", "", " CET"]),
)
FORMS = st.one_of(
    st.builds("{}{}{}{}{}".format, DAYS, st.sampled_from(["T", " ", "t", "  "]), CLOCKS, FRACTIONS, ZONES),
    DAYS,
    MAILS,
    st.sampled_from(["1600-01-01T00:00:00Z", "x", "01/02/2026", "20261001", "20261001050000"]),
    st.sampled_from([1790812800, 1790812800000, 1790812800.5, 20261001, 20261001050000, 10**30, -5, -0.5, True]),
)


@given(st.lists(st.one_of(FORMS, st.none(), st.datetimes().map(lambda at: at.isoformat() + "Z"), VALUES), max_size=5))
def test_many_values_are_read_as_each_is(values: list[Any]) -> None:
    each = [epoch_nanos(value) for value in values]
    assert many_nanos(values).to_pylist() == [
        nanos if nanos is not None and -(2**63) <= nanos < 2**63 else None for nanos in each
    ]


ISO = st.builds(
    "{}{}{}{}".format,
    st.dates(date(1, 1, 1)),
    st.sampled_from("TTT t"),
    st.sampled_from(["05:00:00", "23:59:59", "24:00:00", "05:00:60", "05:00", "5:00:00"]),
    st.sampled_from(["", "", ".5", ".123", ".123456789", ".", ".1234567890", ",5"]),
)
DIGITS = st.one_of(
    st.integers(0, 10**19).map(str), st.sampled_from(["1790830800", "1790830800123", "001790830800", "20261001"])
)


@st.composite
def alike(draw: st.DrawFn) -> list[str | None]:
    """Texts that are mostly of one form, one character of which may be another one."""
    zone = draw(st.sampled_from(["", "Z", "Z", "z", "+00:00"]))
    form = draw(st.sampled_from([ISO.map(lambda text: text + zone), DIGITS]))
    texts: list[str | None] = draw(st.lists(st.one_of(form, form, form, st.none()), min_size=1, max_size=5))
    first = texts[0]
    if first and draw(st.booleans()):
        at = draw(st.integers(0, len(first) - 1))
        texts[0] = first[:at] + draw(st.sampled_from("0123456789:-TZ. +x")) + first[at + 1 :]
    return texts


@given(alike())
def test_texts_of_one_form_are_read_together_as_each_is(texts: list[str | None]) -> None:
    found = nanos_of_texts(pa.array(texts, pa.string()))
    if found is not None:
        assert found.to_pylist() == [epoch_nanos(text) for text in texts]


@pytest.mark.parametrize(
    "texts",
    [
        ["2026-10-01T05:00:00Z", None, "2026-10-01T05:00:00.5Z"],
        ["2026-10-01 05:00:00", "2026-10-01T05:00:00.123456789"],
        ["1790830800", "1790830801"],
        ["1790830800123", None],
        ["1790830800123456"],
    ],
)
def test_the_forms_of_most_files_are_read_together(texts: list[str | None]) -> None:
    found = nanos_of_texts(pa.array(["left", *texts], pa.string()).slice(1))
    assert found is not None
    assert found.to_pylist() == [epoch_nanos(text) for text in texts]


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [None],
        ["2026-10-01"],
        ["20261001"],
        ["2026-10-01T05:00:00Z", "2026-10-01T05:00:00"],
        ["2026-10-01T05:00:00+02:00"],
        ["2026-02-30T05:00:00Z"],
        ["1790830800", "1790830800123"],
        ["1600-01-01T00:00:00Z"],
    ],
)
def test_other_texts_are_left_to_be_read_one_by_one(texts: list[str | None]) -> None:
    assert nanos_of_texts(pa.array(texts, pa.string())) is None


def test_times_of_arrow_are_nanoseconds_if_64_bits_hold_all_of_them() -> None:
    times = pa.array([1_790_830_800, None], pa.timestamp("s", "Europe/Berlin"))
    found = nanos_of_times(times)
    assert found is not None
    assert found.to_pylist() == [1_790_830_800_000_000_000, None]
    assert nanos_of_times(pa.array([2**50], pa.timestamp("s"))) is None


@given(st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.none()), max_size=5))
def test_many_nanoseconds_become_whole_seconds(nanos: list[int | None]) -> None:
    expected = [None if one is None else one // NANOS for one in nanos]

    assert many_seconds(pa.array(nanos, pa.int64())).to_pylist() == expected
