"""Counts that balance, and words for those that do not."""

from personalize_assets.conversion.spec import DatasetCounts, SourceCounts
from personalize_assets.pipeline.accounting import balances, unbalanced_events, unbalanced_rows

EVENTS = SourceCounts(read=6, wanted=3, not_wanted=2, malformed={"malformed_json": 1})
ROWS = DatasetCounts(rows=4, kept=3, rejected={"missing:USER_ID": 1})


def test_events_balance_if_each_is_wanted_not_wanted_or_malformed() -> None:
    assert unbalanced_events(EVENTS) is None
    assert unbalanced_events(SourceCounts(read=7, wanted=3, not_wanted=2, malformed={"a": 1})) == (
        "7 events read, but 3 wanted + 2 not wanted + 1 malformed + 0 unreadable"
    )
    assert unbalanced_events(SourceCounts(read=6, wanted=3, not_wanted=2, unreadable=1)) is None


def test_rows_balance_if_each_is_kept_or_rejected() -> None:
    assert unbalanced_rows(ROWS) is None
    assert unbalanced_rows(DatasetCounts(rows=4, kept=3)) == "4 rows, but 3 kept + 0 rejected"


def test_a_day_balances_if_its_events_and_rows_do() -> None:
    assert balances(EVENTS, ROWS)
    assert not balances(SourceCounts(read=1), ROWS)
    assert not balances(EVENTS, DatasetCounts(rows=1))
