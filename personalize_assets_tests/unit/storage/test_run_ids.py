"""Ids of runs."""

from personalize_assets.storage.run_ids import RUN_ID, new_run_id


def test_run_ids_differ_and_sort_by_time() -> None:
    first, second = new_run_id(), new_run_id()

    assert first != second
    assert RUN_ID.fullmatch(first)
    assert first[:15] <= second[:15]
