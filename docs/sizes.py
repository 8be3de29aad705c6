"""The section *Size* of docs/how-to/installation.md, measured in this environment. ``make reference`` writes it."""

from __future__ import annotations

import re
from pathlib import Path

from personalize_assets_tests.helpers.installed_packages import packages_of, size_of

PAGE = Path(__file__).parent / "how-to" / "installation.md"
EXTRAS = ("ui", "production", "kubernetes", "connect", "redshift")
_SECTION = re.compile(r"(?<=^## Size\n)\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def megabytes(packages: set[str]) -> float:
    """The size of installed packages, without bytecode."""
    return sum(map(size_of, packages)) / 1_000_000


def largest() -> list[str]:
    """The names of the ten largest packages that the package brings along, the largest first."""
    return sorted(packages_of("personalize-assets"), key=size_of, reverse=True)[:10]


def section() -> str:
    """The text of the section."""
    base = packages_of("personalize-assets")
    rows = [f"| {name} | {megabytes({name}):.0f} |" for name in largest()]
    added = [f"| `{extra}` | {megabytes(packages_of(f'personalize-assets[{extra}]') - base):.0f} |" for extra in EXTRAS]
    return "\n".join(
        [
            "",
            f"{len(base) - 1} packages come along, {megabytes(base):.0f} MB. The ten largest:",
            "",
            "| package | MB |",
            "| --- | --: |",
            *rows,
            "",
            "What an extra adds:",
            "",
            "| extra | MB |",
            "| --- | --: |",
            *added,
            "",
            "Bytecode is not counted, which pip makes of everything: with it, and with `ui`, a `.venv` takes about 1.2",
            "GB of disk (`du`). `make reference` measures again.",
            "",
            "",
        ]
    )


if __name__ == "__main__":
    text, found = _SECTION.subn(lambda _: section(), PAGE.read_text())
    assert found, f"{PAGE} has no section Size"
    PAGE.write_text(text)
