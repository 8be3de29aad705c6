"""The events of a story are those that `generate` writes."""

from datetime import date
from pathlib import Path

from personalize_assets.generate import generate
from personalize_assets.generate.story import Story
from personalize_assets_tests.helpers.raw_files import lines_in

START = date(2026, 10, 1)


def test_a_story_has_the_lines_that_generate_writes(tmp_path: Path) -> None:
    generate(tmp_path / "raw", layout="segment", days=2, users=60, seed=3, start=START)

    lines = [line.content for hour in Story(2, 60, 3, START).hours() for line in hour]

    assert sorted(lines) == sorted(lines_in(tmp_path / "raw"))


def test_there_is_an_iterator_for_each_hour() -> None:
    assert sum(1 for hour in Story(2, 10, 3, START).hours() for _ in [list(hour)]) == 48


def test_nothing_arrives_after_the_last_day() -> None:
    story = Story(2, 60, 3, START)

    assert max(line.received for hour in story.hours() for line in hour) < story.start_ms + 2 * 86_400_000
