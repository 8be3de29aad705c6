"""Ids of runs."""

import time

from personalize_assets.storage.run_ids import RUN_ID, new_run_id


def test_a_run_id_differs_from_all_others() -> None:
    assert len({new_run_id() for _ in range(1_000)}) == 1_000


def test_run_ids_of_one_second_sort_by_time() -> None:
    ids = []
    for _ in range(20):
        ids.append(new_run_id())
        time.sleep(1e-5)  # longer than the clock's unit

    assert ids == sorted(ids)
    assert all(RUN_ID.fullmatch(id) for id in ids)


def test_an_id_of_an_older_version_is_one_and_sorts_before_later_ones() -> None:
    older = "20261126T131234-178dbd"

    assert RUN_ID.fullmatch(older)
    assert older < new_run_id()
