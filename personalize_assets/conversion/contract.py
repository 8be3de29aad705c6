"""Which columns Amazon Personalize knows, their types and their limits: the one place that says so.

What belongs here: facts from the Personalize developer guide (each with the name of its page), and the plain form in
which a dataset's mapping travels in a job spec. What does not: what Personalize refuses (`rules`), the Avro text
(`avro`), anything about a file of the user's. It ships to Glue, so it imports only msgspec.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

TYPES: tuple[str, ...] = ("string", "int", "long", "float", "double", "boolean", "timestamp")
"""Avro's, as on the page how-it-works-dataset-schema, and `timestamp`: whole epoch seconds, a `long` in Avro."""

DATASETS: tuple[str, ...] = ("interactions", "users", "items")
DOMAINS: tuple[str, ...] = ("custom", "ECOMMERCE", "VIDEO_ON_DEMAND")
KEEPS: tuple[str, ...] = ("latest", "first")

# Page `limits`, September 2026.
ID_CHARS = 256
CATEGORY_CHARS = 1_000  # categorical and plain strings, and a whole IMPRESSION cell with its bars
TEXTUAL_CHARS = 20_000  # 7,000 in Chinese and Japanese; Personalize cuts what is longer, it does not refuse it
MAX_METADATA: Mapping[str, int] = MappingProxyType({"interactions": 5, "users": 25, "items": 100})
MAX_EVENT_TYPES_AND_METADATA = 10  # distinct EVENT_TYPE values plus metadata columns of interactions
MIN_INTERACTIONS = 1_000  # unique ones to train on, and records in one import
MIN_USERS_WITH_TWO_INTERACTIONS = 25
MIN_SHARE_OF_USERS_WITH_TWO = 0.01  # as well as the 25
ADVISED_INTERACTIONS = 50_000
ADVISED_USERS_WITH_TWO = 1_000
MAX_IMPORT_BYTES = 100 * 1024**3  # a FULL import; can be raised to 1 TB for interactions
ADVISED_FILLED = 0.7  # page preparing-training-data: share of a metadata column that is not empty
MAX_DISTINCT_CATEGORIES = 1_000  # advice of the same page

MIN_EPOCH_SECONDS = 631_152_000
"""1990-01-01 UTC: our own limit. Seconds read as milliseconds lie before it, milliseconds read as seconds far after."""

SCHEMA_CHARS = 20_000  # API CreateSchema: length of `schema`
MAX_TEXTUAL = 1  # page items-datasets

IDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"interactions": ("USER_ID", "ITEM_ID"), "users": ("USER_ID",), "items": ("ITEM_ID",)}
)
"""The id columns of each dataset. Users and items have one row per id."""


class Column(msgspec.Struct, frozen=True):
    """How one column is made. Nothing is implied any more: see `implied` for what a name alone says.

    Attributes:
        paths: The first that is not null gives the value; empty with a `constant`.
        required: A row without a value is a reject, and the Avro field takes no null.
        map: Value to value, both as text; a value that is not in it stays.
        separator: Joins the elements where the value is an array.
        keep: `latest` or `first`; only users and items look at it.
        hash: The text is written as HMAC-SHA-256 (64 hexadecimal digits); each element of an array by itself.
        hash_key: What it is keyed by. In no job spec, and shown nowhere: `job` puts it in where the job runs.
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
    keep: str = "latest"
    hash: bool = False
    hash_key: str | None = None

    def __repr__(self) -> str:
        told = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return f"Column({', '.join(f'{k}={v!r}' for k, v in told if k != 'hash_key')})"

    @property
    def is_id(self) -> bool:
        return self.name in ("USER_ID", "ITEM_ID")

    @property
    def max_chars(self) -> int | None:
        """The longest text that Personalize imports. None: no limit, or (textual) it cuts by itself."""
        if self.type != "string" or self.textual:
            return None
        return ID_CHARS if self.is_id else CATEGORY_CHARS


class Dataset(msgspec.Struct, frozen=True):
    """One dataset's mapping as it stands in a job spec (`msgspec.to_builtins`, `msgspec.convert`).

    Attributes:
        columns: In the order of the output.
        where: Path to the wanted values, compared as text. Empty: every event is wanted.
        each: Path of the array that gives one row an element.
        dedupe_by: Path of the value that repeats share. None: rows equal in every column are repeats.
        event_time: Users and items only: path of the time that orders the values of an id. None: all are equally old.
        message_id: Users and items only: path of the text that breaks ties of `event_time`.
    """

    name: str
    columns: tuple[Column, ...]
    where: dict[str, tuple[str, ...]]
    each: str | None = None
    dedupe_by: str | None = None
    event_time: str | None = None
    message_id: str | None = None


class UseCase(msgspec.Struct, frozen=True):
    """A use case of a domain: ``event`` is the event type that it trains on, None for any; it needs 1,000 of them."""

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
"""The event types that a domain's use cases know, by the same pages. Their spelling is exact."""


