"""The samples: a config each, with raw files. In the repository they are in ``sample_data/``, in a wheel in ``files/``.

Imports next to nothing, because their names are choices of an option.
"""

from __future__ import annotations

from pathlib import Path

_IN_WHEEL = Path(__file__).parent / "files"
SAMPLE_DATA = _IN_WHEEL if _IN_WHEEL.is_dir() else Path(__file__).parents[2] / "sample_data"
"""The folder of all samples."""

_RECIPES = "recipes"


def _configs() -> dict[str, Path]:
    """The configs by name, those of larger samples first; a recipe whose name one of them has is left out."""
    first = {name: SAMPLE_DATA / f"{name}.yaml" for name in ("segment", "firehose", "next_best_action")}
    recipes = {file.stem: file for file in sorted((SAMPLE_DATA / _RECIPES).glob("*.yaml"))}
    return {**first, **{name: file for name, file in recipes.items() if name not in first}}


CONFIGS = _configs()
SAMPLES = tuple(CONFIGS)
"""Their names."""

SMALL = tuple(name for name in SAMPLES if name not in ("segment", "firehose"))
"""Samples below Personalize's minimums."""


def raw_files(name: str) -> Path:
    """The folder of a sample's raw files, which the URIs in its config begin with."""
    return CONFIGS[name].with_suffix("")
