"""How ``personalize-assets validate`` prints what it found for people: as lines and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from personalize_assets.conversion.dataset_types import EVENT_DATASETS
from personalize_assets.local_run.source_look import SourceCheck, SourceLook
from personalize_assets.local_run.summary import print_table, short_path

_HEADER = ("dataset", "events", "wanted", "rows", "kept", "rejected")
_MOST_DAYS = 10


def print_look(found: SourceCheck) -> None:
    """Print it for people: styled on a terminal, else as plain lines."""
    click.echo(f"Group:    {found.dataset_group}; its config is valid")
    for source in found.sources:
        click.echo()
        for line in source_lines(source, warehouse=found.warehouse):
            click.echo(line)
    if not found.sampled_days:
        return
    days = len(found.sampled_days)
    click.echo(
        f"\nOf the events at the beginnings of files of {days} day{'s' if days > 1 else ''} "
        f"({found.sampled_days[0]} to {found.sampled_days[-1]}):\n"
    )
    print_table(
        _HEADER,
        [
            (name, *(f"{count:,}" for count in (one.events, one.wanted, one.rows, one.kept)), _counts(one.rejected))
            for name, one in found.datasets.items()
        ],
    )
    for line in (*finding_lines(found), *warning_lines(found)):
        click.echo(line)


def source_lines(source: SourceLook, *, warehouse: bool) -> Iterator[str]:
    """A source: its days, at most ten of them, and what is not read."""
    yield f"Source:   {short_path(source.uri)}, layout {source.layout} ({source.example})"
    if source.problem:
        yield "  no file yet: a run unloads the warehouse first" if warehouse else f"  {source.problem}"
    elif source.days:
        files, size = sum(day.files for day in source.days), sum(day.bytes for day in source.days)
        days = len(source.days)
        yield f"  {files:,} files of {days:,} day{'s' if days > 1 else ''}, {size:,} bytes"
        shown = source.days if days <= _MOST_DAYS else (*source.days[:3], *source.days[-(_MOST_DAYS - 3) :])
        for number, day in enumerate(shown):
            if days > _MOST_DAYS and number == 3:
                yield f"  ... {days - len(shown):,} more days; --json has all"
            yield f"  {day.day}  {day.files:,} file{'s' if day.files > 1 else ''}, {day.bytes:,} bytes"
    if source.early:
        yield f"  {source.early:,} files from before start_date; they are not read"
    yield from source.lines


def finding_lines(found: SourceCheck) -> Iterator[str]:
    """Malformed events, dropped values, and the likely causes of missing rows."""
    if found.malformed:
        yield ""
        yield f"Malformed: {_counts(found.malformed)}; they are not among the events above"
    dropped = {
        f"{name} {reason}": count for name, one in found.datasets.items() for reason, count in one.dropped.items()
    }
    if dropped:
        yield ""
        yield f"Dropped values: {_counts(dropped)}; their rows are kept"
    likely = [f"  {name}: {cause}" for name, one in found.datasets.items() for cause in one.causes]
    if likely:
        yield ""
        yield "Likely causes of missing rows:"
        yield from likely


def warning_lines(found: SourceCheck) -> Iterator[str]:
    """What a run may take, and is likely not meant."""
    for name, one in found.datasets.items():
        for warning in one.warnings:
            yield f"Warning: {name}: {warning}"
    if found.gives_rows:
        for name in found.empty:
            yield f"Warning: {name} would be empty: no row of the sample could be used"


def error_line(found: SourceCheck) -> str:
    """Why a run would be of no use, where ``gives_rows`` is false."""
    is_all = found.empty == tuple(found.datasets)
    missing = "nothing" if is_all else " and ".join(f"no {name}" for name in found.empty if name in EVENT_DATASETS)
    return f"{missing} would come out: no row of the sample could be used"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items()) or "0"
