"""Rules for what Personalize refuses to import or to train on, judged from the profile of the export."""

from __future__ import annotations

from collections.abc import Callable

from personalize_assets.conversion import contract
from personalize_assets.conversion.dataset_types import ENTITY_DATASETS, EVENT_DATASETS
from personalize_assets.conversion.schema_rules import is_trained_on
from personalize_assets.quality.rule import (
    MAX_ROWS,
    ExportFacts,
    Finding,
    Rule,
    format_counts,
    guide,
    has_column,
    judge_spelling,
    rows_at_fault,
    trained_types,
)

_LIMITS = guide("limits")


def _unique_interactions(facts: ExportFacts) -> Finding:
    """At least 1,000 unique interactions to train on, and 1,000 records in one import (page limits)."""
    minimum = contract.MIN_INTERACTIONS
    return Finding(facts.unique >= minimum, facts.unique, f"at least {minimum:,}")


def _users_with_two(facts: ExportFacts) -> Finding:
    """At least 25 users, and 1 % of all users, with two interactions (page limits, September 2026)."""
    users = facts.profile.ids["USER_ID"]
    minimum = max(contract.MIN_USERS_WITH_TWO_INTERACTIONS, users.distinct * contract.MIN_SHARE_OF_USERS_WITH_TWO)
    return Finding(users.with_two >= minimum, users.with_two, f"at least 25 and 1 % of {users.distinct:,} users")


def _no_row_has(
    problem: str, allowed: str, is_concerned: Callable[[contract.Column], bool]
) -> Callable[[ExportFacts], Finding]:
    """No row has this problem in any column that is concerned; see ``rows_at_fault``."""

    def judge(facts: ExportFacts) -> Finding:
        columns = [column.name for column in facts.dataset.columns if is_concerned(column)]
        counts, rows = rows_at_fault(facts, problem, columns)
        return Finding(not counts, format_counts(counts), allowed, rows)

    return judge


def _event_types(facts: ExportFacts) -> Finding:
    """At most 10 distinct event types plus metadata columns of interactions (page limits)."""
    types, columns = len(facts.events), len(facts.metadata_columns())
    rows = [{"EVENT_TYPE": name, "rows": rows} for name, rows in facts.events.items()]
    passed = types + columns <= contract.MAX_EVENT_TYPES_AND_METADATA
    return Finding(
        passed,
        types + columns,
        f"at most {contract.MAX_EVENT_TYPES_AND_METADATA}; found {types} event types and {columns} metadata columns",
        () if passed else rows[-MAX_ROWS:],
    )


def _spelling(facts: ExportFacts) -> Finding:
    """Use cases find their events by the exact name: ``view`` is not ``View`` (pages of the use cases).

    Only the types that a use case in ``dataset_group.use_cases`` trains on: without it, any name will do.
    """
    return judge_spelling(facts, trained_types(facts), "the named use cases train on no certain type")


def _action_event_types(facts: ExportFacts) -> Finding:
    """Only Taken, Not Taken and Viewed, spelt so or as `Not taken`: Personalize compares event types exactly.

    The guide's prose also has them in capitals (page action-interactions-datasets), but neither its CSV nor the API.
    """
    names = {name.casefold(): name for name in reversed(contract.ACTION_EVENT_TYPES)}
    wrong = [
        {
            "EVENT_TYPE": found,
            "meant": names.get(" ".join(found.replace("_", " ").casefold().split()), ""),
            "rows": rows,
        }
        for found, rows in facts.events.items()
        if found not in contract.ACTION_EVENT_TYPES
    ]
    observed = ", ".join(str(row["EVENT_TYPE"]) for row in wrong[:MAX_ROWS]) or "no other"
    return Finding(not wrong, observed, "Taken, Not Taken (or Not taken), Viewed", wrong[:MAX_ROWS])


def _missing_days(facts: ExportFacts) -> Finding:
    """A dataset that was converted for fewer days than another, by a run of single assets or when it was added."""
    days = facts.missing_days
    some = ", ".join(days[:MAX_ROWS]) + (", …" if len(days) > MAX_ROWS else "")
    return Finding(not days, f"{len(days)} days: {some}" if days else "none", "none")


