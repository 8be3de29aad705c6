"""A real browser on the real UI: Playwright with the system's Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from playwright.sync_api import Locator, Page, sync_playwright

from personalize_assets_tests.served import LOCATION, Ui

# Longer than any page takes here on two busy cores.
_TIMEOUT_MS = 60_000


@contextmanager
def browsing(
    width: int = 1440, height: int = 900, theme: Literal["light", "dark"] = "light"
) -> Iterator[tuple[Page, list[str]]]:
    """A page, and what the console and the page complain of while it is used."""
    chromium = shutil.which("chromium")
    assert chromium, "no Chromium on the PATH: apt install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
            page.set_default_timeout(_TIMEOUT_MS)
            complaints: list[str] = []
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            yield page, complaints
        finally:
            browser.close()


def open_asset(page: Page, ui: Ui, name: str, view: str = "overview") -> None:
    page.goto(f"{ui.url}/assets/{name}?view={view}")
    page.get_by_text(name).first.wait_for()


def open_job(page: Page, ui: Ui, name: str) -> None:
    page.goto(f"{ui.url}/locations/{LOCATION['repositoryLocationName']}/jobs/{name}")


__all__ = ["Locator", "Page", "browsing", "open_asset", "open_job"]
