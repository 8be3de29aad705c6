"""Mappings that cannot be: keys that are right each by itself, but not together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from personalize_assets.config.errors import Problem, shown
from personalize_assets.conversion import contract
from personalize_assets.conversion import schema_rules as rules
from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.conversion.mapping.paths import is_relative_to_each

if TYPE_CHECKING:
    from personalize_assets.config import Config
    from personalize_assets.config.models import ColumnMapping, Dataset


def problems(config: Config) -> list[Problem]:
    """Everything impossible in a config, with the keys that lead to it."""
    found = [
        *_overlaps(config), *_start_dates(config), *_without_time(config), *_use_cases(config), *_glue(config),
        *_hashed(config),
    ]  # fmt: skip
    for name, dataset in config.datasets.named().items():
        found += impossible(name, dataset, config.dataset_group.domain)
    return found


def event_time(config: Config) -> str | None:
    """The path of the interactions' TIMESTAMP that starts at the event; None if there is none."""
    mapping = config.datasets.interactions.columns.get("TIMESTAMP")
    paths = mapping.path if mapping and mapping.path else ()
    return next((path for path in paths if not is_relative_to_each(path)), None)


def _without_time(config: Config) -> Iterator[Problem]:
    if event_time(config) or "TIMESTAMP" not in config.datasets.interactions.columns:
        return
    for name, dataset in config.datasets.named().items():
        if name != "interactions" and not getattr(dataset, "event_time", None):
            message = "missing, and no path of interactions' TIMESTAMP starts at the event; write the path of its time"
            yield ("datasets", name, "event_time"), message


def _use_cases(config: Config) -> Iterator[Problem]:
    domain = config.dataset_group.domain
    known = [case.name for case in contract.USE_CASES[domain]]
    for name in config.dataset_group.use_cases:
        if name not in known:
            what_to_do = f"use one of {', '.join(known)}" if known else "remove it, or write the group's domain"
            yield ("dataset_group", "use_cases"), f"{name!r} is no use case of the domain {domain}; {what_to_do}"


def _hashed(config: Config) -> Iterator[Problem]:
    """Ids that are hashed in one dataset and plain in another would never meet; and Glue has no key to hash with."""
    for id_column in ("USER_ID", "ITEM_ID"):
        hashed = {
            name: bool(dataset.columns[id_column].hash)
            for name, dataset in config.datasets.named().items()
            if id_column in dataset.columns
        }
        if len(set(hashed.values())) > 1:
            plain = next(name for name, is_hashed in hashed.items() if not is_hashed)
            other = next(name for name, is_hashed in hashed.items() if is_hashed)
            message = (
                f"missing, but datasets.{other} hashes {id_column}; the same id must be hashed in both or in neither"
            )
            yield ("datasets", plain, "columns", id_column, "hash"), message
    if config.engine == "glue":
        for name, dataset in config.datasets.named().items():
            for column, mapping in dataset.columns.items():
                if mapping.hash:
                    message = (
                        "true, but the key does not leave this machine, and so not to Glue; use engine local or sail"
                    )
                    yield ("datasets", name, "columns", column, "hash"), message


def _start_dates(config: Config) -> Iterator[Problem]:
    for name, dataset in config.datasets.named().items():
        day = dataset.source.start_date if dataset.source else None
        if day not in (None, config.source.start_date):
            message = f"{day}, but source.start_date is {config.source.start_date}; all datasets share it: leave it out"
            yield ("datasets", name, "source", "start_date"), message


def _glue(config: Config) -> Iterator[Problem]:
    """What needs S3: a Glue job reaches no folder of this machine, and neither does Athena."""
    if config.engine == "glue":
        for location, uri in _uris(config):
            if not uri.startswith("s3://"):
                message = f"{uri!r} is a folder, which Glue cannot reach; write s3://bucket/prefix, or use engine local"
                yield location, message
    by = config.glue.describes_by
    if by == "none":
        return
    if by == "crawler" and not config.glue.crawler:
        yield ("glue", "crawler"), "missing; write the name of the crawler to run, or catalog: tables"
    if by == "tables" and not config.glue.database:
        yield ("glue", "database"), "missing; write the Data Catalog's database for the tables, or catalog: none"
    for location, uri in (
        (("source", "uri"), config.source.uri),
        (("destination", "uri"), config.destination.uri),
    ):
        if config.engine != "glue" and not uri.startswith("s3://"):
            message = f"{uri!r} is a folder, which the Data Catalog cannot describe; write s3://bucket/prefix, or "
            yield location, message + ("glue.catalog: none" if config.glue.catalog else "leave out glue.database")


