"""What is wrong across keys: values that are right alone, but contradict each other or Personalize's rules.

``problems`` runs after the models, on whatever of a config is well-formed, so that a misspelt engine does not hide a
contradiction in a dataset. What one value or one mapping may be belongs to ``fields`` and ``models``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from personalize_assets.config.errors import Problem, format_value
from personalize_assets.config.fields import ENGINES_IN_AWS, ENGINES_ON_SPARK, EngineName, SparkSettings
from personalize_assets.config.imports import Import
from personalize_assets.config.models import (
    Automation,
    ColumnMapping,
    Config,
    DatasetGroupSettings,
    DatasetMapping,
    Datasets,
    DatasetSource,
    Destination,
    EntityMapping,
    Glue,
    InteractionsMapping,
    Source,
    event_time,
)
from personalize_assets.config.unreachable_paths import unreachable_paths, unreachable_texts
from personalize_assets.conversion import contract, schema_rules
from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.conversion.dataset_types import DATASET_TYPES, ID_COLUMNS
from personalize_assets.conversion.mapping.paths import Pick, is_relative_to_each, parse_path
from personalize_assets.conversion.reading.unwrapping import PARENT

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class WellFormed:
    """The sections of a config that are valid by themselves; None, or absent from ``datasets``, for the others."""

    source: Source | None
    destination: Destination | None
    engine: str | None
    group: DatasetGroupSettings | None
    datasets: Mapping[str, DatasetMapping]
    glue: Glue | None
    automation: Automation | None
    spark_config: Mapping[str, str] | None = None
    is_engine_from_env: bool = False
    has_application: bool = True
    imports: Import | None = None

    @classmethod
    def of(cls, config: Config, is_engine_from_env: bool = False) -> WellFormed:
        """All sections of a config; a variable or ``--engine`` may have named another engine than the file."""
        return cls(
            config.source,
            config.destination,
            config.engine,
            config.dataset_group,
            config.datasets.named(),
            config.glue,
            config.automation,
            config.spark_config,
            is_engine_from_env,
            config.emr_serverless is not None,
            config.import_,
        )

    @classmethod
    def among(
        cls, written: Mapping[str, Any], context: Mapping[str, Any], is_engine_from_env: bool = False
    ) -> WellFormed:
        """The valid sections of a config that is not valid as a whole.

        Args:
            written: The config as plain values.
            context: pydantic's context, as for the whole config.
            is_engine_from_env: As in ``of``.
        """
        named = written.get("datasets")
        datasets = {
            name: _valid(
                InteractionsMapping if DATASET_TYPES[name].is_events else EntityMapping, named.get(name), context
            )
            for name in Datasets.model_fields
            if isinstance(named, Mapping)
        }
        try:
            engine = TypeAdapter[str](EngineName).validate_python(written.get("engine", "arrow"))
        except ValidationError:
            engine = None
        try:
            spark_config = TypeAdapter[dict[str, str]](SparkSettings).validate_python(written.get("spark_config"))
        except ValidationError:
            spark_config = None
        return cls(
            _valid(Source, written.get("source"), context),
            _valid(Destination, written.get("destination"), context),
            engine,
            _valid(DatasetGroupSettings, written.get("dataset_group"), context),
            {name: dataset for name, dataset in datasets.items() if dataset is not None},
            _valid(Glue, written.get("glue", {}), context),
            _valid(Automation, written.get("automation", {}), context),
            spark_config,
            is_engine_from_env,
            "emr_serverless" in written,
            _valid(Import, written.get("import", {"on": False}), context),
        )


def problems(config: WellFormed) -> list[Problem]:
    """Every contradiction, with the keys that lead to it; empty if there is none."""
    found = [
        *_overlaps(config),
        *_nested_uris(config),
        *_start_dates(config),
        *_formats(config),
        *_spark_settings(config),
        *_application(config),
        *_warehouse(config),
        *_imports(config),
        *_folders_on_glue(config),
        *_catalog(config),
        *_event_times(config),
        *_use_cases(config),
        *_train_on(config),
        *_hashed_ids(config),
        *_hashed_on_glue(config),
    ]
    if config.group:
        for name, dataset in config.datasets.items():
            found += _dataset(name, dataset, config.group.domain, config.source)
    return found


def _valid(model: type[_Model], written: object, context: Mapping[str, Any]) -> _Model | None:
    try:
        return model.model_validate(written, context=dict(context))
    except ValidationError:
        return None


# Sources and destination


def _uris(config: WellFormed) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every URI that is read or written, with its location; the destination's last."""
    if config.source:
        key = ("source", "redshift", "unload") if config.source.redshift else ("source", "uri")
        for uri in config.source.uris:
            yield key, uri
    for name, dataset in config.datasets.items():
        if dataset.source:
            for uri in dataset.source.uris:
                yield ("datasets", name, "source", "uri"), uri
    if config.destination:
        yield ("destination", "uri"), config.destination.uri


