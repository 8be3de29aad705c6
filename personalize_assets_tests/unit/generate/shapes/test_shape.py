"""Rows of a single table by the names of a source."""

from __future__ import annotations

from personalize_assets.generate.shapes.shape import in_one_table
from personalize_assets_tests.helpers.happenings import IDENTIFY, ORDER, PAGE, VIEW


def test_an_event_that_the_source_does_not_name_is_left_out() -> None:
    rows = in_one_table(lambda event, name: {"name": name}, {"Product Viewed": "view", "": "login"})

    assert [list(rows(event)) for event in (VIEW, IDENTIFY, ORDER, PAGE)] == [
        [("", {"name": "view"})],
        [("", {"name": "login"})],
        [],
        [],
    ]


def test_an_event_without_a_row_is_left_out() -> None:
    assert list(in_one_table(lambda event, name: None, {"Product Viewed": "view"})(VIEW)) == []
