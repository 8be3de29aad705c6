"""The order of interactions in an export; what is a repeat is tested on engines (``engine/test_repeats.py``)."""

from personalize_assets.conversion.export.deduplicate import export_order


def test_interactions_are_ordered_by_time_and_then_by_every_column_from_left_to_right() -> None:
    assert export_order(["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"]) == [
        "TIMESTAMP", "USER_ID", "ITEM_ID", "EVENT_TYPE",
    ]  # fmt: skip
