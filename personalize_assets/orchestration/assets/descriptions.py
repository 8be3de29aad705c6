"""What the UI says of each asset and job: the grain, the key, when it changes, and who uses it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from personalize_assets.config import Config

RAW_EVENTS = """\
The raw event files, by arrival day (UTC), in the key layout `{layout}`.

- **Grain** one file; a file belongs to the day that its key tells.
- **Changes** whenever your event collector writes. Nothing here changes them.
- **Used by** `raw_event_catalog`.
"""

CATALOG = """\
The files of an arrival day (key, bytes, compression, framing) and the fields of their events (path, types, share of
nulls), told from the head of each file.

- **Grain** one day; one row a file, one row a field.
- **Changes** when it is materialized: do so again when files have come late.
- **Used by** the daily datasets, which read the files named here, and by you: to see which fields there are to map.
"""

EVENT_PROFILE = """\
What the events of an arrival day are like, told from the heads of its catalogued files: which events there are and how
often, which of them carry an item and at which path, and one of each to look at.

- **Grain** one day; one row a kind of event, one row a path that could be an item's id.
- **Changes** when it is materialized, for any catalogued day. No job does so, for nothing is made from it.
- **Used by** you: to choose `where` and `columns` in the config.
"""

DAILY: Mapping[str, str] = MappingProxyType(
    {
        "interactions": """\
One row for each wanted event (or each element of its `each` array) of an arrival day, in the columns of the config.

- **Grain** one interaction; duplicates are still in.
- **Changes** with its day only: materialized again, a day is replaced as a whole.
- **Used by** `interactions_csv`. What cannot be used lies in `rejects/` with its reason.
""",
        "users": """\
What an arrival day's events say about users, in the columns of the config.

- **Grain** one event that says something about a user; a user may have many.
- **Changes** with its day only: materialized again, a day is replaced as a whole.
- **Used by** `users`, which takes the latest of all days.
""",
        "items": """\
What an arrival day's events say about items, in the columns of the config.

- **Grain** one event (or element of its `each` array) that says something about an item; an item may have many.
- **Changes** with its day only: materialized again, a day is replaced as a whole.
- **Used by** `items`, which takes the latest of all days.
""",
    }
)

TABLE = """\
All that is known of each {one}, over all days: for each column the latest value that is not null.

- **Grain** one row a {one}; its key is `{id}`.
- **Changes** when it is materialized: it is made anew from all days.
- **Used by** `{name}_csv`.
"""

CSV = """\
The file (or folder of files, with `single_file: false`) to import into Personalize's {title} dataset, over all days.
Its manifest (rows, bytes, SHA-256, days) lies in `exports/`.

- **Grain** one {one}; {key}.
- **Changes** when it is materialized, in one step. What Personalize would refuse does not replace it: see its checks.
- **Used by** Personalize's CreateDatasetImportJob, together with `{name}_schema`.
"""
CSV_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "interactions": "duplicates are out, the oldest comes first",
        "users": "sorted by `USER_ID`, which is its key",
        "items": "sorted by `ITEM_ID`, which is its key",
    }
)

SCHEMA = """\
The Avro schema of the {title} dataset, made from the config's columns: the text for Personalize's CreateSchema.

- **Grain** one field for each column of `{name}_csv`, in the same order.
- **Changes** with the config alone. Personalize cannot edit a schema: make a new one, and UpdateDataset.
- **Used by** Personalize's CreateSchema.
"""

CONVERT_JOB = "Days of raw events to daily datasets: each raw file is read once. Pick one day, or a range in one run."
EXPORT_JOB = (
    "All converted days to users, items, the CSVs and their schemas. Run it after the days you want are converted."
)


def one_of(dataset: str) -> str:
    """``interaction`` for interactions."""
    return dataset.removesuffix("s")


def location(config: Config) -> dict[str, str]:
    """What the page of the code location shows: what goes in, what comes out, and how it is checked."""
    return {
        "dataset group": config.dataset_group.name,
        "domain": config.dataset_group.domain,
        "source": f"{config.source.uri} (layout {config.source.layout}, from {config.source.start_date})",
        "destination": config.destination.uri,
        "engine": config.engine,
        "checks": config.checks,
    }
