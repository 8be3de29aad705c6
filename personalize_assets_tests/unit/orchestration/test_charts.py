"""Charts that the UI shows: one for each question, small, and readable on white and on black."""

from __future__ import annotations

import base64
import re
from datetime import date, timedelta
from xml.etree import ElementTree

import dagster as dg
import pytest
from msgspec import structs

from personalize_assets.conversion.spec import DayProfile, ExportProfile, IdProfile
from personalize_assets.orchestration.charts import day_charts, export_charts

LONG_NAME = "A type of event whose name goes on and on & <on>"
IDS = {
    name: IdProfile(
        distinct=1,
        estimated=False,
        with_two=0,
        histogram={f"{2**power}-{2 ** (power + 1) - 1}": 10**6 for power in range(30)},
    )
    for name in ("USER_ID", "ITEM_ID")
}
LARGE = ExportProfile(
    rows=10**9,
    nulls={f"A_COLUMN_WITH_A_LONG_NAME_{n}": 10**7 * n for n in range(100)},
    max_chars={},
    first={},
    last={},
    blamed={},
    categories={},
    ids=IDS,
    preview=(),
    events={f"{LONG_NAME} {n}": 10**9 - n for n in range(1000)},
    days={(date(2020, 1, 1) + timedelta(days=n)).isoformat(): 10**6 + n for n in range(2500)},
    hours=tuple(10**7 + hour for hour in range(24)),
)


def svg(chart: dg.MarkdownMetadataValue) -> str:
    found = re.fullmatch(r"!\[[^\]]+\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", str(chart.value))
    assert found is not None
    return base64.b64decode(found[1]).decode()


def texts(chart: dg.MarkdownMetadataValue) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg(chart)).iter() if element.tag.endswith("text")]


def test_an_export_of_interactions_has_six_charts() -> None:
    assert set(export_charts(LARGE)) == {
        "chart: share of nulls", "chart: events by type", "chart: events by hour of day", "chart: events by day",
        "chart: interactions per user", "chart: long tail of items",
    }  # fmt: skip


@pytest.mark.parametrize("name", export_charts(LARGE))
def test_a_chart_of_the_largest_data_is_under_30_kb(name: str) -> None:
    assert len(export_charts(LARGE)[name].md_str or "") < 30_000


@pytest.mark.parametrize("name", export_charts(LARGE))
def test_a_chart_has_no_script_and_no_white_or_black(name: str) -> None:
    svg_text = svg(export_charts(LARGE)[name])

    ElementTree.fromstring(svg_text)
    assert "<script" not in svg_text
    assert "background-color:transparent" in svg_text
    assert "fill:#8591a5" in svg_text


def test_a_chart_shows_the_first_twenty_types_the_most_frequent_on_top() -> None:
    profile = structs.replace(LARGE, events={f"type {n:02d}": 100 - n for n in range(30)})

    drawn = texts(export_charts(profile)["chart: events by type"])

    assert [text for text in drawn if re.fullmatch(r"type \d\d", text)] == [
        f"type {n:02d}" for n in reversed(range(20))
    ]
    assert "Interactions by event type (the first 20 of 30)" in drawn


def test_the_same_numbers_give_the_same_chart() -> None:
    assert export_charts(LARGE) == export_charts(LARGE)
    assert date.today().isoformat() not in svg(export_charts(LARGE)["chart: events by type"])


def test_users_and_items_have_only_the_nulls() -> None:
    profile = structs.replace(LARGE, rows=4, nulls={"CITY": 1}, events=None, days=None, hours=None)

    assert set(export_charts(profile)) == {"chart: share of nulls"}


def test_a_day_without_rows_has_no_chart() -> None:
    assert day_charts(DayProfile(nulls={"CITY": 0}), 0) == {}
