"""The columns that Amazon Personalize knows, and its limits: the one place that defines them.

What belongs here: facts from the Personalize developer guide (each with the name of its page), and the form in which a
dataset's mapping travels in a job spec. What does not: column types (``column_types``), what Personalize refuses
(``schema_rules``), the Avro schema (``avro``), anything about a user's files. It imports only msgspec,
``dataset_types`` and ``reading.formats.settings``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from personalize_assets.conversion.dataset_types import DATASET_TYPES, ID_COLUMNS
from personalize_assets.conversion.reading.formats.settings import SourceFormat

DOMAINS: tuple[str, ...] = ("custom", "ECOMMERCE", "VIDEO_ON_DEMAND")
KEEPS: tuple[str, ...] = ("latest", "first")

# Page `limits`, September 2026.
ID_CHARS = 256
CATEGORY_CHARS = 1_000  # categorical and plain strings, and a whole IMPRESSION cell with its bars
TEXTUAL_CHARS = 20_000  # 7,000 in Chinese and Japanese; Personalize cuts longer text instead of refusing it
MAX_EVENT_TYPES_AND_METADATA = 10  # distinct EVENT_TYPE values plus metadata columns of interactions
MIN_INTERACTIONS = 1_000  # unique ones to train on, and records in one import
MAX_ACTIONS = 1_000  # that a model considers
MIN_ACTION_EVENTS = 50  # page action-interactions-datasets: of each kind, for an action's first score
MIN_USERS_WITH_TWO_INTERACTIONS = 25
MIN_SHARE_OF_USERS_WITH_TWO = 0.01  # as well as the 25
ADVISED_INTERACTIONS = 50_000
ADVISED_USERS_WITH_TWO = 1_000
MAX_IMPORT_BYTES = 100 * 1024**3  # a FULL import; AWS raises it to 1 TB for interactions on request
ADVISED_FILLED = 0.7  # page preparing-training-data: share of a metadata column that is not empty
MIN_TEXTUAL_FILLED = 0.85  # page analyzing-data: a textual column with less is not trained on
MAX_DISTINCT_CATEGORIES = 1_000  # advice of the same page

MIN_EPOCH_SECONDS = 631_152_000
"""1990-01-01T00:00:00Z, the earliest time of an event, though not of an attribute: our own limit, not Personalize's.

No event is older than the web; times near the epoch come from broken clocks, or from seconds read as milliseconds.
"""

SCHEMA_CHARS = 20_000  # API CreateSchema: length of `schema`
MAX_TEXTUAL = 1  # page items-datasets

ACTION_EVENT_TYPES: tuple[str, ...] = ("Taken", "Not Taken", "Not taken", "Viewed")
"""The event types of action interactions.

