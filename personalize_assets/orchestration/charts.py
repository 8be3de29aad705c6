"""Charts for the UI: SVG in Markdown, drawn by pygal.

The background is transparent and the colours can be read on white and on black, because the UI has both themes and an
image cannot know which. Each chart is under 30 KB, because Dagster's event log keeps it with every materialization.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from personalize_assets.conversion.spec import DayProfile, ExportProfile

if TYPE_CHECKING:
    from pygal.graph.graph import Graph

_INK = "#8591a5"
_FAINT = "#8591a533"
_BAR = "#4c8dff"
_WIDTH, _HEIGHT = 560, 280
_MAX_BARS = 20
_MAX_DAYS = 62
_MAX_LABEL = 24

# By id column, the key of the chart of how many interactions its ids have, and its title.
_BY_ID = {
    "USER_ID": ("chart: interactions per user", "Users by their interactions"),
    "ITEM_ID": ("chart: long tail of items", "Items by their interactions"),
    "ACTION_ID": ("chart: interactions per action", "Actions by their interactions"),
}

Charts = dict[str, dg.MarkdownMetadataValue]


def export_charts(profile: ExportProfile) -> Charts:
    """The charts of an export, by metadata key; those without data are left out."""
    charts = {"chart: share of nulls": _nulls(profile.nulls, profile.rows)}
    if profile.events is not None:
        charts["chart: events by type"] = _bars("Interactions by event type", profile.events)
        charts["chart: events by hour of day"] = _by_hour(profile.hours or ())
        charts["chart: events by day"] = _by_day(profile.days or {})
        for id_column, (name, title) in _BY_ID.items():
            if id_column in profile.ids:
                charts[name] = _columns(title, profile.ids[id_column].histogram)
    return {name: chart for name, chart in charts.items() if chart is not None}


def days_chart(days: Mapping[str, int]) -> dg.MarkdownMetadataValue | None:
    """Rows by day (ISO); None without any."""
    return _by_day(days)


def day_charts(profile: DayProfile, kept: int) -> Charts:
    """The charts of a dataset's arrival day, by metadata key; those without data are left out.

    ``kept``: the number of rows that the profile is about.
    """
    hours = [profile.hours.get(str(hour), 0) for hour in range(24)] if profile.hours else []
    charts = {
        "chart: share of nulls": _nulls(profile.nulls, kept),
        "chart: events by type": _bars("Interactions by event type", profile.events),
        "chart: events by hour of day": _by_hour(hours),
    }
    return {name: chart for name, chart in charts.items() if chart is not None}


def _nulls(nulls: Mapping[str, int], rows: int) -> dg.MarkdownMetadataValue | None:
    shares = {name: round(100 * count / rows, 1) for name, count in nulls.items()} if rows else {}
    return _bars("Nulls in % of rows", shares, range=(0, 100))


def _by_hour(hours: Sequence[int]) -> dg.MarkdownMetadataValue | None:
    return _columns("Interactions by hour of day (UTC)", {f"{hour:02d}": rows for hour, rows in enumerate(hours)})


def _by_day(days: Mapping[str, int]) -> dg.MarkdownMetadataValue | None:
    """The last two months of days with events; a day without events has no bar."""
    last = dict(list(days.items())[-_MAX_DAYS:])
    return _columns("Interactions by day (UTC)", {day[5:]: rows for day, rows in last.items()}, len(last) > _MAX_BARS)


def _columns(title: str, values: Mapping[str, float], crowded: bool = False) -> dg.MarkdownMetadataValue | None:
    import pygal

    chart = pygal.Bar(
        **_settings(title),
        x_label_rotation=90 if len(values) > 12 and max(map(len, values)) > 2 else 0,
        show_minor_x_labels=not crowded,
    )
    chart.x_labels = list(values)
    if crowded:
        chart.x_labels_major = list(values)[:: -(-len(values) // _MAX_BARS)]
    return _draw(chart, title, values)


def _bars(title: str, values: Mapping[str, float], **more: Any) -> dg.MarkdownMetadataValue | None:
    import pygal

    most = dict(list(values.items())[:_MAX_BARS])
    if len(values) > len(most):
        title = f"{title} (the first {_MAX_BARS} of {len(values):,})"
    chart = pygal.HorizontalBar(**_settings(title), **more)
    chart.config.height = 90 + 22 * len(most)
    # pygal draws from the bottom up; the first is to be on top.
    values = dict(reversed(most.items()))
    chart.x_labels = [name if len(name) <= _MAX_LABEL else f"{name[: _MAX_LABEL - 1]}…" for name in values]
    return _draw(chart, title, values)


def _settings(title: str) -> dict[str, Any]:
    """What all charts share. pygal is imported when a chart is drawn, not when the definitions load."""
    from pygal.style import Style

    style = Style(
        background="transparent", plot_background="transparent",
        foreground=_INK, foreground_strong=_INK, foreground_subtle=_FAINT, colors=(_BAR,), opacity="1",
        guide_stroke_color=_FAINT, major_guide_stroke_color=_FAINT,
        font_family="sans-serif", title_font_size=15, label_font_size=11, major_label_font_size=11,
    )  # fmt: skip
    return {
        "title": title, "style": style, "width": _WIDTH, "height": _HEIGHT, "explicit_size": True,
        "js": [], "show_legend": False, "margin": 8, "truncate_label": -1, "formatter": lambda value: f"{value:,.10g}",
        "include_x_axis": True, "zero": 0,
    }  # fmt: skip


def _draw(chart: Graph, title: str, values: Mapping[str, float]) -> dg.MarkdownMetadataValue | None:
    if not values:
        return None
    chart.add(title, list(values.values()))
    from pygal.etree import etree  # lxml where it is installed, else the standard library's

    drawing = chart.render_tree()
    for parent in list(drawing.iter()):
        for part in list(parent):
            # Tooltips do not work in an image and are half of the bytes; a comment holds the date of the drawing.
            if part.tag is etree.Comment or str(part.tag).rpartition("}")[2] in ("desc", "script"):
                parent.remove(part)
    # Each image is a document of its own, so its CSS rules need no unique name.
    svg = etree.tostring(drawing, encoding="unicode").replace(f"chart-{chart.uuid}", "c")
    image = base64.b64encode(svg.encode()).decode()
    return dg.MetadataValue.md(f"![{title}](data:image/svg+xml;base64,{image})")
