"""What a shape of raw files is: where its files are stored, what is written of an event, and how a file is encoded."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from personalize_assets.generate.happenings import Happening

Row = dict[str, Any]
"""An event as a source writes it: a JSON object, or the columns of a row."""


@dataclass(frozen=True)
class FileFacts:
    """What the name of a file may hold.

    Attributes:
        at: When its first event arrived (UTC).
        number: How many files were written before it.
        offset: How many events were written before its first one.
        unique: A UUID.
    """

    at: datetime
    number: int
    offset: int
    unique: str


@dataclass(frozen=True)
class Shape:
    """How one source writes its files.

    Attributes:
        layout: A name or pattern of ``layouts``.
        rows: The rows of an event by table, none if the source does not have such events. Without it, the shop's own
            events are written, with all their flaws, as the producer of the layout writes them.
        encode: The bytes of a file from the table and the rows in it.
        name: The name of a file.
        folder: What stands for a `*` of the layout's folders; empty: a folder for each source of the shop.
    """

    layout: str
    rows: Callable[[Happening], Iterable[tuple[str, Row]]] | None = None
    encode: Callable[[str, Sequence[Row]], bytes] = lambda table, rows: b""
    name: Callable[[FileFacts], str] = lambda file: f"events-{file.number:05d}"
    folder: str = ""


def in_one_table(
    row: Callable[[Happening, str], Row | None], names: Mapping[str, str]
) -> Callable[[Happening], Iterable[tuple[str, Row]]]:
    """Rows of a single table, whose files are not in a folder of its own.

    Args:
        row: The row of an event from its name in this source; None if the source does not have it.
        names: The source's names of events by those of Segment; an event without one is left out. The name of an
            `identify` is there the empty text.
    """

    def rows(event: Happening) -> Iterable[tuple[str, Row]]:
        name = names.get(event.name)
        made = row(event, name) if name is not None else None
        return () if made is None else (("", made),)

    return rows
