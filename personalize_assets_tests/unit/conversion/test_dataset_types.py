"""The table of dataset types."""

from __future__ import annotations

from personalize_assets.conversion.dataset_types import (
    DATASET_TYPES,
    DATASETS,
    ENTITY_DATASETS,
    EVENT_DATASETS,
    ID_COLUMNS,
)


def test_a_dataset_is_of_events_or_of_entities() -> None:
    assert DATASETS == ("interactions", "users", "items", "actions", "action_interactions")
    assert EVENT_DATASETS == ("interactions", "action_interactions")
    assert ENTITY_DATASETS == ("users", "items", "actions")


def test_entities_have_one_id_which_their_events_have_too() -> None:
    for name in ENTITY_DATASETS:
        (id_column,) = DATASET_TYPES[name].ids
        assert id_column in DATASET_TYPES[DATASET_TYPES[name].events].ids


def test_each_id_column_is_named_once() -> None:
    assert ID_COLUMNS == ("USER_ID", "ITEM_ID", "ACTION_ID")


def test_types_share_no_folder_and_no_record() -> None:
    assert len({of.daily for of in DATASET_TYPES.values()}) == len(DATASETS)
    assert len({of.avro_name for of in DATASET_TYPES.values()}) == len(DATASETS)


def test_the_api_has_the_name_of_the_type_with_an_underscore() -> None:
    assert [of.api_type.upper() for of in DATASET_TYPES.values()] == [
        "INTERACTIONS", "USERS", "ITEMS", "ACTIONS", "ACTION_INTERACTIONS",
    ]  # fmt: skip


def test_only_item_interactions_have_a_least_number_of_rows_in_a_full_import() -> None:
    assert {name: (of.min_rows, of.min_appended_rows) for name, of in DATASET_TYPES.items()} == {
        "interactions": (1_000, 1_000),
        "users": (0, 0),
        "items": (0, 0),
        "actions": (0, 0),
        "action_interactions": (0, 1_000),
    }
