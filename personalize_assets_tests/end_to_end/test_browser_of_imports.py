"""Imports in the UI in Chromium: the group of assets, a run started by its button, metadata, checks and the console."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from personalize_assets_tests.helpers.browser import (
    browsing,
    materialize,
    open_asset,
    open_chart,
    open_check,
    open_graph,
)
from personalize_assets_tests.helpers.imported_site import ImportedSite, imported_site

ASSETS = ("interactions_import", "users_import", "items_import")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImportedSite]:
    with imported_site(tmp_path_factory.mktemp("imports"), days=3, users=600) as found:
        yield found


@pytest.fixture
def page() -> Iterator[Page]:
    """A page; the test fails if its console or scripts report an error."""
    with browsing(width=2400, height=1600) as (page, complaints):
        yield page
        assert complaints == []


def test_the_group_of_imports_is_in_the_graph(site: ImportedSite, page: Page) -> None:
    open_graph(page, site.ui, ["imports", "raw", "catalog"])

    for name in ASSETS:
        expect(page.get_by_text(name, exact=True).first).to_be_visible()


def test_an_import_by_the_button_shows_what_personalize_holds(site: ImportedSite, page: Page) -> None:
    materialize(page, site.ui, "imports")
    assert site.ui.last_ends() == "SUCCESS"

    # Four of the rows are equal to others in every column, and count once in Personalize.
    assert len(site.personalize.rows("interactions", "workshop")) == 1_597
    open_asset(page, site.ui, "interactions_import")
    for name, value in (
        ("import_job_arn", "arn:aws:personalize:eu-central-1:123456789012:dataset-import-job/workshop-interactions-"),
        ("console", "https://eu-central-1.console.aws.amazon.com/personalize/home?region=eu-central-1"),
        ("rows_sent", "1601"),
        ("pending_rows", "0"),
    ):
        row = page.get_by_role("row").filter(has=page.get_by_text(name, exact=True))
        expect(row.first).to_contain_text(value)
    row = page.get_by_role("row").filter(has=page.get_by_text("events_config", exact=True))
    expect(row.first).to_contain_text('"eventType": "Product Clicked"')
    chart = open_chart(page, "rows held by day")
    assert (chart.get_attribute("src") or "").startswith("data:image/svg+xml")

    open_check(page, site.ui, "interactions_import", "every_row_is_imported")
    expect(page.get_by_text("Passed").first).to_be_visible()
    for name in ("users_import", "items_import"):
        open_asset(page, site.ui, name)
        held = len(site.personalize.rows(name.removesuffix("_import"), "workshop"))
        row = page.get_by_role("row").filter(has=page.get_by_text("rows_sent", exact=True))
        expect(row.first).to_contain_text(str(held))
