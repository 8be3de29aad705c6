"""``personalize.yaml`` as typed models: one class a section, its keys, their defaults, and what follows from them.

What belongs here: what is true within one mapping. What does not: reading the file and the environment (``loading``),
what a single value may be (``fields``), what contradicts across sections (``validation``), the wording of errors
(``errors``), what Personalize refuses (``conversion.schema_rules``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, model_validator

from personalize_assets.config.errors import format_value
from personalize_assets.config.fields import (
    AnyPath,
    Cells,
    Character,
    Clock,
    ColumnNames,
    ColumnPaths,
    Day,
    Delimiter,
    Endpoint,
    EngineName,
    EventPath,
    EventPaths,
    FormatName,
    GroupName,
    JobName,
    LayoutName,
    Owner,
    QueueUrl,
    Scalar,
    ServiceName,
    SparkSettings,
    Switch,
    Text,
    Texts,
    Uri,
    Uris,
    UseCaseName,
    Wanted,
    Workers,
    WorkerType,
    at_least,
    one_of,
)
from personalize_assets.config.imports import Import
from personalize_assets.config.redshift import Redshift, with_location
from personalize_assets.conversion import contract
from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.conversion.mapping.paths import ColumnPath, column_path, is_relative_to_each, lower_names
from personalize_assets.conversion.reading.formats.settings import CsvDialect, SourceFormat
from personalize_assets.layouts import WHAT_TO_WRITE


class _Section(BaseModel):
    """A mapping of the config: unknown keys are refused, and nothing changes once it is loaded."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Csv(_Section):
    """Section ``source.csv``; see ``CsvDialect``.

    Attributes:
        delimiter: What is between two cells; by default found in the first line among ``,`` ``;`` ``|``, tab
            and ``::``.
        quote: What is around cells that hold a delimiter or a line break, doubled inside; ``null`` for no quotes.
        escape: What stands before a character that means itself, a line break too.
        header: Whether the first row of each file has the names of the columns.
        columns: The names of all columns; needed with ``header: off``, else the header's.
        null: Cells that stand for no value, quoted or not.
    """

    delimiter: Delimiter | None = None
    quote: Character | None = '"'
    escape: Character | None = None
    header: Switch = True
    columns: ColumnNames = ()
    null: Cells = ("", "\\N")

    @model_validator(mode="after")
    def _columns_without_header(self) -> Self:
        if not self.header and not self.columns:
            raise ValueError("header: off without columns; write the names of the columns, as columns: [user, item]")
        if self.quote is not None and self.quote in (self.escape, self.delimiter):
            raise ValueError(f"quote and another key are both {self.quote!r}; write another character, or quote: null")
        if self.escape is not None and self.escape == self.delimiter:
            raise ValueError(f"escape and delimiter are both {self.escape!r}; write another character for one of them")
        return self

    def dialect(self) -> CsvDialect:
        """The dialect as job specs hold it."""
        return CsvDialect(self.delimiter, self.quote, self.escape, self.header, self.columns, self.null)


class _Location(_Section):
    """Where raw files are.

    Attributes:
        uri: Where raw files are stored. A relative folder starts at the folder of the config file.
        layout: How their keys carry the arrival day.
    """

    uri: Uris = Field(description="a folder's path or s3://bucket/prefix")
    layout: LayoutName = Field(description=WHAT_TO_WRITE)

    @property
    def uris(self) -> tuple[str, ...]:
        """All its URIs; one where ``uri`` is no list."""
        return (self.uri,) if isinstance(self.uri, str) else self.uri


