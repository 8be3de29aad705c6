"""The page of the recipes: the configs in ``sample_data/recipes/``, as they are."""

from __future__ import annotations

from pathlib import Path

RECIPES = Path(__file__).parents[2] / "sample_data" / "recipes"

_HEAD = """\
# Recipes

Generated from `sample_data/recipes/` by `make reference`; a test keeps it up to date.

A config for each source, to copy; [Sources](../how-to/sources.md) says what to turn on there. `personalize-assets
init --sample NAME` writes one with its sample data.

"""


def document() -> str:
    """The page as Markdown."""
    return _HEAD + "\n".join(
        f"## {config.stem}\n\n```yaml\n{config.read_text()}```\n" for config in sorted(RECIPES.glob("*.yaml"))
    )
