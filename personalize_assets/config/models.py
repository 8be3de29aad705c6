"""personalize.yaml as typed models: what a user may write, and what it comes to.

What belongs here: the keys and their defaults. What does not: reading the file and the environment (`config_file`),
what one value may be (`config_values`), what makes a mapping impossible (`config_checks`), the wording of errors
(`config_errors`), what Personalize refuses (`conversion.rules`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from personalize_assets.aws.client import Aws
from personalize_assets.config import loading as config_file
from personalize_assets.config import validation as config_checks
from personalize_assets.config.automation import Automation
from personalize_assets.config.errors import ConfigError, Problem, config_error, problems_of, shown
from personalize_assets.config.fields import (
    ColumnPaths,
    Day,
    EventPath,
    GroupName,
    JobName,
    LayoutName,
    Owner,
    Paths,
    Scalar,
    Text,
    Uri,
    UseCaseName,
    Wanted,
    Workers,
    one_of,
)
from personalize_assets.conversion import contract
from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.layouts import LAYOUTS

__all__ = ["ENGINES", "Config", "ConfigError", "Source", "load_config"]

ENGINES: tuple[str, ...] = ("sail", "local", "glue")
CHECKS: tuple[str, ...] = ("strict", "warn")
CATALOGS: tuple[str, ...] = ("none", "tables", "crawler")
# Those for Spark jobs (API CreateJob, `WorkerType`); Z.2X is for Ray.
WORKER_TYPES: tuple[str, ...] = (
    "G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X",
)  # fmt: skip
DEFAULT = "sample_data/segment.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Origin(_Strict):
    uri: Uri = Field(description="a folder's path or s3://bucket/prefix")
    layout: LayoutName = Field(description=f"one of {', '.join(LAYOUTS)}")


class Source(_Origin):
    """Where raw files lie. `uri` is an absolute folder, or `s3://bucket/prefix` without a slash at the end."""

    start_date: Day = Field(description="the first arrival day, as 2026-10-01")


class DatasetSource(_Origin):
    """The source of one dataset alone. All daily assets share one range of days, so it has no first day of its own."""

    start_date: Day | None = None


class Destination(_Strict):
    """Where everything made lies, and how. `uri` as in `Source`.

    `single_file` says whether a dataset's export is one CSV, or a folder of CSVs, which Personalize takes as well.
    """

    uri: Uri = Field(description="a folder's path or s3://bucket/prefix")
    single_file: bool = True


class Glue(_Strict):
    """AWS Glue: the job that the engine `glue` runs, and the tables that Athena reads.

    Attributes:
        workers: Instead of the job's own number, for every run; likewise `worker_type`.
        database: The Data Catalog's database for the tables `raw_events` and `filtered_interactions`.
        catalog: Who describes the raw events there: this package (`tables`, the default where a database is named), a
            crawler of yours, or nobody. AWS Glue's catalog is not touched for `none`.
    """

    job: JobName = "personalize-assets"
    workers: Workers | None = None
    worker_type: Annotated[str, one_of(WORKER_TYPES, "a worker type")] | None = None
    database: str | None = None
    catalog: Annotated[str, one_of(CATALOGS, "a way to fill the Data Catalog")] | None = None
    crawler: str | None = None

    @property
    def describes_by(self) -> str:
        """`catalog`, or what it is where nothing was said."""
        return self.catalog or ("tables" if self.database else "none")


class DatasetGroup(_Strict):
    """What the dataset group is called in Personalize, and its domain."""

    name: GroupName = Field(description="the dataset group's name in Personalize")
    domain: Annotated[str, one_of(contract.DOMAINS, "a domain")] = "custom"
    use_cases: tuple[UseCaseName, ...] = ()
    owners: tuple[Owner, ...] = ()


class ColumnMapping(_Strict):
    """One column as written; None where nothing was said. `contract.implied` says what its name alone means."""

    path: ColumnPaths | None = None
    constant: Scalar = None
    type: Annotated[str, one_of(tuple(COLUMN_TYPES), "a type")] | None = None
    required: bool | None = None
    categorical: bool | None = None
    textual: bool | None = None
    map: dict[str, Text] | None = None
    separator: str | None = None
    keep: Annotated[str, one_of(contract.KEEPS, "a way to keep")] | None = None
    hash: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: object) -> object:
        if isinstance(value, str | list | tuple):
            return {"path": value}
        if isinstance(value, Mapping):
            return value
        raise ValueError(f"found {shown(value)}; write a path, a list of paths, or a mapping with path or constant")

    @model_validator(mode="after")
    def _path_or_constant(self) -> Self:
        if self.path is None and self.constant is None:
            raise ValueError("neither path nor constant; write one of them")
        if self.path is not None and self.constant is not None:
            raise ValueError("both path and constant; remove one of them")
        return self

    def column(self, dataset: str, name: str, domain: str) -> contract.Column:
        said: dict[str, Any] = {key: value for key, value in self if key != "path" and value is not None}
        column = contract.implied(dataset, name, domain)
        return msgspec.structs.replace(column, paths=self.path or (), **said)


class Dataset(_Strict):
    """The mapping of one dataset, as written."""

    source: DatasetSource | None = None
    where: dict[EventPath, Wanted] = {}
    each: EventPath | None = None
    dedupe_by: EventPath | None = None
    columns: dict[str, ColumnMapping] = Field(description="the columns and their paths, as USER_ID: userId")


class EntityDataset(Dataset):
    """Users or items: one row per id, so the order of events in time matters."""

    event_time: EventPath | None = None
    message_id: EventPath | None = None


class Datasets(_Strict):
    interactions: Dataset = Field(description="where and columns: it is the one dataset that every recipe needs")
    users: EntityDataset | None = None
    items: EntityDataset | None = None

    def named(self) -> dict[str, Dataset]:
        """The datasets that are there, interactions first."""
        return {name: dataset for name, dataset in self if dataset is not None}


class Config(_Strict):
    """One dataset group's config. Made by `load_config`; built directly, relative URIs start at the working folder."""

    source: Source = Field(description="a mapping with the keys uri, layout, start_date")
    destination: Destination = Field(description="a mapping with the keys uri, single_file")
    engine: Annotated[str, one_of(ENGINES, "an engine")] = "sail"
    checks: Annotated[str, one_of(CHECKS, "a way to check")] = "strict"
    dataset_group: DatasetGroup = Field(description="a mapping with the keys name, domain")
    datasets: Datasets = Field(description="a mapping with the keys interactions, users, items")
    mask: Paths = Field((), description="a list of paths")
    """What nobody is to see in rejects, samples and previews."""
    automation: Automation = Automation()
    aws: Aws = Aws()
    glue: Glue = Glue()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        problems = config_checks.problems(self)
        if problems:
            raise PydanticCustomError("mapping", "impossible", {"problems": problems})
        return self

    @property
    def is_strict(self) -> bool:
        """Whether an export that Personalize would refuse leaves the former one in force."""
        return self.checks == "strict"

    def source_of(self, dataset: str) -> Source:
        """Where a dataset's events come from: its own source, else the config's. Both start on the same day."""
        own = self.datasets.named()[dataset].source
        return Source(uri=own.uri, layout=own.layout, start_date=self.source.start_date) if own else self.source

    def conversion_datasets(self) -> dict[str, contract.Dataset]:
        """The datasets in the plain form of a job spec, by name, interactions first, with every default filled in."""
        return {name: self._plain(name, dataset) for name, dataset in self.datasets.named().items()}

    def _plain(self, name: str, dataset: Dataset) -> contract.Dataset:
        domain = self.dataset_group.domain
        entity = dataset if isinstance(dataset, EntityDataset) else None
        by_default = dataset.dedupe_by or self.datasets.interactions.dedupe_by
        return contract.Dataset(
            name=name,
            columns=tuple(mapping.column(name, column, domain) for column, mapping in dataset.columns.items()),
            where=dict(dataset.where),
            each=dataset.each,
            dedupe_by=dataset.dedupe_by,
            event_time=(entity.event_time or config_checks.event_time(self)) if entity else None,
            message_id=(entity.message_id or by_default) if entity else None,
        )