class Source(_Location):
    """Where raw files are stored, and how their keys carry the arrival day.

    Attributes:
        start_date: The first arrival day (UTC). Files of earlier days are ignored.
        follow_links: Whether symbolic links of a folder are followed where they lead out of it.
        format: What the files hold; ``auto`` finds it in the bytes of each file.
        csv: How CSVs are written; ``auto`` reads a file as a CSV only if its first bytes look like one with a header.
        parse: Texts that hold JSON, in the order in which they are decoded.
        events: The array of an envelope whose elements are the events.
        ignore_case: Whether names of fields are compared without regard to case.
        redshift: The warehouse whose rows are unloaded to the raw files; it implies ``uri`` and ``layout``.
    """

    start_date: Day = Field(description="the first arrival day, as 2026-10-01")
    follow_links: Switch = False
    format: FormatName = "auto"
    csv: Csv | None = None
    parse: EventPaths = ()
    events: EventPath | None = None
    ignore_case: Switch = False
    redshift: Redshift | None = None

    @model_validator(mode="before")
    @classmethod
    def _location_of_redshift(cls, value: object) -> object:
        return with_location(value)

    @property
    def conversion_format(self) -> SourceFormat:
        """The format as job specs hold it."""
        names = lower_names if self.ignore_case else str
        return SourceFormat(
            self.format,
            self.csv.dialect() if self.csv else CsvDialect(),
            tuple(map(names, self.parse)),
            names(self.events) if self.events else None,
            self.ignore_case,
        )

    @property
    def own_format(self) -> SourceFormat | msgspec.UnsetType:
        """The format, unset if it is the default one: what is stored of a source without one stays as it is."""
        format = self.conversion_format
        return msgspec.UNSET if format == SourceFormat() else format

    def each(self) -> tuple[Source, ...]:
        """The source of each of its URIs alone."""
        return tuple(self.model_copy(update={"uri": uri}) for uri in self.uris)


class DatasetSource(_Location):
    """The source of one dataset alone. All daily assets share one range of days, so its first day is the config's.

    Attributes:
        start_date: Not to be written: it is the config's.
        follow_links: As in ``source``.
        format: As in ``source``.
        csv: As in ``source``.
        parse: As in ``source``.
        events: As in ``source``.
        ignore_case: As in ``source``.
    """

    start_date: Day | None = None
    follow_links: Switch = False
    format: FormatName = "auto"
    csv: Csv | None = None
    parse: EventPaths = ()
    events: EventPath | None = None
    ignore_case: Switch = False


class Destination(_Section):
    """Where everything made is stored.

    Attributes:
        uri: The folder or prefix; it belongs to one dataset group. A relative folder starts at the config file's.
        single_file: Whether a dataset's export is one CSV, or a folder of CSVs, which Personalize takes as well.
        keep_exports: How many exports stay, the latest among them; and how many refused ones.
        retention_hours: How long files of replaced days and tables stay: an export or a query may be reading them.
    """

    uri: Uri = Field(description="a folder's path or s3://bucket/prefix")
    single_file: bool = True
    keep_exports: Annotated[int, at_least(1)] = 3
    retention_hours: Annotated[int, at_least(1)] = 24


class DatasetGroupSettings(_Section):
    """Section ``dataset_group``: the group's name and domain in Personalize.

    Attributes:
        name: The dataset group's name in Personalize, and in the names of assets, jobs and stacks.
        domain: The dataset group's domain, which decides the columns that Personalize asks for. It can never change.
        use_cases: Use cases of the domain (its recommenders) that the checks consider.
        train_on: Values of EVENT_TYPE that a custom group's solution is to be trained on; for the checks alone.
        owners: Owners of all assets, shown in the UI.
    """

    name: GroupName = Field(description="the dataset group's name in Personalize")
    domain: Annotated[str, one_of(contract.DOMAINS, "a domain")] = "custom"
    use_cases: tuple[UseCaseName, ...] = ()
    train_on: Texts = ()
    owners: tuple[Owner, ...] = ()