Page action-interactions-datasets has no others. It spells the second one in both ways: `Not taken` in its CSV, `Not
Taken` in the text and in PutActionInteractions.
"""


class Column(msgspec.Struct, frozen=True):
    """How the values of one column are made. Complete: defaults that follow from the name are filled in by `implied`.

    Attributes:
        paths: The first path whose value is not null gives the value.
        constant: The value where no path gives one; without paths it is that of every row.
        type: A name in ``column_types.COLUMN_TYPES``.
        required: A row without a value is a reject, and the Avro field takes no null.
        map: Value to value, both as text; a value that is not in it stays.
        separator: Joins the elements of an array to one text.
        split: Where a text is taken apart: it is then read as an array of the parts, without space around them. Unset
            and not null, so that a mapping without it keeps its fingerprint.
        keep: `latest` or `first`; used for entities only.
        hash: The text is written as HMAC-SHA-256 (64 hexadecimal digits); each element of an array by itself.
        event_times: Those of `paths` that lead to the time of the event; see ``needs_event_time``.
        bounds: See ``value_range``. Unset and not null, as `split`.
        hash_key: The key of the hash. It is in no job spec and in no `repr`: `hashing.with_key` sets it where the job
            runs.
    """

    name: str
    paths: tuple[str, ...] = ()
    constant: str | int | float | bool | None = None
    type: str = "string"
    required: bool = False
    categorical: bool = False
    textual: bool = False
    map: dict[str, str] = msgspec.field(default_factory=dict)
    separator: str = "|"
    split: str | msgspec.UnsetType = msgspec.UNSET
    keep: str = "latest"
    hash: bool = False
    event_times: tuple[str, ...] = ()
    bounds: tuple[int, int] | msgspec.UnsetType = msgspec.UNSET
    hash_key: str | None = None

    def __repr__(self) -> str:
        """All attributes but ``hash_key``, which must reach no log."""
        fields = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return f"Column({', '.join(f'{name}={value!r}' for name, value in fields if name != 'hash_key')})"

    @property
    def is_id(self) -> bool:
        """Whether it is the id of a user, an item or an action, in any dataset."""
        return self.name in ID_COLUMNS

    @property
    def is_event_time(self) -> bool:
        """Whether it is the time of an event; any other time is an attribute, as a film's release."""
        return self.name == "TIMESTAMP" and self.type == "timestamp"

    def needs_event_time(self, path: str | None) -> bool:
        """Whether a time from one of its paths (None: the constant) must lie in the range of event times.

        The time of the event itself must, also as an attribute: an event time of 0 is no date of creation.
        """
        return self.is_event_time or path in self.event_times

    @property
    def changes_texts(self) -> bool:
        """Whether a text does not become the cell as it is."""
        return bool(self.map or self.hash or self.split)

    @property
    def value_range(self) -> tuple[int, int] | None:
        """The least and greatest value that Personalize takes; None where it fixes none."""
        return None if isinstance(self.bounds, msgspec.UnsetType) else self.bounds

    @property
    def takes_arrays(self) -> bool:
        """Whether an array can be a value: it is neither one id nor one event type."""
        return not self.is_id and self.name != "EVENT_TYPE"

    @property
    def max_chars(self) -> int | None:
        """The longest text that Personalize imports, in characters. None: no limit, or (textual) it cuts the text."""
        if self.type != "string" or self.textual:
            return None
        return ID_CHARS if self.is_id else CATEGORY_CHARS


class Condition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a field must satisfy in ``where`` beyond having one of some values; each attribute that is set must hold.

    Attributes:
        none_of: Values as text that it must not have; a field without a value has none of them.
        min: The least value, as text: a number, or a time. A value that is no number, or no time, is not wanted.
        max: The greatest, likewise.
        exists: Whether it must have a value, or have none; null, blank text and ``[]`` are none.
    """

    none_of: tuple[str, ...] = ()
    min: str | None = None
    max: str | None = None
    exists: bool | None = None


Wanted = tuple[str, ...] | Condition
"""The values that a field may have, as text, or a condition."""


class Dataset(msgspec.Struct, frozen=True):
    """The mapping of one dataset as a job spec carries it. Paths are text as in the config (``mapping.paths``).

    Attributes:
        columns: In the order of the output.
        where: Path to the wanted values, compared as text, or to a condition. Empty: every event is wanted.
        each: Path of an array; each of its elements gives one row.
        dedupe_by: Path of the value that repeats share. None: rows equal in every column are repeats.
        event_time: Entities only: path of the time that orders the values of an id. None: all are equally old.
        message_id: Entities only: path of the text that breaks ties of `event_time`.
        nulls: Values, as text, that count as null wherever a column, `dedupe_by` or `message_id` finds them.
        format: Of the files of its source; unset for the default one, which is then in no fingerprint.
    """

    name: str
    columns: tuple[Column, ...]
    where: Mapping[str, Wanted]
    each: str | None = None
    dedupe_by: str | None = None
    event_time: str | None = None
    message_id: str | None = None
    nulls: tuple[str, ...] = ()
    format: SourceFormat | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_events(self) -> bool:
        """Whether its rows are events; else they are entities (``DatasetType.is_events``)."""
        return DATASET_TYPES[self.name].is_events

    @property
    def ids(self) -> tuple[str, ...]:
        """The names of its id columns."""
        return DATASET_TYPES[self.name].ids


class UseCase(msgspec.Struct, frozen=True):
    """A use case of a domain. ``event`` is the event type that it trains on (None for any); it needs 1,000 of them."""

    name: str
    event: str | None = None


USE_CASES: Mapping[str, tuple[UseCase, ...]] = MappingProxyType(
    {
        "custom": (),
        "ECOMMERCE": (
            UseCase("Most viewed", "View"),
            UseCase("Best sellers", "Purchase"),
            UseCase("Frequently bought together", "Purchase"),
            UseCase("Customers who viewed X also viewed", "View"),
            UseCase("Recommended for you"),
        ),
        "VIDEO_ON_DEMAND": (
            UseCase("Because you watched X", "Watch"),
            UseCase("Most popular", "Watch"),
            UseCase("More like X"),
            UseCase("Trending now"),
            UseCase("Top picks for you"),
        ),
    }
)
"""Pages ECOMMERCE-use-cases and VIDEO-ON-DEMAND-use-cases."""
EVENT_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"custom": (), "ECOMMERCE": ("View", "Purchase"), "VIDEO_ON_DEMAND": ("Watch", "Click")}
)
"""The event types that a domain's use cases train on, from the same pages. Personalize compares them exactly."""


