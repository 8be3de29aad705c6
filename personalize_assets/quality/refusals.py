"""Rules for what Personalize refuses to import, or does not train on. Numbers come from the export's own profile."""

from __future__ import annotations

from collections.abc import Callable

from personalize_assets.conversion import contract
from personalize_assets.conversion.schema_rules import is_trained_on
from personalize_assets.quality.rule import ExportFacts, Finding, Rule, blamed, guide, has_column, told

_LIMITS = guide("limits")


def _unique_interactions(facts: ExportFacts) -> Finding:
    """1,000 unique interactions to train on, and as many records in one import (page limits)."""
    found = facts.profile["unique"]
    return Finding(found >= contract.MIN_INTERACTIONS, found, f"at least {contract.MIN_INTERACTIONS:,}")


def _users_with_two(facts: ExportFacts) -> Finding:
    """25 users with two interactions, and 1 % of all users (page limits, September 2026)."""
    users = facts.profile["ids"]["USER_ID"]
    wanted = max(contract.MIN_USERS_WITH_TWO_INTERACTIONS, users["distinct"] * contract.MIN_SHARE_OF_USERS_WITH_TWO)
    allowed = f"at least 25 and 1 % of {users['distinct']:,} users"
    return Finding(users["with_two"] >= wanted, users["with_two"], allowed)


def _blames(kind: str, allowed: str, concerns: Callable[[contract.Column], bool]) -> Callable[[ExportFacts], Finding]:
    def judge(facts: ExportFacts) -> Finding:
        counts, rows = blamed(facts, kind, [column.name for column in facts.dataset.columns if concerns(column)])
        return Finding(not counts, told(counts), allowed, rows)

    return judge


def _event_types(facts: ExportFacts) -> Finding:
    """Distinct event types plus metadata columns of interactions: 10 (page limits)."""
    types, columns = len(facts.profile["events"]), len(facts.metadata_columns())
    rows = [{"EVENT_TYPE": name, "rows": rows} for name, rows in facts.profile["events"].items()]
    passed = types + columns <= contract.MAX_EVENT_TYPES_AND_METADATA
    return Finding(
        passed,
        types + columns,
        f"at most {contract.MAX_EVENT_TYPES_AND_METADATA}; found {types} event types and {columns} metadata columns",
        () if passed else rows[-5:],
    )


def _spelling(facts: ExportFacts) -> Finding:
    """``view`` is not ``View``: use cases find their events by the exact name (pages of the use cases)."""
    names = contract.EVENT_NAMES[facts.domain]
    exact = {name.lower(): name for name in names}
    wrong = [
        {"EVENT_TYPE": found, "wanted": exact[found.lower()], "rows": rows}
        for found, rows in facts.profile["events"].items()
        if found.lower() in exact and found not in names
    ]
    observed = ", ".join(str(row["EVENT_TYPE"]) for row in wrong) or "none misspelt"
    return Finding(not wrong, observed, f"exactly {' or '.join(names)}, where it is meant", wrong[:5])


def _use_cases(facts: ExportFacts) -> Finding:
    """1,000 events of the type that a use case trains on (pages of the use cases)."""
    minimum = contract.MIN_INTERACTIONS
    enough = []
    short = []
    for case in contract.USE_CASES[facts.domain]:
        found = facts.profile["events"].get(case.event, 0) if case.event else facts.profile["unique"]
        if found >= minimum:
            enough.append(case.name)
        elif case.name in facts.use_cases:
            short.append({"use case": case.name, "event type": case.event or "any", "rows": found})
    allowed = f"{minimum:,} each for {', '.join(facts.use_cases) or 'the use cases named in dataset_group.use_cases'}"
    return Finding(not short, f"enough for {', '.join(enough) or 'none'}", allowed, short[:5])


def _metadata(facts: ExportFacts) -> Finding:
    """Users and items need a column to train on; one that is always null is none (page custom-datasets-and-schemas)."""
    columns = [column.name for column in facts.dataset.columns if is_trained_on(facts.dataset.name, column)]
    filled = [name for name in columns if facts.profile["nulls"][name] < facts.rows]
    return Finding(bool(filled), len(filled), "at least 1 with a value in any row")


def _size(facts: ExportFacts) -> Finding:
    """100 GB in a FULL import; AWS raises it to 1 TB for interactions when asked (page limits)."""
    found = facts.counts["bytes"]
    return Finding(found <= contract.MAX_IMPORT_BYTES, found, f"at most {contract.MAX_IMPORT_BYTES:,} bytes (100 GB)")


