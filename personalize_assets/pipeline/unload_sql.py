"""The text of UNLOAD for one table and arrival day. Pure functions.

The day's rows are those whose arrival time is in it (UTC, the time zone of a session by default), so each row is of
exactly one day. The query is a text within UNLOAD's quotes, where a quote is written twice (Redshift guide, page
r_UNLOAD) and a backslash as well, because it escapes there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from personalize_assets.config.redshift import Redshift

QUERY = "query"
"""The folder of what ``sql`` selects, where a table's name would be."""
TABLE_COLUMN = "warehouse_table"
"""The column that names the table of a row; only in what ``tables`` unload."""


@dataclass(frozen=True)
class Unload:
    """What is unloaded of a day by one statement.

    Attributes:
        table: A table's name, or ``QUERY``.
        day: The arrival day (UTC).
        select: The query of the day's rows.
        folder: The key of its files below ``unload``, with a slash at its end.
        sql: The statement.
    """

    table: str
    day: date
    select: str
    folder: str
    sql: str


def unloads(redshift: Redshift, days: Sequence[date]) -> Iterator[Unload]:
    """The statements for days, day by day."""
    for day in days:
        for table in redshift.tables or (QUERY,):
            select = _select(redshift, table, day)
            folder = folder_of(table, day)
            yield Unload(table, day, select, folder, _unload(redshift, select, folder))


def folder_of(table: str, day: date) -> str:
    """The key of a table's files of a day; its slash keeps CLEANPATH from ``orders_2`` when ``orders`` is unloaded."""
    return f"day={day}/{table}/"


def count_cut(unload: Unload, widths: Mapping[str, int]) -> str:
    """A query of one row: of how many rows the text in each column reaches the column's width.

    A text that was cut within a character of several bytes may be up to three bytes shorter than the width, which
    Redshift counts in bytes.
    """
    counts = (
        f"COUNT(CASE WHEN LEN({_name(column)}) >= {width} OR OCTET_LENGTH({_name(column)}) > {width - 4} THEN 1 END)"
        for column, width in widths.items()
    )
    return f"SELECT {', '.join(counts)} FROM ({unload.select}) AS of_day"


def _select(redshift: Redshift, table: str, day: date) -> str:
    if redshift.sql is None:
        columns = f"*, CAST({_text(table)} AS VARCHAR(127)) AS {TABLE_COLUMN}"
        source = f"{_name(str(redshift.schema_))}.{_name(table)}"
    else:
        columns, source = "*", f"({redshift.sql}\n) AS selected"  # the line break ends a comment
    arrival = _name(redshift.arrival)
    return (
        f"SELECT {columns} FROM {source} "
        f"WHERE {arrival} >= '{day} 00:00:00' AND {arrival} < '{day + timedelta(days=1)} 00:00:00'"
    )


def _unload(redshift: Redshift, select: str, folder: str) -> str:
    role = redshift.role if redshift.role == "default" else _text(redshift.role)
    region = f" REGION {_text(redshift.region)}" if redshift.region else ""
    quoted = _text(select.replace("\\", "\\\\"))
    return (
        f"UNLOAD ({quoted})\nTO {_text(f'{redshift.unload}/{folder}')}\nIAM_ROLE {role}\n"
        f"FORMAT PARQUET CLEANPATH MANIFEST VERBOSE{region}"
    )


def _text(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def _name(identifier: str) -> str:
    return f'"{identifier}"'