def _overlaps(config: WellFormed) -> Iterator[Problem]:
    """A destination within a source would be read as raw files, and the other way round."""
    if config.destination is None:
        return
    destination = config.destination.uri
    to = _steps(destination)
    for location, uri in _uris(config):
        start = _steps(uri)
        if location[0] != "destination" and (to[: len(start)] == start or start[: len(to)] == to):
            how = "is the same as" if to == start else "is inside" if len(to) > len(start) else "contains"
            message = f"{destination!r} {how} {'.'.join(location)}, {uri!r}; write to a place apart from it"
            yield ("destination", "uri"), message


def _nested_uris(config: WellFormed) -> Iterator[Problem]:
    """A URI of a list that is inside another one of it: its files would be read twice."""
    sources = [(("source",), config.source)] if config.source else []
    named = [(("datasets", name, "source"), dataset.source) for name, dataset in config.datasets.items()]
    for location, source in (*sources, *named):
        for inner, outer in permutations(source.uris if source else (), 2):
            above = _steps(outer)
            if _steps(inner)[: len(above)] == above:
                message = f"{inner!r} is inside {outer!r}, and its files would be read twice; leave one of them out"
                yield (*location, "uri"), message


def _steps(uri: str) -> list[str]:
    return uri.split("/") if uri.startswith("s3://") else list(Path(os.path.realpath(uri)).parts)


def _start_dates(config: WellFormed) -> Iterator[Problem]:
    if config.source is None:
        return
    first = config.source.start_date
    for name, dataset in config.datasets.items():
        day = dataset.source.start_date if dataset.source else None
        if day not in (None, first):
            message = f"{day}, but source.start_date is {first}; all datasets share it: leave it out"
            yield ("datasets", name, "source", "start_date"), message


# Formats


def _formats(config: WellFormed) -> Iterator[Problem]:
    """Keys of a source that could have no effect."""
    sources: list[tuple[tuple[str, ...], Source | DatasetSource]] = []
    if config.source:
        sources.append((("source",), config.source))
    for name, dataset in config.datasets.items():
        if dataset.source:
            sources.append((("datasets", name, "source"), dataset.source))
    for here, source in sources:
        yield from unreachable_texts(here, source)
        if source.csv and source.format not in ("auto", "csv"):
            yield (*here, "csv"), f"of no use with format: {source.format}; remove one of the two"
        elif source.csv and source.format == "auto" and not source.csv.header:
            yield (*here, "csv"), "header: off, but only a CSV with a header shows that it is one; write format: csv"
        for path in source.parse:
            steps = parse_path(path)
            if type(steps[-1]) is Pick:
                yield (*here, "parse"), f"{path!r} ends at an element of an array; write the path of a text in it"
            elif source.events and steps[0] == PARENT:
                yield (
                    (*here, "parse"),
                    f"{path!r} starts at `parent`, which only events have; write it as in the envelope",
                )


# A warehouse


def _warehouse(config: WellFormed) -> Iterator[Problem]:
    """What cannot be right with a source whose files are unloaded from Redshift."""
    redshift = config.source.redshift if config.source else None
    if config.source is None or redshift is None:
        return
    if config.source.format not in ("auto", "parquet"):
        yield ("source", "format"), f"{config.source.format!r}, but redshift unloads Parquet; remove format"
    elif config.source.csv:
        yield ("source", "csv"), "of no use with redshift, which unloads Parquet; remove csv"
    if config.automation and config.automation.arrivals == "sqs":
        message = "sqs, but redshift has no arrivals: automation.unload_at says when its days are unloaded; remove it"
        yield ("automation", "arrivals"), message
    if redshift.tables:
        for name, dataset in config.datasets.items():
            if dataset.source is None:
                yield from _slugs(name, dataset)


def _slugs(name: str, dataset: DatasetMapping) -> Iterator[Problem]:
    """Segment's tables have the event's name as ``event_text``; ``event`` is the name of the table."""
    message = (
        "`event`, which is the table's name in the warehouse, as order_completed; write event_text, the event's name. "
        "If your tables have no event_text, write sql: SELECT … instead of tables"
    )
    if "event" in dataset.where:
        yield ("datasets", name, "where", "event"), message
    for column, mapping in dataset.columns.items():
        if "event" in (mapping.path or ()):
            yield ("datasets", name, "columns", column), message


