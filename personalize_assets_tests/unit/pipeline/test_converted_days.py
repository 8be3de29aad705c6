"""Which converted days count, and which a dataset lacks."""

from __future__ import annotations

from pathlib import Path

from personalize_assets.pipeline.converted_days import converted_days, missing_days
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.manifests import DayCommit
from personalize_assets_tests.helpers.dagster_runs import small_config
from personalize_assets_tests.helpers.stored import put_day

WITH_USERS = {
    "interactions": {"columns": {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "time"}},
    "users": {"columns": {"USER_ID": "user", "AGE": {"path": "age", "type": "int"}}},
}


COMMIT = DayCommit(run="r", mapping="m", rows=1, kept=1)


def test_days_before_the_start_date_stay_stored_and_do_not_count(tmp_path: Path) -> None:
    group = DatasetGroup(small_config(tmp_path))
    for day in ("2026-09-30", "2026-10-01", "2026-10-02"):
        put_day(group.destination, day, {"interactions": COMMIT})

    assert list(converted_days(group)) == ["2026-10-01", "2026-10-02"]
    assert list(group.destination.days.all()) == ["2026-09-30", "2026-10-01", "2026-10-02"]


def test_a_dataset_lacks_the_days_that_only_others_were_converted_for(tmp_path: Path) -> None:
    group = DatasetGroup(small_config(tmp_path, datasets=WITH_USERS))
    put_day(group.destination, "2026-10-01", {"interactions": COMMIT, "users": COMMIT})
    put_day(group.destination, "2026-10-02", {"interactions": COMMIT})

    days = converted_days(group)

    assert (missing_days(group, days, "users"), missing_days(group, days, "interactions")) == (("2026-10-02",), ())
