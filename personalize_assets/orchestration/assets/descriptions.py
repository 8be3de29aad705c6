"""What the UI shows on each asset and job: the grain, when it changes, and what uses it."""

from __future__ import annotations

from personalize_assets.config import Config
from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.dataset_types import DATASET_TYPES
from personalize_assets.engines import Engine

RAW_EVENTS = """\
The raw event files by arrival day (UTC), in the key layout `{layout}`.

- **Grain** one file; its arrival day is read from its key.
- **Changes** whenever your event collector writes. Nothing here changes them.
- **Used by** `raw_event_catalog`.
"""

RAW_ROWS = """\
The rows of the warehouse by arrival day (UTC): the day of `{arrival}`.

- **Grain** one row of a table.
- **Changes** whenever your event collector loads the warehouse. Nothing here changes it.
- **Used by** `warehouse_unload`.
"""

UNLOAD = """\
The rows of an arrival day as Parquet files in S3, written by Redshift itself: one UNLOAD a table.

- **Grain** one day; one folder of files a table.
- **Changes** when it is materialized: the day's files are replaced. A day can be unloaded once it is over (UTC).
- **Used by** `raw_event_catalog`, which refuses a day whose files are not what was unloaded.
"""

CATALOG = """\
The files of an arrival day (key, bytes, compression, framing) and the fields of their events (path, types, share of
nulls), found in the first part of each file.

- **Grain** one day; one row a file, one row a field.
- **Changes** when it is materialized: materialize it again when files have arrived late.
- **Used by** the daily datasets, which read the files listed here, and by you: to see which fields you can map.
"""

EVENT_PROFILE = """\
The events of an arrival day, from the first part of each catalogued file: which events there are and how often, which
of them have an item and at which path, and an example of each.

- **Grain** one day; one row a kind of event, one row a path that could be the id of an item.
- **Changes** when it is materialized, for any catalogued day. No job does that, because nothing else depends on it.
- **Used by** you: to choose `where` and `columns` in the config.
"""

DAILY_EVENTS = """\
One row for each wanted event (or each element of its `each` array) of an arrival day, in the columns of the config.

- **Grain** one {one}; duplicates are still in.
- **Changes** when its day is materialized: the whole day is replaced.
- **Used by** `{name}_csv`. Rejects are stored in `rejects/`, each with its reason.
"""

DAILY_ENTITIES = """\
What the events of an arrival day say about {name}, in the columns of the config.

- **Grain** one event (or element of its `each` array) that says something about {a} {one}; {a} {one} may have many.
- **Changes** when its day is materialized: the whole day is replaced.
- **Used by** `{name}`, which keeps the latest values of all days.
"""

TABLE = """\
All that is known of each {one}, over all days: for each column the latest value that is not null.

- **Grain** one row a {one}; its key is `{id}`.
- **Changes** when it is materialized: it is made again from all days.
- **Used by** `{name}_csv`.
"""

CSV = """\
The file (or folder of files, with `single_file: false`) to import into Personalize's {title} dataset, over all days.
Its manifest (rows, bytes, SHA-256, days) is stored in `exports/`.

- **Grain** one {one}; {key}.
- **Changes** when it is materialized, in one step. An export that Personalize would refuse does not replace it: see its
  checks.
- **Used by** Personalize's CreateDatasetImportJob, together with `{name}_schema`.
"""

SCHEMA = """\
The Avro schema of the {title} dataset, made from the columns of the config: the text for Personalize's CreateSchema.

- **Grain** one field for each column of `{name}_csv`, in the same order.
- **Changes** with the config only. Personalize cannot edit a schema: create a new one and call UpdateDataset.
- **Used by** Personalize's CreateSchema.
"""

IMPORT = """\
The rows of `{name}_csv` in Personalize's {title} dataset. The dataset group, schema and dataset are made if they are
missing. Only rows that Personalize lacks are sent where it can add them; else the whole file replaces what it holds.

- **Grain** one row as in `{name}_csv`.
- **Changes** when it is materialized and the export has changed since the last import. What applications send to
  Personalize is there besides, and stays.
- **Used by** the solutions and recommenders of the dataset group.
"""

CONVERT_JOB = "Converts days of raw events to the daily datasets; reads each raw file once. Pick one day, or a range."
IMPORT_JOB = "Imports the current exports into Personalize: what it lacks of them, or all. Run it after exporting."
EXPORT_JOB = "Exports all converted days to users, items, the CSVs and their schemas. Run it after converting."


def singular(dataset: str) -> str:
    """``interaction`` for ``interactions``, ``action interaction`` for ``action_interactions``."""
    return dataset.removesuffix("s").replace("_", " ")


def daily(dataset: str) -> str:
    """The description of a daily asset, by the name of its dataset."""
    text = DAILY_EVENTS if DATASET_TYPES[dataset].is_events else DAILY_ENTITIES
    one = singular(dataset)
    return text.format(name=dataset, one=one, a="an" if one[0] in "ai" else "a")


def csv_key(dataset: Dataset) -> str:
    """What identifies the rows of a CSV, or orders them."""
    return "without duplicates, oldest first" if dataset.is_events else f"sorted by its key, `{dataset.ids[0]}`"


def code_location(config: Config, engine: Engine) -> dict[str, str]:
    """What the page of the code location shows: source, destination, engine, and how strictly exports are checked."""
    return {
        "dataset group": config.dataset_group.name,
        "domain": config.dataset_group.domain,
        "source": f"{_warehouse(config)}{', '.join(config.source.uris)} "
        f"(layout {config.source.layout}, from {config.source.start_date})",
        "destination": config.destination.uri,
        "engine": engine.name,
        "checks": config.checks,
    }


def _warehouse(config: Config) -> str:
    """The warehouse that a source's files are unloaded from, as the beginning of a text; empty without one."""
    redshift = config.source.redshift
    return f"Redshift {redshift.workgroup or redshift.cluster}, database {redshift.database}: " if redshift else ""
