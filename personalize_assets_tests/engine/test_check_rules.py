"""Every rule on data that pass it and on data that fail it, from raw files through Dagster to the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from msgspec import structs

from personalize_assets.conversion.spec import ExportReport
from personalize_assets.engines import Engine
from personalize_assets.quality.csv_file import FILE_RULES
from personalize_assets.quality.daily import DAILY_RULES
from personalize_assets.quality.evaluate import EXPORT_RULES
from personalize_assets.quality.junk import JUNK
from personalize_assets.quality.rule import Rule
from personalize_assets.storage.days import DAILY
from personalize_assets_tests.helpers.check_shop import DAYS, EVENING, Shop, displayed, event, item, results, user

RULES: tuple[Rule[Any], ...] = (*EXPORT_RULES, *FILE_RULES)
Results = dict[tuple[str, str], dg.AssetCheckEvaluation]
# About other domains or settings than the shop's; the unit tests of rules apply them.
ELSEWHERE = {"events_suffice_for_the_event_types_to_train_on", "event_types_are_spelt_as_other_use_cases_want"}
# Only custom groups have actions: see test_action_checks.
OF_SHOPS = ("interactions", "users", "items")
CASES: list[tuple[str, Rule[Any]]] = [
    *((f"{name}_csv", rule) for rule in RULES for name in OF_SHOPS if name in rule.datasets
      if (name == "items" or not rule.name.startswith("texts_"))
      and (name != "items" or rule.name != "no_names_differ_only_by_case_or_space") and rule.name not in ELSEWHERE),
    *((DAILY[name], rule) for rule in DAILY_RULES for name in OF_SHOPS if name in rule.datasets),
]  # fmt: skip


@pytest.fixture(scope="module")
def good(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """As Personalize's guides advise: 50,400 interactions of 1,050 users, strictly checked."""
    shop = Shop(tmp_path_factory.mktemp("good"), engine)
    for day in range(4):
        lines = [event(number) for number in range(day, 50_400, 4)]
        users = (user(f"u{n}", tier=("gold", "silver")[n % 2]) for n in range(1050))
        items = (
            item(f"i{n}", price=n % 9, category=("shoes", "hats")[n % 2], text=f"Made to last {n % 9} years.")
            for n in range(200)
        )
        shop.arrives([*lines, *users, *items], day)
    return shop


@pytest.fixture(scope="module")
def good_results(good: Shop) -> Results:
    runs = [good.convert(), good.export()]
    assert [run.success for run in runs] == [True, True]
    return results(*runs)


