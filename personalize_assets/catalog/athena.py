"""Athena's tables over raw events and daily interactions: input of AWS Glue's CreateTable, and statements.

Pure functions; AWS is called in ``glue_tables``. Raw events are read by the OpenX JSON SerDe, which maps names with
capitals, spaces and punctuation to names that Athena allows (Athena guide, page "OpenX JSON SerDe").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from personalize_assets.catalog.partitions import Partitions, partitions_of
from personalize_assets.conversion.column_types import type_of_arrow
from personalize_assets.conversion.mapping.paths import parse_path

RAW = "raw_events"

_LISTED = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
_SCALARS = {"string": "string", "boolean": "boolean", "integer": "bigint", "number": "double"}

FieldTypes = dict[str, set[str]]
"""The JSON types found at each path of the raw events."""

_Tree = dict[str, "_Tree"]
"""Names of fields, nested as in the events."""


@dataclass(frozen=True)
class Table:
    """A table over files in S3.

    Attributes:
        name: In the database.
        location: ``s3://bucket/prefix/``.
        columns: ``(name, type)`` without the partition columns.
        partitions: Columns that come from the keys.
        is_json: JSON; otherwise Parquet files that lists name (``storage.file_lists``).
        mappings: Names in the files by the names that Athena has for them.
        comment: For people.
    """

    name: str
    location: str
    columns: tuple[tuple[str, str], ...]
    partitions: Partitions
    is_json: bool
    mappings: dict[str, str] = field(default_factory=dict)
    comment: str = ""

    def parameters(self) -> dict[str, str]:
        """The table's properties (``Parameters`` in Glue, ``TBLPROPERTIES`` in a statement)."""
        kind = {"classification": "json" if self.is_json else "parquet", "EXTERNAL": "TRUE"}
        if not self.partitions.columns:
            return kind
        projection = {
            "projection.enabled": "true",
            "storage.location.template": f"{self.location}{self.partitions.template}",
        }
        return {**kind, **projection, **self.partitions.properties}

    def serde(self) -> tuple[str, dict[str, str]]:
        """The class of the SerDe, and its properties."""
        if not self.is_json:
            return "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", {"serialization.format": "1"}
        mapped = {f"mapping.{name}": value for name, value in self.mappings.items()}
        # Case matters: names that differ by case alone are mapped to two columns.
        return "org.openx.data.jsonserde.JsonSerDe", {
            "case.insensitive": "FALSE",
            "ignore.malformed.json": "TRUE",
            **mapped,
        }

    def table_input(self) -> dict[str, Any]:
        """``TableInput`` of AWS Glue's CreateTable and UpdateTable."""
        library, serde = self.serde()
        formats = (
            ("org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")
            if self.is_json
            else (_LISTED, "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")
        )
        return {
            "Name": self.name,
            "Description": self.comment,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": self.parameters(),
            "PartitionKeys": [{"Name": name, "Type": type} for name, type in self.partitions.columns],
            "StorageDescriptor": {
                "Columns": [{"Name": name, "Type": type} for name, type in self.columns],
                "Location": self.location,
                "InputFormat": formats[0],
                "OutputFormat": formats[1],
                "SerdeInfo": {"SerializationLibrary": library, "Parameters": serde},
            },
        }

    def ddl(self, database: str | None) -> str:
        """The statement ``CREATE EXTERNAL TABLE``, for users who register the table by hand."""
        library, serde = self.serde()
        lines = [f"-- {self.comment}"] if self.comment else []
        lines += [
            f"CREATE EXTERNAL TABLE IF NOT EXISTS {f'`{database}`.' if database else ''}`{self.name}` (",
            ",\n".join(f"  `{name}` {type}" for name, type in self.columns),
            ")",
        ]
        if self.partitions.columns:
            keys = ", ".join(f"`{name}` {type}" for name, type in self.partitions.columns)
            lines.append(f"PARTITIONED BY ({keys})")
        if self.is_json:
            lines += [f"ROW FORMAT SERDE '{library}'", f"WITH SERDEPROPERTIES (\n{_properties(serde)}\n)"]
        else:
            lines += [
                f"ROW FORMAT SERDE '{library}'",
                f"STORED AS INPUTFORMAT '{_LISTED}'",
                "OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'",
            ]
        lines += [f"LOCATION '{self.location}'", f"TBLPROPERTIES (\n{_properties(self.parameters())}\n);"]
        return "\n".join(lines) + "\n"


