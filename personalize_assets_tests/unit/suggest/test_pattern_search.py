"""The patterns of keys that fit no name."""

from __future__ import annotations

from datetime import date
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.layouts import layout
from personalize_assets.suggest.pattern_search import Candidate, candidate_patterns

DAY = date(2026, 10, 1)


@pytest.mark.parametrize(
    ("keys", "pattern"),
    [
        (["customer_id=a/device=b/year=2026/month=10/day=1/a"], "customer_id=*/device=*/year=%Y/month=%m/day=%d/**"),
        (["2026-10-01/customer/a.json"], "%Y-%m-%d/**"),
        (["clickstream2026/10/01/05/stream-1"], "clickstream%Y/%m/%d/**"),
        (["dt=2026-10-01-05/a"], "dt=%Y-%m-%d-%H/**"),
        (["dt=20261001/a"], "dt=%Y%m%d/**"),
        (["dt=2026100105/a"], "dt=%Y%m%d%H/**"),
        (["ingest_date=2026-10-01/a"], "ingest_date=%Y-%m-%d/**"),
        (["y=2026/m=10/d=01/a"], "y=%Y/m=%m/d=%d/**"),
        (["month=2026-10/date=2026-10-01/a"], "month=%Y-%m/date=%Y-%m-%d/**"),
        (["2026/10/01/05/03/events"], "%Y/%m/%d/**"),
        (["2026/1/5/7/events"], "%Y/%m/%d/**"),
        (["run=2026-10-01-05-00-00/part-0"], "run=%Y-%m-%d-%H-%M-%S/**"),
        (["segment_type=page/day=2026-10-01/hr=5/a"], "segment_type=*/day=%Y-%m-%d/**"),
        (["logs/20261001_0.gz", "logs/20261001_1.gz"], "logs/%Y%m%d_*.gz"),
        (["unload/2026-10-01/events_0000_part_00"], "unload/%Y-%m-%d/**"),
        (["unload/events_2026-10-01_0000_part_00"], "unload/events_%Y-%m-%d_*"),
        (["t/clicks/year=2026/month=10/day=01/hour=05/clicks+0+12.json.gz"], "t/clicks/year=%Y/month=%m/day=%d/**"),
        ([f"topics/{topic}/year=2026/month=10/day=01/a" for topic in "ab"], "topics/*/year=%Y/month=%m/day=%d/**"),
        (["web/2026/10/01/05/events", "ios/2026/10/01/05/events", "android/2026/10/01/05/events"], "*/%Y/%m/%d/**"),
        (["2026/274/a"], "%Y/%j/**"),
        (["2026-10/01/a"], "%Y-%m/%d/**"),
        (["2026/date=2026-10-01/a"], "%Y/date=%Y-%m-%d/**"),
        (["m=10/2026-10-01T05:00:00Z/a"], "m=%m/%Y-%m-%dT%H:%M:%SZ/**"),
        (["logs/1790812800/a"], "logs/%s/**"),
        (["events-1790812800123.json"], "events-%Q.json"),
        (["web_20261001.json", "ios_20261001.json"], "*_%Y%m%d.json"),
        (["events.2026-10-01.json.gz"], "events.%Y-%m-%d.json.gz"),
        (["logs//2026-10-01/a"], "logs//%Y-%m-%d/**"),
        (["100%/2026-10-01/a"], "100%%/%Y-%m-%d/**"),
        (["20261001-b3f1/a", "20261001-c4/a"], "%Y%m%d-*/**"),
    ],
)  # fmt: skip
def test_the_pattern_of_keys_that_people_have(keys: list[str], pattern: str) -> None:
    assert candidate_patterns(keys) == [Candidate(pattern, len(keys))]
    assert all(layout(pattern, DAY).day_of(key) for key in keys)


@pytest.mark.parametrize(
    "key",
    [
        "any/a.json",
        "2026/events.json",
        "2026/13/01/a",
        "2026-02-30/a",
        "01-10-2026/a",
        "orders/1234567890123456/a",
        "orders/0790812800/a",
        "202610011/a",
        "10/01/a",
    ],
)
def test_a_key_without_a_day_that_is_sure_has_no_pattern(key: str) -> None:
    assert candidate_patterns([key]) == []


def test_keys_of_other_depths_or_forms_have_patterns_of_their_own_the_most_frequent_first() -> None:
    keys = ["a/2026-10-01/x", "2026/10/01/x", "b/2026-10-02/x"]

    assert candidate_patterns(keys) == [Candidate("*/%Y-%m-%d/**", 2), Candidate("%Y/%m/%d/**", 1)]


NAMES = st.text(ascii_lowercase, min_size=1, max_size=6)
PATTERNS = st.sampled_from(
    ["*/%Y/%m/%d/%H/*", "dt=%Y-%m-%d-%H/*", "logs/%Y%m%d_*", "customer=*/y=%Y/m=%m/d=%d/**", "%Y/%j/*", "%s/*",
     "x-%Q.json", "month=%Y-%m/date=%Y-%m-%d/*", "run=%Y-%m-%d-%H-%M-%S/*", "%Y-%m-%d/*/*"]
)  # fmt: skip
DAYS = st.dates(
    min_value=date(2010, 1, 1), max_value=date(2029, 12, 31)
)  # later epochs have the digits of a day and an hour


@given(PATTERNS, st.lists(st.tuples(DAYS, NAMES, NAMES, st.integers(0, 23)), min_size=1, max_size=5))
def test_the_pattern_that_is_found_covers_the_keys_and_gives_their_days(
    pattern: str, written: list[tuple[date, str, str, int]]
) -> None:
    keys_of = layout(pattern, DAY)
    keys = [keys_of.key(day, name, source=source, hour=hour) for day, name, source, hour in written]

    (found,) = candidate_patterns(keys)

    assert found.keys == len(keys)
    assert [layout(found.pattern, DAY).day_of(key) for key in keys] == [day for day, *_ in written]
