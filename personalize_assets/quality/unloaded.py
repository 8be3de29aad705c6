"""Rules for what was unloaded from a warehouse. They only warn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from personalize_assets.quality.rule import MAX_ROWS, OURS, Finding, Rule
from personalize_assets.storage.manifests import UnloadRecord


@dataclass(frozen=True)
class UnloadFacts:
    """The records of what was unloaded, by arrival day (ISO, UTC) and table."""

    records: Mapping[str, Mapping[str, UnloadRecord]]


def _no_text_is_cut(facts: UnloadFacts) -> Finding:
    rows = [
        {"day": day, "table": table, "column": column, "cut": cut, "rows": record.rows or 0}
        for day, of_day in facts.records.items()
        for table, record in of_day.items()
        for column, cut in (record.cut or {}).items()
        if cut
    ]
    return Finding(not rows, sum(int(str(row["cut"])) for row in rows), "none", tuple(rows[-MAX_ROWS:]))


def _a_day_has_rows(facts: UnloadFacts) -> Finding:
    empty = [day for day, of_day in facts.records.items() if not any(record.rows != 0 for record in of_day.values())]
    observed = f"{len(empty)} of {len(facts.records)} days without a row"
    return Finding(not empty, observed, "rows on each day", tuple({"day": day} for day in empty[-MAX_ROWS:]))


UNLOAD_RULES: tuple[Rule[UnloadFacts], ...] = (
    Rule(
        "no_json_text_is_cut",
        _no_text_is_cut,
        "No text in a column that `source.parse` names is as long as the column is wide: it may have been cut.",
        "widen the column in the warehouse: `ALTER TABLE website.order_completed ALTER COLUMN products TYPE VARCHAR"
        "(65535)`, or load it as SUPER. Segment makes text columns of 512 characters, which hold 4 to 6 products of an "
        "order. Rows that were cut stay so; their events are rejected as `not_json`.",
        "Segment docs, page storage/warehouses/schema",
        False,
        (),
    ),
    Rule(
        "each_day_has_rows",
        _a_day_has_rows,
        "Each day has a row in at least one table.",
        "look at the warehouse: a sync that is late fills the day later, and the day is unloaded again until it is "
        "`automation.lookback_days` days old; a wrong `arrival` column or schema never does.",
        OURS,
        False,
        (),
    ),
)  # fmt: skip
