"""What all engines have in common."""

from __future__ import annotations

from personalize_assets.conversion.convert.task import UnreadableFile
from personalize_assets.engines.base import unreadable


def test_an_unreadable_file_is_named_with_what_to_do() -> None:
    error = unreadable(UnreadableFile("/raw/a.json cannot be read: gone"))

    assert str(error) == ("/raw/a.json cannot be read: gone; if the file is gone, materialize raw_event_catalog again")