def _properties(properties: Mapping[str, str]) -> str:
    kept = {name: value for name, value in properties.items() if name != "EXTERNAL"}
    return ",\n".join(f"  {_quoted(name)} = {_quoted(value)}" for name, value in kept.items())


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


# -- the raw events --------------------------------------------------------------------------------------------------


def raw_table(
    uri: str, layout: str, start: date, keys: Sequence[str], fields: FieldTypes, stream_files: int = 0
) -> Table:
    """The table of a source's raw events.

    Args:
        uri: The source, ``s3://bucket/prefix``.
        layout: Its layout.
        start: The first day of the projected partitions.
        keys: Keys of some files, which show how folders are named: one of each ``partitions.kind_of_key``.
        fields: The fields to make columns of.
        stream_files: Number of files of framing ``stream``, for the comment.
    """
    columns, mappings = _columns(fields)
    comment = f"Raw events of the layout {layout}, written by personalize_assets"
    if stream_files:
        comment += f"; {stream_files} files hold more than an object a line, of which Athena reads the first or none"
    partitions = partitions_of(layout, start, keys)
    taken = {name for name, _ in partitions.columns}
    columns = [(name, type) for name, type in columns if name not in taken]
    return Table(RAW, uri.removesuffix("/") + "/", tuple(columns), partitions, True, mappings, comment)


def _columns(fields: FieldTypes) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """The columns of events with these fields, and the names in the events by the columns' names."""
    tree: _Tree = {}
    kinds: dict[tuple[str, ...], set[str]] = {}
    for path, types in sorted(fields.items()):
        steps = parse_path(path)
        kinds[tuple(steps)] = types
        node = tree
        for step in steps:
            node = node.setdefault(step, {})
    names: dict[str, str] = {}
    columns = list(_members(tree, (), kinds, names))
    return columns, {own: name for own, name in names.items() if own != name}


def _members(
    node: _Tree, above: tuple[str, ...], kinds: Mapping[tuple[str, ...], set[str]], names: dict[str, str]
) -> Iterable[tuple[str, str]]:
    taken: set[str] = set()
    for name in node:
        own = _allowed(name, taken, names)
        taken.add(own)
        names[own] = name
        yield own, _type(node[name], (*above, name), kinds, names)


def _allowed(name: str, taken: set[str], names: Mapping[str, str]) -> str:
    """A name that Athena allows: lower-case letters, digits and underscores.

    The SerDe's mappings hold at every level of nesting, so one name of Athena stands for one name in the files.
    """
    base = re.sub(r"[^a-z0-9_]", "_", name.lower()) or "_"
    candidate, number = base, 2
    while candidate in taken or names.get(candidate, name) != name:
        candidate, number = f"{base}_{number}", number + 1
    return candidate


def _type(node: _Tree, path: tuple[str, ...], kinds: Mapping[tuple[str, ...], set[str]], names: dict[str, str]) -> str:
    types = kinds.get(path, set())
    if node and types in ({"object"}, {"array"}):
        members = ",".join(f"{name}:{type}" for name, type in _members(node, path, kinds, names))
        return f"array<struct<{members}>>" if types == {"array"} else f"struct<{members}>"
    if types == {"array"}:
        return "array<string>"
    if types == {"integer", "number"}:
        return "double"
    # Of several types, or always null: a string can hold them all.
    return _SCALARS.get(next(iter(types)), "string") if len(types) == 1 else "string"


# -- daily interactions ------------------------------------------------------------------------------------------------


def interactions_table(name: str, uri: str, start: date, schema: pa.Schema) -> Table:
    """A table of daily interactions: Parquet files of this schema, which lists below ``uri`` name."""
    columns = tuple((column.name.lower(), type_of_arrow(column.type).athena) for column in schema)
    comment = "Interactions day by day, written by personalize_assets; repeats are still in it"
    return Table(name, f"{uri}/", columns, partitions_of("hive", start, []), False, {}, comment)
