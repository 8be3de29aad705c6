"""What a config says about the format of a source's files. Part of a job spec."""

from __future__ import annotations

import msgspec

AUTO, JSON, CSV, PARQUET, ORC, AVRO = "auto", "json", "csv", "parquet", "orc", "avro"
FORMATS = (AUTO, JSON, CSV, PARQUET, ORC, AVRO)


class CsvDialect(msgspec.Struct, frozen=True):
    r"""How a CSV is written.

    Attributes:
        delimiter: Between two cells; None if it is to be found in the first line.
        quote: Around cells that hold a delimiter or a line break, and doubled inside; None if there is none.
        escape: In front of a character that means itself, ``\`` in Redshift's UNLOAD with ESCAPE; or None.
        header: Whether the first row names the columns.
        columns: Their names; empty if the header has them.
        null: Cells that stand for no value.
    """

    delimiter: str | None = None
    quote: str | None = '"'
    escape: str | None = None
    header: bool = True
    columns: tuple[str, ...] = ()
    null: tuple[str, ...] = ("", "\\N")


class SourceFormat(msgspec.Struct, frozen=True, omit_defaults=True):
    """The format of a source's files, and how events are taken out of what they hold (``reading.unwrapping``).

    Attributes:
        name: ``auto`` is found for each file in its bytes.
        parse: Paths of texts that hold JSON, in the order in which they are decoded.
        events: Path of the array whose elements are the events; None if each object is one.
        ignore_case: Whether names are compared without regard to case.
    """

    name: str = AUTO
    csv: CsvDialect = CsvDialect()
    parse: tuple[str, ...] = ()
    events: str | None = None
    ignore_case: bool = False
