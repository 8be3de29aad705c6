"""The page of a report: whole, escaped, and by itself."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from personalize_assets.pipeline.importing.import_status import ImportStatus
from personalize_assets.pipeline.rejects import RejectCount, Rejects
from personalize_assets.report import page
from personalize_assets.report.facts import CsvFacts, DaysFacts, IdFacts, Ranked, RefusedFacts, Report
from personalize_assets.report.page import bars, flow, render
from personalize_assets_tests.helpers.reports import (
    check_facts,
    dataset_facts,
    hostile_report,
    long_report,
    report_facts,
)

VOID = {"meta", "link", "br"}
INLINE = {"a", "bdi", "code", "span", "strong"}


class Page(HTMLParser):
    """A page as its tags, their attributes and its text; each tag must be closed where it belongs."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        self.text += "" if tag in INLINE else " "

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text += data


def text(report: Report) -> str:
    return " ".join(Page(render(report)).text.split())


EVERY_REPORT = {"usual": report_facts(), "hostile": hostile_report(), "long": long_report(200, 30)}


@pytest.mark.parametrize("name", EVERY_REPORT)
def test_nothing_is_asked_for_and_no_script_is_run(name: str) -> None:
    source = render(EVERY_REPORT[name])
    page = Page(source)

    assert not {"script", "iframe", "img", "object", "embed", "form", "base"} & set(page.tags)
    links = [value for _, name, value in page.attributes if name in ("src", "href", "xlink:href", "action", "srcset")]
    assert {link[:1] if link != "data:," else link for link in links} == {"#", "data:,"}
    assert [name for _, name, _ in page.attributes if name.startswith("on")] == []
    assert not re.search(r"url\(|@import|https?:", source)


@pytest.mark.parametrize("name", EVERY_REPORT)
def test_links_lead_to_sections_and_every_id_is_there_once(name: str) -> None:
    page = Page(render(EVERY_REPORT[name]))

    ids = [value for _, name, value in page.attributes if name == "id"]
    targets = {value[1:] for _, name, value in page.attributes if name == "href" and value.startswith("#")}
    named = {id for _, name, value in page.attributes if name == "aria-labelledby" for id in value.split()}
    assert len(ids) == len(set(ids))
    assert targets | named <= set(ids)


def test_texts_of_events_are_shown_and_obeyed_by_nothing() -> None:
    source = render(hostile_report())

    assert "<script" not in source
    assert "\u202e" not in source
    assert "\x00" not in source
    source.encode()
    shown = Page(source).text
    assert shown.count("<script>alert(1)</script>\\u202e\\x00 \"'&\\ud800 \u05e9\u05dc\u05d5\u05dd") >= 12


def test_years_of_days_and_many_reasons_stay_small() -> None:
    assert len(render(long_report()).encode()) < 300_000


def test_an_empty_destination_has_an_honest_word_in_each_section() -> None:
    empty = report_facts(
        run="", made="", verdict="none",
        datasets=(
            dataset_facts(
                rows=0, kept=0, rejected={}, by_arrival_day={}, csv=None, event_types=(), by_event_day={}, by_hour=()
            ),
        ),
        days=DaysFacts(catalogued=0, converted=0, first="", last="", unconverted=(), gaps=(), incomplete={}),
    )  # fmt: skip

    shown = text(empty)

    for sentence in (
        "Nothing is exported yet", "No rejects.", "No value was dropped.", "No day is converted yet.",
        "No day is catalogued yet.", "No event types", "No events are exported yet.", "No checks yet",
        "No imports: they are off, and none is recorded.",
    ):  # fmt: skip
        assert sentence in shown


def test_what_personalize_would_refuse_is_said_first_with_reasons() -> None:
    shown = text(report_facts(verdict="refused", reasons=("interactions_csv: too few",), checks=(check_facts(),)))

    assert "Personalize would refuse this export interactions_csv: too few" in shown
    assert "1 error, 0 warnings, 0 passed" in shown
    assert "Found 9 Allowed at least 1,000 What to do Convert more days." in shown


def test_errors_come_before_warnings_and_these_before_what_was_not_checked() -> None:
    checks = (
        check_facts(name="c_passed", result="passed"),
        check_facts(name="c_unread", result="not checked"),
        check_facts(name="c_warning", is_error=False),
        check_facts(name="c_error"),
    )

    shown = text(report_facts(checks=checks))

    assert re.findall(r"C (error|warning|unread|passed)", shown) == ["error", "warning", "unread", "passed"]


