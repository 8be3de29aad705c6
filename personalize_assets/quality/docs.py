"""docs/checks.md, made from the tables of rules: ``python -m personalize_assets.quality.docs > docs/checks.md``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from personalize_assets.conversion.contract import DATASETS, USE_CASES
from personalize_assets.orchestration.accounting_checks import ACCOUNTED, EXPORTED
from personalize_assets.quality.advice import ADVISED
from personalize_assets.quality.csv_file import FILE_RULES
from personalize_assets.quality.daily import DAILY_RULES
from personalize_assets.quality.refusals import REFUSED
from personalize_assets.quality.rule import Rule
from personalize_assets.storage.destination import DAILY

_HEAD = """\
# Checks

Made from the code by `make docs`; a test holds that it is up to date. Each check shows in the UI on its asset: what was
observed, what is allowed, and up to five rows that are to blame.

**When a check is red.** An ERROR on an export is something that Personalize would refuse. It is found *before* the
export comes into force: the former CSV and its manifest stay as they are, the run fails, and its error says what was
found. A WARN never stops anything.

**Small data.** With `checks: warn` in the config (or `PERSONALIZE__CHECKS=warn`) every check still runs and shows what
it found, but none stops an export: for a trial on a bucket with a hundred events. The default is `checks: strict`.

**How exact.** Numbers are counted while the rows are written; nothing is read again, but by the checks of the file.
Up to 16,384 users (and items) everything is exact. Beyond that, statements about users and items (how many, how many
with two interactions, how many unknown) are made from 16,384 of them, drawn evenly by a hash: right to about 1.6 %.
Rows that are equal in every column, but stand at the seam of two parts of a large export, count twice.
"""
_BOOKS = f"""\
## The books

| check | asset | holds |
| --- | --- | --- |
| `{ACCOUNTED}` | the daily datasets | events read = wanted + not wanted + malformed, and rows = kept + rejected |
| `{EXPORTED}` | tables and CSVs | rows kept on all days = rows exported + duplicates |

Both are errors in either mode: red means that the engine or this package lost something.
"""


def document() -> str:
    """The page as Markdown."""
    parts = [
        _HEAD,
        _section("What Personalize refuses (ERROR, on the CSVs, before they come into force)", REFUSED, "_csv"),
        _section("What the CSV that lies there says (ERROR; can be run alone, at any time)", FILE_RULES, "_csv"),
        _section("What is advised against (WARN, on the CSVs)", ADVISED, "_csv"),
        _section("What a day looks like (WARN, on the daily datasets)", DAILY_RULES, ""),
        _BOOKS,
        "\n".join(_use_cases()),
    ]
    return "\n".join(parts)


def _section(title: str, rules: tuple[Rule[Any], ...], suffix: str) -> str:
    lines = [f"## {title}", "", "| check | on | holds | when red | source |", "| --- | --- | --- | --- | --- |"]
    for rule in rules:
        assets = ", ".join(f"`{name}_csv`" if suffix else f"`{DAILY[name]}`" for name in rule.datasets)
        on = assets if rule.datasets != DATASETS else "all"
        lines.append(f"| `{rule.name}` | {on} | {rule.holds} | {rule.when_red} | {rule.source} |")
    return "\n".join([*lines, ""])


def _use_cases() -> Iterator[str]:
    yield "## Use cases of the domains"
    yield ""
    yield "For `dataset_group.use_cases`, each with the event type of which it needs 1,000 (Personalize guide, pages"
    yield "ECOMMERCE-use-cases and VIDEO-ON-DEMAND-use-cases)."
    yield ""
    yield "| domain | use case | event type |"
    yield "| --- | --- | --- |"
    for domain, cases in USE_CASES.items():
        for case in cases:
            yield f"| {domain} | {case.name} | {case.event or 'any'} |"
    yield ""


if __name__ == "__main__":
    print(document(), end="")
