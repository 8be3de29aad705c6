"""Every rule about actions and their interactions on data that pass and data that fail, as in test_check_rules."""

from __future__ import annotations

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
from personalize_assets_tests.helpers.check_shop import (
    ACTIONS,
    EVENING,
    Shop,
    answer,
    displayed,
    event,
    item,
    offer,
    results,
    user,
)

RULES: tuple[Rule[Any], ...] = (*EXPORT_RULES, *FILE_RULES)
Results = dict[tuple[str, str], dg.AssetCheckEvaluation]
CASES: list[tuple[str, Rule[Any]]] = [
    *((f"{name}_csv", rule) for rule in RULES for name in ACTIONS if name in rule.datasets
      if not rule.name.startswith(("texts_", "textual_"))),
    *((DAILY[name], rule) for rule in DAILY_RULES for name in ACTIONS if name in rule.datasets),
]  # fmt: skip
REST = [event(1), user("u1"), item("i1")]
"""What the other datasets need, to be made at all."""


@pytest.fixture(scope="module")
def good_results(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Ten offers and 1,200 answers to them, spread over four days."""
    shop = Shop(tmp_path_factory.mktemp("good"), engine, checks="warn", with_actions=True)
    for day in range(4):
        offers = (offer(f"o{n}", group=("cards", "loans")[n % 2], value=1 + n % 10) for n in range(10))
        shop.arrives([*REST, *offers, *(answer(n) for n in range(day, 1200, 4))], day)
    runs = [shop.convert(), shop.export()]
    assert [run.success for run in runs] == [True, True]
    return results(*runs)


@pytest.fixture(scope="module")
def tiny_results(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A few answers, and a report with files that are much too large."""
    shop = Shop(tmp_path_factory.mktemp("tiny"), engine, checks="warn", with_actions=True)
    shop.arrives([*REST, offer("o1", group=None), answer(1)])

    def swell(report: ExportReport) -> ExportReport:
        datasets = {}
        for name, made in report.datasets.items():
            first = structs.replace(made.parts[0], csv_bytes=101 * 1024**3)
            datasets[name] = structs.replace(made, parts=(first, *made.parts[1:]))
        return structs.replace(report, datasets=datasets)

    converted = shop.convert()
    for day, name in enumerate(ACTIONS, 1):
        shop.forget(name, day)
    return results(converted, shop.export(change=swell))


@pytest.fixture(scope="module")
def junk_results(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Values that are no data."""
    shop = Shop(tmp_path_factory.mktemp("junk"), engine, checks="warn", with_actions=True)
    shop.arrives(
        [
            *REST,
            *(answer(n, type=("Not Taken", "Not taken")[n % 2], time=EVENING, channel="web") for n in range(36)),
            answer(36, user="undefined", time=EVENING, channel="web"),
            *(offer(f"o{n}", group=f"group {n}") for n in range(30)),
            *(offer(name, group=group) for name, group in (("null", "GROUP 0"), ("N/A", "Group 0"))),
        ]
    )
    return results(shop.convert(), shop.export())


@pytest.fixture(scope="module")
def bad_results(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Enough of everything, and all of it awkward."""
    shop = Shop(tmp_path_factory.mktemp("bad"), engine, checks="warn", with_actions=True)
    for day in range(4):
        shop.arrives(_awkward(day), day)
    archive = shop.folder / "raw" / f"day={min(commit_days(shop))}" / "archive.json"
    archive.write_bytes(b"PK\x03\x04" + bytes(100))
    converted = shop.convert()
    shop.rewrite("actions", _spoil_actions)
    shop.rewrite("action_interactions", _spoil_interactions)
    exported = shop.export()
    for name in ACTIONS:
        csv = shop.csv(name)
        header, first, *rest = csv.read_text().splitlines(keepends=True)
        broken = "i" * 257 + first[first.index(",") :] + 'one\n"two\n'
        csv.write_text(header.replace("\n", "X\n") + broken + "".join(rest))
    shop.suppress(shop.folder, "i" * 257)  # the only user whose line can be read then
    return results(converted, exported, shop.export_checks())


def commit_days(shop: Shop) -> list[str]:
    """The days (ISO) of the raw files."""
    return [folder.name.removeprefix("day=") for folder in (shop.folder / "raw").iterdir()]


def _awkward(day: int) -> list[dict[str, Any] | str]:
    few = 10 if day == 3 else 600
    lines: list[dict[str, Any] | str] = [
        answer(n, id=f"a{n // 2}", user="robot" if n % 4 else f"u{n}", offer=f"x{n}",
               type=("TAKEN", "shown")[n // 2 % 2],
               channel="|".join(f"c{n}.{k}" for k in range(9)) if n % 3 == 0 else {} if n % 3 == 1 else None)
        for n in range(day * 600, day * 600 + few)
    ]  # fmt: skip
    lines += [answer(n, id=f"old{n}", time=946_684_800 + n) for n in range(day * 100, day * 100 + few // 5)]
    lines += [answer(day, id=f"late{day}", time=EVENING + 86_400 * 30)]
    lines += [answer(n, user=None) for n in range(few)]
    lines += ['{"kind": "answer" "user" broken'] * (few // 10)
    lines += [
        offer(f"unseen-{day}-{n}", group=f"group {day} {n}" if n % 2 else None, value=99, time=None)
        for n in range(few * 2)
    ]
    lines += [offer("", time=None) for n in range(few)]
    return [*REST, *lines]


def _spoil_actions(rows: list[dict[str, Any]]) -> None:
    rows[0].update(ACTION_ID="a" * 300, GROUP="g" * 1001)
    rows[1]["ACTION_ID"] = None


def _spoil_interactions(rows: list[dict[str, Any]]) -> None:
    rows[0]["USER_ID"] = None
    rows[1]["ACTION_ID"] = "i" * 257
    rows[2]["CHANNEL"] = "c" * 1001
    rows[3]["TIMESTAMP"] = EVENING * 1000


@pytest.mark.parametrize(("asset", "rule"), CASES, ids=lambda case: getattr(case, "name", case))
def test_the_good_data_pass(asset: str, rule: Any, good_results: Results) -> None:
    check = good_results[asset, rule.name]

    assert check.passed, displayed(check)


TINY = {
    "action_interactions_suffice_for_scores",
    "at_least_one_metadata_column_is_filled",
    "no_day_of_another_dataset_is_missing",
    "the_file_is_at_most_100_gigabytes",
}


@pytest.mark.parametrize(("asset", "rule"), CASES, ids=lambda case: getattr(case, "name", case))
def test_the_bad_data_fail(
    asset: str, rule: Any, tiny_results: Results, bad_results: Results, junk_results: Results
) -> None:
    found = junk_results if rule in JUNK else tiny_results if rule.name in TINY else bad_results
    check = found[asset, rule.name]

    assert not check.passed, displayed(check)


def test_another_event_type_is_displayed_with_what_was_meant(bad_results: Results) -> None:
    check = displayed(bad_results["action_interactions_csv", "event_types_are_taken_not_taken_or_viewed"])

    assert [(row["EVENT_TYPE"], row["meant"]) for row in check["rows"]] == [("TAKEN", "Taken"), ("shown", "")]


def test_values_that_are_out_of_range_are_displayed_by_column(bad_results: Results) -> None:
    check = displayed(bad_results["action_details", "few_values_are_dropped"])

    assert check["rows"] == [{"column": "VALUE", "reason": "out_of_range", "values": 3620, "share": "100.0%"}]
