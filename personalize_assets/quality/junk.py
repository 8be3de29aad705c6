"""Rules for values that are no data, though Personalize takes them: ids that say that there is none, and the like.

They only warn, and are part of ``advice.ADVISED``.
"""

from __future__ import annotations

from personalize_assets.conversion import contract
from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.dataset_types import DATASETS, EVENT_DATASETS
from personalize_assets.quality.rule import (
    MAX_ROWS,
    OURS,
    ExportFacts,
    Finding,
    Rule,
    guide,
    has_column,
    metadata_columns,
)

_ANALYZING = guide("analyzing-data")

# Of fewer values, equal or distinct ones are no wonder.
_MIN_VALUES = 20


def _textual_filled(facts: ExportFacts) -> Finding:
    """At least 85 % of a textual column: Personalize trains on none that has less (page analyzing-data)."""
    rows = facts.rows or 1
    shares = {
        column.name: 1 - facts.profile.nulls[column.name] / rows for column in facts.dataset.columns if column.textual
    }
    low = {name: share for name, share in shares.items() if facts.rows and share < contract.MIN_TEXTUAL_FILLED}
    table = [{"column": name, "filled": f"{share:.1%}"} for name, share in low.items()]
    return Finding(not low, round(min(shares.values(), default=1.0), 4), "at least 0.85 in a textual column", table)


def _no_missing_ids(facts: ExportFacts) -> Finding:
    """No id that a tracker writes for a missing one: all its events would be those of one user or item."""
    found = [(column, id, rows) for column, ids in facts.profile.missing_ids.items() for id, rows in ids.items()]
    most_first = sorted(found, key=lambda entry: -entry[2])[:MAX_ROWS]
    table = [{"column": column, "id": id, "rows": rows} for column, id, rows in most_first]
    return Finding(not found, sum(rows for _, _, rows in found), "none", table)


def _no_alike(facts: ExportFacts) -> Finding:
    """No two event types, nor two categories of a column, that differ only by case or white space."""
    rows = [
        {"column": column, "values": " / ".join(repr(name) for name in group)}
        for column, groups in facts.profile.alike.items()
        for group in groups
    ]
    return Finding(not rows, ", ".join(facts.profile.alike) or "none", "no such column", rows[:MAX_ROWS])


def _varied(facts: ExportFacts) -> Finding:
    """Metadata columns of at least ``_MIN_VALUES`` values; a ``constant`` of the config is meant to be one."""
    concerned = {
        column.name
        for column in facts.dataset.columns
        if column.constant is None and facts.rows - facts.profile.nulls[column.name] >= _MIN_VALUES
    } & set(facts.metadata_columns())
    rows = [
        {"column": name, "values": kind}
        for kind, names in (("all equal", facts.profile.all_equal), ("all distinct", facts.profile.all_distinct))
        for name in names
        if name in concerned
    ]
    return Finding(not rows, ", ".join(row["column"] for row in rows) or "none", "no such column", rows[:MAX_ROWS])


def _times_differ(facts: ExportFacts) -> Finding:
    """Training for user segments fails if all times are equal (page analyzing-data)."""
    first, last = facts.profile.first.get("TIMESTAMP"), facts.profile.last.get("TIMESTAMP")
    passed = first is None or first != last or facts.rows < _MIN_VALUES
    return Finding(passed, "all equal" if first is not None and first == last else "different", "different times")


def _few_event_types(facts: ExportFacts) -> Finding:
    """At most 10 event types: with more, training fails (page analyzing-data)."""
    rows = [{"EVENT_TYPE": name, "rows": rows} for name, rows in facts.events.items()]
    most = contract.MAX_EVENT_TYPES_AND_METADATA
    return Finding(len(rows) <= most, len(rows), f"at most {most}", rows[-MAX_ROWS:] if len(rows) > most else ())


def _items_recur(facts: ExportFacts) -> Finding:
    """Some item has two interactions, else nothing connects users."""
    found = facts.profile.ids["ITEM_ID"].with_two
    return Finding(found > 0 or facts.rows < _MIN_VALUES, found, "some items with two interactions or more")


def _has_names(dataset: Dataset, domain: str) -> bool:
    return any(column.categorical or column.name == "EVENT_TYPE" for column in dataset.columns)


JUNK: tuple[Rule[ExportFacts], ...] = (
    Rule(
        "textual_columns_are_85_percent_filled",
        _textual_filled,
        "At least 85 % of a textual column is not null: Personalize does not train on one that has less.",
        "add further paths to the column, or widen `where` of items; else remove it.",
        _ANALYZING,
        False,
        ("items",),
        lambda dataset, domain: any(column.textual for column in dataset.columns),
    ),
    Rule(
        "no_id_looks_like_a_missing_value",
        _no_missing_ids,
        "No USER_ID, ITEM_ID or ACTION_ID is `null`, `undefined`, `None`, `N/A`, `0`, a UUID of zeros or the like.",
        "name the words in `nulls`, so that they count as missing, or map the id to another field.",
        OURS,
        False,
    ),
    Rule(
        "no_names_differ_only_by_case_or_space",
        _no_alike,
        "No two event types, nor two categories of a column, differ only by case or white space.",
        "give them one name with `map` on the column, as in `map: {view: View}`: each counts as a value of its own.",
        OURS,
        False,
        DATASETS,
        _has_names,
    ),
    Rule(
        "no_metadata_column_is_all_equal_or_all_distinct",
        _varied,
        "No metadata column (of 20 values or more) has one value alone; no categorical one has no value twice.",
        "map it to another field: a model learns nothing from it. `constant` columns are not looked at.",
        OURS,
        False,
        DATASETS,
        lambda dataset, domain: bool(metadata_columns(dataset, domain)),
    ),
    Rule(
        "timestamps_are_not_all_equal",
        _times_differ,
        "The interactions (of 20 or more) have different times.",
        "map TIMESTAMP to the time of the event; it seems to be that of a batch or an export.",
        _ANALYZING,
        False,
        EVENT_DATASETS,
    ),
    Rule(
        "event_types_are_at_most_10",
        _few_event_types,
        "There are at most 10 event types; with more, training fails whatever the metadata columns are.",
        "narrow `where`, or give several event types the same name with `map` on EVENT_TYPE.",
        _ANALYZING,
        False,
        ("interactions",),
        has_column("EVENT_TYPE"),
    ),
    Rule(
        "some_items_have_two_interactions",
        _items_recur,
        "Not every item (of 20 interactions or more) has one interaction alone.",
        "map ITEM_ID to a field that all events about an item share: this one seems to be new in each event.",
        OURS,
        False,
        ("interactions",),
    ),
)  # fmt: skip