# Spark: which one, and whether its settings have an effect


def _spark_settings(config: WellFormed) -> Iterator[Problem]:
    settings, here = config.spark_config, ("spark_config",)
    if settings is None or config.engine is None:
        return
    master, remote = settings.get("spark.master"), settings.get("spark.remote")
    if config.engine == "spark" and not master and not remote:
        places = "spark.master: spark://host:7077, yarn or k8s://https://host:443, or remote: sc://host"
        yield here, f"engine spark needs to know which Spark; write {places}"
    if config.engine == "emr-serverless" and (master or remote):
        yield here, f"engine emr-serverless brings its own Spark, but this names {remote or master}; remove it"
    if config.engine == "emr-serverless":
        for name, value in settings.items():
            if value.split() != [value]:
                yield (
                    here,
                    f"{name}: {value!r} holds a blank or nothing, where EMR splits settings; write another",
                )
    if master and remote:
        yield here, f"both spark.master and remote ({master}, {remote}); keep the one that tasks are to run on"
    if config.engine == "local" and (remote or not (master or "local").startswith("local")):
        yield here, f"engine local runs Spark on this machine, but this names {remote or master}; write engine: spark"
    if config.engine not in ENGINES_ON_SPARK and settings and not config.is_engine_from_env:
        use = " or ".join(ENGINES_ON_SPARK)
        yield here, f"of no use with engine {config.engine}; write engine: {use}, or remove spark_config"


def _application(config: WellFormed) -> Iterator[Problem]:
    if config.engine == "emr-serverless" and not config.has_application:
        keys = "application_id and execution_role"
        yield ("emr_serverless",), f"engine emr-serverless needs an application; write {keys}"


# imports: Personalize reads S3 alone, and datasets are those of the config


def _imports(config: WellFormed) -> Iterator[Problem]:
    imports, destination = config.imports, config.destination
    if imports is None or not imports.on:
        return
    if destination is not None and not destination.uri.startswith("s3://"):
        message = f"Personalize imports from S3 alone, and {destination.uri!r} is a folder; write s3://bucket/prefix"
        yield ("destination", "uri"), message
    for name in imports.datasets:
        if name not in config.datasets:
            yield ("import", "datasets"), f"{name} is not among the datasets of this config; remove it, or add it there"


# Glue: neither its jobs nor Athena reach a folder of this machine


def _folders_on_glue(config: WellFormed) -> Iterator[Problem]:
    for location, uri in _uris(config):
        if config.engine in ENGINES_IN_AWS and not uri.startswith("s3://"):
            service = "Glue" if config.engine == "glue" else "EMR"
            message = (
                f"{uri!r} is a folder, which {service} cannot reach; write s3://bucket/prefix, or use engine arrow"
            )
            yield location, message


def _catalog(config: WellFormed) -> Iterator[Problem]:
    mode = config.glue.catalog_mode if config.glue else "none"
    if config.glue is None or mode == "none":
        return
    if mode == "crawler" and not config.glue.crawler:
        yield ("glue", "crawler"), "missing; write the name of the crawler to run, or catalog: tables"
    if mode == "tables" and not config.glue.database:
        yield ("glue", "database"), "missing; write the Data Catalog's database for the tables, or catalog: none"
    instead = "glue.catalog: none" if config.glue.catalog else "leave out glue.database"
    for location, uri in _uris(config):
        if config.engine != "glue" and location[0] != "datasets" and not uri.startswith("s3://"):
            message = f"{uri!r} is a folder, which the Data Catalog cannot describe; write s3://bucket/prefix, or"
            yield location, f"{message} {instead}"


# Datasets


def _event_times(config: WellFormed) -> Iterator[Problem]:
    interactions = config.datasets.get("interactions")
    if interactions is None or "TIMESTAMP" not in interactions.columns or event_time(interactions):
        return
    for name, dataset in config.datasets.items():
        if isinstance(dataset, EntityMapping) and not dataset.event_time:
            message = "missing, and no path of interactions' TIMESTAMP starts at the event; write the path of its time"
            yield ("datasets", name, "event_time"), message


def _use_cases(config: WellFormed) -> Iterator[Problem]:
    if config.group is None:
        return
    domain = config.group.domain
    known = [case.name for case in contract.USE_CASES[domain]]
    for name in config.group.use_cases:
        if name not in known:
            instead = f"use one of {', '.join(known)}" if known else "remove it, or write the group's domain"
            yield ("dataset_group", "use_cases"), f"{name!r} is no use case of the domain {domain}; {instead}"


