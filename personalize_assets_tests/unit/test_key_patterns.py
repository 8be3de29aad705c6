"""Patterns of keys: which day a key has, and what a day's listing needs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.pattern_syntax import parse_pattern

DAY = date(2026, 10, 1)
SECONDS = 1_790_812_800  # 2026-10-01T00:00:00Z

# The 17 patterns that people really have: a pattern, a key of 2026-10-01, and what is listed for that day.
REAL = [
    (
        "customer_id=*/device=*/year=%Y/month=%m/day=%d/hour=%H/**",
        "customer_id=a/device=web/year=2026/month=10/day=01/hour=05/part-0.json",
        ("customer_id=*/device=*/year=2026/month=10/day=01/", "customer_id=*/device=*/year=2026/month=10/day=1/"),
    ),
    ("%Y-%m-%d/customer/*", "2026-10-01/customer/a.json", ("2026-10-01/", "2026-10-1/")),
    (
        "clickstream%Y/%m/%d/%H/*",
        "clickstream2026/10/01/05/stream-1",
        ("clickstream2026/10/01/", "clickstream2026/10/1/"),
    ),
    ("dt=%Y-%m-%d-%H/**", "dt=2026-10-01-05/a.json", ("dt=2026-10-01-", "dt=2026-10-1-")),
    ("dt=%Y%m%d/**", "dt=20261001/a.json", ("dt=20261001/",)),
    ("ingest_date=%Y-%m-%d/**", "ingest_date=2026-10-01/a.json", ("ingest_date=2026-10-01/", "ingest_date=2026-10-1/")),
    ("y=%Y/m=%m/d=%d/**", "y=2026/m=10/d=01/a.json", ("y=2026/m=10/d=01/", "y=2026/m=10/d=1/")),
    (
        "month=%Y-%m/date=%Y-%m-%d/**",
        "month=2026-10/date=2026-10-01/a.json",
        ("month=2026-10/date=2026-10-01/", "month=2026-10/date=2026-10-1/"),
    ),
    ("%Y/%m/%d/%H/%M/*", "2026/10/01/05/03/events", ("2026/10/01/", "2026/10/1/")),
    ("%Y/%m/%d/%H/*", "2026/10/1/5/events", ("2026/10/01/", "2026/10/1/")),
    ("run=%Y-%m-%d-%H-%M-%S/*", "run=2026-10-01-05-00-00/part-0", ("run=2026-10-01-", "run=2026-10-1-")),
    (
        "segment_type=*/day=%Y-%m-%d/hr=%H/*",
        "segment_type=page/day=2026-10-01/hr=5/a.json",
        ("segment_type=*/day=2026-10-01/", "segment_type=*/day=2026-10-1/"),
    ),
    ("logs/%Y%m%d_*.gz", "logs/20261001_0.gz", ("logs/20261001_",)),
    (
        "unload/%Y-%m-%d/part_*_part_*",
        "unload/2026-10-01/part_0003_part_00",
        ("unload/2026-10-01/", "unload/2026-10-1/"),
    ),
    (
        "topics/*/year=%Y/month=%m/day=%d/hour=%H/*.json.gz",
        "topics/clicks/year=2026/month=10/day=01/hour=05/clicks+0+0000000012.json.gz",
        ("topics/*/year=2026/month=10/day=01/", "topics/*/year=2026/month=10/day=1/"),
    ),
    ("*/%Y/%m/%d/%H/*", "web/2026/10/01/05/events", ("*/2026/10/01/", "*/2026/10/1/")),
    ("segment-logs/*/%Q/*", f"segment-logs/web/{SECONDS}000/1.gz", ("segment-logs/*/17908",)),
]


@pytest.mark.parametrize(("pattern", "key", "prefixes"), REAL, ids=[one[0] for one in REAL])
def test_a_key_that_people_have_is_of_its_day_and_is_listed_by_few_prefixes(
    pattern: str, key: str, prefixes: tuple[str, ...]
) -> None:
    found = parse_pattern(pattern)

    assert found.day_of(key) == DAY
    assert found.prefixes(DAY) == prefixes
    assert any(fnmatchcase(key, prefix + "*") for prefix in prefixes)


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("%Y/%j/*", "2026/274/a"),
        ("logs/%s/*", f"logs/{SECONDS}/a"),
        ("logs/%s/*", f"logs/{SECONDS + 86_399}/a"),
        ("events-%Q.json", f"events-{SECONDS}123.json"),
        ("logs//%Y/%m/%d/*", "logs//2026/10/01/a"),
        ("logs/*/%Y-%m-%d/*", "logs//2026-10-01/a"),
        ("**/%Y/%m/%d/*", "2026/10/01/a"),
        ("**/%Y/%m/%d/*", "any/folders//2026/10/01/a"),
        ("logs/**/dt=%Y-%m-%d/**", "logs/dt=2026-10-01/b/c"),
        ("%Y/%m/%d/stream-%Y-%m-%d-*", "2026/10/01/stream-2026-10-01-05-00"),
        ("%Y/**/%m-%d/*", "2026/a/b/10-01/c"),
        ("%Y-%m-%d*.json", "2026-10-01.json"),
        ("100%%/%Y-%m-%d/*", "100%/2026-10-01/a"),
        ("*_%Y%m%d.json", "web_2_20261001.json"),
        ("*%Y-%m-%d*", "id12026-10-01.gz"),
        ("%H/%Y-%m-%d/*", "23/2026-10-01/a"),
        ("a[b]/%Y-%m-%d/(*)", "a[b]/2026-10-01/(c)"),
    ],
)
def test_a_key_that_fits_has_the_day_that_its_numbers_name(pattern: str, key: str) -> None:
    assert parse_pattern(pattern).day_of(key) == DAY


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("%Y/%m/%d/*", "2026/02/30/a"),
        ("%Y/%m/%d/*", "2026/13/01/a"),
        ("%Y/%m/%d/*", "2026/10/001/a"),
        ("%Y/%m/%d/*", "0000/10/01/a"),
        ("%Y/%m/%d/*", "2026/10/01/05/a"),
        ("%Y/%m/%d/**", "2026/10/01"),
        ("%Y/%m/%d/**", "web/2026/10/01/a"),
        ("%Y/%m/%d/%H/*", "2026/10/01/24/a"),
        ("%Y/%m/%d/%H/%M/*", "2026/10/01/05/60/a"),
        ("%Y%m%d/*", "2026101/a"),
        ("%Y/%j/*", "2025/366/a"),
        ("%Y/%j/*", "2026/000/a"),
        ("logs/%s/*", "logs/01790812800/a"),
        ("logs/%s/*", f"logs/{'9' * 18}/a"),
        ("logs/%s/*", f"logs/{'9' * 5000}/a"),
        ("logs/%s/*", "logs/-1/a"),
        ("%Y/%m/%d/stream-%Y-%m-%d-*", "2026/10/01/stream-2026-10-02-05-00"),
        ("logs//%Y/%m/%d/*", "logs/2026/10/01/a"),
        ("logs/%Y%m%d_*.gz", "logs/20261001_0.zip"),
        ("%Y-%m-%d/*", "\uff12\uff10\uff12\uff16-10-01/a"),
    ],
)
def test_a_key_that_does_not_fit_has_no_day(pattern: str, key: str) -> None:
    assert parse_pattern(pattern).day_of(key) is None


@pytest.mark.parametrize(
    ("pattern", "key", "day"),
    [
        ("%Y/%m/%d/%H/*.gz", "2026/10/01/05/03/events", DAY),
        ("%Y/%m/%d/%H/*.gz", "2026/10/01/events", DAY),
        ("dt=%Y-%m-%d-%H/*", "dt=2026-10-01-x", DAY),
        ("logs/%Y%m%d_*.gz", "logs/20261001_a/b", DAY),
        ("logs/%Y-%m-%d", "logs/2026-10-1/b", DAY),
        ("logs/%Y-%m-%d", "logs/2026-10-10x", date(2026, 10, 10)),
        ("*/%Y/%m/%d/*", "web/2026/10/01/05/events", DAY),
        ("*/%Y/%m/%d/*", "2026/10/01/events", None),
        ("%Y/%m/%d/*", "2026/10/events", None),
        ("%Y/%m/%d/*", "2026/02/30/events", None),
        ("logs/%s/*", f"logs/{SECONDS + 5}/a/b", DAY),
        ("web-*-%Y%m%d-%H/*", "web-1-20261001-x/a/b", DAY),
        ("web-*-%Y%m%d-%H/*", "web-1-20261001-05", None),
    ],
)
def test_a_key_that_does_not_fit_may_be_in_the_folder_of_a_day(pattern: str, key: str, day: date | None) -> None:
    found = parse_pattern(pattern)

    assert found.day_of(key) is None
    above = found.day_above(key)
    assert (above and above[0]) == day
    assert day is None or any(fnmatchcase(key, prefix + "*") for prefix in found.prefixes(day))


@pytest.mark.parametrize(
    ("pattern", "prefixes"),
    [
        ("%Y/%m/%d/**", ("2026/01/02/", "2026/01/2/", "2026/1/02/", "2026/1/2/")),
        ("%Y%m%d/**", ("20260102/",)),
        ("%Y/%j/*", ("2026/002/",)),
        ("%Y/%m/%d/stream-%Y-*", ("2026/01/02/", "2026/01/2/", "2026/1/02/", "2026/1/2/")),
        ("logs//%Y%m%d/*", ("logs//20260102/",)),
        ("a/**/%Y%m%d/*", ("a/",)),
        ("**/%Y%m%d/*", ("",)),
        ("logs/*_%Y%m%d.gz", ("logs/",)),
        ("logs/web_*_%Y%m%d.gz", ("logs/web_",)),
        ("web-*-%Y%m%d/*", ("web-*-20260102/",)),
        ("web-*-%Y%m%d-%H/*", ("web-*-20260102-*/",)),
        ("web-*-%s/*", ("web-*-17673*/",)),
        ("%H/%Y%m%d/*", ("*/20260102/",)),
        ("logs/%s.json", ("logs/17673",)),
        ("logs/%Q.json", ("logs/17673",)),
        ("%Y-%m-%d", ("2026-01-02", "2026-01-2", "2026-1-02", "2026-1-2")),
    ],
)
def test_only_the_prefixes_of_the_day_are_listed(pattern: str, prefixes: tuple[str, ...]) -> None:
    assert parse_pattern(pattern).prefixes(date(2026, 1, 2)) == prefixes


def test_a_day_that_needs_two_blocks_of_seconds_has_two_prefixes() -> None:
    assert parse_pattern("logs/%s/*").prefixes(date(2026, 1, 3)) == ("logs/17673", "logs/17674")


def test_no_epoch_is_of_a_day_before_1970() -> None:
    assert parse_pattern("logs/%s/*").prefixes(date(1969, 12, 31)) == ()


@pytest.mark.parametrize(
    ("pattern", "example"),
    [
        ("id=*/y=%Y/month=%m/day=%d/**", "id=<any>/y=<YYYY>/month=<MM>/day=<DD>/<any folders>/<file>"),
        ("dt=%Y-%m-%d/*", "dt=<YYYY-MM-DD>/<file>"),
        ("logs/%Y%m%d_*.gz", "logs/<YYYYMMDD>_<any>.gz"),
        ("**/%Y/%j/%H%M/*", "<any folders>/<YYYY>/<day of year>/<HH><minute>/<file>"),
    ],
)  # fmt: skip
def test_a_pattern_is_shown_to_people_in_words(pattern: str, example: str) -> None:
    assert parse_pattern(pattern).example == example


# -- any pattern -------------------------------------------------------------------------------------------------------

NAMES = st.text("abz019-_.= ü", max_size=4)
DAYS = st.dates(min_value=date(1970, 1, 1))
# What may be written for a code, by whether it has a leading zero.
DAY_PARTS = st.sampled_from(
    [
        "%Y/%m/%d",
        "y=%Y/m=%m/d=%d",
        "%Y-%m-%d",
        "dt=%Y%m%d",
        "%Y%m%d%H",
        "%Y/%j",
        "%s",
        "t=%Q",
        "%Y/%m/%Y-%m-%d",
        "%d.%m.%Y",
    ]
)
ABOVE = st.sampled_from(["", "logs/", "logs//", "*/", "customer=*/device=*/", "**/", "a/**/b/", "%H/", "x-*-y/"])
BELOW = st.sampled_from(["/*", "/**", "/%H/*", "/%H/%M/**", "_*.gz", ".json", "-%H/*", "/*.json/**", ""])


@st.composite
def keys(draw: st.DrawFn, pattern: str, day: date) -> str:
    """A key that is written from a pattern for a day."""
    second = draw(st.integers(0, 86_399))
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
    parts: list[str] = []
    for segment in pattern.split("/"):
        if segment == "**":
            parts += draw(st.lists(NAMES, max_size=2))
            continue
        text = segment
        padded = draw(st.booleans()) or "%m%d" in segment or "%H" in segment
        for code, value in (
            ("%Y", f"{at.year:04d}"),
            ("%m", f"{at.month:02d}" if padded else str(at.month)),
            ("%d", f"{at.day:02d}" if padded else str(at.day)),
            ("%j", at.strftime("%j")),
            ("%H", f"{at.hour:02d}"),
            ("%M", f"{at.minute:02d}"),
            ("%s", str((day - date(1970, 1, 1)).days * 86_400 + second)),
            ("%Q", str(((day - date(1970, 1, 1)).days * 86_400 + second) * 1000 + draw(st.integers(0, 999)))),
        ):
            text = text.replace(code, value)
        while "*" in text:
            text = text.replace("*", draw(NAMES), 1)
        parts.append(text)
    return "/".join([*parts, draw(NAMES.filter(bool))] if pattern.endswith("**") else parts)


@given(st.data(), ABOVE, DAY_PARTS, BELOW, DAYS)
def test_a_key_written_for_a_day_is_listed_on_that_day_and_is_of_no_other(
    data: st.DataObject, above: str, of_the_day: str, below: str, day: date
) -> None:
    pattern = parse_pattern(above + of_the_day + below)
    key = data.draw(keys(pattern.text, day))

    found = pattern.day_of(key)

    assert found is not None
    if not above.startswith(
        ("**", "a/**", "*", "customer", "%H", "x-*")
    ):  # else text above may look like a day as well
        assert found == day
    assert any(fnmatchcase(key, prefix.replace("[", "[[]") + "*") for prefix in pattern.prefixes(found))
    assert pattern.day_above(key) == (found, (pattern.day_above(key) or (day, ""))[1])
