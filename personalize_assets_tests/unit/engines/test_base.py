"""What all engines have in common."""

from __future__ import annotations

import pickle

from personalize_assets.conversion.reading.file_errors import UnansweredFile, UnreadableDailyFile, UnreadableFile
from personalize_assets.engines.base import for_user
from personalize_assets.errors import TransientError


def test_an_unreadable_file_is_named_with_what_to_do() -> None:
    error = for_user(UnreadableFile("/raw/a.json cannot be read: gone"))

    assert str(error) == ("/raw/a.json cannot be read: gone; if the file is gone, materialize raw_event_catalog again")


def test_an_unreadable_daily_file_says_itself_what_to_do() -> None:
    text = "/out/a.parquet cannot be read: gone; materialize the daily datasets of that day again"

    assert str(for_user(UnreadableDailyFile(text))) == text


def test_a_file_that_s3_does_not_give_now_is_a_transient_error_also_from_another_process() -> None:
    error = for_user(pickle.loads(pickle.dumps(UnansweredFile("s3://b/a: no answer in 12 tries"))))

    assert (type(error), str(error)) == (TransientError, "s3://b/a: no answer in 12 tries")