def _use_cases(facts: ExportFacts) -> Finding:
    """At least 1,000 events of the type that each named use case trains on (pages of the use cases)."""
    minimum = contract.MIN_INTERACTIONS
    enough = []
    short = []
    for case in contract.USE_CASES[facts.domain]:
        found = facts.events.get(case.event, 0) if case.event else facts.unique
        if found >= minimum:
            enough.append(case.name)
        elif case.name in facts.use_cases:
            short.append({"use case": case.name, "event type": case.event or "any", "rows": found})
    allowed = f"{minimum:,} each for {', '.join(facts.use_cases) or 'the use cases named in dataset_group.use_cases'}"
    return Finding(not short, f"enough for {', '.join(enough) or 'none'}", allowed, short[:MAX_ROWS])


def _train_on(facts: ExportFacts) -> Finding:
    """At least 1,000 interactions of the types that a solution is trained on (page limits: after filtering by type)."""
    minimum = contract.MIN_INTERACTIONS
    if not facts.train_on:
        return Finding(True, "not compared", f"at least {minimum:,} of the types named in dataset_group.train_on")
    found = {name: facts.events.get(name, 0) for name in facts.train_on}
    total = sum(found.values())
    rows = [{"EVENT_TYPE": name, "rows": rows} for name, rows in found.items()]
    allowed = f"at least {minimum:,} of {', '.join(facts.train_on)} together; found {format_counts(found)}"
    return Finding(total >= minimum, total, allowed, () if total >= minimum else rows[:MAX_ROWS])


def _metadata(facts: ExportFacts) -> Finding:
    """Entities need a column to train on that is not always null (page custom-datasets-and-schemas)."""
    columns = [column.name for column in facts.dataset.columns if is_trained_on(facts.dataset.name, column)]
    filled = [name for name in columns if facts.profile.nulls[name] < facts.rows]
    return Finding(bool(filled), len(filled), "at least 1 with a value in any row")


def _size(facts: ExportFacts) -> Finding:
    """At most 100 GB in a FULL import; AWS raises it to 1 TB for interactions on request (page limits)."""
    maximum = contract.MAX_IMPORT_BYTES
    return Finding(facts.bytes <= maximum, facts.bytes, f"at most {maximum:,} bytes (100 GB)")