class Reserved(msgspec.Struct, frozen=True):
    """A column whose name, type and marks Personalize fixes.

    ``required``: the dataset must have the column. Such a column is never nullable. ``bounds``: the least and greatest
    value.
    """

    name: str
    type: str = "string"
    nullable: bool = True
    categorical: bool = False
    textual: bool = False
    required: bool = False
    bounds: tuple[int, int] | None = None


def _required(name: str, type_: str = "string", *, categorical: bool = False) -> Reserved:
    return Reserved(name, type_, nullable=False, categorical=categorical, required=True)


def _categorical(*names: str) -> tuple[Reserved, ...]:
    return tuple(Reserved(name, categorical=True) for name in names)


_EVENT_KEYS = (_required("USER_ID"), _required("ITEM_ID"), _required("TIMESTAMP", "timestamp"))
_EVENT_EXTRAS = (
    Reserved("EVENT_VALUE", "float"),
    Reserved("IMPRESSION"),
    Reserved("RECOMMENDATION_ID"),
    Reserved("EVENT_ATTRIBUTION_SOURCE"),
)
_DOMAIN_INTERACTIONS = (*_EVENT_KEYS, _required("EVENT_TYPE"), *_EVENT_EXTRAS)
# Nullable, though the guide lists no null type for it: page items-datasets says that a missing value is taken from the
# item's oldest interaction. Page ECOMMERCE-items-dataset calls it a float; the overview of the same domain says long.
_CREATION_TIMESTAMP = Reserved("CREATION_TIMESTAMP", "timestamp")
_DESCRIPTION = Reserved("PRODUCT_DESCRIPTION", textual=True)
EXPIRATIONS: tuple[str, ...] = ("EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP")
"""The names of the time after which an action is no longer recommended.

Page custom-datasets-and-schemas calls it by the first name in its table and by the second in its text. We accept both.
"""
_ACTION_EXTRAS = (
    _CREATION_TIMESTAMP,
    Reserved("VALUE", "long", bounds=(1, 10)),
    Reserved("TYPE"),
    *(Reserved(name, "timestamp") for name in EXPIRATIONS),
    # The guide names no least number of days. None at all is what an empty cell means, and certain to be accepted.
    Reserved("REPEAT_FREQUENCY", "long", bounds=(1, 30)),
)

PAGES: Mapping[str, str] = MappingProxyType(
    {
        "custom": "custom-datasets-and-schemas",
        "ECOMMERCE": "ECOMMERCE-datasets-and-schemas",
        "VIDEO_ON_DEMAND": "VIDEO-ON-DEMAND-datasets-and-schemas",
    }
)
"""The page of the developer guide that lists the reserved columns of a domain."""

