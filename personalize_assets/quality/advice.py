"""Rules for what Personalize accepts but its guides, or experience, advise against. They only warn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from personalize_assets.conversion import contract
from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.dataset_types import DATASET_TYPES, DATASETS, EVENT_DATASETS
from personalize_assets.quality.junk import JUNK
from personalize_assets.quality.rule import (
    MAX_ROWS,
    OURS,
    ExportFacts,
    Finding,
    Rule,
    guide,
    judge_spelling,
    metadata_columns,
    trained_types,
)

_LIMITS = guide("limits")
_PREPARING = guide("preparing-training-data")

_MAX_DUPLICATES = 0.2
_MAX_UNKNOWN = 0.1
_MAX_UNUSED = 0.5
_MAX_OLD = 0.01
_OLD = timedelta(days=5 * 365)
_MAX_SHARE = {"USER_ID": 0.05, "ITEM_ID": 0.2}
# Of few rows one user has a large share without being a robot.
_MIN_ROWS = 1_000


def _many_interactions(facts: ExportFacts) -> Finding:
    """At least 50,000 interactions (page limits)."""
    minimum = contract.ADVISED_INTERACTIONS
    return Finding(facts.unique >= minimum, facts.unique, f"at least {minimum:,}")


def _many_users_with_two(facts: ExportFacts) -> Finding:
    """At least 1,000 users with two interactions (page limits)."""
    found = facts.profile.ids["USER_ID"].with_two
    return Finding(found >= contract.ADVISED_USERS_WITH_TWO, found, f"at least {contract.ADVISED_USERS_WITH_TWO:,}")


def _filled(facts: ExportFacts) -> Finding:
    """At least 70 % of each metadata column is not null (page preparing-training-data)."""
    rows = facts.rows or 1
    shares = {name: 1 - facts.profile.nulls[name] / rows for name in facts.metadata_columns()}
    empty = {name: share for name, share in shares.items() if facts.rows and share < contract.ADVISED_FILLED}
    table = [{"column": name, "filled": f"{share:.1%}"} for name, share in sorted(empty.items(), key=lambda e: e[1])]
    lowest = min(shares.values(), default=1.0)
    return Finding(not empty, round(lowest, 4), "at least 0.7 in every metadata column", table[:MAX_ROWS])


def _few_categories(facts: ExportFacts) -> Finding:
    """At most 1,000 distinct values of a categorical column (page preparing-training-data).

    A cell with several values counts for each of them.
    """
    found = facts.profile.categories
    many = {name: "more than 1,000" for name, values in found.items() if values > contract.MAX_DISTINCT_CATEGORIES}
    return Finding(
        not many,
        max(found.values(), default=0),
        "at most 1,000 distinct values in a column",
        [{"column": name, "distinct values": values} for name, values in many.items()][:MAX_ROWS],
    )


def _few_unknown(facts: ExportFacts) -> Finding:
    """At most 10 % of the ids in interactions have no row of their own."""
    crossed = facts.profile.crossed
    return _share_of_ids(facts, _MAX_UNKNOWN, (crossed.unknown, crossed.used) if crossed else None)


def _few_unused(facts: ExportFacts) -> Finding:
    """At most half of the ids have no interaction."""
    crossed = facts.profile.crossed
    (id_column,) = facts.dataset.ids
    found = (crossed.unused, facts.profile.ids[id_column].distinct) if crossed else None
    return _share_of_ids(facts, _MAX_UNUSED, found)


def _share_of_ids(facts: ExportFacts, limit: float, found: tuple[int, int] | None) -> Finding:
    """``found``: how many ids, and of how many; None if the export was made without interactions."""
    allowed = f"at most {limit:.0%}"
    if found is None:
        events = DATASET_TYPES[facts.dataset.name].events
        return Finding(True, "not compared", f"{allowed}; make it together with {events}_csv to compare them")
    count, of = found
    share = count / of if of else 0.0
    return Finding(share <= limit, round(share, 4), f"{allowed}; found {count:,} of {of:,}")


def _few_duplicates(facts: ExportFacts) -> Finding:
    """At most 20 %: producers repeat a message now and then, but not every fifth one."""
    share = facts.duplicates / facts.kept if facts.kept else 0.0
    return Finding(share <= _MAX_DUPLICATES, round(share, 4), f"at most {_MAX_DUPLICATES:.0%}")


def _no_future(facts: ExportFacts) -> Finding:
    """No interaction after today (UTC): a wrong clock makes an event its user's latest one for years."""
    late = {day: rows for day, rows in facts.days.items() if day > facts.today.isoformat()}
    rows = [{"day": day, "rows": rows} for day, rows in late.items()]
    return Finding(not late, sum(late.values()), "none", rows[:MAX_ROWS])


