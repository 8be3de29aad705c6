"""Writes a report as one HTML page: its style is in it, and it has no script and asks for nothing.

Bars are drawn here and not by pygal as in Dagster's UI: their colours follow the reader's colour scheme, and their
labels are text of the page, which stays readable on a phone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from personalize_assets.conversion.export.id_sketch import SAMPLE
from personalize_assets.pipeline.rejects import RejectSample, printable
from personalize_assets.report.facts import DatasetFacts, Ranked, Report
from personalize_assets.report.timeline import timeline
from personalize_assets.sizes import format_size

_BAR_WIDTH, _GAP, _HEIGHT = 10, 2, 100


def render(report: Report) -> str:
    """The page. Texts of events are escaped, and their control characters shown as escapes."""
    template = _environment().get_template("page.html.jinja")
    return template.render(report=report, samples=_by_reason(report), sampled_ids=SAMPLE)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("personalize_assets.report"),
        autoescape=select_autoescape(["html.jinja"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Of texts alone: markup is what a macro has made of escaped ones.
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    environment.filters.update(
        count=_count, size=format_size, time=_time, share=_share, words=_words, bars=bars, ranked=_ranked
    )
    environment.globals.update(timeline=timeline, flow=flow, hours=_hours)
    return environment


def bars(values: Sequence[int]) -> str:
    """The path of columns that are as high as their values, in a box of ten for each value by 100."""
    most = max(values, default=0) or 1
    drawn = []
    for number, value in enumerate(values):
        if value:
            height = max(round(_HEIGHT * value / most, 1), 1)
            drawn.append(f"M{number * _BAR_WIDTH} {_HEIGHT}v-{height:g}h{_BAR_WIDTH - _GAP}v{height:g}z")
    return "".join(drawn)


def flow(dataset: DatasetFacts) -> list[tuple[str, str, int]]:
    """Where the rows of a dataset went: the style, the name and the number of each part; together all rows."""
    rejected = ("rejected", "rejected", sum(dataset.rejected.values()))
    csv = dataset.csv
    if csv is None:
        parts = [("exported", "kept", dataset.kept), rejected]
    else:
        merged = "repeats" if dataset.is_events else "merged into others"
        parts = [
            ("exported", "exported", csv.rows),
            ("repeats", merged, csv.duplicates),
            ("outside", "outside the window", csv.outside_window or 0),
            ("suppressed", "of suppressed users", csv.suppressed or 0),
            ("waiting", "not in this export", max(dataset.kept - csv.kept, 0)),
            rejected,
        ]
    return [part for part in parts if part[2]]


def _by_reason(report: Report) -> Mapping[tuple[str, str], list[RejectSample]]:
    found: dict[tuple[str, str], list[RejectSample]] = {}
    for sample in report.rejects.samples:
        found.setdefault((sample.dataset, sample.reason), []).append(sample)
    return found


def _hours(by_hour: Sequence[int]) -> Mapping[str, int]:
    return {f"{hour:02d}:00": rows for hour, rows in enumerate(by_hour)}


def _ranked(counts: Mapping[str, int]) -> list[Ranked]:
    return [Ranked(label, number) for label, number in counts.items()]


def _count(value: int) -> str:
    return f"{value:,}"


def _share(part: int, whole: int) -> str:
    """In percent; an amount that is there is never 0 %, and one that lacks something never 100 %."""
    if not whole:
        return "-"
    percent = 100 * part / whole
    if part and percent < 0.1:
        return "< 0.1 %"
    if part < whole and percent > 99.9:
        return "> 99.9 %"
    return f"{percent:.1f} %" if percent % 100 else f"{percent:.0f} %"


def _time(iso: str) -> str:
    """A time as people read it, in UTC."""
    return f"{datetime.fromisoformat(iso):%Y-%m-%d %H:%M} UTC"


def _words(name: str) -> str:
    """The name of a check as a sentence."""
    return name.replace("_", " ").capitalize()
