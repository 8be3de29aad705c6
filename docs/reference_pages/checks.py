"""The page of the checks, from the tables of rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from personalize_assets.conversion.contract import USE_CASES
from personalize_assets.conversion.dataset_types import DATASETS
from personalize_assets.quality.accounting import ACCOUNTED, EXPORTED
from personalize_assets.quality.advice import ADVISED
from personalize_assets.quality.catalogued import CATALOG_RULES
from personalize_assets.quality.csv_file import FILE_RULES
from personalize_assets.quality.daily import DAILY_RULES
from personalize_assets.quality.imported import IMPORT_RULES
from personalize_assets.quality.refusals import REFUSED
from personalize_assets.quality.rule import Rule
from personalize_assets.quality.unloaded import UNLOAD_RULES
from personalize_assets.storage.days import DAILY

_HEAD = """\
# Checks

Generated from the code by `make reference`; a test keeps it up to date. Each check appears in the UI on its asset:
what was observed, what is allowed, and up to five of the rows at fault.

**When a check is red.** An ERROR on an export is something that Personalize would refuse. It is found *before* the
export becomes the current one: the former CSV and its manifest stay as they are, the run fails, and its error says
what was found. A WARN never stops anything.

**Small data.** With `checks: warn` in the config (or `PERSONALIZE__CHECKS=warn`) every check still runs and shows
what it found, but none stops an export: for a trial on a bucket with a hundred events. The default is `checks:
strict`.

**How exact.** Numbers are counted while the rows are written; only the checks of the file read anything again. Up to
16,384 users (and items) every number is exact. Beyond that, statements about users and items (how many, how many with
two interactions, how many unknown) are estimated from 16,384 of them, chosen evenly by a hash: accurate to about 1.6
%. Rows that are equal in every column but are stored on both sides of the border between two parts of a large export
count twice."""


def document() -> str:
    """The page as Markdown."""
    parts = [
        _HEAD,
        _section("What Personalize refuses (ERROR, on the CSVs, before they become current)", REFUSED, "_csv"),
        _section("The CSV in the destination (ERROR; can be run alone, at any time)", FILE_RULES, "_csv"),
        _section("What is advised against (WARN, on the CSVs)", ADVISED, "_csv"),
        _section("Arrival days (WARN, on the daily datasets)", DAILY_RULES, ""),
        _section("Raw files (WARN, on their catalog)", CATALOG_RULES, ""),
        _section("Days of a warehouse (WARN, on their unload)", UNLOAD_RULES, "", "`warehouse_unload`"),
        _section("Imports into Personalize (WARN, on the imports)", IMPORT_RULES, "", "all `*_import`"),
        "\n".join(_accounting()),
        "\n".join(_use_cases()),
    ]
    return "\n".join(parts)


def _section(title: str, rules: tuple[Rule[Any], ...], suffix: str, no_dataset: str = "`raw_event_catalog`") -> str:
    lines = [f"## {title}", "", "| check | on | holds | when red | source |", "| --- | --- | --- | --- | --- |"]
    for rule in rules:
        assets = ", ".join(f"`{name}_csv`" if suffix else f"`{DAILY[name]}`" for name in rule.datasets)
        on = "all" if rule.datasets == DATASETS else assets or no_dataset
        lines.append(f"| `{rule.name}` | {on} | {rule.holds} | {rule.when_red} | {rule.source} |")
    return "\n".join([*lines, ""])


def _accounting() -> Iterator[str]:
    yield "## Accounting"
    yield ""
    yield "| check | asset | holds |"
    yield "| --- | --- | --- |"
    for check in (ACCOUNTED, EXPORTED):
        yield f"| `{check.name}` | {check.assets} | {check.holds} |"
    yield ""
    yield "Both are errors in either mode: red means that the engine or this package lost something."
    yield ""


def _use_cases() -> Iterator[str]:
    yield "## Use cases of the domains"
    yield ""
    yield "For `dataset_group.use_cases`, with the event type of which each needs 1,000 (Personalize guide, pages"
    yield "ECOMMERCE-use-cases and VIDEO-ON-DEMAND-use-cases)."
    yield ""
    yield "| domain | use case | event type |"
    yield "| --- | --- | --- |"
    for domain, cases in USE_CASES.items():
        for case in cases:
            yield f"| {domain} | {case.name} | {case.event or 'any'} |"
    yield ""
