"""The engine ``arrow``: the tasks of a job in processes of this machine, one a core. No Java, no server, no port."""

from __future__ import annotations

import dagster as dg

from personalize_assets.conversion import job
from personalize_assets.conversion.reading.filesystem import UnreadableFile
from personalize_assets.conversion.spark import machine_cores
from personalize_assets.conversion.spec import Report, Spec
from personalize_assets.engines.base import Engine, unreadable
from personalize_assets.engines.process_pool import processes, start_early


class ArrowEngine(Engine):
    """Runs every job in processes that end with it; a small one in this process."""

    def prepare(self, raw_bytes: int) -> None:
        """Start the processes, if so many bytes are worth it."""
        start_early(machine_cores(), raw_bytes)

    def run(self, context: dg.AssetExecutionContext, spec: Spec) -> Report:
        """See ``Engine.run``."""
        try:
            with processes(machine_cores()) as spread:
                return job.run(spec, spread, machine_cores())
        except UnreadableFile as error:
            raise unreadable(error) from error
