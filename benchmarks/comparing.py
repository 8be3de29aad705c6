"""Compares the rows of two CSVs regardless of order, quoting and the form of numbers."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

TYPES = {
    "USER_ID": "VARCHAR",
    "ITEM_ID": "VARCHAR",
    "EVENT_TYPE": "VARCHAR",
    "EVENT_VALUE": "DOUBLE",
    "TIMESTAMP": "BIGINT",
}


@dataclass(frozen=True)
class Comparison:
    """A peer's interactions compared with this project's: ``lost`` rows only this project has, ``added`` only the peer.

    Rows are compared by the columns that both have, as multisets: each copy counts.
    """

    rows: int
    lost: int
    added: int
    columns_missing: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(ours: Path, theirs: Path) -> Comparison:
    """``ours`` escapes quotes by a backslash, as Personalize requires; ``theirs`` doubles them, as is usual."""
    columns = [name for name in TYPES if name in _header(theirs)]
    shared = ", ".join(columns)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW ours AS SELECT {shared} FROM {_read_csv(ours, chr(92))}")
        connection.execute(f"CREATE VIEW theirs AS SELECT {shared} FROM {_read_csv(theirs, chr(34))}")

        def count(rows: str) -> int:
            found = connection.execute(f"SELECT count(*) FROM ({rows})").fetchone()
            return int(found[0]) if found else 0

        return Comparison(
            rows=count("FROM theirs"),
            lost=count("FROM ours EXCEPT ALL FROM theirs"),
            added=count("FROM theirs EXCEPT ALL FROM ours"),
            columns_missing=tuple(name for name in TYPES if name not in columns),
        )


def content_of(file: Path, *, ours: bool) -> tuple[int, str]:
    """The number of rows, and the sum of their hashes: equal for the same rows in any order. Takes little memory.

    Columns are those of ``TYPES``, all of which the file must have.
    """
    with duckdb.connect() as connection:
        query = f"SELECT count(*), sum(hash({', '.join(TYPES)})::HUGEINT) FROM "
        rows, hashes = connection.execute(query + _read_csv(file, chr(92) if ours else chr(34))).fetchall()[0]
        return int(rows), str(hashes)


def sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _header(file: Path) -> list[str]:
    with file.open() as lines:
        return lines.readline().rstrip("\n").split(",")


def _read_csv(file: Path, escape: str) -> str:
    # Explicit types: an id that looks like a number is text.
    types = {name: TYPES[name] for name in _header(file)}
    path = str(file).replace("'", "''")
    return f"read_csv('{path}', header=true, auto_detect=false, columns={types}, quote='\"', escape='{escape}')"
