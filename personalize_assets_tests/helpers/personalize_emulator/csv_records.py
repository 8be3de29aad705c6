"""Reading CSV as Personalize does.

- A header without quotes, the same in all files; one record a line; UTF-8: page preparing-training-data.
- A backslash before ``"`` and ``\\`` in a quoted cell: page items-datasets. Elsewhere a backslash is itself: inferred.
- The columns are those of the schema in its order: page how-it-works-dataset-schema. The text for missing columns: page
  error-messages; the texts for others are inferred, as are those of values.
- An empty cell is null, and only where the schema allows null: page preparing-training-data. ``""`` likewise: inferred.
- Lengths (page limits): ids 256, other strings 1,000; a textual value is cut at 20,000 (7,000 in Chinese and Japanese,
  which is not done here). The text: page error-messages.
- Numbers: decimals with or without exponent, integers of the type's width: inferred.
- A byte order mark belongs to the name of the first column, which is then missing: issue 17 of
  amazon-personalize-samples.
- Event types of action interactions: page action-interactions-datasets, which writes them in several ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from personalize_assets_tests.helpers.personalize_emulator.dataset_schema import DatasetSchema, Field
from personalize_assets_tests.helpers.personalize_emulator.errors import JobFailure

Row = tuple[str, ...]
"""The cells of a record, without quotes and escapes; a null is an empty text."""

ID_CHARS = 256
STRING_CHARS = 1_000
TEXTUAL_CHARS = 20_000

_LINK = "https://docs.aws.amazon.com/personalize/latest/dg/data-prep-formatting.html"
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BITS = {"int": 31, "long": 63}
_ACTION_EVENTS = ("taken", "not taken", "viewed")


def rows(data: bytes, schema: DatasetSchema, where: str) -> Iterator[Row]:
    """The records of a file. Raises JobFailure for what cannot be imported; ``where`` is a name of the file."""
    header, *lines = _lines(data, where)
    _check_header(header.split(","), schema.columns)
    for number, line in enumerate(lines, 1):
        place = f"record {number} of {where}"
        cells = _cells(line, place)
        if len(cells) != len(schema.fields):
            raise JobFailure(
                f"Input CSV has {len(cells)} columns in {place}, the schema has {len(schema.fields)}. "
                "Make sure that each record is on a single line."
            )
        yield tuple(
            _value(cell, field, schema.dataset_type, place) for cell, field in zip(cells, schema.fields, strict=True)
        )


def ids(data: bytes, where: str) -> list[str]:
    """The values of a file with the column USER_ID alone (page delete-records)."""
    header, *lines = _lines(data, where)
    if header != "USER_ID":
        raise JobFailure("Input CSV is missing the following columns:[USER_ID].")
    return [_cells(line, where)[0] for line in lines]


def written(columns: Sequence[str], given: Sequence[Row]) -> bytes:
    """A CSV as the reader takes it, with a header."""
    lines = [",".join(columns), *(",".join(map(_quoted, row)) for row in given)]
    return "".join(f"{line}\n" for line in lines).encode()


def _quoted(cell: str) -> str:
    if not re.search(r'[",\\]', cell):
        return cell
    return '"' + cell.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _lines(data: bytes, where: str) -> list[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise JobFailure(f"Input CSV {where} is not encoded in UTF-8.") from None
    # Not splitlines(), which also ends lines at form feeds and Unicode's line separators.
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if lines[-1] == "":
        lines.pop()
    if not lines:
        raise JobFailure(f"Input CSV {where} is empty.")
    return lines


def _check_header(header: list[str], columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in header]
    if missing:
        raise JobFailure(f"Input CSV is missing the following columns:[{', '.join(missing)}].")
    unknown = [name for name in header if name not in columns]
    if unknown:
        raise JobFailure(f"Input CSV has columns that are not in the schema:[{', '.join(unknown)}].")
    if header != list(columns):
        raise JobFailure(
            f"The columns of the input CSV are not in the order of the schema:[{', '.join(header)}], "
            f"schema:[{', '.join(columns)}]."
        )


def _cells(line: str, place: str) -> list[str]:
    if '"' not in line:
        return line.split(",")
    cells: list[str] = []
    start = 0
    while True:
        if line.startswith('"', start):
            cell, start = _quoted_cell(line, start + 1, place)
        else:
            end = line.find(",", start)
            end = len(line) if end < 0 else end
            cell, start = line[start:end], end
        cells.append(cell)
        if start == len(line):
            return cells
        start += 1


def _quoted_cell(line: str, start: int, place: str) -> tuple[str, int]:
    """A cell behind its opening quote, and where the comma behind it is."""
    chars: list[str] = []
    while start < len(line):
        char = line[start]
        if char == "\\" and line[start + 1 : start + 2] in ('"', "\\"):
            chars.append(line[start + 1])
            start += 2
        elif char == '"':
            if line[start + 1 : start + 2] in ("", ","):
                return "".join(chars), start + 1
            raise JobFailure(f"Input CSV has a double quote that is not escaped with a backslash in {place}.")
        else:
            chars.append(char)
            start += 1
    raise JobFailure(f"Input CSV has a quote that is not closed in {place}. Each record must be on a single line.")


def _value(cell: str, field: Field, dataset_type: str, place: str) -> str:
    if not cell:
        if not field.nullable:
            raise JobFailure(f"Column {field.name} has a null value in {place}, but its type does not allow null.")
        return cell
    if field.type == "string":
        if field.name == "EVENT_TYPE" and dataset_type == "ACTION_INTERACTIONS":
            _check_action_event(cell, place)
        return _text(cell, field)
    if not _is_of_type(cell, field.type):
        raise JobFailure(f"Value '{cell}' of column {field.name} in {place} is not of type {field.type}.")
    return cell


def _text(cell: str, field: Field) -> str:
    if field.textual:
        return cell[:TEXTUAL_CHARS]
    most = ID_CHARS if field.is_id else STRING_CHARS
    if len(cell) > most:
        raise JobFailure(
            f"Length cannot be more than {most} characters for {field.name}. If no values exceed the character limit, "
            f"make sure your data follows the formatting guidelines listed in {_LINK}."
        )
    return cell


def _check_action_event(cell: str, place: str) -> None:
    if cell.replace("_", " ").casefold() not in _ACTION_EVENTS:
        raise JobFailure(f"Value '{cell}' of column EVENT_TYPE in {place} is none of Taken, Not Taken, Viewed.")


def _is_of_type(cell: str, type_: str) -> bool:
    if type_ in _BITS:
        return bool(_INTEGER.fullmatch(cell)) and -(2 ** _BITS[type_]) <= int(cell) < 2 ** _BITS[type_]
    if type_ == "boolean":
        return cell.casefold() in ("true", "false")
    return bool(_DECIMAL.fullmatch(cell))
