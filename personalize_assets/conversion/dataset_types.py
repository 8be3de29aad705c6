"""The types of datasets: one entry per type, from which everything follows that sets its rows apart.

To add a type, add its entry here and its reserved columns in ``contract``; the mapping, daily files, CSVs, Avro
schemas, assets and checks read it from the table. The facts are those of the Personalize developer guide, pages
`datasets` and `limits`, September 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class DatasetType(msgspec.Struct, frozen=True, kw_only=True):
    """One type of datasets.

    Attributes:
        title: As the guide writes it, for people.
        avro_name: The name of the record in the Avro schema.
        api_type: ``datasetType`` of CreateDataset; in ARNs it is in upper case.
        daily: The folder of its daily files, which is also the name of its daily asset.
        ids: The id columns. A dataset of entities has one, and one row per id.
        max_metadata: The most metadata columns, reserved ones not counted.
        min_rows: Records that a FULL import must have (page `limits`; page action-interactions-datasets names none).
        min_appended_rows: Records that an INCREMENTAL import must have (page bulk-data-import-step).
        is_events: Whether a row is an event with a TIMESTAMP, which repeats may follow; else it is an entity with the
            latest values of many events, and there is a table of entities between daily files and CSV.
        events: Entities only: the dataset of events whose ids are those of the entities.
        takes_textual: Whether a column may be textual.
        counts_reserved: Whether checks of metadata look at reserved columns besides the id, too.
    """

    title: str
    avro_name: str
    api_type: str
    daily: str
    ids: tuple[str, ...]
    max_metadata: int
    min_rows: int = 0
    min_appended_rows: int = 0
    is_events: bool = False
    events: str = ""
    takes_textual: bool = False
    counts_reserved: bool = False


DATASET_TYPES: Mapping[str, DatasetType] = MappingProxyType(
    {
        "interactions": DatasetType(
            title="Interactions",
            avro_name="Interactions",
            api_type="Interactions",
            daily="filtered_interactions",
            ids=("USER_ID", "ITEM_ID"),
            max_metadata=5,
            min_rows=1_000,
            min_appended_rows=1_000,
            is_events=True,
        ),
        "users": DatasetType(
            title="Users",
            avro_name="Users",
            api_type="Users",
            daily="user_traits",
            ids=("USER_ID",),
            max_metadata=25,
            events="interactions",
            counts_reserved=True,
        ),
        "items": DatasetType(
            title="Items",
            avro_name="Items",
            api_type="Items",
            daily="item_details",
            ids=("ITEM_ID",),
            max_metadata=100,
            events="interactions",
            takes_textual=True,
            counts_reserved=True,
        ),
        "actions": DatasetType(
            title="Actions",
            avro_name="Actions",
            api_type="Actions",
            daily="action_details",
            ids=("ACTION_ID",),
            max_metadata=10,
            events="action_interactions",
        ),
        "action_interactions": DatasetType(
            title="Action interactions",
            avro_name="ActionInteractions",
            api_type="Action_Interactions",
            daily="filtered_action_interactions",
            ids=("USER_ID", "ACTION_ID"),
            max_metadata=5,
            min_appended_rows=1_000,
            is_events=True,
        ),
    }
)
"""Every type by its name, in the config, in job specs, and in the names of assets and files."""

DATASETS: tuple[str, ...] = tuple(DATASET_TYPES)
EVENT_DATASETS: tuple[str, ...] = tuple(name for name, of in DATASET_TYPES.items() if of.is_events)
ENTITY_DATASETS: tuple[str, ...] = tuple(name for name, of in DATASET_TYPES.items() if not of.is_events)
IDS: Mapping[str, tuple[str, ...]] = MappingProxyType({name: of.ids for name, of in DATASET_TYPES.items()})
"""The id columns of each dataset. Entities have one row per id."""
ID_COLUMNS: tuple[str, ...] = tuple(dict.fromkeys(id for ids in IDS.values() for id in ids))
"""The names of all id columns, each once."""
