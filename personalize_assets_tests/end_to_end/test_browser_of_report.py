"""The report of the sample in Chromium: on a phone, in both colour schemes, and printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page

from personalize_assets.report.page import render
from personalize_assets_tests.helpers.browser import browsing
from personalize_assets_tests.helpers.command import run_sample
from personalize_assets_tests.helpers.reports import hostile_report, long_report

# WCAG 2 (1.4.3): the colours of a text and of what is behind it, and the least ratio of their luminances (AA).
CONTRASTS = """() => {
  const paint = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (colour) => {
    paint.clearRect(0, 0, 1, 1); paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const light = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const behind = (one) => {
    for (; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3]) return colour;
    }
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !one.checkVisibility()) continue;
    const [a, b] = [luminance(rgba(getComputedStyle(one).color)), luminance(behind(one))];
    found.push([walker.currentNode.data.trim(), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run of the sample."""
    out = tmp_path_factory.mktemp("out")
    printed = run_sample("segment", out)
    assert f"Report:   {out}/report.html" in printed.splitlines()
    return out / "report.html"


@pytest.fixture(scope="module")
def opened() -> Iterator[tuple[Page, list[str]]]:
    with browsing() as found:
        yield found


@pytest.fixture
def page(opened: tuple[Page, list[str]], report: Path) -> Iterator[Page]:
    """The report of the sample in a window of a desk; nothing on it may complain."""
    page, complaints = opened
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(media="screen", color_scheme="light")
    page.goto(report.as_uri())
    yield page
    assert complaints == []


def open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")


def background(page: Page) -> str:
    found: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return found


@pytest.mark.parametrize("kind", ["sample", "hostile", "long"])
def test_on_a_phone_nothing_but_tables_scrolls_sideways(page: Page, tmp_path: Path, kind: str) -> None:
    made = {"hostile": hostile_report, "long": long_report}
    if kind in made:
        (tmp_path / "report.html").write_text(render(made[kind]()), encoding="utf-8")
        page.goto((tmp_path / "report.html").as_uri())
    page.set_viewport_size({"width": 360, "height": 740})
    open_all(page)

    assert page.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [360, 360]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_has_enough_contrast(page: Page, theme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=theme)
    open_all(page)

    contrasts = page.evaluate(CONTRASTS)

    assert len(contrasts) > 300
    assert [(text, ratio) for text, ratio in contrasts if ratio < 4.5] == []
    assert background(page) == {"light": "rgb(246, 247, 249)", "dark": "rgb(16, 20, 27)"}[theme]


def test_the_page_asks_the_network_for_nothing(page: Page, report: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(report.as_uri(), wait_until="networkidle")

    assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]


def test_it_is_printed_on_white_with_its_samples(page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")

    assert background(page) == "rgb(255, 255, 255)"
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) <= 10


def test_keys_reach_every_table_and_the_contents(page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("location.hash") == "#numbers"
    assert page.locator(".scroll").count() == page.locator(".scroll[tabindex='0'][aria-label]").count() > 10
