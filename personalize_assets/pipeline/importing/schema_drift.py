"""What of a dataset's schema Personalize can change, and what is to be done where it cannot.

The rules are those of the developer guide, page `updating-dataset-schema`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personalize_assets.errors import PersonalizeAssetsError

UPDATABLE = ("users", "items")
"""The datasets whose schema can be changed (developer guide, page updating-dataset-schema)."""


class SchemaDrift(PersonalizeAssetsError):
    """The dataset in Personalize has another schema than the config, to which it cannot be changed."""


Field = tuple[str, frozenset[str], bool, bool]
"""A field's name, its types, and whether it is categorical and textual."""


def fields_of(schema: Mapping[str, Any]) -> list[Field]:
    """The fields of an Avro schema, in their order; the order of types in a union is no difference."""
    return [
        (
            field["name"],
            frozenset([field["type"]] if isinstance(field["type"], str) else field["type"]),
            bool(field.get("categorical")),
            bool(field.get("textual")),
        )
        for field in schema["fields"]
    ]


def schema_problems(dataset: str, before: Sequence[Field], after: Sequence[Field]) -> list[str]:
    """Why a dataset's schema cannot be changed from one to another; empty if it can.

    Users and items can be given further columns that take null; nothing else can be changed.
    """
    old, new = {field[0]: field for field in before}, {field[0]: field for field in after}
    problems = [f"{name} is missing in the config" for name in old if name not in new]
    problems += [
        f"{name} was {_format(old[name])} and is {_format(new[name])}"
        for name in old
        if name in new and old[name] != new[name]
    ]
    more = [name for name in new if name not in old]
    if dataset in UPDATABLE:
        problems += [f"{name} is new and takes no null" for name in more if "null" not in new[name][1]]
    else:
        problems += [f"{name} is new" for name in more]
    if not problems and not more and before != after:
        order = ", ".join(old)
        problems.append(f"the columns are in another order; write them in the config as {order}")
    return problems


def _format(field: Field) -> str:
    _, types, categorical, textual = field
    marks = [mark for mark, is_set in (("categorical", categorical), ("textual", textual)) if is_set]
    return " ".join([" or ".join(sorted(types)), *marks])


def what_can_be_done(dataset: str) -> str:
    """For the error about a schema that cannot be changed."""
    if dataset in UPDATABLE:
        return (
            "Personalize can only add columns that take null: keep the old columns in the config (a path that finds "
            "nothing fills one with nulls), and give what has changed a new name. Else choose another "
            "dataset_group.name, which makes a new group"
        )
    return (
        f"Personalize cannot change the schema of {dataset}: undo the change in the config, or choose another "
        "dataset_group.name, which makes a new group; or delete the dataset in the console, with what applications "
        "sent to it, and import again"
    )
