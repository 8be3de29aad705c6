"""Takes the screenshots for the documentation, of the real UI and a report, in Chromium. ``make screenshots``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from playwright.sync_api import FloatRect, Page

from personalize_assets.config import load_config
from personalize_assets.generate import generate
from personalize_assets.local_run.run import run_all
from personalize_assets_tests.helpers.browser import browsing, open_asset, open_chart, open_check, open_graph
from personalize_assets_tests.helpers.imported_site import imported_site
from personalize_assets_tests.helpers.served import Ui, served

IMAGES = Path(__file__).with_name("images")
START = date(2026, 10, 1)
DAILY = ["raw_event_catalog", "filtered_interactions", "user_traits", "item_details", "event_profile"]


@contextmanager
def site(days: int, users: int, exported: str) -> Iterator[Ui]:
    """The UI on a generated site whose days are converted and whose export ended as ``exported``."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw")
        generate(raw, layout="segment", days=days, users=users, seed=7, start=START)
        env = {"PERSONALIZE__SOURCE__URI": str(raw), "PERSONALIZE__DESTINATION__URI": f"{folder}/data"}
        with served(Path(folder), env) as ui:
            partitions = [START.replace(day=START.day + number).isoformat() for number in range(days)]
            assert ui.days_end(ui.launch_days(DAILY, partitions)) == "COMPLETED_SUCCESS"
            assert ui.ends(ui.launch("export")) == exported
            yield ui


def take(page: Page, name: str, clip: FloatRect | None = None) -> None:
    page.get_by_text("Loading").wait_for(state="detached")
    page.mouse.move(0, 0)
    page.wait_for_timeout(1500)  # for animations
    page.screenshot(path=IMAGES / f"{name}.png", clip=clip)
    print(f"docs/images/{name}.png")


def graph(ui: Ui) -> None:
    # The window fits the graph's width; the picture shows only the graph.
    with browsing(1440, 1080, pixels=1.5) as (page, _):
        open_graph(page, ui, ["raw", "catalog", "datasets", "exports"])
        page.get_by_text("Hide navigation").click()
        take(page, "graph", {"x": 385, "y": 255, "width": 865, "height": 605})


def charts(ui: Ui) -> None:
    with browsing(1440, 860) as (page, _):
        open_asset(page, ui, "interactions_csv")
        open_chart(page, "events by type")
        take(page, "charts")


def red_check(ui: Ui) -> None:
    with browsing(1440, 720) as (page, _):
        open_check(page, ui, "interactions_csv", "at_least_1000_interactions_are_unique")
        take(page, "red_check")


def imports() -> None:
    with tempfile.TemporaryDirectory() as folder, imported_site(Path(folder), days=3, users=600) as (ui, _):
        assert ui.ends(ui.launch("imports")) == "SUCCESS"
        # Wide enough for ARNs on one line; the picture shows only the metadata.
        with browsing(2000, 1800) as (page, _):
            open_asset(page, ui, "interactions_import")
            take(page, "import", {"x": 250, "y": 595, "width": 1192, "height": 1045})


def report() -> None:
    """The first screen of a report, as if its files were in a bucket."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder, "raw"), layout="segment", days=28, users=900, seed=7, start=START)
        env = {"PERSONALIZE__SOURCE__URI": f"{folder}/raw", "PERSONALIZE__DESTINATION__URI": f"{folder}/personalize"}
        run_all(load_config(env=env))
        file = Path(folder, "personalize/report.html")
        file.write_text(file.read_text().replace(folder, "s3://shop-events"))
        with browsing(1120, 1130, pixels=1.25) as (page, _):
            page.goto(file.as_uri())
            take(page, "report")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with site(days=7, users=600, exported="SUCCESS") as ui:
        graph(ui)
        charts(ui)
    with site(days=1, users=60, exported="FAILURE") as ui:
        red_check(ui)
    imports()
    report()


if __name__ == "__main__":
    main()
