"""The Avro schema of a dataset, as Personalize wants it (page how-it-works-dataset-schema)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from personalize_assets.conversion.contract import Column, reserved


def avro_schema(dataset: str, columns: Sequence[Column], domain: str) -> dict[str, Any]:
    """A flat record whose fields are the columns in their order, ready for `json.dumps`.

    A column that is not required is `["null", type]`; one that Personalize never takes null in (ids, TIMESTAMP,
    EVENT_TYPE, what a domain group demands) is the plain type whatever `required` says. The columns are taken as they
    are: `rules.problems` says whether Personalize takes them.
    """
    known = reserved(dataset, domain)
    fields: list[dict[str, Any]] = []
    for column in columns:
        fixed = known.get(column.name)
        type_ = "long" if column.type == "timestamp" else column.type
        plain = column.required or (fixed is not None and not fixed.nullable)
        field: dict[str, Any] = {"name": column.name, "type": type_ if plain else ["null", type_]}
        # A reserved plain string must not carry the mark, nor may it be left off a reserved categorical one.
        if fixed.categorical if fixed else column.categorical:
            field["categorical"] = True
        if fixed.textual if fixed else column.textual:
            field["textual"] = True
        fields.append(field)
    return {
        "type": "record",
        "name": dataset.capitalize(),
        "namespace": "com.amazonaws.personalize.schema",
        "fields": fields,
        "version": "1.0",
    }
