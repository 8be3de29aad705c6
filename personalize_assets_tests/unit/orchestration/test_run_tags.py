"""What the tags of a run make it do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from personalize_assets.orchestration import run_tags


def context(tags: dict[str, str], parent: dg.DagsterRunStatus | None = None) -> Any:
    """Of a run with these tags; ``parent`` is the status of the run that it retries."""
    run = SimpleNamespace(tags=tags, parent_run_id="parent" if parent else None)
    parent_run = SimpleNamespace(status=parent)
    return SimpleNamespace(run=run, instance=SimpleNamespace(get_run_by_id={"parent": parent_run}.get))


@pytest.mark.parametrize("tags", [{"personalize_assets/resume": "true"}, {"dagster/parent_backfill_id": "b"}])
def test_a_run_resumes_by_its_tag_or_if_its_backfill_retries_another(tags: dict[str, str]) -> None:
    assert run_tags.resumes(context(tags))


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED])
def test_a_run_resumes_if_it_retries_one_that_did_not_finish(status: dg.DagsterRunStatus) -> None:
    assert run_tags.resumes(context({}, status))


def test_any_other_run_converts_all_of_its_days() -> None:
    assert not run_tags.resumes(context({}))
    assert not run_tags.resumes(context({"personalize_assets/resume": "false"}))
    assert not run_tags.resumes(context({}, dg.DagsterRunStatus.SUCCESS))


def test_a_run_without_an_instance_has_no_ui() -> None:
    assert run_tags.has_ui(context({}))
    assert not run_tags.has_ui(context({"personalize_assets/unseen": "true"}))


def test_a_run_may_take_six_hours() -> None:
    assert run_tags.MAX_RUNTIME_TAGS == {"dagster/max_runtime": "21600"}


def test_a_retry_began_with_the_first_of_its_runs() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        first = instance.create_run_for_job(JOB)
        retry = instance.create_run_for_job(JOB, root_run_id=first.run_id, parent_run_id=first.run_id)
        record = instance.get_run_record_by_id(first.run_id)
        assert record is not None

        began: Any = [SimpleNamespace(instance=instance, run=run) for run in (first, retry)]

        assert [run_tags.began(context) for context in began] == [record.create_timestamp.timestamp()] * 2


@dg.job
def JOB() -> None:  # noqa: N802
    """A job without steps."""
