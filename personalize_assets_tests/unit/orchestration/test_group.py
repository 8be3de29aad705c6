"""What the definitions of a dataset group share: names, owners, tags, partitions, pool."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from personalize_assets.config import load_config
from personalize_assets.conversion.progress import OnProgress, Progress
from personalize_assets.conversion.spec import ExportReport, ExportSpec, Report, Spec
from personalize_assets.engines import Engine
from personalize_assets.orchestration.embedding import Embedding
from personalize_assets.orchestration.group import GroupDefs, arrival_days, selected
from personalize_assets_tests.helpers.dagster_runs import small_config


def test_a_prefix_tells_the_definitions_of_two_groups_apart(tmp_path: Path) -> None:
    defs = GroupDefs.of(small_config(tmp_path), embedding=Embedding(key_prefix=("shop",)))

    assert defs.key("users_csv") == dg.AssetKey(["shop", "users_csv"])
    assert (defs.name("convert"), defs.engine_key) == ("shop_convert", "shop_engine")


def test_without_a_prefix_names_are_as_they_are(tmp_path: Path) -> None:
    defs = GroupDefs.of(small_config(tmp_path))

    assert (defs.key("users_csv"), defs.name("convert")) == (dg.AssetKey("users_csv"), "convert")


def test_owners_come_from_the_config_and_tags_name_group_domain_and_dataset(tmp_path: Path) -> None:
    settings = {"name": "shop", "domain": "ECOMMERCE", "owners": ["team:data"]}
    defs = GroupDefs.of(
        small_config(
            tmp_path,
            dataset_group=settings,
            datasets={
                "interactions": {
                    "columns": {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "time", "EVENT_TYPE": "type"}
                }
            },
        )
    )

    group = {"personalize/dataset_group": "shop", "personalize/domain": "ECOMMERCE"}
    assert defs.owners_and_tags() == {"owners": ["team:data"], "tags": group}
    assert defs.owners_and_tags("users")["tags"] == {**group, "personalize/dataset": "users"}


def test_partitions_are_the_days_from_the_first_of_the_source_to_today(tmp_path: Path) -> None:
    keys = GroupDefs.of(small_config(tmp_path)).partitions.get_partition_keys()

    assert (keys[0], keys[-1]) == ("2026-10-01", datetime.now(UTC).date().isoformat())


@pytest.mark.parametrize("engine", ["arrow", "local", "spark", "glue", "emr-serverless"])
def test_every_engine_has_a_pool_of_its_name(engine: str) -> None:
    uris = {f"PERSONALIZE__{end}__URI": f"s3://bucket/{end.lower()}" for end in ("SOURCE", "DESTINATION")}
    needed = {
        "spark": {"PERSONALIZE__SPARK_CONFIG": '{"spark.master": "yarn"}'},
        "emr-serverless": {"PERSONALIZE__EMR_SERVERLESS": '{"application_id": "00f1", "execution_role": "role"}'},
    }
    env = {**uris, **needed.get(engine, {}), "PERSONALIZE_ENGINE": engine}

    assert GroupDefs.of(load_config(env=env)).pool == engine


def test_a_backfill_is_one_run_up_to_the_bound_of_the_config(tmp_path: Path) -> None:
    defs = GroupDefs.of(small_config(tmp_path, automation={"max_days_per_run": 7}))

    assert defs.backfill_policy == dg.BackfillPolicy.multi_run(7)


def test_a_host_project_chooses_groups_pool_policy_and_tags(tmp_path: Path) -> None:
    single = dg.BackfillPolicy.single_run()
    chosen = Embedding(
        group_name="shop", op_tags={"a": "b"}, run_tags={"team": "data"}, pool="spark", backfill_policy=single
    )
    defs = GroupDefs.of(small_config(tmp_path), embedding=chosen)

    assert (defs.group("raw"), defs.op_tags, defs.pool, defs.backfill_policy) == ("shop", {"a": "b"}, "spark", single)
    assert defs.run_tags == {"dagster/max_runtime": "21600", "team": "data"}


def test_of_the_results_of_checks_those_of_the_run_are_left() -> None:
    results = [dg.AssetCheckResult(passed=True, asset_key="users_csv", check_name=name) for name in ("one", "two")]
    context: Any = SimpleNamespace(selected_asset_check_keys={dg.AssetCheckKey(dg.AssetKey("users_csv"), "two")})

    assert [result.check_name for result in selected(context, results)] == ["two"]


def test_the_days_of_a_run_are_dates() -> None:
    context: Any = SimpleNamespace(
        has_partition_key_range=True, has_partition_key=False, partition_keys=["2026-10-01", "2026-10-02"]
    )

    assert [day.isoformat() for day in arrival_days(context)] == ["2026-10-01", "2026-10-02"]


def test_a_run_for_no_day_says_how_to_choose_days() -> None:
    context: Any = SimpleNamespace(has_partition_key_range=False, has_partition_key=False)

    with pytest.raises(dg.Failure) as failure:
        arrival_days(context)

    assert failure.value.description == (
        "this run is for no day; choose the days: in the UI a partition or a range of them, on the command line "
        "`dg launch --partition 2026-10-01`, or `personalize-assets run`, which finds the days itself"
    )
    assert failure.value.allow_retries is False


def test_progress_of_a_job_goes_into_the_log_of_the_run(tmp_path: Path) -> None:
    class Reporting(Engine):
        def run(self, context: Any, spec: Spec, on_progress: OnProgress | None = None) -> Report:
            assert on_progress is not None
            for seconds in (4.0, 12.0, 13.0):
                on_progress(Progress(job="export", done=1, total=2, bytes_done=0, bytes=0, events=0, seconds=seconds))
            return ExportReport(datasets={})

    logged: list[str] = []
    context: Any = SimpleNamespace(
        log=SimpleNamespace(info=logged.append), resources=SimpleNamespace(engine=Reporting())
    )

    GroupDefs.of(small_config(tmp_path)).run_export(context, ExportSpec((), {}))

    assert logged == ["export: 1 of 2 tasks after 12 s, about 12 s left"]
