"""Reports for tests: one of hostile texts, and one as long as they come."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from personalize_assets.pipeline.rejects import RejectCount, Rejects, RejectSample
from personalize_assets.report.facts import (
    CheckFacts,
    ColumnFacts,
    CsvFacts,
    DatasetFacts,
    DaysFacts,
    IdFacts,
    Ranked,
    Report,
    SourceFacts,
)

HOSTILE = "<script>alert(1)</script>\u202e\x00 \"'&\ud800 \u05e9\u05dc\u05d5\u05dd"
"""Markup, an override of the direction of text, a control character, half a character, and Hebrew."""


def dataset_facts(**changes: Any) -> DatasetFacts:
    """Interactions of two days, of which one row is a repeat and two were rejected."""
    facts: dict[str, Any] = {
        "name": "interactions",
        "title": "Interactions",
        "is_events": True,
        "rows": 12,
        "kept": 10,
        "rejected": {"missing:USER_ID": 2},
        "dropped": {},
        "by_arrival_day": {"2026-10-01": 4, "2026-10-02": 6},
        "csv": CsvFacts(
            rows=9,
            kept=10,
            duplicates=1,
            outside_window=None,
            suppressed=None,
            bytes=1234,
            file="/out/i.csv",
            sha256="a",
        ),
        "columns": (ColumnFacts(name="USER_ID", type="string", is_required=True, paths=("user",), nulls=0),),
        "event_types": (Ranked("View", 9),),
        "by_event_day": {"2026-10-01": 9},
        "by_hour": (9, *[0] * 23),
        "ids": (),
        **changes,
    }
    return DatasetFacts(**facts)


def check_facts(**changes: Any) -> CheckFacts:
    facts: dict[str, Any] = {
        "asset": "interactions_csv",
        "name": "at_least_1000_interactions_are_unique",
        "result": "failed",
        "is_error": True,
        "observed": "9",
        "allowed": "at least 1,000",
        "holds": "It has 1,000.",
        "when_red": "convert more days.",
        "source": "Personalize guide, page limits",
        **changes,
    }
    return CheckFacts(**facts)


def report_facts(**changes: Any) -> Report:
    """A report on interactions that Personalize accepts."""
    facts: dict[str, Any] = {
        "dataset_group": "shop",
        "domain": "custom",
        "destination": "/out",
        "written": "2026-10-03T04:05:06+00:00",
        "version": "1.2.3",
        "run": "R1",
        "made": "2026-10-03T04:00:00Z",
        "refused": None,
        "verdict": "accepted",
        "reasons": (),
        "sources": (
            SourceFacts(
                name="source", uris=("/raw",), layout="hive", datasets=("interactions",), raw_files=2, bytes=900,
                read=20, wanted=11, not_wanted=8, malformed={"malformed_json": 1}, unreadable=0,
            ),
        ),
        "datasets": (dataset_facts(),),
        "checks": (),
        "rejects": Rejects("shop", 2, 0, (), ()),
        "hides_broken": True,
        "days": DaysFacts(
            catalogued=2, converted=2, first="2026-10-01", last="2026-10-02", unconverted=(), gaps=(), incomplete={}
        ),
        "imports": {},
        **changes,
    }  # fmt: skip
    return Report(**facts)


def hostile_report() -> Report:
    """A report whose every text of data is ``HOSTILE``, with all sections filled."""
    return report_facts(
        dataset_group=HOSTILE,
        reasons=(HOSTILE,),
        verdict="refused",
        checks=(check_facts(observed=HOSTILE, allowed=HOSTILE), check_facts(result="passed")),
        rejects=Rejects(
            "shop", 1, 1, (RejectCount("interactions", HOSTILE, 1),),
            (RejectSample("2026-10-01", "interactions", HOSTILE, HOSTILE, HOSTILE),),
        ),
        datasets=(
            dataset_facts(
                event_types=(Ranked(HOSTILE, 9),),
                dropped={f"{HOSTILE}:{HOSTILE}": 1},
                columns=(ColumnFacts(name=HOSTILE, type="string", is_required=False, paths=(HOSTILE,)),),
                ids=(
                    IdFacts(
                        column="ITEM_ID", distinct=1, is_estimated=False, with_two=1, histogram={"1": 1},
                        shown_as="ids", top=(Ranked(HOSTILE, 9),),
                    ),
                ),
            ),
        ),
    )  # fmt: skip


def long_report(days: int = 1000, reasons: int = 100) -> Report:
    """A report of years, with many reasons and long samples."""
    by_day = {(date(2024, 1, 1) + timedelta(number)).isoformat(): number for number in range(days)}
    names = [f"bad_value:COLUMN_{number}" for number in range(reasons)]
    return report_facts(
        datasets=tuple(
            dataset_facts(name=name, title=name.title(), by_arrival_day=by_day, by_event_day=by_day)
            for name in ("interactions", "users", "items")
        ),
        rejects=Rejects(
            "shop", days, 9 * reasons,
            tuple(RejectCount("interactions", name, 9) for name in names),
            tuple(RejectSample("2026-10-01", "interactions", name, "a.json", '{"a": 1}' * 125) for name in names[:20]),
        ),
    )  # fmt: skip
