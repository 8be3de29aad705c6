"""The Avro schema of a dataset, as Personalize wants it (page how-it-works-dataset-schema)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.conversion.contract import Column, reserved
from personalize_assets.conversion.dataset_types import DATASET_TYPES


def avro_schema(dataset: str, columns: Sequence[Column], domain: str) -> dict[str, Any]:
    """Return the schema as JSON: a flat record whose fields are the columns in their order.

    The type of a column is `["null", type]` if it is optional. Columns in which Personalize never takes null (ids,
    TIMESTAMP, EVENT_TYPE, what a domain group demands) have the plain type, whatever `required` says. The columns are
    not checked: see `schema_rules.problems`.
    """
    known = reserved(dataset, domain)
    fields: list[dict[str, Any]] = []
    for column in columns:
        fixed = known.get(column.name)
        type_ = COLUMN_TYPES[column.type].avro
        plain = column.required or (fixed is not None and not fixed.nullable)
        field: dict[str, Any] = {"name": column.name, "type": type_ if plain else ["null", type_]}
        # Of a reserved column the mark is fixed, too: Personalize refuses a schema that adds it or leaves it out.
        if fixed.categorical if fixed else column.categorical:
            field["categorical"] = True
        if fixed.textual if fixed else column.textual:
            field["textual"] = True
        fields.append(field)
    return {
        "type": "record",
        "name": DATASET_TYPES[dataset].avro_name,
        "namespace": "com.amazonaws.personalize.schema",
        "fields": fields,
        "version": "1.0",
    }