REFUSED: tuple[Rule[ExportFacts], ...] = (
    Rule(
        "at_least_1000_interactions_are_unique",
        _unique_interactions,
        "The export has at least 1,000 unique interactions; rows equal in every column count once.",
        "convert more days, or let `where` want more events. For a trial on a small bucket set `checks: warn`.",
        _LIMITS,
        True,
        ("interactions",),
    ),
    Rule(
        "at_least_25_users_have_two_interactions",
        _users_with_two,
        "At least 25 users, and at least 1 % of all users, have two or more interactions.",
        "convert more days; if USER_ID is a session or a device, map it to what stays the same for a person.",
        _LIMITS,
        True,
        ("interactions",),
    ),
    Rule(
        "required_columns_are_never_null",
        _blames("null", "no row", lambda column: column.required),
        "Every row has a value in each required column.",
        "rows without them should have become rejects: report it, and convert the days again.",
        guide("how-it-works-dataset-schema"),
        True,
    ),
    Rule(
        "ids_have_at_most_256_characters",
        _blames("long", "no row over 256 characters", lambda column: column.is_id),
        "No USER_ID or ITEM_ID is longer than 256 characters.",
        "map the id to a shorter field; see the rows.",
        _LIMITS,
        True,
    ),
    Rule(
        "categories_have_at_most_1000_characters",
        _blames("long", "no row over 1,000 characters", lambda column: not column.is_id and not column.textual),
        "No categorical or plain text, and no IMPRESSION, is longer than 1,000 characters with its bars.",
        "map the column to a shorter field, or mark a description of an item `textual: true`.",
        _LIMITS,
        True,
    ),
    Rule(
        "texts_have_at_most_20000_characters",
        _blames("long", "no row over 20,000 characters", lambda column: column.textual),
        "No textual value is longer than 20,000 characters (7,000 are used of Chinese and Japanese).",
        "map the column to a shorter text: Personalize would cut it in the middle of a sentence.",
        guide("items-datasets"),
        True,
        ("items",),
        lambda dataset, domain: any(column.textual for column in dataset.columns),
    ),
    Rule(
        "timestamps_are_epoch_seconds",
        _blames("time", "1990-01-01 to tomorrow, in seconds", lambda column: column.type == "timestamp"),
        "Every timestamp is in whole seconds since 1970, between 1990-01-01 and a day from now (UTC).",
        "see the rows: a field that holds something else than a time was mapped.",
        guide("preparing-training-data") + " (seconds); the range is our own",
        True,
        contract.DATASETS,
        lambda dataset, domain: any(column.type == "timestamp" for column in dataset.columns),
    ),
    Rule(
        "event_types_and_metadata_columns_are_at_most_10",
        _event_types,
        "Distinct event types plus metadata columns of interactions are at most 10.",
        "let `where` want fewer events, or give several the same name with `map` on EVENT_TYPE.",
        _LIMITS,
        True,
        ("interactions",),
        has_column("EVENT_TYPE"),
    ),
    Rule(
        "event_types_are_spelt_as_the_domain_wants",
        _spelling,
        "View, Purchase, Watch and Click are written exactly so where a domain's use cases look for them.",
        "write them so with `map` on EVENT_TYPE, as `map: {view: View}`.",
        guide("ECOMMERCE-use-cases, VIDEO-ON-DEMAND-use-cases"),
        True,
        ("interactions",),
        lambda dataset, domain: domain != "custom",
    ),
    Rule(
        "events_suffice_for_the_named_use_cases",
        _use_cases,
        "There are 1,000 events of the type that each use case named in `dataset_group.use_cases` trains on.",
        "map more events to that type with `map` on EVENT_TYPE, convert more days, or take the use case out.",
        guide("ECOMMERCE-use-cases, VIDEO-ON-DEMAND-use-cases"),
        True,
        ("interactions",),
        lambda dataset, domain: domain != "custom",
    ),
    Rule(
        "at_least_one_metadata_column_is_filled",
        _metadata,
        "Beside the id at least one column to train on (categorical, textual or a number) has a value in some row.",
        "map another column to a field that the events have; `raw_event_catalog` shows them.",
        guide("custom-datasets-and-schemas"),
        True,
        ("users", "items"),
    ),
    Rule(
        "the_file_is_at_most_100_gigabytes",
        _size,
        "The CSV is at most 100 GB.",
        "ask AWS for more (interactions only), or start later with `source.start_date`.",
        _LIMITS,
        True,
    ),
)  # fmt: skip
