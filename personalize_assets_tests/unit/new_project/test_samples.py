"""The samples of the repository, by their names."""

from __future__ import annotations

from personalize_assets.new_project.samples import CONFIGS, SAMPLES, SMALL, raw_files
from personalize_assets_tests.helpers.recipes import NAMES
from personalize_assets_tests.helpers.samples import SAMPLE_DATA


def test_every_recipe_is_a_sample_and_the_larger_samples_come_first() -> None:
    assert SAMPLES[:3] == ("segment", "firehose", "next_best_action")
    assert set(SAMPLES) == {*NAMES, "next_best_action"}


def test_a_name_of_both_is_the_larger_sample() -> None:
    assert CONFIGS["segment"] == SAMPLE_DATA / "segment.yaml"
    assert raw_files("segment") == SAMPLE_DATA / "segment"
    assert raw_files("ga4") == SAMPLE_DATA / "recipes" / "ga4"


def test_small_are_those_below_the_minimums() -> None:
    assert set(SAMPLES) - set(SMALL) == {"segment", "firehose"}
