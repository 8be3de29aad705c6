"""event_profile: the profile of a catalogued day, and its tables on the day's partition."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from personalize_assets_tests.helpers.dagster_runs import failure, latest_metadata, materialize, put_raw, small_config

DAY = ("2026-10-01", "2026-10-01")


def test_a_catalogued_day_shows_its_events_and_an_example(tmp_path: Path) -> None:
    instance = dg.DagsterInstance.ephemeral()
    config = small_config(tmp_path)
    put_raw(tmp_path, '{"event": "View", "item_id": "i1"}\n' * 3)
    materialize(config, instance, ["raw_event_catalog"], DAY)

    assert materialize(config, instance, ["event_profile"], DAY).success

    metadata = latest_metadata(instance, "event_profile", DAY[0])
    assert (metadata["sampled_events"], metadata["event_field"]) == (3, "event")
    assert '"event": "View"' in metadata["samples"]
    assert (tmp_path / "out/catalog/profile/day=2026-10-01.json").is_file()


def test_a_day_without_a_catalog_fails_with_what_to_do(tmp_path: Path) -> None:
    result = materialize(small_config(tmp_path), dg.DagsterInstance.ephemeral(), ["event_profile"], DAY)

    assert failure(result).endswith(
        "materialize raw_event_catalog for that day first, or use `personalize-assets run --days 2026-10-01`"
    )
