"""Dagster's UI in a real browser: Playwright with the system's Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from playwright.sync_api import Locator, Page, expect, sync_playwright

from personalize_assets_tests.helpers.served import LOCATION, Ui

GROUPS = ("raw", "catalog", "datasets", "exports", "schemas")

# Longer than any page takes here on two busy cores.
_TIMEOUT_MS = 60_000


@contextmanager
def browsing(
    width: int = 1440, height: int = 900, *, pixels: float = 1, theme: Literal["light", "dark"] = "light"
) -> Iterator[tuple[Page, list[str]]]:
    """A page, and the errors of its console and scripts while it is used."""
    chromium = shutil.which("chromium")
    assert chromium, "no Chromium on the PATH: apt install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            page = browser.new_page(
                viewport={"width": width, "height": height}, device_scale_factor=pixels, color_scheme=theme
            )
            page.set_default_timeout(_TIMEOUT_MS)
            expect.set_options(timeout=_TIMEOUT_MS)
            complaints: list[str] = []
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            yield page, complaints
        finally:
            browser.close()


def open_graph(page: Page, ui: Ui, groups: Sequence[str] = GROUPS) -> None:
    """Open the graph of all assets, with these groups expanded."""
    expanded = ",".join(f"global@global:{group}" for group in groups)
    page.goto(f"{ui.url}/asset-groups?expanded={expanded}")
    page.get_by_text("raw_event_catalog").first.wait_for()


def open_asset(page: Page, ui: Ui, name: str) -> None:
    page.goto(f"{ui.url}/assets/{name}?view=overview")
    page.get_by_text("Latest materialization").wait_for()


def open_check(page: Page, ui: Ui, asset: str, check: str) -> None:
    page.goto(f"{ui.url}/assets/{asset}?view=checks&checkDetail={check}")
    page.get_by_text("Latest execution").wait_for()


def open_chart(page: Page, name: str) -> Locator:
    """Click on a chart in the metadata of the open asset; returns the image, once it is drawn."""
    row = page.get_by_role("row").filter(has=page.get_by_text(f"chart: {name}", exact=True))
    row.get_by_text("[Show Markdown]").click()
    image = page.get_by_role("dialog").locator("img")
    image.wait_for()
    return image


def materialize(page: Page, ui: Ui, job: str, day: str | None = None) -> None:
    """Click on "Materialize all" of a job; for a partitioned job enter ``day`` in the dialog that opens."""
    page.goto(f"{ui.url}/locations/{LOCATION['repositoryLocationName']}/jobs/{job}")
    page.get_by_role("button", name="Materialize all").click()
    if day is not None:
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("textbox").first.fill(day)
        dialog.get_by_role("textbox").first.press("Enter")
        dialog.get_by_role("button", name="Launch").click()
    page.get_by_text("Launched run").wait_for()