class Reserved(msgspec.Struct, frozen=True):
    """A column whose name, type and marks Personalize fixes."""

    name: str
    type: str = "string"
    nullable: bool = True
    categorical: bool = False
    textual: bool = False
    required: bool = False
    """Whether the dataset must have the column at all. One that must never takes a null."""


def _must(name: str, type_: str = "string", *, categorical: bool = False) -> Reserved:
    return Reserved(name, type_, nullable=False, categorical=categorical, required=True)


def _categorical(*names: str) -> tuple[Reserved, ...]:
    return tuple(Reserved(name, categorical=True) for name in names)


_EVENT_KEYS = (_must("USER_ID"), _must("ITEM_ID"), _must("TIMESTAMP", "timestamp"))
_EVENT_EXTRAS = (
    Reserved("EVENT_VALUE", "float"),
    Reserved("IMPRESSION"),
    Reserved("RECOMMENDATION_ID"),
    Reserved("EVENT_ATTRIBUTION_SOURCE"),
)
_DOMAIN_INTERACTIONS = (*_EVENT_KEYS, _must("EVENT_TYPE"), *_EVENT_EXTRAS)
# The guide gives no null type for it, but says that a missing one is taken from the item's oldest interaction
# (items-datasets). ECOMMERCE-items-dataset calls it a float; the overview of the same domain says long.
_CREATION_TIMESTAMP = Reserved("CREATION_TIMESTAMP", "timestamp")
_DESCRIPTION = Reserved("PRODUCT_DESCRIPTION", textual=True)

PAGES: Mapping[str, str] = MappingProxyType(
    {
        "custom": "custom-datasets-and-schemas",
        "ECOMMERCE": "ECOMMERCE-datasets-and-schemas",
        "VIDEO_ON_DEMAND": "VIDEO-ON-DEMAND-datasets-and-schemas",
    }
)
"""The page of the developer guide that the reserved columns of a domain come from."""

_RESERVED: Mapping[tuple[str, str], tuple[Reserved, ...]] = MappingProxyType(
    {
        ("custom", "interactions"): (*_EVENT_KEYS, Reserved("EVENT_TYPE", nullable=False), *_EVENT_EXTRAS),
        ("custom", "users"): (_must("USER_ID"),),
        ("custom", "items"): (_must("ITEM_ID"), _CREATION_TIMESTAMP),
        ("ECOMMERCE", "interactions"): _DOMAIN_INTERACTIONS,
        ("ECOMMERCE", "users"): (_must("USER_ID"),),
        ("ECOMMERCE", "items"): (
            _must("ITEM_ID"),
            _must("PRICE", "float"),
            _must("CATEGORY_L1", categorical=True),
            *_categorical("CATEGORY_L2", "CATEGORY_L3", "AGE_GROUP", "ADULT", "GENDER"),
            _DESCRIPTION,
            _CREATION_TIMESTAMP,
        ),
        ("VIDEO_ON_DEMAND", "interactions"): _DOMAIN_INTERACTIONS,
        ("VIDEO_ON_DEMAND", "users"): (_must("USER_ID"), *_categorical("SUBSCRIPTION_MODEL")),
        ("VIDEO_ON_DEMAND", "items"): (
            _must("ITEM_ID"),
            _must("GENRES", categorical=True),
            _must("CREATION_TIMESTAMP", "timestamp"),
            Reserved("PRICE", "float"),
            Reserved("DURATION", "float"),
            Reserved("AVERAGE_RATING", "float"),
            *_categorical("GENRE_L2", "GENRE_L3", "CONTENT_OWNER", "CONTENT_CLASSIFICATION"),
            _DESCRIPTION,
        ),
    }
)


def reserved(dataset: str, domain: str) -> dict[str, Reserved]:
    """The reserved columns of a dataset by name. KeyError for a dataset or domain that Personalize does not have."""
    return {column.name: column for column in _RESERVED[domain, dataset]}


def implied(dataset: str, name: str, domain: str) -> Column:
    """What a column's name alone says about it, before anything the config says (`msgspec.structs.replace`).

    - TIMESTAMP and CREATION_TIMESTAMP are timestamps, in every dataset.
    - A reserved column that takes no null is required: ids, TIMESTAMP, EVENT_TYPE, and what a domain group demands.
    - A reserved column that a domain group wants categorical or textual is so. In a custom group no column is.

    A number is never implied: EVENT_VALUE and PRICE stay strings until `type: float` is said.
    """
    known = reserved(dataset, domain).get(name)
    return Column(
        name=name,
        type="timestamp" if name in ("TIMESTAMP", "CREATION_TIMESTAMP") else "string",
        required=known is not None and not known.nullable,
        categorical=known is not None and known.categorical,
        textual=known is not None and known.textual,
    )
