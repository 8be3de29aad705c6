"""How ``personalize-assets rejects`` prints what it found for people: as lines and a table."""

from __future__ import annotations

from collections.abc import Iterator

import click

from personalize_assets.catalog.field_ranking import count_of
from personalize_assets.local_run.summary import print_table, short_path
from personalize_assets.pipeline.rejects import Rejects, RejectSample, printable

_HEADER = ("dataset", "rejects", "reason")
_NO_DATASET = "-"
_BEGINNING, _END = 240, 160
"""Characters of a long text that are printed: the fault of malformed JSON is often at its end."""


def print_rejects(found: Rejects) -> None:
    """Print it for people: styled on a terminal, else as plain lines."""
    days = count_of(found.days, "converted day")
    if not found.counts:
        click.echo(f"No such rejects in {days} of {found.dataset_group}")
        return
    click.echo(f"{found.total:,} rejects in {days} of {found.dataset_group}\n")
    print_table(_HEADER, [(one.dataset or _NO_DATASET, f"{one.count:,}", one.reason) for one in found.counts])
    for sample in found.samples:
        click.echo()
        for line in sample_lines(sample):
            click.echo(line)


def sample_lines(sample: RejectSample) -> Iterator[str]:
    """A sample: where it is from, and its text, of a long one the beginning and the end."""
    yield " ".join(filter(None, (sample.day, sample.dataset, f"{sample.reason}, from", short_path(sample.file))))
    if sample.raw is not None:
        yield f"  {_shortened(sample.raw)}"


def _shortened(text: str) -> str:
    if len(text) <= _BEGINNING + _END:
        return printable(text)
    return f"{printable(text[:_BEGINNING])} … {printable(text[-_END:])} (--json has more)"
