"""A CSV reader that follows Personalize's rules: backslash escapes, one line a row. Not made from the writer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro

Row = dict[str, Any]


def read_csv(path: Path) -> tuple[list[str], list[list[str | None]]]:
    """The header, and the rows with null for nothing between the commas."""
    text = path.read_bytes().decode("utf-8")
    assert not text.startswith("\ufeff"), "a BOM hides the first column"
    assert text.endswith("\n"), "the last line is not ended"
    header, *lines = text[:-1].split("\n")
    assert '"' not in header, "header names are not quoted"
    return header.split(","), [_cells(line) for line in lines]


def _cells(line: str) -> list[str | None]:
    cells: list[str | None] = []
    at = 0
    while True:
        if line.startswith('"', at):
            at += 1
            cell = ""
            while line[at] != '"':
                if line[at] == "\\":
                    at += 1
                cell += line[at]
                at += 1
            at += 1
            cells.append(cell)
        else:
            end = line.find(",", at)
            end = len(line) if end < 0 else end
            cells.append(line[at:end] or None)
            at = end
        if at == len(line):
            return cells
        assert line[at] == ",", f"something after a quoted cell: {line!r}"
        at += 1
        if at == len(line):
            return [*cells, None]


_READ: dict[str, Callable[[str], object]] = {
    "string": str,
    "long": int,
    "int": int,
    "float": float,
    "double": float,
    "boolean": lambda text: text == "True",
}


def records(schema: dict[str, Any], rows: list[list[str | None]]) -> list[Row]:
    """Rows as records of an Avro schema: numbers where it asks for numbers. They are checked with fastavro."""
    fields = schema["fields"]
    parsed = fastavro.parse_schema(schema)
    found = []
    for row in rows:
        assert len(row) == len(fields), f"{len(row)} cells for {len(fields)} fields: {row}"
        record = {}
        for field, cell in zip(fields, row, strict=True):
            kind = (
                next(kind for kind in field["type"] if kind != "null")
                if isinstance(field["type"], list)
                else field["type"]
            )
            record[field["name"]] = None if cell is None else _READ[kind](cell)
        fastavro.validate(record, parsed, raise_errors=True)
        found.append(record)
    return found
