"""A sink for the events of a day, whose files are in a folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from personalize_assets.conversion.convert.day_counts import DatasetDayCounts, SourceDayCounts
from personalize_assets.conversion.convert.day_profile import DayProfileBuilder
from personalize_assets.conversion.convert.event_sink import DayOutput, EventSink, SourceMappers
from personalize_assets.conversion.convert.writers import RejectWriter, RowWriter
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.mapping.timestamps import max_epoch_seconds_of
from personalize_assets.conversion.reading.filesystem import FileSystem


def open_sink(folder: Path, mappers: SourceMappers) -> EventSink:
    """A sink of 2026-10-01: rows go to ``<dataset>.parquet``, rejects to ``<dataset>.jsonl`` and ``source.jsonl``."""

    def rejects(name: str) -> RejectWriter:
        return RejectWriter(FileSystem(), str(folder / f"{name}.jsonl"))

    datasets = {
        dataset.name: DatasetDayCounts(
            dataset.name,
            RowWriter(
                FileSystem(), str(folder / f"{dataset.name}.parquet"), daily_schema(dataset), DayProfileBuilder(dataset)
            ),
            rejects(dataset.name),
        )
        for dataset in mappers.written
    }
    return EventSink(
        mappers, DayOutput(max_epoch_seconds_of(date(2026, 10, 1)), SourceDayCounts(rejects("source")), datasets)
    )
