"""Rules for what Personalize takes, but its guides, or experience, advise against."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from personalize_assets.conversion import contract
from personalize_assets.conversion.contract import Dataset
from personalize_assets.quality.rule import OURS, ExportFacts, Finding, Rule, guide, metadata_columns

_LIMITS = guide("limits")
_PREPARING = guide("preparing-training-data")

_MAX_DUPLICATES = 0.2
_MAX_UNKNOWN = 0.1
_MAX_UNUSED = 0.5
_MAX_OLD = 0.01
_OLD = timedelta(days=5 * 365)
_MAX_SHARE = {"USER_ID": 0.05, "ITEM_ID": 0.2}
# One of a handful of users has a large share without being a robot.
_MIN_ROWS = 1_000


def _many_interactions(facts: ExportFacts) -> Finding:
    """50,000 interactions are advised (page limits)."""
    found = facts.profile["unique"]
    return Finding(found >= contract.ADVISED_INTERACTIONS, found, f"at least {contract.ADVISED_INTERACTIONS:,}")


def _many_users_with_two(facts: ExportFacts) -> Finding:
    """1,000 users with two interactions are advised (page limits)."""
    found = facts.profile["ids"]["USER_ID"]["with_two"]
    return Finding(found >= contract.ADVISED_USERS_WITH_TWO, found, f"at least {contract.ADVISED_USERS_WITH_TWO:,}")


def _filled(facts: ExportFacts) -> Finding:
    """70 % of each metadata column should not be empty (page preparing-training-data)."""
    rows = facts.rows or 1
    shares = {name: 1 - facts.profile["nulls"][name] / rows for name in facts.metadata_columns()}
    empty = {name: share for name, share in shares.items() if facts.rows and share < contract.ADVISED_FILLED}
    table = [{"column": name, "filled": f"{share:.1%}"} for name, share in sorted(empty.items(), key=lambda e: e[1])]
    lowest = min(shares.values(), default=1.0)
    return Finding(not empty, round(lowest, 4), "at least 0.7 in every metadata column", table[:5])


def _few_categories(facts: ExportFacts) -> Finding:
    """1,000 distinct values of a categorical column (page preparing-training-data); several in a cell count singly."""
    found = facts.profile["categories"]
    many = {name: "more than 1,000" for name, values in found.items() if values > contract.MAX_DISTINCT_CATEGORIES}
    return Finding(
        not many,
        max(found.values(), default=0),
        "at most 1,000 distinct values in a column",
        [{"column": name, "distinct values": values} for name, values in many.items()][:5],
    )


def _crossed(kind: str, of: str, limit: float) -> Callable[[ExportFacts], Finding]:
    def judge(facts: ExportFacts) -> Finding:
        crossed = facts.profile.get("crossed")
        allowed = f"at most {limit:.0%}"
        if crossed is None:
            return Finding(True, "not compared", f"{allowed}; make it together with interactions_csv to compare them")
        all_of_them = (
            crossed["used"] if of == "used" else facts.profile["ids"][contract.IDS[facts.dataset.name][0]]["distinct"]
        )
        share = crossed[kind] / all_of_them if all_of_them else 0.0
        return Finding(share <= limit, round(share, 4), f"{allowed}; found {crossed[kind]:,} of {all_of_them:,}")

    return judge


def _few_duplicates(facts: ExportFacts) -> Finding:
    """Producers repeat a message now and then, not every fifth one."""
    share = facts.counts["duplicates"] / facts.counts["kept"] if facts.counts["kept"] else 0.0
    return Finding(share <= _MAX_DUPLICATES, round(share, 4), f"at most {_MAX_DUPLICATES:.0%}")


def _no_future(facts: ExportFacts) -> Finding:
    """No interaction after today (UTC); a clock that goes wrong moves its user's last event to the front."""
    late = {day: rows for day, rows in facts.profile["days"].items() if day > facts.today.isoformat()}
    return Finding(not late, sum(late.values()), "none", [{"day": day, "rows": rows} for day, rows in late.items()][:5])


def _few_ancient(facts: ExportFacts) -> Finding:
    """Interactions of more than five years ago are mostly a device's clock that was never set."""
    oldest = (facts.today - _OLD).isoformat()
    old = {day: rows for day, rows in facts.profile["days"].items() if day < oldest}
    share = sum(old.values()) / facts.rows if facts.rows else 0.0
    rows = [{"day": day, "rows": rows} for day, rows in old.items()][:5]
    return Finding(
        share <= _MAX_OLD, round(share, 4), f"at most {_MAX_OLD:.0%} before {oldest}", rows if share > _MAX_OLD else ()
    )