def _uris(config: Config) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every URI of a config that its job reads or writes, with its place."""
    yield ("source", "uri"), config.source.uri
    yield ("destination", "uri"), config.destination.uri
    for name, dataset in config.datasets.named().items():
        if dataset.source:
            yield ("datasets", name, "source", "uri"), dataset.source.uri


def _overlaps(config: Config) -> Iterator[Problem]:
    sources = {"source.uri": config.source.uri}
    for name, dataset in config.datasets.named().items():
        if dataset.source:
            sources[f"datasets.{name}.source.uri"] = dataset.source.uri
    to = _steps(config.destination.uri)
    for key, uri in sources.items():
        start = _steps(uri)
        if to[: len(start)] == start or start[: len(to)] == to:
            how = "is the same as" if to == start else "lies inside" if len(to) > len(start) else "holds"
            message = f"{config.destination.uri!r} {how} {key}, {uri!r}; write to a place apart from it"
            yield ("destination", "uri"), message


def _steps(uri: str) -> list[str]:
    return uri.split("/") if uri.startswith("s3://") else list(Path(os.path.realpath(uri)).parts)


def impossible(name: str, dataset: Dataset, domain: str) -> Iterator[Problem]:
    """What cannot be in a dataset's mapping, and what Personalize would refuse about its columns."""
    here = ("datasets", name)
    columns = [mapping.column(name, column, domain) for column, mapping in dataset.columns.items()]
    for column, mapping in zip(columns, dataset.columns.values(), strict=True):
        for key, message in _unfit(name, dataset, mapping, column):
            yield (*here, "columns", column.name, key), message
    for key, message in _shown_plainly(dataset, columns):
        yield (*here, key), message
    for where, message in rules.problems(name, columns, domain):
        yield (*here, *_split(where)), message


def _split(where: str) -> tuple[str, ...]:
    """`columns.PRICE.type` as a location; a column's name may hold a dot, a key of it cannot."""
    head, _, rest = where.partition(".")
    name, _, key = rest.rpartition(".")
    if name and key in contract.Column.__struct_fields__:
        return (head, name, key)
    return (head, rest) if rest else (head,)


def _shown_plainly(dataset: Dataset, columns: Iterable[contract.Column]) -> Iterator[tuple[str, str]]:
    """The daily files keep the message ids by which repeats are told, as they are."""
    hashed = {path: column.name for column in columns if column.hash for path in column.paths}
    for key in ("dedupe_by", "message_id"):
        path = getattr(dataset, key, None)
        if path in hashed:
            message = f"{path!r}, which {hashed[path]} hashes, but daily files keep it as it is; name another path"
            yield key, message


def _unfit(name: str, dataset: Dataset, mapping: ColumnMapping, column: contract.Column) -> Iterator[tuple[str, str]]:
    for path in column.paths:
        if not dataset.each and is_relative_to_each(path):
            message = f"{path!r} starts at an element of `each`, but datasets.{name} has none"
            yield "path", f"{message}; write one, or a path of the event"
    if mapping.keep and name == "interactions":
        yield "keep", "only users and items, which have one row per id, keep one value of many; remove it"
    if column.hash:
        if column.type != "string":
            yield "hash", f"true, but the type is {column.type}; only text can be hashed: remove one of the two"
        if column.textual:
            yield (
                "hash",
                "true, but the column is textual; nothing can be learned from hashed text: remove one of the two",
            )
    if mapping.constant is not None:
        for key in ("map", "separator"):
            if getattr(mapping, key) is not None:
                yield key, f"of no use beside a constant; remove `{key}`"
        if not _converts(column):
            yield "constant", f"{shown(mapping.constant)} is no value of type {column.type}; write one, or another type"
    elif mapping.separator == "":
        yield "separator", "is empty, which would glue the values together; write a mark between them, as '|'"
    elif mapping.separator is not None and column.type != "string":
        yield "separator", f"joins arrays into text, but the type is {column.type}; remove one of the two"


def _converts(column: contract.Column) -> bool:
    convert = COLUMN_TYPES[column.type].converter(column)
    try:
        return convert(column.constant) is not None
    except ValueError:
        return False