@pytest.fixture(scope="module")
def tiny_results(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A day that is much too small, and a report with a file that is much too large."""
    shop = Shop(tmp_path_factory.mktemp("tiny"), engine, checks="warn")
    events = [*(event(n, user=f"u{n % 24}") for n in range(48)), *(event(n) for n in range(48, 60))]
    shop.arrives([*events, user("u1", tier=None), item("i1")])

    def swell(report: ExportReport) -> ExportReport:
        datasets = {}
        for name, made in report.datasets.items():
            first = structs.replace(made.parts[0], csv_bytes=101 * 1024**3)
            datasets[name] = structs.replace(made, parts=(first, *made.parts[1:]))
        return structs.replace(report, datasets=datasets)

    converted = shop.convert()
    for day, name in enumerate(("interactions", "users", "items"), 1):
        shop.forget(name, day)
    shop.rewrite("items", lambda rows: rows[0].update(PRICE=None, CATEGORY_L1=None, PRODUCT_DESCRIPTION=None))
    return results(converted, shop.export(change=swell))


@pytest.fixture(scope="module")
def junk_results(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Values that are no data."""
    shop = Shop(tmp_path_factory.mktemp("junk"), engine, checks="warn")
    types = ["View", "view ", *(f"type {n}" for n in range(10))]
    shop.arrives(
        [
            *(
                event(n, user=f"u{n % 5}", item=f"i{n}", type=types[n % 12], time=EVENING, colour="red")
                for n in range(36)
            ),
            event(36, user="undefined", time=EVENING, item="i36", colour="red"),
            *(user(f"u{n}", tier=f"tier {n}") for n in range(30)),
            *(user(name, tier=tier) for name, tier in (("null", "TIER 0"), ("N/A", "Tier 0"))),
            *(item(f"i{n}", text=None) for n in range(36)),
            item("0"),
        ]
    )
    return results(shop.convert(), shop.export())


@pytest.fixture(scope="module")
def bad_results(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Enough of everything, and all of it awkward."""
    shop = Shop(tmp_path_factory.mktemp("bad"), engine, checks="warn")
    for day in range(4):
        shop.arrives(_awkward(day), day)
    (shop.folder / f"raw/day={DAYS[0]}/archive.json").write_bytes(b"PK\x03\x04" + bytes(100))
    converted = shop.convert()
    shop.rewrite("interactions", _spoil_interactions)
    shop.rewrite("users", lambda rows: rows[0].update(USER_ID="u" * 300, TIER="t" * 1001))
    shop.rewrite("users", lambda rows: rows[1].update(USER_ID=None))
    shop.rewrite("items", _spoil_items)
    exported = shop.export()
    for name in ("interactions", "users", "items"):
        _break(shop.csv(name))
    shop.suppress(shop.folder, "i" * 257)  # the only user whose line can be read then
    return results(converted, exported, shop.export_checks())


def _awkward(day: int) -> list[dict[str, Any] | str]:
    few = 10 if day == 3 else 500
    numbers = range(day * 500, day * 500 + few)
    types = ["view", "purchase", *(f"type {n}" for n in range(10))]
    lines: list[dict[str, Any] | str] = [
        event(n, id=f"e{n}" if n < 50 else f"twice {n // 2}", user="robot" if n % 4 else f"u{n}",
              item="unknown" if n % 3 else f"x{n}",
              type=types[n // 2 % len(types)],
              colour="|".join(f"c{n}.{k}" for k in range(9)) if n % 5 == 0 else {} if n % 5 == 1 else None)
        for n in numbers
    ]  # fmt: skip
    lines += [event(n, id=f"old{n}", time=946_684_800 + n) for n in range(day * 100, day * 100 + few // 5)]
    lines += [event(n, id=f"late{n}", time=EVENING + 86_400 * 30) for n in range(1)]
    lines += [event(n, user=None) for n in range(few)]
    lines += ['{"kind": "event" "user" "item" broken'] * (few // 10)
    lines += [user(f"never-seen-{day}-{n}", tier=f"tier {day} {n}" if day < 3 else None, time=None) for n in range(few)]
    lines += [user(f"more-{day}-{n}", tier={} if n % 5 == 0 else None, time=None) for n in range(few * 2)]
    lines += [{"kind": "user", "tier": "gold", "time": EVENING} for n in range(few * 2)]
    lines += [
        item(f"unsold-{day}-{n}", category=f"category {day} {n}", text={} if n % 5 == 0 else None, time=None)
        for n in range(few)
    ]
    lines += [item("", price=1, time=None) for n in range(few)]
    return lines


def _spoil_interactions(rows: list[dict[str, Any]]) -> None:
    rows[0]["USER_ID"] = None
    rows[1]["ITEM_ID"] = "i" * 257
    rows[2]["COLOUR"] = "c" * 1001
    rows[3]["TIMESTAMP"] = EVENING * 1000


def _spoil_items(rows: list[dict[str, Any]]) -> None:
    rows[0]["PRICE"] = None
    rows[1]["ITEM_ID"] = "i" * 257
    rows[2]["CATEGORY_L1"] = "c" * 1001
    rows[3]["PRODUCT_DESCRIPTION"] = "t" * 20_001


def _break(csv: Path) -> None:
    """A name that is not in the schema, a line that is cut in two, and a value that is too long."""
    header, first, *rest = csv.read_text().splitlines(keepends=True)
    csv.write_text(header.replace("\n", "X\n") + "i" * 257 + first[first.index(",") :] + 'one\n"two\n' + "".join(rest))


@pytest.mark.parametrize(("asset", "rule"), CASES, ids=lambda case: getattr(case, "name", case))
def test_the_good_data_pass(asset: str, rule: Any, good_results: Results) -> None:
    check = good_results[asset, rule.name]

    assert check.passed, displayed(check)


TINY = {
    "at_least_1000_interactions_are_unique",
    "at_least_25_users_have_two_interactions",
    "at_least_50000_interactions_are_there",
    "at_least_1000_users_have_two_interactions",
    "events_suffice_for_the_named_use_cases",
    "the_file_is_at_most_100_gigabytes",
    "at_least_one_metadata_column_is_filled",
    "no_day_of_another_dataset_is_missing",
}


@pytest.mark.parametrize(("asset", "rule"), CASES, ids=lambda case: getattr(case, "name", case))
def test_the_bad_data_fail(
    asset: str, rule: Any, tiny_results: Results, bad_results: Results, junk_results: Results
) -> None:
    found = junk_results if rule in JUNK else tiny_results if rule.name in TINY else bad_results
    check = found[asset, rule.name]

    assert not check.passed, displayed(check)


# What a red check displays


def test_a_check_displays_what_was_found_what_is_allowed_and_the_rows_at_fault(
    tiny_results: Results, bad_results: Results
) -> None:
    assert displayed(tiny_results["interactions_csv", "at_least_25_users_have_two_interactions"]) == {
        "observed": 24, "allowed": "at least 25 and 1 % of 36 users",
    }  # fmt: skip
    assert displayed(tiny_results["interactions_csv", "events_suffice_for_the_named_use_cases"]) == {
        "observed": "enough for none",
        "allowed": "1,000 each for Most viewed, Best sellers",
        "rows": [
            {"use case": "Most viewed", "event type": "View", "rows": 54},
            {"use case": "Best sellers", "event type": "Purchase", "rows": 6},
        ],
    }
    spelling = displayed(bad_results["interactions_csv", "event_types_are_spelt_as_the_domain_wants"])
    assert [(row["EVENT_TYPE"], row["wanted"]) for row in spelling["rows"]] == [
        ("view", "View"), ("purchase", "Purchase"),
    ]  # fmt: skip
    long_ids = displayed(bad_results["items_csv", "ids_have_at_most_256_characters"])
    assert long_ids["observed"] == "ITEM_ID: 1"
    assert [row["ITEM_ID"] for row in long_ids["rows"]] == ["i" * 60 + "… (257 characters)"]
    robot = displayed(bad_results["interactions_csv", "no_user_has_an_outlandish_share"])
    assert [row["USER_ID"] for row in robot["rows"]] == ["robot"]
    drop = displayed(bad_results["filtered_interactions", "no_day_drops_against_the_week_before"])
    assert [row["day"] for row in drop["rows"]] == [DAYS[3].isoformat()]
    rejects = displayed(bad_results["filtered_interactions", "few_rows_are_rejected"])
    assert {row["reason"] for row in rejects["rows"]} == {"bad_timestamp", "missing:USER_ID"}


def test_users_made_without_interactions_are_not_compared(good: Shop, good_results: Results) -> None:
    check = results(good.export("users_csv"))["users_csv", "users_have_interactions"]

    assert check.passed
    assert displayed(check) == {
        "observed": "not compared",
        "allowed": "at most 50%; make it together with interactions_csv to compare them",
    }
