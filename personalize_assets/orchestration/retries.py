"""Transient and permanent errors as Dagster needs them: what is tried again, and what a run that fails shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from personalize_assets.conversion import waiting
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.orchestration import run_tags
from personalize_assets.pipeline.transient import MAX_RETRIES, is_transient, wait_before
from personalize_assets.storage.cleanup import warned_once


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn the errors of the code within into what Dagster needs. For use in an op only.

    A transient error becomes a ``RetryRequested`` with back-off, until ``MAX_RETRIES`` are used up. A
    ``PersonalizeAssetsError`` becomes a ``dg.Failure`` with its text and without retries; unless it is transient, its
    run gets the tag ``PERMANENT``. Any other error passes through and is not retried.

    What is waited for, and what could not be deleted, goes into the run's log.
    """
    context = dg.OpExecutionContext.get()
    try:
        with waiting.reported(context.log.info), warned_once(context.log.warning):
            yield
    except Exception as error:
        transient = is_transient(error)
        if transient and context.retry_number < MAX_RETRIES:
            seconds = wait_before(context.retry_number + 1)
            context.log.warning(f"Transient error, retrying in {seconds:.0f} s: {error}")
            raise dg.RetryRequested(MAX_RETRIES, seconds) from error
        if not isinstance(error, PersonalizeAssetsError):
            raise
        if not transient:
            context.instance.add_run_tags(context.run_id, {run_tags.PERMANENT: "true"})
        raise dg.Failure(str(error), allow_retries=False) from error
