"""The UI in Chromium: the graph, runs started by buttons, checks, a preview and a chart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from personalize_assets.generate import generate
from personalize_assets_tests.helpers.browser import (
    browsing,
    materialize,
    open_asset,
    open_chart,
    open_check,
    open_graph,
)
from personalize_assets_tests.helpers.served import Ui, served

DAY = "2026-10-01"
ASSETS = [
    "raw_events", "raw_event_catalog", "event_profile", "user_traits", "item_details", "users", "items",
    "interactions_csv", "users_csv", "items_csv", "interactions_schema", "users_schema", "items_schema",
]  # fmt: skip


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """The UI on a generated site of one day, which is too small for Personalize."""
    out = tmp_path_factory.mktemp("browser")
    generate(out / "raw", layout="segment", days=1, users=30, seed=5, start=date.fromisoformat(DAY))
    env = {"PERSONALIZE__SOURCE__URI": str(out / "raw"), "PERSONALIZE__DESTINATION__URI": str(out / "data")}
    with served(out, env) as running:
        yield running


@pytest.fixture
def page() -> Iterator[Page]:
    """A page; the test fails if its console or scripts report an error."""
    with browsing(width=2400, height=1600) as (page, complaints):  # the graph draws only what is visible
        yield page
        assert complaints == []


def test_the_graph_shows_every_asset(ui: Ui, page: Page) -> None:
    open_graph(page, ui)
    for name in ASSETS:
        expect(page.get_by_text(name, exact=True).first).to_be_visible()


def test_a_day_is_converted_and_a_refused_export_shows_the_reason(ui: Ui, page: Page) -> None:
    materialize(page, ui, "convert", DAY)
    assert ui.last_ends() == "SUCCESS"

    open_asset(page, ui, "filtered_interactions")
    preview = page.get_by_role("row").filter(has=page.get_by_text("preview", exact=True))
    expect(preview.first).to_contain_text("Product Clicked")
    chart = open_chart(page, "events by type")
    assert chart.evaluate("image => image.complete && image.naturalWidth") > 0
    assert (chart.get_attribute("src") or "").startswith("data:image/svg+xml")

    open_check(page, ui, "filtered_interactions", "every_event_is_accounted_for")
    expect(page.get_by_text("Passed").first).to_be_visible()

    materialize(page, ui, "export")
    assert ui.last_ends() == "FAILURE"
    open_check(page, ui, "interactions_csv", "at_least_1000_interactions_are_unique")
    expect(page.get_by_text("Failed").first).to_be_visible()
    expect(page.get_by_text("at least 1,000", exact=False).first).to_be_visible()