REFUSED: tuple[Rule[ExportFacts], ...] = (
    Rule(
        "at_least_1000_interactions_are_unique",
        _unique_interactions,
        "The export has at least 1,000 unique interactions; rows equal in every column count once.",
        "convert more days, or widen `where`. For a trial on a small bucket set `checks: warn`.",
        _LIMITS,
        True,
        ("interactions",),
    ),
    Rule(
        "at_least_25_users_have_two_interactions",
        _users_with_two,
        "At least 25 users, and at least 1 % of all users, have two or more interactions.",
        "convert more days; if USER_ID is a session or a device, map it to a field that stays the same for a person.",
        _LIMITS,
        True,
        ("interactions",),
    ),
    Rule(
        "required_columns_are_never_null",
        _no_row_has("null", "no row", lambda column: column.required),
        "Every row has a value in each required column.",
        "report it, and convert the days again: rows without these values should have become rejects.",
        guide("how-it-works-dataset-schema"),
        True,
    ),
    Rule(
        "ids_have_at_most_256_characters",
        _no_row_has("long", "no row over 256 characters", lambda column: column.is_id),
        "No USER_ID, ITEM_ID or ACTION_ID is longer than 256 characters.",
        "map the id to a shorter field; see the rows.",
        _LIMITS,
        True,
    ),
    Rule(
        "categories_have_at_most_1000_characters",
        _no_row_has("long", "no row over 1,000 characters", lambda column: not column.is_id and not column.textual),
        "No categorical or plain text, and no IMPRESSION, is longer than 1,000 characters, separators included.",
        "map the column to a shorter field, or mark a description of an item `textual: true`.",
        _LIMITS,
        True,
    ),
    Rule(
        "texts_have_at_most_20000_characters",
        _no_row_has("long", "no row over 20,000 characters", lambda column: column.textual),
        "No textual value is longer than 20,000 characters (Personalize uses 7,000 of Chinese and Japanese).",
        "map the column to a shorter text: Personalize cuts it, in the middle of a sentence.",
        guide("items-datasets"),
        True,
        ("items",),
        lambda dataset, domain: any(column.textual for column in dataset.columns),
    ),
    Rule(
        "timestamps_are_epoch_seconds",
        _no_row_has("time", "1990-01-01 to tomorrow, in seconds", lambda column: column.is_event_time),
        "Every TIMESTAMP is in whole seconds since 1970, between 1990-01-01 and a day from now (UTC).",
        "see the rows: a field was mapped that does not hold a time.",
        guide("preparing-training-data") + " (seconds); the range is our own",
        True,
        EVENT_DATASETS,
    ),
    Rule(
        "event_types_and_metadata_columns_are_at_most_10",
        _event_types,
        "Distinct event types plus metadata columns of interactions are at most 10.",
        "narrow `where`, or give several event types the same name with `map` on EVENT_TYPE.",
        _LIMITS,
        True,
        ("interactions",),
        has_column("EVENT_TYPE"),
    ),
    Rule(
        "event_types_are_taken_not_taken_or_viewed",
        _action_event_types,
        "The event types of action interactions are Taken, Not Taken (or Not taken) and Viewed, spelt exactly so.",
        "rename them with `map` on EVENT_TYPE, as in `map: {offer_accepted: Taken, offer_shown: Viewed}`.",
        guide("action-interactions-datasets"),
        True,
        ("action_interactions",),
    ),
    Rule(
        "event_types_are_spelt_as_the_domain_wants",
        _spelling,
        "View, Purchase and Watch are spelt exactly so if a use case in `dataset_group.use_cases` trains on them.",
        "rename them with `map` on EVENT_TYPE, as in `map: {view: View}`.",
        guide("ECOMMERCE-use-cases, VIDEO-ON-DEMAND-use-cases"),
        True,
        ("interactions",),
        lambda dataset, domain: domain != "custom",
    ),
    Rule(
        "events_suffice_for_the_named_use_cases",
        _use_cases,
        "Each use case named in `dataset_group.use_cases` has at least 1,000 events of the type it trains on.",
        "map more events to that type with `map` on EVENT_TYPE, convert more days, or remove the use case.",
        guide("ECOMMERCE-use-cases, VIDEO-ON-DEMAND-use-cases"),
        True,
        ("interactions",),
        lambda dataset, domain: domain != "custom",
    ),
    Rule(
        "events_suffice_for_the_event_types_to_train_on",
        _train_on,
        "There are at least 1,000 interactions of the types in `dataset_group.train_on`, counted together.",
        "make sure that they are spelt as in EVENT_TYPE, convert more days, widen `where`, or name further types.",
        _LIMITS,
        True,
        ("interactions",),
        lambda dataset, domain: domain == "custom" and has_column("EVENT_TYPE")(dataset, domain),
    ),
    Rule(
        "at_least_one_metadata_column_is_filled",
        _metadata,
        "At least one column to train on besides the id (categorical, textual or a number) has a value in some row.",
        "map another column to a field that the events have; `raw_event_catalog` lists them.",
        guide("custom-datasets-and-schemas"),
        True,
        ENTITY_DATASETS,
    ),
    Rule(
        "no_day_of_another_dataset_is_missing",
        _missing_days,
        "The CSV is of every arrival day that the group's other CSVs are of.",
        "convert the days named here: materialize the daily dataset for them, or use `personalize-assets run --days`.",
        "our own experience",
        True,
    ),
    Rule(
        "the_file_is_at_most_100_gigabytes",
        _size,
        "The CSV is at most 100 GB.",
        "ask AWS for a higher limit (interactions only), or set a later `source.start_date`.",
        _LIMITS,
        True,
    ),
)  # fmt: skip
