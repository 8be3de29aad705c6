"""A dataset group whose sensors are ticked and whose runs run at once, as by the daemon, but without its waits."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from personalize_assets.config import load_config
from personalize_assets.conversion.progress import OnProgress
from personalize_assets.conversion.spec import ConvertReport, ConvertSpec, DayReport, Report, SourceCounts, Spec
from personalize_assets.definitions import build_definitions
from personalize_assets.engines import Engine
from personalize_assets.layouts import layout
from personalize_assets.local_run import run as local_run
from personalize_assets.orchestration import group
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.object_store import open_store


class CountingEngine(Engine):
    """Reads no events: accounts for every file, and none has a row. Raises what is in ``FAILURES``, first to last."""

    def run(
        self, context: dg.AssetExecutionContext | None, spec: Spec, on_progress: OnProgress | None = None
    ) -> Report:
        assert isinstance(spec, ConvertSpec)
        days: dict[str, DayReport] = {}
        for source in spec.sources:
            files = Counter(file.day.isoformat() for file in source.files)
            for day, count in files.items():
                sources = {**days.get(day, DayReport()).sources, source.id: SourceCounts(raw_files=count)}
                days[day] = DayReport(sources=sources)
        CALLS.append(sorted(days))
        error = FAILURES.pop(0) if FAILURES else None
        if error:
            raise error
        return ConvertReport(days=days, seconds=0.0)


CALLS: list[list[str]] = []
"""The days of each call of the engine."""
FAILURES: list[Exception | None] = []
"""What the next calls raise, first to last; None for a call that succeeds."""


class Automated:
    """A dataset group with ``automation: on``, whose days settle at once. ``automation`` changes its settings."""

    def __init__(self, folder: Path, source: str, patch: pytest.MonkeyPatch, **automation: Any) -> None:
        CALLS.clear()
        FAILURES.clear()
        for module in (group, local_run):
            patch.setattr(module, "make_engine", lambda name, config: CountingEngine())
        self.layout = layout(automation.pop("layout", "hive"), automation.pop("start", None) or today())
        columns = {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "time"}
        config = {
            "source": {"uri": source, "layout": self.layout.name, "start_date": str(self.layout.start_date)},
            "destination": {"uri": str(folder / "out")},
            "dataset_group": {"name": "test"},
            "datasets": {"interactions": {"columns": columns}},
            "automation": {"on": True, "settle_minutes": 0, **automation},
        }
        self.destination_folder = folder / "out"
        file = folder / "personalize.yaml"
        file.write_text(yaml.safe_dump(config, sort_keys=False))
        self.raw = open_store(source)
        self.config = load_config(file, os.environ)
        alone = dg.Definitions(executor=dg.in_process_executor)
        self.definitions = dg.Definitions.merge(build_definitions(self.config), alone)
        self.group = DatasetGroup(self.config)
        self.instance = dg.DagsterInstance.ephemeral()
        self.cursor: str | None = None

    def put(self, name: str, day: Any = None, data: bytes = b"{}") -> str:
        key = self.layout.key(day or today(), name)
        self.raw.write(key, data)
        return key

    def tick(self) -> dg.SensorResult:
        """The answer of the arrivals sensor; its cursor is not saved."""
        repository = self.definitions.get_repository_def()
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor, repository_def=repository)
        answer = repository.get_sensor_def("arrivals")(context)
        assert isinstance(answer, dg.SensorResult)
        return answer

    def launch(self, answer: dg.SensorResult) -> list[str]:
        """Run what was requested and return the days. As in the daemon, a run key is used once."""
        days = []
        for request in answer.run_requests or ():
            key = {"dagster/run_key": str(request.run_key)}
            if not self.instance.get_runs(dg.RunsFilter(tags=key)):
                days += _days_of(request)
                self.convert(request.partition_key, {**request.tags, **key})
        for event in answer.asset_events:
            assert isinstance(event, dg.AssetMaterialization)
            self.instance.report_runless_asset_event(event)
        return days

    def convert(self, day: str | None, tags: dict[str, str] | None = None) -> bool:
        job = self.definitions.resolve_job_def("convert")
        return job.execute_in_process(
            instance=self.instance, partition_key=day, tags=tags or {}, raise_on_error=False
        ).success

    def tick_and_launch(self) -> list[str]:
        answer = self.tick()
        days = self.launch(answer)
        self.cursor = answer.cursor
        return days


def _days_of(request: dg.RunRequest) -> list[str]:
    """The day of a request, or those of its range."""
    if request.partition_key:
        return [request.partition_key]
    assert request.partition_key_range
    first, last = (date.fromisoformat(day) for day in request.partition_key_range)
    return [str(first + timedelta(days=number)) for number in range((last - first).days + 1)]


def today() -> date:
    """Today in UTC, as Dagster counts partitions."""
    return datetime.now(UTC).date()
