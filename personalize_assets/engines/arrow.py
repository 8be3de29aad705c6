"""The engine ``arrow``: tasks in processes of this machine, one a core as memory allows. No Java, no port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from personalize_assets.conversion import job
from personalize_assets.conversion.process import leave_out_pandas
from personalize_assets.conversion.progress import OnProgress
from personalize_assets.conversion.reading.file_errors import FileError
from personalize_assets.conversion.spec import ConvertSpec, Report, Spec
from personalize_assets.engines.base import Engine, for_user
from personalize_assets.engines.machine import workers
from personalize_assets.engines.process_pool import is_large, kept_pool, processes, start_early

if TYPE_CHECKING:
    import dagster as dg


class ArrowEngine(Engine):
    """Runs every job in processes that end with it; a small one in this process."""

    name: ClassVar[str] = "arrow"

    def prepare(self, raw_bytes: int) -> None:
        """Start the processes, if so many bytes are worth it."""
        start_early(workers, raw_bytes)

    @contextmanager
    def several_jobs(self) -> Iterator[None]:
        """Processes that a job within has started end with the block, and not with the job."""
        with kept_pool():
            yield

    def run(
        self, context: dg.AssetExecutionContext | None, spec: Spec, on_progress: OnProgress | None = None
    ) -> Report:
        """See ``Engine.run``."""
        leave_out_pandas()
        try:
            with processes(workers, job.meter_of(spec, on_progress)) as spread:
                return job.run(spec, spread, workers() if is_large(raw_bytes_of(spec)) else 1)
        except FileError as error:
            raise for_user(error) from error


def raw_bytes_of(spec: Spec) -> int:
    """The stored size of the raw files of a job; 0 for one that reads none."""
    if not isinstance(spec, ConvertSpec):
        return 0
    return sum(file.bytes for source in spec.sources for file in source.files)