def _few_ancient(facts: ExportFacts) -> Finding:
    """At most 1 % older than five years: most of these come from a device whose clock was never set."""
    oldest = (facts.today - _OLD).isoformat()
    old = {day: rows for day, rows in facts.days.items() if day < oldest}
    share = sum(old.values()) / facts.rows if facts.rows else 0.0
    rows = [{"day": day, "rows": rows} for day, rows in old.items()][:MAX_ROWS]
    return Finding(
        share <= _MAX_OLD, round(share, 4), f"at most {_MAX_OLD:.0%} before {oldest}", rows if share > _MAX_OLD else ()
    )


def _spelling(facts: ExportFacts) -> Finding:
    """The names that use cases of the domain look for, apart from those that a named use case trains on."""
    trained = trained_types(facts)
    names = [name for name in contract.EVENT_NAMES[facts.domain] if name not in trained]
    return judge_spelling(facts, names, "every name is one of a named use case, which another check compares")


def _no_large_share(id_column: str) -> Callable[[ExportFacts], Finding]:
    """No id has more than its limit of the rows, if there are at least ``_MIN_ROWS``."""

    def judge(facts: ExportFacts) -> Finding:
        limit = _MAX_SHARE[id_column]
        shares = {id: rows / facts.rows for id, rows in facts.profile.ids[id_column].frequent.items()}
        largest = max(shares.values(), default=0.0)
        passed = facts.rows < _MIN_ROWS or largest <= limit
        rows = [{id_column: id, "share": f"{share:.1%}"} for id, share in shares.items() if share > limit]
        return Finding(passed, round(largest, 4), f"at most {limit:.0%} of all rows", () if passed else rows[:MAX_ROWS])

    return judge


def _few_actions(facts: ExportFacts) -> Finding:
    """At most 1,000 actions: of more, Personalize chooses those that it trains on (page limits)."""
    maximum = contract.MAX_ACTIONS
    return Finding(facts.rows <= maximum, facts.rows, f"at most {maximum:,}")


def _enough_for_scores(facts: ExportFacts) -> Finding:
    """An action has a score after 50 interactions of each kind (page action-interactions-datasets).

    They are counted for all actions together: with fewer, no action can have one.
    """
    minimum = contract.MIN_ACTION_EVENTS
    taken = facts.events.get("Taken", 0)
    others = sum(facts.events.get(name, 0) for name in contract.ACTION_EVENT_TYPES if name != "Taken")
    return Finding(
        min(taken, others) >= minimum,
        f"{taken:,} Taken, {others:,} Not Taken or Viewed",
        f"at least {minimum} Taken, and {minimum} Not Taken or Viewed",
    )


def _is_categorical(dataset: Dataset, domain: str) -> bool:
    return any(column.categorical for column in dataset.columns)


