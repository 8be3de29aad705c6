"""Pieces of Markdown for the generated pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def code(text: str) -> str:
    """Text as code in a line, also within a cell of a table."""
    return f"`{text}`"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table. A bar in a cell is escaped, which GitHub and the site both need."""
    yield f"| {' | '.join(header)} |"
    yield f"|{' --- |' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def unwrapped(text: str) -> str:
    """Text with one blank where lines were wrapped."""
    return " ".join(text.split())