def _no_robot(id_column: str) -> Callable[[ExportFacts], Finding]:
    def judge(facts: ExportFacts) -> Finding:
        limit = _MAX_SHARE[id_column]
        shares = {id: rows / facts.rows for id, rows in facts.profile["ids"][id_column]["frequent"].items()}
        largest = max(shares.values(), default=0.0)
        passed = facts.rows < _MIN_ROWS or largest <= limit
        rows = [{id_column: id, "share": f"{share:.1%}"} for id, share in shares.items() if share > limit]
        return Finding(passed, round(largest, 4), f"at most {limit:.0%} of all rows", () if passed else rows[:5])

    return judge


def _is_categorical(dataset: Dataset, domain: str) -> bool:
    return any(column.categorical for column in dataset.columns)


ADVISED: tuple[Rule[ExportFacts], ...] = (
    Rule(
        "at_least_50000_interactions_are_there",
        _many_interactions,
        "The export has at least 50,000 unique interactions.",
        "recommendations get better with more: convert more days.",
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
        "At least 70 % of each metadata column are not null.",
        "add further paths to the column, or leave it out: what is mostly empty teaches nothing.",
        _PREPARING,
        False,
        contract.DATASETS,
        lambda dataset, domain: bool(metadata_columns(dataset, domain)),
    ),
    Rule(
        "categories_have_at_most_1000_distinct_values",
        _few_categories,
        "A categorical column has at most 1,000 distinct values.",
        "map it to a coarser field; a column with a value of its own for every row is no category.",
        _PREPARING,
        False,
        contract.DATASETS,
        _is_categorical,
    ),
    Rule(
        "users_in_interactions_are_known",
        _crossed("unknown", "used", _MAX_UNKNOWN),
        "At most 10 % of the users in interactions are missing in users.",
        "let `where` of users want more events, and see that both take USER_ID from the same field.",
        OURS,
        False,
        ("users",),
    ),
    Rule(
        "users_have_interactions",
        _crossed("unused", "all", _MAX_UNUSED),
        "At most half of the users have no interaction.",
        "convert more days, and see that both datasets take USER_ID from the same field.",
        OURS,
        False,
        ("users",),
    ),
    Rule(
        "items_in_interactions_are_known",
        _crossed("unknown", "used", _MAX_UNKNOWN),
        "At most 10 % of the items in interactions are missing in items.",
        "let `where` of items want more events, and see that both take ITEM_ID from the same field.",
        OURS,
        False,
        ("items",),
    ),
    Rule(
        "items_have_interactions",
        _crossed("unused", "all", _MAX_UNUSED),
        "At most half of the items have no interaction.",
        "convert more days; items without interactions are recommended by their metadata alone.",
        OURS,
        False,
        ("items",),
    ),
    Rule(
        "few_rows_are_duplicates",
        _few_duplicates,
        "At most 20 % of the kept interactions are duplicates.",
        "look for a producer that sends twice, or a `dedupe_by` that is not one message's own.",
        OURS,
        False,
        ("interactions",),
    ),
    Rule(
        "no_interaction_is_from_the_future",
        _no_future,
        "No interaction is later than today (UTC).",
        "map TIMESTAMP to a time that the server sets, as `receivedAt`: some device's clock is wrong.",
        OURS,
        False,
        ("interactions",),
    ),
    Rule(
        "few_interactions_are_older_than_five_years",
        _few_ancient,
        "At most 1 % of the interactions are older than five years.",
        "map TIMESTAMP to a time that the server sets, as `receivedAt`, unless you import a long history.",
        OURS,
        False,
        ("interactions",),
    ),
    Rule(
        "no_user_has_an_outlandish_share",
        _no_robot("USER_ID"),
        "No user has more than 5 % of the interactions (of 1,000 or more).",
        "it is likely a robot, a test or a shared login: leave its events out where they are made.",
        OURS,
        False,
        ("interactions",),
    ),
    Rule(
        "no_item_has_an_outlandish_share",
        _no_robot("ITEM_ID"),
        "No item has more than 20 % of the interactions (of 1,000 or more).",
        "it is likely a stand-in such as `unknown`, or the wrong field: map ITEM_ID to another path.",
        OURS,
        False,
        ("interactions",),
    ),
)  # fmt: skip