_RESERVED: Mapping[tuple[str, str], tuple[Reserved, ...]] = MappingProxyType(
    {
        ("custom", "interactions"): (*_EVENT_KEYS, Reserved("EVENT_TYPE", nullable=False), *_EVENT_EXTRAS),
        ("custom", "users"): (_required("USER_ID"),),
        ("custom", "items"): (_required("ITEM_ID"), _CREATION_TIMESTAMP),
        ("custom", "actions"): (_required("ACTION_ID"), *_ACTION_EXTRAS),
        ("custom", "action_interactions"): (
            _required("USER_ID"),
            _required("ACTION_ID"),
            _required("TIMESTAMP", "timestamp"),
            _required("EVENT_TYPE"),
            Reserved("IMPRESSION"),
            Reserved("RECOMMENDATION_ID"),
        ),
        ("ECOMMERCE", "interactions"): _DOMAIN_INTERACTIONS,
        ("ECOMMERCE", "users"): (_required("USER_ID"),),
        ("ECOMMERCE", "items"): (
            _required("ITEM_ID"),
            _required("PRICE", "float"),
            _required("CATEGORY_L1", categorical=True),
            *_categorical("CATEGORY_L2", "CATEGORY_L3", "AGE_GROUP", "ADULT", "GENDER"),
            _DESCRIPTION,
            _CREATION_TIMESTAMP,
        ),
        ("VIDEO_ON_DEMAND", "interactions"): _DOMAIN_INTERACTIONS,
        ("VIDEO_ON_DEMAND", "users"): (_required("USER_ID"), *_categorical("SUBSCRIPTION_MODEL")),
        ("VIDEO_ON_DEMAND", "items"): (
            _required("ITEM_ID"),
            _required("GENRES", categorical=True),
            _required("CREATION_TIMESTAMP", "timestamp"),
            Reserved("PRICE", "float"),
            Reserved("DURATION", "float"),
            Reserved("AVERAGE_RATING", "float"),
            *_categorical("GENRE_L2", "GENRE_L3", "CONTENT_OWNER", "CONTENT_CLASSIFICATION"),
            _DESCRIPTION,
        ),
    }
)


def reserved(dataset: str, domain: str) -> dict[str, Reserved]:
    """Return the reserved columns of a dataset by name. KeyError for a dataset that the domain does not have."""
    return {column.name: column for column in _RESERVED[domain, dataset]}


def is_in_domain(dataset: str, domain: str) -> bool:
    """Whether dataset groups of a domain have this dataset: only custom ones have actions (page `actions-datasets`)."""
    return (domain, dataset) in _RESERVED


def implied(dataset: str, name: str, domain: str) -> Column:
    """Return the defaults of a column that follow from its name; the config overrides them (`msgspec.structs.replace`).

    - TIMESTAMP and CREATION_TIMESTAMP are timestamps, in every dataset; so are reserved columns of that type.
    - A reserved column that takes no null is required: ids, TIMESTAMP, EVENT_TYPE, and what a domain group demands.
    - A reserved column that a domain group wants categorical or textual is marked so. In a custom group none is.

    A number is never implied: EVENT_VALUE and PRICE stay strings until the config sets `type: float`. Nothing is
    reserved in a dataset that the domain does not have.
    """
    known = reserved(dataset, domain).get(name) if is_in_domain(dataset, domain) else None
    is_time = name in ("TIMESTAMP", "CREATION_TIMESTAMP") or (known is not None and known.type == "timestamp")
    return Column(
        name=name,
        type="timestamp" if is_time else "string",
        required=known is not None and not known.nullable,
        categorical=known is not None and known.categorical,
        textual=known is not None and known.textual,
        bounds=known.bounds if known is not None and known.bounds else msgspec.UNSET,
    )
