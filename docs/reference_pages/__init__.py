"""Pages of the reference that are generated from the code; ``python -m docs.reference_pages`` writes them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.reference_pages import checks, command_line, config_keys, recipes, rejects

REFERENCE = Path(__file__).parents[1] / "reference"

PAGES: Mapping[Path, Callable[[], str]] = {
    REFERENCE / "checks.md": checks.document,
    REFERENCE / "cli.md": command_line.document,
    REFERENCE / "config.md": config_keys.document,
    REFERENCE / "recipes.md": recipes.document,
    REFERENCE / "rejects.md": rejects.document,
}
"""Each page, and what makes it."""
