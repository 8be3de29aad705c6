"""What Personalize refuses about a dataset's columns, checked before anything runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from personalize_assets.conversion.avro import avro_schema
from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.conversion.contract import (
    EXPIRATIONS,
    MAX_TEXTUAL,
    PAGES,
    SCHEMA_CHARS,
    Column,
    Reserved,
    reserved,
)
from personalize_assets.conversion.dataset_types import DATASET_TYPES

Problem = tuple[str, str]
"""Where in the dataset (`columns.PRICE.type`, or `columns` for all of them together), and what is wrong there.

The message names what was found, what to do, and the page of the developer guide with the rule.
"""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SCHEMA = "Personalize guide, how-it-works-dataset-schema"
_LIMITS = "Personalize guide, limits"


def problems(dataset: str, columns: Sequence[Column], domain: str) -> list[Problem]:
    """Return all reasons for which Personalize would refuse these columns, or never train on them.

    The domain must have the dataset. The columns must be complete, that is made from `contract.implied`: else TIMESTAMP
    lacks its type, and ids are not required.
    """
    known = reserved(dataset, domain)
    page = f"Personalize guide, {PAGES[domain]}"
    found = [*_missing(dataset, columns, domain, known)]
    for column in columns:
        found += _misnamed(column, known)
        fixed = known.get(column.name)
        found += _unfit_own(dataset, column) if fixed is None else _unfit_reserved(column, fixed, page)
    found += [
        *_clashes(columns),
        *_expirations(dataset, columns),
        *_textual(columns),
        *_metadata(dataset, columns, known, page),
    ]
    chars = len(json.dumps(avro_schema(dataset, columns, domain)))
    if chars > SCHEMA_CHARS:
        message = f"the schema takes {chars:,} characters, at most {SCHEMA_CHARS:,} are allowed"
        found.append(("columns", f"{message}: remove columns or shorten their names (Personalize API, CreateSchema)"))
    return found


def _missing(dataset: str, columns: Sequence[Column], domain: str, known: Mapping[str, Reserved]) -> Iterator[Problem]:
    # A reserved name in another spelling is reported where it stands, and not as missing.
    given = {_folded(column.name) for column in columns}
    group = "every dataset group" if domain == "custom" else f"a dataset group of the domain {domain}"
    for name, fixed in known.items():
        if fixed.required and _folded(name) not in given:
            message = f"missing, but required for {_words(dataset)} in {group}: add it with a path into the events"
            yield f"columns.{name}", f"{message} (Personalize guide, {PAGES[domain]})"


def _misnamed(column: Column, known: Mapping[str, Reserved]) -> Iterator[Problem]:
    where = f"columns.{column.name}"
    if not _NAME.fullmatch(column.name):
        message = f"{column.name!r} is not a column name; use letters, digits and '_', and start with a letter or '_'"
        yield where, f"{message} ({_SCHEMA})"
    for name in known:
        if column.name != name and _folded(column.name) == _folded(name):
            yield where, f"Personalize spells this column {name}; rename it ({_SCHEMA})"


def _unfit_reserved(column: Column, fixed: Reserved, page: str) -> Iterator[Problem]:
    where = f"columns.{column.name}"
    if column.type != fixed.type:
        message = f"{column.type!r} is not the type of {column.name}; write {_as_config(column, fixed.type)}"
        yield f"{where}.type", f"{message} ({page})"
    if not fixed.nullable and not column.required:
        yield f"{where}.required", f"false, but {column.name} takes no null; leave `required` out ({page})"
    for mark, found, wanted in (
        ("categorical", column.categorical, fixed.categorical),
        ("textual", column.textual, fixed.textual),
    ):
        if found != wanted:
            message = f"{str(found).lower()}, but {column.name} {'is always' if wanted else 'is never'} {mark}"
            yield f"{where}.{mark}", f"{message}; leave `{mark}` out ({page})"
    if column.name == "IMPRESSION" and column.separator != "|":
        message = f"{column.separator!r}, but ids in IMPRESSION are joined by '|'; leave `separator` out"
        yield f"{where}.separator", f"{message} (Personalize guide, interactions-datasets)"


def _unfit_own(dataset: str, column: Column) -> Iterator[Problem]:
    where = f"columns.{column.name}"
    for mark, marked in (("categorical", column.categorical), ("textual", column.textual)):
        if marked and column.type != "string":
            message = f"true on a column of type {column.type}; only a string can be {mark}: remove one of the two"
            yield f"{where}.{mark}", f"{message} ({_SCHEMA})"
    if column.categorical and column.textual:
        yield f"{where}.textual", f"true, but the column is categorical too: remove one of the two ({_SCHEMA})"
    if column.textual and not DATASET_TYPES[dataset].takes_textual:
        message = "true, but only items can have a textual column; remove it, or use categorical"
        yield f"{where}.textual", f"{message} ({_SCHEMA})"


def _clashes(columns: Sequence[Column]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for column in columns:
        first = seen.setdefault(_folded(column.name), column.name)
        if first != column.name:
            message = f"differs from {first} only in '_' and case; rename one of the two"
            yield f"columns.{column.name}", f"{message} ({_SCHEMA})"


def _expirations(dataset: str, columns: Sequence[Column]) -> Iterator[Problem]:
    given = [column.name for column in columns if column.name in EXPIRATIONS] if dataset == "actions" else []
    for name in given[1:]:
        message = f"another name of {given[0]}, which is mapped too; keep the one that your schema in Personalize has"
        yield f"columns.{name}", f"{message} (Personalize guide, custom-datasets-and-schemas)"


def _textual(columns: Sequence[Column]) -> Iterator[Problem]:
    textual = [column.name for column in columns if column.textual]
    for name in textual[MAX_TEXTUAL:]:
        message = f"true, but {textual[0]} is textual too; items have at most {MAX_TEXTUAL}: remove one of the two"
        yield f"columns.{name}.textual", f"{message} (Personalize guide, items-datasets)"


def _metadata(dataset: str, columns: Sequence[Column], known: Mapping[str, Reserved], page: str) -> Iterator[Problem]:
    own = sum(column.name not in known for column in columns)
    type_ = DATASET_TYPES[dataset]
    most = type_.max_metadata
    if own > most:
        message = f"{own} metadata columns; {_words(dataset)} have at most {most}, reserved columns not counted"
        yield "columns", f"{message}: remove {own - most} ({_LIMITS})"
    if type_.is_events or any(is_trained_on(dataset, column) for column in columns):
        return
    if any(fixed.required and name not in type_.ids for name, fixed in known.items()):
        return  # the domain requires columns by name, which `_missing` reports
    kinds = f"a categorical {'or textual ' if type_.takes_textual else ''}string or a number"
    besides = type_.ids[0] if type_.counts_reserved else "the reserved ones"
    message = f"no metadata column; {_words(dataset)} need at least one that is {kinds} besides {besides}"
    yield "columns", f"{message}: add one, or mark a string with `categorical: true` ({page})"


def is_trained_on(dataset: str, column: Column) -> bool:
    """Whether a column counts as the metadata that entities must have.

    Numbers and marked strings do; ids, CREATION_TIMESTAMP, plain strings and booleans do not, nor do reserved columns
    of actions (page custom-datasets-and-schemas: metadata fields are those that use no reserved keyword).
    """
    type_ = DATASET_TYPES[dataset]
    if column.name in type_.ids or column.name == "CREATION_TIMESTAMP":
        return False
    if not type_.counts_reserved and column.name in reserved(dataset, "custom"):
        return False
    return column.categorical or column.textual or COLUMN_TYPES[column.type].is_number


def _words(dataset: str) -> str:
    return DATASET_TYPES[dataset].title.lower()


def _folded(name: str) -> str:
    """The form in which Personalize compares names."""
    return name.replace("_", "").casefold()


def _as_config(column: Column, type_: str) -> str:
    """Format the column as in a config, with another type."""
    source = "constant: …" if not column.paths else f"path: {_as_yaml(column.paths)}"
    return f"{column.name}: {{{source}, type: {type_}}}"


def _as_yaml(paths: Sequence[str]) -> str:
    quoted = [f'"{path}"' if "`" in path else path for path in paths]
    return quoted[0] if len(quoted) == 1 else f"[{', '.join(quoted)}]"