def test_a_newer_refused_export_is_named() -> None:
    refused = RefusedFacts(run="R2", made="2026-10-04T04:00:00Z", findings={"interactions": ("too few rows",)})

    shown = text(report_facts(refused=refused))

    assert (
        "The newest export was refused Of the export of 2026-10-04 04:00 UTC, interactions did not become current"
        in shown
    )
    assert "interactions: too few rows" in shown


def test_times_are_those_of_utc() -> None:
    shown = text(report_facts(made="2026-10-03T04:00:00Z"))

    assert "Export 2026-10-03 04:00 UTC (run R1)" in shown


def test_the_days_that_are_missing_are_named() -> None:
    days = DaysFacts(
        catalogued=3, converted=2, first="2026-10-01", last="2026-10-04", unconverted=("2026-10-02",),
        gaps=("2026-10-03",), incomplete={"users": ("2026-10-04",)},
    )  # fmt: skip

    shown = text(report_facts(days=days))

    assert "Not converted 2026-10-02 Missing between 2026-10-03 Without users 2026-10-04" in shown


def test_of_many_days_the_first_are_named_with_their_number() -> None:
    many = tuple((date(2026, 1, 1) + timedelta(number)).isoformat() for number in range(212))
    days = DaysFacts(
        catalogued=252, converted=40, first="2026-01-01", last="2026-10-01", unconverted=many, gaps=many[:40],
        incomplete={"users": many[:41]},
    )  # fmt: skip

    shown = text(report_facts(days=days))

    assert "2026-02-09, … (40 of 212) Missing between 2026-01-01" in shown
    assert "2026-02-09 Without users 2026-01-01" in shown
    assert "2026-02-09, … (40 of 41)" in shown


def test_names_that_are_cut_to_the_same_text_have_a_row_each() -> None:
    event_types = (Ranked("Viewed the…", 6), Ranked("Viewed the…", 3))
    ids = IdFacts(
        column="ITEM_ID", distinct=2, is_estimated=False, with_two=2, histogram={}, shown_as="ids",
        top=(Ranked("https…", 5), Ranked("https…", 4)),
    )  # fmt: skip

    shown = text(report_facts(datasets=(dataset_facts(event_types=event_types, ids=(ids,)),)))

    assert "Viewed the… 6 66.7 % Viewed the… 3 33.3 %" in shown
    assert "https… 5 55.6 % https… 4 44.4 %" in shown


def test_imports_say_what_is_held_and_whether_more_is_there() -> None:
    imports = {"interactions": ImportStatus(holds="R0", rows_held=7, is_pending=True, reading={}, untrained={})}

    assert "interactions R0 7 yes \u2013 none" in text(report_facts(imports=imports))


def test_users_are_said_not_to_be_named() -> None:
    ids = IdFacts(
        column="USER_ID", distinct=2000, is_estimated=True, with_two=1500, histogram={}, shown_as="numbers",
        top=(Ranked("user 1", 9),),
    )  # fmt: skip

    shown = text(report_facts(datasets=(dataset_facts(ids=(ids,)),)))

    assert "About 2,000 distinct users, 1,500 (75.0 %) with two rows or more. Their ids are not shown." in shown
    assert "user 1 9 100 %" in shown


def test_a_share_is_never_rounded_to_none_or_to_all() -> None:
    counts = (RejectCount("users", "a", 9_999), RejectCount("users", "b", 1))

    shown = text(report_facts(rejects=Rejects("shop", 1, 10_000, counts, ())))

    assert "a users 9,999 > 99.9 % b users 1 < 0.1 %" in shown


def test_every_row_of_a_dataset_went_somewhere() -> None:
    csv = CsvFacts(rows=5, kept=9, duplicates=1, outside_window=2, suppressed=1, bytes=1, file="f", sha256="a")

    parts = flow(dataset_facts(csv=csv, kept=10))

    assert [(name, rows) for _, name, rows in parts] == [
        ("exported", 5), ("repeats", 1), ("outside the window", 2), ("of suppressed users", 1),
        ("not in this export", 1), ("rejected", 2),
    ]  # fmt: skip
    assert sum(rows for _, _, rows in parts) == 12


def test_numbers_of_ids_are_estimates_from_the_number_on_that_an_export_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page, "SAMPLE", 4096)

    assert "Where there are more than 4,096 users or items, numbers about them are estimates." in text(report_facts())


def test_sizes_are_those_of_the_ui() -> None:
    [source] = report_facts().sources

    assert "2 999 bytes 20" in text(report_facts(sources=(replace(source, bytes=999),)))


def test_bars_are_as_high_as_their_values_and_zero_has_none() -> None:
    assert bars([2, 0, 1]) == "M0 100v-100h8v100zM20 100v-50h8v50z"
    assert bars([1, 10_000]).startswith("M0 100v-1h8v1z")
    assert bars([]) == ""
