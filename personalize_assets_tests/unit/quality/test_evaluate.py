"""Which rules apply, and why an export is refused."""

from __future__ import annotations

from personalize_assets.quality.accounting import ACCOUNTED, EXPORTED
from personalize_assets.quality.advice import ADVISED
from personalize_assets.quality.catalogued import CATALOG_RULES
from personalize_assets.quality.csv_file import FILE_RULES
from personalize_assets.quality.daily import DAILY_RULES
from personalize_assets.quality.evaluate import (
    EXPORT_RULES,
    export_rules,
    file_rules,
    judge,
    none_checked,
    refusals,
    why_refused,
)
from personalize_assets.quality.rule import Finding
from personalize_assets_tests.helpers.check_facts import INTERACTIONS, ITEMS, USERS, export_facts


def test_the_names_of_checks_differ_where_the_ui_cuts_them_off() -> None:
    names = [rule.name for rule in EXPORT_RULES]
    names += [rule.name for rule in FILE_RULES]
    names += [rule.name for rule in DAILY_RULES]
    names += [rule.name for rule in CATALOG_RULES]
    names += [ACCOUNTED.name, EXPORTED.name]

    assert len({name[:30] for name in names}) == len(names)


def test_the_rules_of_a_dataset_are_those_about_it_its_columns_and_its_domain() -> None:
    names = {
        dataset.name: {rule.name for rule in export_rules(dataset, "custom")}
        for dataset in (INTERACTIONS, USERS, ITEMS)
    }

    assert "few_rows_are_duplicates" in names["interactions"] - names["users"]
    assert "texts_have_at_most_20000_characters" in names["items"] - names["users"]
    spelling = "event_types_are_spelt_as_the_domain_wants"
    assert spelling not in names["interactions"]
    assert spelling in {rule.name for rule in export_rules(INTERACTIONS, "ECOMMERCE")}


def test_every_rule_of_a_file_applies_to_every_dataset_but_those_about_users() -> None:
    assert [len(file_rules(dataset, "custom")) for dataset in (INTERACTIONS, USERS, ITEMS)] == [5, 5, 4]


def test_each_rule_is_judged() -> None:
    facts = export_facts("users")
    rules = export_rules(facts.dataset, facts.domain)

    assert [rule for rule, finding in judge(rules, facts) if finding.passed] == rules


def test_where_there_are_no_facts_one_rule_fails_and_the_others_are_not_checked() -> None:
    rules = file_rules(USERS, "custom")

    judged = none_checked(rules, "no file", "a file")

    assert [rule for rule, _ in judged] == rules
    assert judged[0][1] == Finding(False, "no file", "a file")
    see = Finding(False, "not checked", f"see {rules[0].name}", is_checked=False)
    assert [finding for _, finding in judged[1:]] == [see] * (len(rules) - 1)
    assert refusals(judged) == [f"{rules[0].name}: found no file, allowed is a file"]


def test_an_error_that_failed_is_a_reason_to_refuse_and_a_warning_is_not() -> None:
    facts = export_facts(unique=7)
    judged = judge(export_rules(facts.dataset, facts.domain), facts)

    assert "at_least_50000_interactions_are_there" in {rule.name for rule, finding in judged if not finding.passed}
    assert refusals(judged) == ["at_least_1000_interactions_are_unique: found 7, allowed is at least 1,000"]
    assert refusals([(rule, Finding(False, 1, "2")) for rule in ADVISED]) == []


def test_the_error_of_a_refused_export_has_the_reasons_and_what_to_do() -> None:
    assert why_refused(
        "users_csv", ["a: found 1, allowed is 2", "b: found 3, allowed is 4"], "There is no former export", "/out/x"
    ) == (
        "users_csv was not replaced, because Personalize would refuse the new export: a: found 1, allowed is 2; "
        "b: found 3, allowed is 4. There is no former export. The refused one is in /out/x. The checks of users_csv "
        "say what to do; `checks: warn` in the config exports it anyway, as for a trial"
    )
