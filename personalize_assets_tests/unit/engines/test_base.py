"""What all engines have in common."""

from __future__ import annotations

from personalize_assets.conversion.reading.file_errors import UnreadableDailyFile, UnreadableFile
from personalize_assets.engines.base import for_user


def test_an_unreadable_file_is_named_with_what_to_do() -> None:
    error = for_user(UnreadableFile("/raw/a.json cannot be read: gone"))

    assert str(error) == ("/raw/a.json cannot be read: gone; if the file is gone, materialize raw_event_catalog again")


def test_an_unreadable_daily_file_says_itself_what_to_do() -> None:
    text = "/out/a.parquet cannot be read: gone; materialize the daily datasets of that day again"

    assert str(for_user(UnreadableDailyFile(text))) == text