def _train_on(config: WellFormed) -> Iterator[Problem]:
    """Event types to train on belong to a custom group's solutions: a domain's use cases have theirs."""
    if config.group is None or not config.group.train_on:
        return
    here, domain = ("dataset_group", "train_on"), config.group.domain
    if domain != "custom":
        yield here, f"not for the domain {domain}, whose use cases name their event types; write them as use_cases"
    interactions = config.datasets.get("interactions")
    if interactions is not None and "EVENT_TYPE" not in interactions.columns:
        yield here, "names event types, but interactions have no column EVENT_TYPE; map one, or remove train_on"


def _hashed_ids(config: WellFormed) -> Iterator[Problem]:
    """Ids that are hashed in one dataset and plain in another would never match."""
    for id_column in ID_COLUMNS:
        mappings = {
            name: dataset.columns[id_column]
            for name, dataset in config.datasets.items()
            if id_column in dataset.columns
        }
        hashed = next((name for name, mapping in mappings.items() if mapping.hash), None)
        plain = next((name for name, mapping in mappings.items() if not mapping.hash), None)
        if hashed and plain:
            message = f"missing, but datasets.{hashed} hashes {id_column}"
            yield (
                ("datasets", plain, "columns", id_column, "hash"),
                f"{message}; the same id must be hashed in both or in neither",
            )


def _hashed_on_glue(config: WellFormed) -> Iterator[Problem]:
    for name, dataset in config.datasets.items():
        for column, mapping in dataset.columns.items():
            if config.engine in ENGINES_IN_AWS and mapping.hash:
                service = "Glue" if config.engine == "glue" else "EMR"
                message = (
                    f"true, but the key does not leave this machine, and so not to {service}; use engine arrow or local"
                )
                yield ("datasets", name, "columns", column, "hash"), message


# One dataset


def _dataset(name: str, dataset: DatasetMapping, domain: str, source: Source | None) -> Iterator[Problem]:
    """What contradicts in one dataset's mapping, and what Personalize would refuse about its columns."""
    here = ("datasets", name)
    if not contract.is_in_domain(name, domain):
        message = f"not for a dataset group of the domain {domain}: only custom ones have {_words(name)}; remove it, or"
        yield here, f"{message} write dataset_group.domain: custom (Personalize guide, actions-datasets)"
        return
    columns = [mapping.column(name, column, domain) for column, mapping in dataset.columns.items()]
    for column, mapping in zip(columns, dataset.columns.values(), strict=True):
        for key, message in _column(_ColumnFacts(name, dataset, mapping, column)):
            yield (*here, "columns", column.name, key), message
    yield from unreachable_paths(name, dataset, columns, dataset.source or source)
    for path in () if dataset.each else filter(is_relative_to_each, dataset.where):
        yield (*here, "where", path), _without_each(name, path)
    if dataset.dedupe_by and not dataset.each and is_relative_to_each(dataset.dedupe_by):
        yield (*here, "dedupe_by"), _without_each(name, dataset.dedupe_by)
    for key, message in _hashed_message_ids(dataset, columns):
        yield (*here, key), message
    for where, message in schema_rules.problems(name, columns, domain):
        yield (*here, *_split(where)), message


def _words(dataset: str) -> str:
    return DATASET_TYPES[dataset].title.lower()


def _without_each(dataset: str, path: str) -> str:
    return (
        f"{path!r} starts at an element of `each`, but datasets.{dataset} has none; write one, or a path of the event"
    )


def _split(where: str) -> tuple[str, ...]:
    """``columns.PRICE.type`` as a location; a column's name may hold a dot, a key of it cannot."""
    head, _, rest = where.partition(".")
    name, _, key = rest.rpartition(".")
    if name and key in contract.Column.__struct_fields__:
        return (head, name, key)
    return (head, rest) if rest else (head,)


def _hashed_message_ids(dataset: DatasetMapping, columns: list[contract.Column]) -> Iterator[tuple[str, str]]:
    """Daily files hold message ids in plain text, since repeats are found by them."""
    hashed = {path: column.name for column in columns if column.hash for path in column.paths}
    for key in ("dedupe_by", "message_id"):
        path = getattr(dataset, key, None)
        if path in hashed:
            message = f"{path!r}, which {hashed[path]} hashes, but daily files keep it as it is; name another path"
            yield key, message


# One column


