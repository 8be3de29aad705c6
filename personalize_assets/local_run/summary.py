"""The closing table of a run: rows by dataset, rejects and dropped values by reason, and where the files are."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from personalize_assets.conversion.reading.file_formats import UNREADABLE_FILE
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.days import REJECTS, accounting_of, commits_of
from personalize_assets.storage.manifests import DayState

_HEADER = ("dataset", "kept", "rejected", "duplicates", "exported", "bytes", "file")
_NO_CSV = ("-", "-", "-", "none")


@dataclass(frozen=True)
class CsvSummary:
    """The current CSV of a dataset.

    Attributes:
        duplicates: Daily rows that are repeats of others, or were merged into others.
        rows: Without the header.
        outside_window: Daily rows that are older than the window, without duplicates.
        last_days: The window; None without one.
        suppressed: Daily rows of users of the list, without duplicates; None without a list.
        bytes: Its size.
        file: Its URI; that of the folder, with a slash at its end, for a folder of CSVs.
    """

    duplicates: int
    rows: int
    bytes: int
    file: str
    outside_window: int = 0
    last_days: int | None = None
    suppressed: int | None = None


@dataclass(frozen=True)
class DatasetSummary:
    """Rows of one dataset over all converted days, and its current CSV.

    Attributes:
        kept: Daily rows.
        rejected: Rows that were wanted but cannot be used.
        csv: None if there is none.
    """

    name: str
    kept: int
    rejected: int
    csv: CsvSummary | None


@dataclass(frozen=True)
class Summary:
    """What a destination has after a run.

    Attributes:
        rejects: Rejects over all days by reason, as ``users missing:USER_ID``; malformed events have no dataset.
        dropped: Values that rows lack because they could not be used, likewise, as ``users bad_value:AGE``.
        rejects_folder: URI of the folder of rejects.
        schemas: Where the Avro schemas are: URIs with a `*`.
    """

    datasets: Sequence[DatasetSummary]
    rejects: Mapping[str, int]
    rejects_folder: str
    schemas: Sequence[str]
    dropped: Mapping[str, int] = field(default_factory=dict)


def summarize(group: DatasetGroup, days: Mapping[str, DayState]) -> Summary:
    """The numbers of all converted days, which ``days`` are, by day (ISO), and of the current CSVs, which are read.

    A dataset without either is left out.
    """
    destination = group.destination
    rejects: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    datasets = []
    latest = destination.exports.latest()
    manifests, run = (latest.datasets, latest.run) if latest else ({}, "")
    for name in group.datasets:
        rejected: Counter[str] = Counter()
        commits = commits_of(days, name)
        for commit in commits.values():
            rejected.update(commit.rejected)
            dropped.update({f"{name} {reason}": count for reason, count in commit.dropped.items()})
        rejects.update({f"{name} {reason}": count for reason, count in rejected.items()})
        manifest = manifests.get(name)
        csv = None
        if manifest:
            file = destination.uri_of(destination.exports.shown(manifest.path, run))
            csv = CsvSummary(
                manifest.duplicates,
                manifest.rows,
                manifest.bytes,
                file,
                manifest.outside_window,
                manifest.last_days,
                manifest.suppressed if manifest.suppress_list else None,
            )
        elif not commits:
            continue
        kept = sum(commit.kept for commit in commits.values())
        datasets.append(DatasetSummary(name, kept, rejected.total(), csv))
    for source in group.sources:
        for accounting in accounting_of(days, source).values():
            rejects.update(accounting.malformed)
            if accounting.unreadable:
                rejects[UNREADABLE_FILE] += accounting.unreadable
    folders = {manifest.schema.rpartition("/")[0] for manifest in manifests.values() if manifest.schema}
    schemas = [destination.uri_of(destination.exports.shown(f"{folder}/*.avsc", run)) for folder in sorted(folders)]
    return Summary(datasets, rejects, destination.uri_of(REJECTS), schemas, dropped)


def print_summary(summary: Summary) -> None:
    """Print the table to stdout: styled on a terminal, and as plain lines that no terminal's width cuts elsewhere."""
    print_table(_HEADER, [_row(dataset) for dataset in summary.datasets])
    windows = [dataset for dataset in summary.datasets if dataset.csv and dataset.csv.last_days is not None]
    suppressed = {
        one.name: one.csv.suppressed for one in summary.datasets if one.csv and one.csv.suppressed is not None
    }
    if summary.rejects or summary.dropped or windows or suppressed:
        click.echo()
    if summary.rejects:
        click.echo(f"Rejected: {_counts(summary.rejects)}; see {short_path(summary.rejects_folder)}")
    if summary.dropped:
        click.echo(f"Dropped values: {_counts(summary.dropped)}; their rows are kept")
    for dataset in windows:
        if dataset.csv:
            click.echo(
                f"Outside the window: {dataset.csv.outside_window:,} {dataset.name} more than "
                f"{dataset.csv.last_days} x 24 hours older than the newest (last_days); they are not exported"
            )
    if suppressed:
        click.echo(f"Suppressed: {_counts(suppressed)} of listed users (suppress); they are not exported")
    if summary.schemas:
        click.echo(f"Schemas:  {', '.join(map(short_path, summary.schemas))}")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(counts.items()))


def _row(dataset: DatasetSummary) -> tuple[str, ...]:
    csv = dataset.csv
    of_csv = (f"{csv.duplicates:,}", f"{csv.rows:,}", f"{csv.bytes:,}", short_path(csv.file)) if csv else _NO_CSV
    return (dataset.name, f"{dataset.kept:,}", f"{dataset.rejected:,}", *of_csv)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows to stdout, whose first and last columns are text: styled on a terminal, else as plain lines."""
    lines = list(plain_table([header, *rows]))
    # Rich would cut cells to make the table fit; a terminal breaks long lines, and numbers and paths stay whole.
    if sys.stdout.isatty() and max(map(len, lines)) <= shutil.get_terminal_size().columns:
        _print_styled(header, rows)
        return
    for line in lines:
        click.echo(line)


def _print_styled(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    # Imported here, because they take as long to import as a small export takes to write.
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    last = len(header) - 1
    for number, name in enumerate(header):
        is_number = 0 < number < last
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    # Without markup and highlighting: a path is printed as it is. Rich itself honours NO_COLOR.
    Console(markup=False, highlight=False, emoji=False).print(table)


def plain_table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as lines of aligned columns: the first and the last are text, those between are numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if column in (0, len(widths) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def short_path(uri: str) -> str:
    """A path relative to the working folder if it is below it; a slash at its end stays. Other URIs as they are."""
    if not uri.startswith("s3://") and Path(uri).is_relative_to(Path.cwd()):
        return uri.removeprefix(f"{Path.cwd()}/")
    return uri