class ColumnMapping(_Section):
    """One column as written; None for keys that were left out.

    A path or a list of paths stands for ``{path: …}``. ``contract.implied`` gives the defaults that the column's name
    alone determines.

    Attributes:
        path: Where the value is; of several paths the first that has one.
        constant: The value of every row, instead of a path.
        default: The value where no path has one. A value that does not fit stays what it is.
        type: What the values are; ``string`` by default. ``TIMESTAMP`` and ``CREATION_TIMESTAMP`` need none.
        required: Whether a row without a value becomes a reject; ids, ``EVENT_TYPE`` and ``TIMESTAMP`` always are.
        categorical: Marks a column of categories for Personalize in the Avro schema.
        textual: Marks a column of text in a natural language for Personalize in the Avro schema.
        map: Value → value, as ``{Order Completed: Purchase}``; other values stay.
        separator: Joins the elements of an array, ``|`` by default.
        split: What stands between several values in one text; with ``","``, ``shoes, sale`` becomes ``shoes|sale``.
        keep: For users, items and actions: the value of the latest event that has one (default), or of the first.
        hash: Whether a keyed hash of the text is written, by ``PERSONALIZE_HASH_KEY``.
    """

    path: ColumnPaths | None = None
    constant: Scalar = None
    default: Scalar = None
    type: Annotated[str, one_of(tuple(COLUMN_TYPES), "a type")] | None = None
    required: bool | None = None
    categorical: bool | None = None
    textual: bool | None = None
    map: dict[str, Text] | None = None
    separator: str | None = None
    split: str | None = None
    keep: Annotated[str, one_of(contract.KEEPS, "a way to keep")] | None = None
    hash: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: object) -> object:
        if isinstance(value, str | list | tuple):
            return {"path": value}
        if isinstance(value, Mapping):
            return value
        expected = "write a path, a list of paths, or a mapping with path or constant"
        raise ValueError(f"found {format_value(value)}; {expected}")

    @model_validator(mode="after")
    def _path_or_constant(self) -> Self:
        if self.path is None and self.constant is None:
            raise ValueError("neither path nor constant; write one of them")
        if self.path is not None and self.constant is not None:
            raise ValueError("both path and constant; write `default` for a value where the path has none")
        if self.default is not None and self.path is None:
            raise ValueError("default without path; write constant for a value of every row")
        return self

    def column(self, dataset: str, name: str, domain: str) -> contract.Column:
        """The complete column: the written keys over the defaults of its name in this dataset and domain."""
        written = {key: value for key, value in self if key not in ("path", "default") and value is not None}
        if self.default is not None:
            written["constant"] = self.default
        return msgspec.structs.replace(contract.implied(dataset, name, domain), paths=self.path or (), **written)


class DatasetMapping(_Section):
    """Which events become rows of one dataset, and which of their fields become its columns.

    Attributes:
        source: Where this dataset's raw files are, if not where the others are.
        where: Path → wanted values, as text, or a condition. An event is wanted if each path has one of its values, or
            meets its condition; without any path, every event is. Paths of ``each`` select its elements.
        each: The array whose elements become one row each.
        dedupe_by: The path whose value identifies an event among its repeats, or as ``each.…`` an element.
        columns: The columns, in the order of the CSV; each is a path, a list of paths, or a mapping.
    """

    source: DatasetSource | None = None
    where: dict[AnyPath, Wanted] = {}
    each: EventPath | None = None
    dedupe_by: AnyPath | None = None
    columns: dict[str, ColumnMapping] = Field(description="the columns and their paths, as USER_ID: userId")


class InteractionsMapping(DatasetMapping):
    """The mapping of interactions, with items or with actions.

    Attributes:
        last_days: The window: only interactions of the last so many times 24 hours before the newest TIMESTAMP are
            exported; by default all.
    """

    last_days: Annotated[int, at_least(1)] | None = None


class EntityMapping(DatasetMapping):
    """The mapping of users, items or actions: one row per id, so the order of their events matters.

    Attributes:
        event_time: The path of the event's time; by default that of interactions.
        message_id: Decides between events of the same time; by default ``dedupe_by``, then that of interactions.
    """

    event_time: EventPath | None = None
    message_id: EventPath | None = None


