"""The Avro schema of a dataset: what Personalize accepts.

- Shape of the record, types, names, marks: page how-it-works-dataset-schema.
- Required fields, reserved keywords and numbers of metadata fields of custom groups: page
  custom-datasets-and-schemas; it names the expiry of an action both EXPIRATION_TIMESTAMP and
  ACTION_EXPIRATION_TIMESTAMP: either is accepted.
- Those of domain groups: pages ECOMMERCE-datasets-and-schemas and VIDEO-ON-DEMAND-datasets-and-schemas.
- Actions and action interactions are in custom groups only: page actions-datasets.
- Names that differ in ``_`` only clash: page preparing-training-data. That case does not count either: inferred.
- CreateSchema knows the type of the dataset from the record's name, and checks fields at once: inferred.
- The replacement of a schema: page updating-dataset-schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from personalize_assets_tests.helpers.personalize_emulator.errors import invalid

RECORD_NAMES = {
    "Interactions": "INTERACTIONS",
    "Items": "ITEMS",
    "Users": "USERS",
    "Actions": "ACTIONS",
    "ActionInteractions": "ACTION_INTERACTIONS",
}
"""Name of the record and type of the dataset, in capitals as in its ARN."""
UPDATABLE = ("ITEMS", "USERS")

_TYPES = ("float", "double", "int", "long", "string", "boolean")
_METADATA = {"INTERACTIONS": 5, "ITEMS": 100, "USERS": 25, "ACTIONS": 10, "ACTION_INTERACTIONS": 5}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Field:
    """A field of the record, in its place of the CSV's header."""

    name: str
    type: str
    nullable: bool = False
    categorical: bool = False
    textual: bool = False

    @property
    def is_id(self) -> bool:
        return self.name in ("USER_ID", "ITEM_ID", "ACTION_ID")


def _required(name: str, type_: str = "string", *, categorical: bool = False) -> Field:
    return Field(name, type_, categorical=categorical)


def _optional(name: str, type_: str = "string", *, categorical: bool = False, textual: bool = False) -> Field:
    return Field(name, type_, nullable=True, categorical=categorical, textual=textual)


_EVENT = (_required("USER_ID"), _required("ITEM_ID"), _required("TIMESTAMP", "long"))
_EVENT_TYPE = _required("EVENT_TYPE")
_EVENT_KEYWORDS = (
    _optional("EVENT_VALUE", "float"),
    _optional("IMPRESSION"),
    _optional("RECOMMENDATION_ID"),
    _optional("EVENT_ATTRIBUTION_SOURCE"),
)
_CREATED = _optional("CREATION_TIMESTAMP", "long")

Rules = tuple[tuple[Field, ...], tuple[Field, ...]]
"""Required fields and reserved keywords."""

RULES: dict[tuple[str, str], Rules] = {
    ("", "INTERACTIONS"): (_EVENT, (_EVENT_TYPE, *_EVENT_KEYWORDS)),
    ("", "USERS"): ((_required("USER_ID"),), ()),
    ("", "ITEMS"): ((_required("ITEM_ID"),), (_CREATED,)),
    ("", "ACTIONS"): (
        (_required("ACTION_ID"),),
        (
            _CREATED,
            _optional("VALUE", "long"),
            _optional("TYPE"),
            _optional("EXPIRATION_TIMESTAMP", "long"),
            _optional("ACTION_EXPIRATION_TIMESTAMP", "long"),
            _optional("REPEAT_FREQUENCY", "long"),
        ),
    ),
    ("", "ACTION_INTERACTIONS"): (
        (_required("USER_ID"), _required("ACTION_ID"), _EVENT_TYPE, _required("TIMESTAMP", "long")),
        (_optional("IMPRESSION"), _optional("RECOMMENDATION_ID")),
    ),
    ("ECOMMERCE", "INTERACTIONS"): ((*_EVENT, _EVENT_TYPE), _EVENT_KEYWORDS),
    ("ECOMMERCE", "USERS"): ((_required("USER_ID"),), ()),
    ("ECOMMERCE", "ITEMS"): (
        (_required("ITEM_ID"), _required("PRICE", "float"), _required("CATEGORY_L1", categorical=True)),
        (
            *(
                _optional(name, categorical=True)
                for name in ("CATEGORY_L2", "CATEGORY_L3", "AGE_GROUP", "ADULT", "GENDER")
            ),
            _optional("PRODUCT_DESCRIPTION", textual=True),
            _CREATED,
        ),
    ),
    ("VIDEO_ON_DEMAND", "INTERACTIONS"): ((*_EVENT, _EVENT_TYPE), _EVENT_KEYWORDS),
    ("VIDEO_ON_DEMAND", "USERS"): ((_required("USER_ID"),), (_optional("SUBSCRIPTION_MODEL", categorical=True),)),
    ("VIDEO_ON_DEMAND", "ITEMS"): (
        (
            _required("ITEM_ID"),
            _required("GENRES", categorical=True),
            _required("CREATION_TIMESTAMP", "long"),
        ),
        (
            *(_optional(name, "float") for name in ("PRICE", "DURATION", "AVERAGE_RATING")),
            *(
                _optional(name, categorical=True)
                for name in ("GENRE_L2", "GENRE_L3", "CONTENT_OWNER", "CONTENT_CLASSIFICATION")
            ),
            _optional("PRODUCT_DESCRIPTION", textual=True),
        ),
    ),
}


@dataclass(frozen=True)
class DatasetSchema:
    """A schema that was accepted. ``dataset_type`` is in capitals; ``domain`` is empty for custom groups."""

    dataset_type: str
    domain: str
    fields: tuple[Field, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)