class _ColumnFacts(NamedTuple):
    """A column as written (``mapping``) and complete (``column``), in its dataset."""

    dataset_name: str
    dataset: DatasetMapping
    mapping: ColumnMapping
    column: contract.Column

    @property
    def is_constant(self) -> bool:
        return self.mapping.constant is not None

    @property
    def constant_converts(self) -> bool:
        """Whether the constant is a value of the column's type."""
        convert = COLUMN_TYPES[self.column.type].converter(self.column)
        try:
            return convert(self.column.constant) is not None
        except ValueError:
            return False

    @property
    def constant_is_out_of_range(self) -> bool:
        """Whether the constant is a value of the column's type, but not one that Personalize takes in this column."""
        bounds, kind = self.column.value_range, COLUMN_TYPES[self.column.type]
        if bounds is None or not kind.is_number or self.column.constant is None or not self.constant_converts:
            return False
        value = kind.converter(self.column)(self.column.constant)
        return not bounds[0] <= float(value) <= bounds[1]

    @property
    def bounds(self) -> str:
        """The column's bounds as text; empty without any."""
        bounds = self.column.value_range
        return f"{bounds[0]} to {bounds[1]}" if bounds else ""


class _ColumnRule(NamedTuple):
    """A contradiction within a column: the key at fault, whether it is there, and the message.

    A message may name ``{type}`` and ``{bounds}``, the complete column's, and ``{constant}``.
    """

    key: str
    is_broken: Callable[[_ColumnFacts], bool]
    message: str


_COLUMN_RULES = (
    _ColumnRule(
        "keep",
        lambda facts: facts.mapping.keep is not None and DATASET_TYPES[facts.dataset_name].is_events,
        "only users, items and actions, which have one row per id, keep one value of many; remove it",
    ),
    _ColumnRule(
        "hash",
        lambda facts: facts.column.hash and facts.column.type != "string",
        "true, but the type is {type}; only text can be hashed: remove one of the two",
    ),
    _ColumnRule(
        "hash",
        lambda facts: facts.column.hash and facts.column.textual,
        "true, but the column is textual; nothing can be learned from hashed text: remove one of the two",
    ),
    _ColumnRule(
        "map",
        lambda facts: facts.is_constant and facts.mapping.map is not None,
        "of no use beside a constant; remove `map`",
    ),
    _ColumnRule(
        "separator",
        lambda facts: facts.is_constant and facts.mapping.separator is not None,
        "of no use beside a constant; remove `separator`",
    ),
    _ColumnRule(
        "constant",
        lambda facts: facts.is_constant and not facts.constant_converts,
        "{constant} is no value of type {type}; write one, or another type",
    ),
    _ColumnRule(
        "default",
        lambda facts: facts.mapping.default is not None and not facts.constant_converts,
        "{constant} is no value of type {type}; write one, or another type",
    ),
    _ColumnRule(
        "constant",
        lambda facts: facts.is_constant and facts.constant_is_out_of_range,
        "{constant} is out of range; write one of {bounds}",
    ),
    _ColumnRule(
        "default",
        lambda facts: facts.mapping.default is not None and facts.constant_is_out_of_range,
        "{constant} is out of range; write one of {bounds}",
    ),
    _ColumnRule(
        "split",
        lambda facts: facts.mapping.split == "",
        "is empty; write what stands between the values, as ','",
    ),
    _ColumnRule(
        "split",
        lambda facts: bool(facts.mapping.split) and (facts.column.type != "string" or not facts.column.takes_arrays),
        "makes several values of a text, but the column takes one; remove `split`",
    ),
    _ColumnRule(
        "split",
        lambda facts: bool(facts.mapping.split) and facts.is_constant,
        "of no use beside a constant; remove `split`",
    ),
    _ColumnRule(
        "separator",
        lambda facts: not facts.is_constant and facts.mapping.separator == "",
        "is empty, which would glue the values together; write a mark between them, as '|'",
    ),
    _ColumnRule(
        "separator",
        lambda facts: not facts.is_constant and bool(facts.mapping.separator) and facts.column.type != "string",
        "joins arrays into text, but the type is {type}; remove one of the two",
    ),
)


def _column(facts: _ColumnFacts) -> Iterator[tuple[str, str]]:
    for path in facts.column.paths:
        if not facts.dataset.each and is_relative_to_each(path):
            yield "path", _without_each(facts.dataset_name, path)
    for rule in _COLUMN_RULES:
        if rule.is_broken(facts):
            constant = format_value(facts.column.constant)
            yield rule.key, rule.message.format(type=facts.column.type, constant=constant, bounds=facts.bounds)
