"""The types of columns: one entry per type, from which every other representation of the type follows.

The names are Avro's, as on the page how-it-works-dataset-schema of the Personalize guide, and ``timestamp``: whole
seconds since the epoch. To add a type, add its entry here; the mapping, daily Parquet files, CSV, Avro schema, Athena
tables and checks read it from the table.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa

from personalize_assets.conversion.contract import Column
from personalize_assets.conversion.export import csv_cells
from personalize_assets.conversion.mapping import timestamps, values

Convert = Callable[[Any], Any]
"""JSON value (never None) -> value of the type, or None for an empty one. ``ValueError`` if it has no such form."""


class ColumnType(msgspec.Struct, frozen=True, kw_only=True):
    """One type of columns, in all its representations.

    Types with the same ``arrow`` must have the same ``athena`` and ``csv_cells``: where only a file's Arrow
    schema is at hand, these are found by ``type_of_arrow``.

    Attributes:
        arrow: Type in memory and in the daily Parquet files.
        athena: The same type in Athena's DDL.
        avro: Type in the schema that Personalize gets.
        csv_cells: Arrow array -> array of CSV cells as strings; null stays null.
        csv_pattern: Regular expression (RE2) of a whole CSV cell; None if any text is one.
        json_kinds: Python types of decoded JSON values that Arrow takes as they are, within the range of ``arrow``.
        converter: Makes the ``Convert`` of a column of this type.
        is_time: Whether values are seconds since the epoch.
        unit: The unit of values, for people; None where there is none.
    """

    arrow: pa.DataType
    athena: str
    avro: str
    csv_cells: Callable[[pa.Array], pa.Array]
    csv_pattern: str | None
    json_kinds: frozenset[type]
    converter: Callable[[Column], Convert]
    is_time: bool = False
    unit: str | None = None

    @property
    def keeps_text(self) -> bool:
        """Whether a JSON text is a value as it is, and an integer becomes one by its digits."""
        return str in self.json_kinds and self.arrow == pa.string()

    @property
    def is_number(self) -> bool:
        """Whether Personalize treats values as numbers."""
        return self.avro in ("int", "long", "float", "double")

    @property
    def is_whole(self) -> bool:
        """Whether values are whole numbers; their bounds are those of ``arrow``."""
        return bool(pa.types.is_integer(self.arrow))


def _text(column: Column) -> Convert:
    return partial(values.to_text, separator=column.separator)


def _same_for_all(convert: Convert) -> Callable[[Column], Convert]:
    """Make the ``converter`` of a type whose columns all convert alike."""
    return lambda column: convert


_WHOLE = r"^-?[0-9]+$"
_DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"

# Double precision for float too: Personalize's float is only declared in the schema, and the file keeps all digits.
_FLOAT = ColumnType(
    arrow=pa.float64(),
    athena="double",
    avro="float",
    csv_cells=csv_cells.decimal_cells,
    csv_pattern=_DECIMAL,
    json_kinds=frozenset({float, int}),
    converter=_same_for_all(values.to_double),
)
_LONG = ColumnType(
    arrow=pa.int64(),
    athena="bigint",
    avro="long",
    csv_cells=csv_cells.whole_cells,
    csv_pattern=_WHOLE,
    json_kinds=frozenset({int}),
    converter=_same_for_all(partial(values.to_whole, bits=63)),
)

COLUMN_TYPES: dict[str, ColumnType] = {
    "string": ColumnType(
        arrow=pa.string(),
        athena="string",
        avro="string",
        csv_cells=csv_cells.text_cells,
        csv_pattern=None,
        json_kinds=frozenset({str}),
        converter=_text,
    ),
    "int": ColumnType(
        arrow=pa.int32(),
        athena="int",
        avro="int",
        csv_cells=csv_cells.whole_cells,
        csv_pattern=_WHOLE,
        json_kinds=frozenset({int}),
        converter=_same_for_all(partial(values.to_whole, bits=31)),
    ),
    "long": _LONG,
    "float": _FLOAT,
    "double": msgspec.structs.replace(_FLOAT, avro="double"),
    "boolean": ColumnType(
        arrow=pa.bool_(),
        athena="boolean",
        avro="boolean",
        csv_cells=csv_cells.boolean_cells,
        csv_pattern=r"^(True|False)$",
        json_kinds=frozenset({bool}),
        converter=_same_for_all(values.to_boolean),
    ),
    "timestamp": msgspec.structs.replace(
        _LONG,
        json_kinds=frozenset(),
        converter=_same_for_all(timestamps.to_epoch_seconds),
        is_time=True,
        unit="whole epoch seconds (UTC)",
    ),
}
"""Every type that a config may name."""


def type_of_arrow(arrow: pa.DataType) -> ColumnType:
    """Return a type that is stored as this Arrow type; only its Spark type, Athena type and CSV cells are meaningful.

    KeyError if there is none.
    """
    for column_type in COLUMN_TYPES.values():
        if column_type.arrow == arrow:
            return column_type
    raise KeyError(f"no column type is stored as {arrow}")