def parse(text: str, domain: str) -> DatasetSchema:
    """Raises InvalidInputException with all that is wrong."""
    try:
        record = json.loads(text)
    except ValueError as error:
        raise invalid(f"The schema is not valid JSON: {error}") from None
    if not isinstance(record, dict):
        raise invalid("The schema must be an Avro record")
    found = [*_record_problems(record)]
    if found:
        raise invalid(f"Invalid schema: {'; '.join(found)}")
    fields = [_field(field) for field in record["fields"]]
    schema = DatasetSchema(RECORD_NAMES[record["name"]], domain, tuple(fields))
    if (domain, schema.dataset_type) not in RULES:
        raise invalid(f"A dataset of type {schema.dataset_type} is not possible in the domain {domain}")
    found = [*_name_problems(fields), *_field_problems(schema), *_metadata_problems(schema)]
    if found:
        raise invalid(f"Invalid schema: {'; '.join(found)}")
    return schema


def replacement_problems(before: DatasetSchema, after: DatasetSchema) -> Iterator[str]:
    """Why a schema cannot take the place of another one."""
    old, new = ({field.name: field for field in schema.fields} for schema in (before, after))
    for name, field in old.items():
        if name not in new:
            yield f"the field {name} is missing"
        elif new[name] != field:
            yield f"the type or an attribute of the field {name} is different"
    for name in new.keys() - old.keys():
        if not new[name].nullable:
            yield f"the new field {name} must support null"


def _record_problems(record: dict[str, Any]) -> Iterator[str]:
    wanted = {"type": "record", "namespace": "com.amazonaws.personalize.schema", "version": "1.0"}
    for name, value in wanted.items():
        if record.get(name) != value:
            yield f"{name} must be {value!r}, not {record.get(name)!r}"
    if record.get("name") not in RECORD_NAMES:
        yield f"name must be one of {', '.join(RECORD_NAMES)}, not {record.get('name')!r}"
    fields = record.get("fields")
    if not isinstance(fields, list) or not fields:
        yield "fields must be a list with at least one field"
        return
    for field in fields:
        if not isinstance(field, dict) or not isinstance(field.get("name"), str):
            yield f"a field must have a name: {field!r}"
        elif not _NAME.fullmatch(field["name"]):
            yield f"the name of the field {field['name']!r} may have letters, digits and _ only"
        elif _type(field.get("type")) is None:
            yield f"the type of the field {field['name']} is not supported: {field.get('type')!r}"
        elif any(not isinstance(field.get(mark, False), bool) for mark in ("categorical", "textual", "itemName")):
            yield f"the attributes of the field {field['name']} must be true or false"


def _type(given: Any) -> tuple[str, bool] | None:
    """The type and whether null is allowed; None for one that Personalize does not have."""
    types = given if isinstance(given, list) else [given]
    plain = [one for one in types if one != "null"]
    if len(plain) != 1 or len(types) > 2 or plain[0] not in _TYPES:
        return None
    return plain[0], len(types) == 2


def _field(field: dict[str, Any]) -> Field:
    type_, nullable = _type(field["type"]) or ("", False)
    return Field(
        field["name"],
        type_,
        nullable,
        categorical=field.get("categorical", False),
        textual=field.get("textual", False),
    )


def _name_problems(fields: list[Field]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for field in fields:
        first = seen.setdefault(field.name.replace("_", "").casefold(), field.name)
        if field is not fields[[one.name for one in fields].index(first)]:
            yield f"the names of the fields {first} and {field.name} are not unique"


def _field_problems(schema: DatasetSchema) -> Iterator[str]:
    required, keywords = RULES[schema.domain, schema.dataset_type]
    by_name = {field.name: field for field in schema.fields}
    missing = [field.name for field in required if field.name not in by_name]
    if missing:
        yield f"required fields are missing: {', '.join(missing)}"
    for fixed in (*required, *keywords):
        field = by_name.get(fixed.name)
        if field is None:
            continue
        if field.type != fixed.type:
            yield f"the type of {field.name} must be {fixed.type}, not {field.type}"
        if field.nullable and not fixed.nullable:
            yield f"{field.name} must not support null"
        if field.categorical != fixed.categorical:
            yield f"{field.name} must {'be' if fixed.categorical else 'not be'} categorical"
        if field.textual and not fixed.textual:
            yield f"{field.name} must not be textual"
    for field in schema.fields:
        if (field.categorical or field.textual) and field.type != "string":
            yield f"{field.name} is categorical or textual, but not a string"
        if field.categorical and field.textual:
            yield f"{field.name} is both categorical and textual"
        if field.textual and schema.dataset_type != "ITEMS":
            yield f"{field.name} is textual, which only Items can have"
    if sum(field.textual for field in schema.fields) > 1:
        yield "at most one field can be textual"


def _metadata_problems(schema: DatasetSchema) -> Iterator[str]:
    required, keywords = RULES[schema.domain, schema.dataset_type]
    known = {field.name for field in (*required, *keywords)}
    own = [field for field in schema.fields if field.name not in known]
    most = _METADATA[schema.dataset_type]
    if len(own) > most:
        yield f"{len(own)} metadata fields, at most {most} are allowed"
    if schema.dataset_type in ("INTERACTIONS", "ACTION_INTERACTIONS"):
        return
    ids_and_dates = ("USER_ID", "ITEM_ID", "ACTION_ID", "CREATION_TIMESTAMP")
    trained = [
        field
        for field in schema.fields
        if field.name not in ids_and_dates
        and (field.categorical or field.textual or field.type not in ("string", "boolean"))
    ]
    if not trained:
        yield "at least one metadata field (a categorical string or a number) is required"
