"""Rules for what was unloaded from a warehouse."""

from __future__ import annotations

from personalize_assets.quality.rule import Finding
from personalize_assets.quality.unloaded import UNLOAD_RULES, UnloadFacts
from personalize_assets.storage.manifests import UnloadRecord

RULES = {rule.name: rule for rule in UNLOAD_RULES}


def record(rows: int | None = 5, cut: dict[str, int] | None = None) -> UnloadRecord:
    return UnloadRecord(sql="d", statement="s", at=1.0, rows=rows, files=(), cut=cut)


def judge(rule: str, **of_second_day: UnloadRecord) -> Finding:
    """Two days, of which the first is as it should be."""
    facts = UnloadFacts({"2026-10-01": {"orders": record(cut={"products": 0})}, "2026-10-02": of_second_day})
    return RULES[rule].judge(facts)


def test_texts_that_are_not_cut_pass_also_if_they_were_not_counted() -> None:
    assert judge("no_json_text_is_cut", orders=record()) == Finding(True, 0, "none")


def test_cut_texts_are_named_with_day_table_and_column() -> None:
    found = judge("no_json_text_is_cut", orders=record(cut={"products": 2, "items": 0}), views=record(cut={"x": 1}))

    assert found == Finding(
        False,
        3,
        "none",
        (
            {"day": "2026-10-02", "table": "orders", "column": "products", "cut": 2, "rows": 5},
            {"day": "2026-10-02", "table": "views", "column": "x", "cut": 1, "rows": 5},
        ),
    )


def test_a_day_has_rows_if_one_of_its_tables_has() -> None:
    assert judge("each_day_has_rows", orders=record(0), views=record(1)).passed
    assert judge("each_day_has_rows", orders=record(0), views=record(None)).passed


def test_a_day_without_rows_is_named() -> None:
    assert judge("each_day_has_rows", orders=record(0)) == Finding(
        False, "1 of 2 days without a row", "rows on each day", ({"day": "2026-10-02"},)
    )