class Datasets(_Section):
    """Section ``datasets``.

    Attributes:
        interactions: What users did with items.
        users: What is known of users.
        items: What is known of items.
        actions: What the recipe Next-Best-Action recommends; of custom dataset groups only.
        action_interactions: What users did with actions.
    """

    interactions: InteractionsMapping = Field(
        description="where and columns: it is the one dataset that every recipe needs"
    )
    users: EntityMapping | None = None
    items: EntityMapping | None = None
    actions: EntityMapping | None = None
    action_interactions: InteractionsMapping | None = None

    def named(self) -> dict[str, DatasetMapping]:
        """The configured datasets by name, interactions first."""
        return {name: dataset for name, dataset in self if dataset is not None}


class Automation(_Section):
    """Section ``automation``: what Dagster starts without being asked. ``automation: on`` is ``{on: on}``.

    Attributes:
        on: Whether the sensors and the schedule run; a switch in the UI overrides it.
        arrivals: Whether changed days are found by listing the source or from S3's notifications in a queue.
        sqs_queue: That queue's URL.
        interval_seconds: Seconds between two ticks of the arrivals sensor.
        lookback_days: The newest arrival days, which every tick lists.
        older_days_per_tick: How many days before these a tick lists as well, in turn.
        settle_minutes: How long a day's files must be unchanged before the day is converted.
        export: Whether exports follow once a day, or as soon as days are converted.
        export_at: When a daily export starts (UTC).
        unload_at: When days of a warehouse are unloaded and converted (UTC): each day the newest ``lookback_days`` that
            are over, and those that never were.
        max_days_per_run: The most days that one run of the sensor or of a backfill converts.
    """

    on: Switch = False
    arrivals: Annotated[str, one_of(("list", "sqs"), "a way to learn of files")] = "list"
    sqs_queue: QueueUrl | None = None
    interval_seconds: Annotated[int, at_least(1)] = 60
    # Firehose tries again for 24 hours where it cannot deliver (developer guide, page basic-deliver).
    lookback_days: Annotated[int, at_least(1)] = 3
    older_days_per_tick: Annotated[int, at_least(1)] | None = None
    # Firehose buffers for up to 15 minutes (API, BufferingHints): a stream in use must not look settled in between.
    settle_minutes: Annotated[float, at_least(0)] = 30
    export: Annotated[str, one_of(("daily", "eager"), "a time to export")] = "daily"
    export_at: Clock = "04:00"
    unload_at: Clock = "02:00"
    max_days_per_run: Annotated[int, at_least(1)] = 31

    @model_validator(mode="before")
    @classmethod
    def _switch_alone(cls, value: object) -> object:
        return value if isinstance(value, Mapping) else {"on": value}

    @model_validator(mode="after")
    def _queue_if_used(self) -> Self:
        if self.arrivals == "sqs" and self.sqs_queue is None:
            raise ValueError("arrivals: sqs without sqs_queue; write the queue's URL there")
        if self.arrivals != "sqs" and self.sqs_queue is not None:
            raise ValueError("sqs_queue is of no use with arrivals: list; write arrivals: sqs, or remove sqs_queue")
        return self


class Aws(_Section):
    """Section ``aws``. Unset keys are found by boto3: environment, files in ``~/.aws``, attached role.

    Attributes:
        region: The region of S3, Glue, Personalize and the others.
        profile: The profile of the credentials in ``~/.aws``.
        endpoint: The URL of every service, instead of AWS's own; it counts more than the environment.
        endpoints: The URLs of single services by boto3's names (``s3``, ``personalize``); they count more than that.
        kms_key: Encrypts what this process writes to S3 (id, ARN or alias of a KMS key). Spark's tasks leave it to the
            bucket's default encryption: a job's S3 client names no key.
    """

    region: str | None = None
    profile: str | None = None
    endpoint: Endpoint | None = None
    endpoints: dict[ServiceName, Endpoint] = {}
    kms_key: str | None = None