class _Settings(Config, BaseSettings):
    """The config's fields as pydantic-settings sees them, to read the environment; never built."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)


def load_config(path: str | Path | None = None, env: Mapping[str, str] | None = None) -> Config:
    """The config in a file, with the environment's values over it.

    Without a path, `PERSONALIZE_CONFIG` names the file, else it is the repository's `sample_data/segment.yaml` (beside
    the package, or in the working folder). `env` stands for `os.environ`. Raises `ConfigError` with every problem.
    """
    env = os.environ if env is None else env
    name, file = _named(path, env)
    try:
        found = config_file.read(file)
    except config_file.Unreadable as error:
        raise ConfigError([f"{name}: {error}"]) from None
    origins = config_file.override(found, env, _Settings)
    try:
        return Config.model_validate(found, context={"folder": file.absolute().parent})
    except ValidationError as error:
        problems = [*problems_of(error, Config, found), *_impossible_as_far_as_known(found)]
        raise config_error(name, problems, found, origins) from None


def _named(path: str | Path | None, env: Mapping[str, str]) -> tuple[str, Path]:
    """A config's name as given, and its file."""
    given = path or env.get("PERSONALIZE_CONFIG")
    if given:
        return str(given), Path(given).expanduser()
    beside = Path(__file__).parents[2] / DEFAULT
    return DEFAULT, beside if beside.exists() else Path(DEFAULT)


def _impossible_as_far_as_known(found: Mapping[str, Any]) -> Iterator[Problem]:
    """What is impossible in the well-formed datasets of a config that is not, so that all is named at once."""
    try:
        domain = DatasetGroup.model_validate(found.get("dataset_group")).domain
    except ValidationError:
        return
    datasets = found.get("datasets")
    for name in Datasets.model_fields:
        model = Dataset if name == "interactions" else EntityDataset
        try:
            dataset = model.model_validate(datasets.get(name) if isinstance(datasets, Mapping) else None)
        except ValidationError:
            continue
        yield from config_checks.impossible(name, dataset, domain)
