"""Raw files of a synthetic shop, made from a seed, for samples, tests and benchmarks.

The same arguments give the same bytes. The same seed, users, days and start give the same events in every layout.

``shop`` decides who does what and when (``people``, ``catalogue``), ``trackers`` writes that as events, ``delivery``
decides when each arrives and what breaks on the way, ``story`` joins these, ``file_writer`` puts the lines into files,
``shapes`` are those of other sources, ``senders`` send the same events to services.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from personalize_assets.generate.file_writer import FileWriter
from personalize_assets.generate.shapes import SHAPES
from personalize_assets.generate.shapes.shape import Shape
from personalize_assets.generate.shapes.tables import FORMATS, of_layout
from personalize_assets.generate.story import Story
from personalize_assets.generate.text import HOUR_MS
from personalize_assets.layouts import layout as layout_of

__all__ = ["FORMATS", "SHAPES", "Generated", "Written", "generate"]


@dataclass(frozen=True)
class Generated:
    """What was written.

    Attributes:
        events: Whole events, repeats included; of a shape, its rows.
        bytes: Size of the files, compressed where they are.
        repeated: Events that are repeats of another one; this and the next also of events that a shape leaves out.
        late: Events that arrived on a later day than they happened.
        broken: Lines that are no whole event.
    """

    layout: str
    start: date
    days: int
    files: int
    events: int
    bytes: int
    repeated: int
    late: int
    broken: int


_VISITS_PER_REPORT = 500  # some three thousand events


class Written(NamedTuple):
    """How far ``generate`` is.

    Attributes:
        visits: Visits and newsletters whose events are written, of about ``planned``.
        events: Those so far.
        bytes: Of the files so far.
    """

    visits: int
    planned: int
    events: int
    bytes: int


def generate(
    out: Path,
    *,
    layout: str = "",
    shape: str = "",
    format: str = "",
    days: int,
    users: int,
    seed: int,
    start: date = date(2026, 10, 1),
    on_progress: Callable[[Written], None] = lambda written: None,
) -> Generated:
    """Write the raw files of some arrival days (UTC) below a folder.

    Args:
        out: The folder, as ``source.uri`` would name it; it must be empty or absent.
        layout: One of ``layouts.LAYOUTS``, or a pattern of keys. The events are the shop's own.
        shape: Instead of a layout, one of ``SHAPES``: the events and keys of another source. It has no broken lines.
        format: One of ``FORMATS`` for the events of a layout; without one, JSON.
        days: How many arrival days, from ``start`` on.
        users: Registered users; each gives about five interactions a week.
        seed: Another seed gives other events.
        on_progress: Is called several times a second.

    Raises:
        ValueError: An argument is out of range, or the folder is not empty.
    """
    written = _shape_of(layout, shape, format)
    layout = written.layout
    _check(out, layout, days, users)
    story = Story(days, users, seed, start)
    files = FileWriter(out, written, start=start, users=users, seed=seed)
    repeated = late = broken = visits = 0
    planned = story.planned_visits

    def count_visit() -> None:
        nonlocal visits
        visits += 1
        if visits % _VISITS_PER_REPORT == 0:
            on_progress(Written(visits, max(visits, planned), files.added, files.bytes))

    if layout == "segment" and files.takes_broken:
        files.write("segment-logs/dummy-object.txt", b"Segment left this file when it tested the bucket.\n")
    for hour, lines in enumerate(story.hours(rudderstack=layout == "rudderstack", on_visit=count_visit)):
        for line in lines:
            if line.broken and not files.takes_broken:
                continue
            files.add(line)
            repeated += line.repeated
            late += line.late
            broken += line.broken
        files.finish_hours_before(story.start_ms + (hour + 1) * HOUR_MS)
    files.close()
    return Generated(layout, start, days, files.files, files.events, files.bytes, repeated, late, broken)


def _shape_of(layout: str, shape: str, format: str) -> Shape:
    """What is written. Raises ``ValueError`` for an unknown name, and for neither or both of layout and shape."""
    if bool(layout) == bool(shape):
        raise ValueError("shape and layout: a shape has a layout of its own; give one of the two")
    if shape and format:
        raise ValueError(f"shape and format: {shape!r} has a format of its own; give format with layout")
    if format and format not in FORMATS:
        raise ValueError(f"format: {format!r} is not a format; use one of {', '.join(FORMATS)}")
    if shape and shape not in SHAPES:
        raise ValueError(f"shape: {shape!r} is not a shape; use one of {', '.join(SHAPES)}")
    return SHAPES[shape] if shape else of_layout(layout, format or "json")


def _check(out: Path, layout: str, days: int, users: int) -> None:
    try:
        patterns = layout_of(layout, date.min).patterns
    except ValueError as error:
        raise ValueError(f"layout: {error}") from None
    if any(pattern.extension is None for pattern in patterns):
        raise ValueError(f"layout: {layout!r} has no place for the name of a file; write a `*` into its last part")
    if days < 1:
        raise ValueError(f"days: {days} is too few; give 1 or more")
    if users < 1:
        raise ValueError(f"users: {users} is too few; give 1 or more")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"out: {out} is not an empty folder; remove it or name a new one")