class Glue(_Section):
    """Section ``glue``: the job that the engine ``glue`` runs, and the tables that Athena reads.

    Attributes:
        job: Its name; by default ``personalize-assets-<dataset group>``.
        workers: Overrides the job's own number of workers in every run.
        worker_type: Overrides the job's own type of workers in every run.
        database: The Data Catalog's database for the tables ``raw_events`` and those of daily interactions.
        catalog: Who describes the raw events there: this package (``tables``), a crawler (``crawler``), or nothing does
            (``none``: the Data Catalog is not touched).
        crawler: The name of that crawler.
    """

    job: JobName | None = None
    workers: Workers | None = None
    worker_type: WorkerType | None = None
    database: str | None = None
    catalog: Annotated[str, one_of(("none", "tables", "crawler"), "a way to fill the Data Catalog")] | None = None
    crawler: str | None = None

    @property
    def catalog_mode(self) -> str:
        """Effective catalog mode: ``catalog``, else ``tables`` if a database is named, else ``none``."""
        return self.catalog or ("tables" if self.database else "none")


class EmrServerless(_Section):
    """Section ``emr_serverless``: the application that the engine ``emr-serverless`` runs its jobs on.

    Attributes:
        application_id: The id of a Spark application.
        execution_role: ARN of the role that jobs run with.
        environment: A packed virtual environment in S3 with Python 3.11 and the package's libraries; none if the
            application's image has them.
        cores: How many tasks run at once; by default what Spark counts when a job starts.
        timeout_minutes: How long EMR lets a run go on before it cancels it.
    """

    application_id: Text = Field(description="the application's id, as 00f1abcd2efgh345")
    execution_role: Text = Field(description="the ARN of the role that jobs run with")
    environment: Uri | None = None
    cores: Annotated[int, at_least(1)] | None = None
    timeout_minutes: Annotated[int, at_least(1)] | None = None


class Config(_Section):
    """One dataset group's config.

    Made by ``loading.load_config``, which also refuses what contradicts across sections. Built directly, only single
    sections are checked, and relative URIs start at the working folder.

    Attributes:
        source: Where raw files are, and how they are read.
        destination: Where everything made is stored.
        engine: Where the jobs run.
        dataset_group: The dataset group in Personalize.
        datasets: Which events become rows of which dataset, and which fields its columns.
        automation: What Dagster starts without being asked; ``on`` or a mapping.
        aws: How AWS is reached.
        glue: The Glue job of the engine ``glue``, and the tables for Athena.
        emr_serverless: The application of the engine ``emr-serverless``.
        checks: ``strict`` keeps the current export if Personalize would refuse the new one; ``warn`` replaces it.
        spark_config: Settings of Spark by name, for the engines `spark` (which Spark, by ``spark.master`` or
            ``spark.remote``) and `local` (over its own).
        mask: Paths whose values are hidden in rejects, samples and previews.
        nulls: Words that stand for a missing value in any column of any dataset.
        suppress: Files or prefixes with the ids of deleted users, who are in no export.
        import_: Whether and how exports are imported into Personalize; ``on`` or a mapping.
    """

    source: Source = Field(description="a mapping with the keys uri, layout, start_date")
    destination: Destination = Field(
        description="a mapping with the keys uri, single_file, keep_exports, retention_hours"
    )
    engine: EngineName = "arrow"
    spark_config: SparkSettings = Field({}, description="a mapping of Spark's settings, as {spark.executor.memory: 4g}")
    checks: Annotated[str, one_of(("strict", "warn"), "a way to check")] = "strict"
    dataset_group: DatasetGroupSettings = Field(description="a mapping with the keys name, domain")
    datasets: Datasets = Field(
        description="a mapping with the keys interactions, users, items, actions, action_interactions"
    )
    mask: EventPaths = Field((), description="a list of paths")
    nulls: Texts = Field((), description="a list of words, as [undefined, N/A]")
    suppress: Uris | None = None
    automation: Automation = Automation()
    aws: Aws = Aws()
    glue: Glue = Glue()
    emr_serverless: EmrServerless | None = None
    import_: Import = Field(Import(on=False), alias="import")

    @property
    def is_strict(self) -> bool:
        """Whether an export that Personalize would refuse leaves the current one in place."""
        return self.checks == "strict"

    @property
    def glue_job(self) -> str:
        """The name of the Glue job: by default the group's own, so that groups in one account do not share a job."""
        return self.glue.job or f"personalize-assets-{self.dataset_group.name}"

    @property
    def suppress_uris(self) -> tuple[str, ...]:
        """The URIs of ``suppress``; empty without any."""
        return (self.suppress,) if isinstance(self.suppress, str) else self.suppress or ()

    def source_of(self, dataset: str) -> Source:
        """A dataset's own source with the config's ``start_date``; the config's source if it has none."""
        own = self.datasets.named()[dataset].source
        if own is None:
            return self.source
        start_date = self.source.start_date
        return Source(**{**dict(own), "start_date": start_date})

    def conversion_datasets(self) -> dict[str, contract.Dataset]:
        """The datasets as job specs hold them, by name, interactions first, with every default filled in."""
        return {name: self._conversion_dataset(name, dataset) for name, dataset in self.datasets.named().items()}

    def _conversion_dataset(self, name: str, dataset: DatasetMapping) -> contract.Dataset:
        domain = self.dataset_group.domain
        interactions = self.datasets.interactions
        entity = dataset if isinstance(dataset, EntityMapping) else None
        times = _event_times(interactions) if dataset.source is None else set()
        if entity and (of_entity := entity.event_time or event_time(interactions)):
            times.add(column_path(of_entity))
        columns = (mapping.column(name, column, domain) for column, mapping in dataset.columns.items())
        made = contract.Dataset(
            name=name,
            columns=tuple(_with_event_times(column, times) for column in columns),
            where=dict(dataset.where),
            each=dataset.each,
            dedupe_by=dataset.dedupe_by,
            event_time=(entity.event_time or event_time(interactions)) if entity else None,
            message_id=entity.message_id or _of_event(dataset.dedupe_by, interactions.dedupe_by) if entity else None,
            nulls=self.nulls,
            format=self.source_of(name).own_format,
        )
        return _in_lower_case(made) if self.source_of(name).ignore_case else made