ADVISED: tuple[Rule[ExportFacts], ...] = (
    Rule(
        "at_least_50000_interactions_are_there",
        _many_interactions,
        "The export has at least 50,000 unique interactions.",
        "convert more days: recommendations improve with more interactions.",
        _LIMITS,
        False,
        ("interactions",),
    ),
    Rule(
        "at_least_1000_users_have_two_interactions",
        _many_users_with_two,
        "At least 1,000 users have two or more interactions.",
        "convert more days.",
        _LIMITS,
        False,
        ("interactions",),
    ),
    Rule(
        "metadata_columns_are_70_percent_filled",
        _filled,
        "At least 70 % of each metadata column is not null.",
        "add further paths to the column, or remove it: a model learns little from a column that is mostly empty.",
        _PREPARING,
        False,
        DATASETS,
        lambda dataset, domain: bool(metadata_columns(dataset, domain)),
    ),
    Rule(
        "categories_have_at_most_1000_distinct_values",
        _few_categories,
        "A categorical column has at most 1,000 distinct values.",
        "map it to a coarser field: a column whose values are almost all different is not a category.",
        _PREPARING,
        False,
        DATASETS,
        _is_categorical,
    ),
    Rule(
        "users_in_interactions_are_known",
        _few_unknown,
        "At most 10 % of the users in interactions are missing in users.",
        "widen `where` of users, and make sure that both datasets take USER_ID from the same field.",
        OURS,
        False,
        ("users",),
    ),
    Rule(
        "users_have_interactions",
        _few_unused,
        "At most half of the users have no interaction.",
        "convert more days, and make sure that both datasets take USER_ID from the same field.",
        OURS,
        False,
        ("users",),
    ),
    Rule(
        "items_in_interactions_are_known",
        _few_unknown,
        "At most 10 % of the items in interactions are missing in items.",
        "widen `where` of items, and make sure that both datasets take ITEM_ID from the same field.",
        OURS,
        False,
        ("items",),
    ),
    Rule(
        "items_have_interactions",
        _few_unused,
        "At most half of the items have no interaction.",
        "convert more days; items without interactions are recommended by their metadata alone.",
        OURS,
        False,
        ("items",),
    ),
    Rule(
        "actions_in_action_interactions_are_known",
        _few_unknown,
        "At most 10 % of the actions in action interactions are missing in actions.",
        "widen `where` of actions, and make sure that both datasets take ACTION_ID from the same field.",
        OURS,
        False,
        ("actions",),
    ),
    Rule(
        "actions_have_interactions",
        _few_unused,
        "At most half of the actions have no interaction.",
        "convert more days; actions without interactions are recommended by their metadata alone.",
        OURS,
        False,
        ("actions",),
    ),
    Rule(
        "actions_are_at_most_1000",
        _few_actions,
        "There are at most 1,000 actions: of more, Personalize chooses those that it considers.",
        "narrow `where` of actions to those that can still be recommended.",
        _LIMITS,
        False,
        ("actions",),
    ),
    Rule(
        "action_interactions_suffice_for_scores",
        _enough_for_scores,
        "There are at least 50 interactions with Taken, and 50 with Not Taken or Viewed; for a score, an action needs "
        "as many of its own, within six weeks.",
        "convert more days, or map also the events that show an action, as Viewed.",
        guide("action-interactions-datasets"),
        False,
        ("action_interactions",),
    ),
    Rule(
        "event_types_are_spelt_as_other_use_cases_want",
        _spelling,
        "View, Purchase, Watch and Click are spelt exactly so, also where no named use case trains on them.",
        "rename them with `map` on EVENT_TYPE, as in `map: {watch: Watch}`, if you mean to use a use case that does.",
        guide("ECOMMERCE-use-cases, VIDEO-ON-DEMAND-use-cases"),
        False,
        ("interactions",),
        lambda dataset, domain: domain != "custom",
    ),
    Rule(
        "few_rows_are_duplicates",
        _few_duplicates,
        "At most 20 % of the kept interactions are duplicates.",
        "look for a producer that sends twice, or a `dedupe_by` field whose value several messages share.",
        OURS,
        False,
        EVENT_DATASETS,
    ),
    Rule(
        "no_interaction_is_from_the_future",
        _no_future,
        "No interaction is later than today (UTC).",
        "map TIMESTAMP to a time that the server sets, such as `receivedAt`: the clock of a device is wrong.",
        OURS,
        False,
        EVENT_DATASETS,
    ),
    Rule(
        "few_interactions_are_older_than_five_years",
        _few_ancient,
        "At most 1 % of the interactions are older than five years.",
        "map TIMESTAMP to a time that the server sets, such as `receivedAt`, unless you import a long history.",
        OURS,
        False,
        EVENT_DATASETS,
    ),
    Rule(
        "no_user_has_an_outlandish_share",
        _no_large_share("USER_ID"),
        "No user has more than 5 % of the interactions (of 1,000 or more).",
        "it is probably a robot, a test or a shared login: stop its events at their source.",
        OURS,
        False,
        EVENT_DATASETS,
    ),
    Rule(
        "no_item_has_an_outlandish_share",
        _no_large_share("ITEM_ID"),
        "No item has more than 20 % of the interactions (of 1,000 or more).",
        "it is probably a placeholder such as `unknown`, or the wrong field: map ITEM_ID to another path.",
        OURS,
        False,
        ("interactions",),
    ),
    *JUNK,
)  # fmt: skip