def _of_event(*paths: str | None) -> str | None:
    """The first of these paths that starts at the event."""
    return next((path for path in paths if path and not is_relative_to_each(path)), None)


def _in_lower_case(dataset: contract.Dataset) -> contract.Dataset:
    """A dataset whose paths have lower-case names, as the events have where case is ignored."""

    def optional(path: str | None) -> str | None:
        return path and lower_names(path)

    def paths(found: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(lower_names, found))

    replace = msgspec.structs.replace
    return replace(
        dataset,
        columns=tuple(
            replace(column, paths=paths(column.paths), event_times=paths(column.event_times))
            for column in dataset.columns
        ),
        where={lower_names(path): wanted for path, wanted in dataset.where.items()},
        each=optional(dataset.each),
        dedupe_by=optional(dataset.dedupe_by),
        event_time=optional(dataset.event_time),
        message_id=optional(dataset.message_id),
    )


def _event_times(interactions: DatasetMapping) -> set[ColumnPath]:
    """The paths of TIMESTAMP."""
    mapping = interactions.columns.get("TIMESTAMP")
    return set(map(column_path, mapping.path)) if mapping and mapping.path else set()


def _with_event_times(column: contract.Column, times: set[ColumnPath]) -> contract.Column:
    """A column that knows which of its paths are the time of the event, if it holds dates."""
    if not COLUMN_TYPES[column.type].is_time or column.is_event_time:
        return column
    found = tuple(path for path in column.paths if column_path(path) in times)
    return msgspec.structs.replace(column, event_times=found)


def event_time(interactions: DatasetMapping) -> str | None:
    """The first path of TIMESTAMP that starts at the event and not at an element of ``each``; None if there is none."""
    mapping = interactions.columns.get("TIMESTAMP")
    paths = mapping.path if mapping and mapping.path else ()
    return next((path for path in paths if not is_relative_to_each(path)), None)
