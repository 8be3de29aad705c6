"""What imports have left in the destination's records: for ``personalize-assets status`` and the report."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.access import imported_datasets
from personalize_assets.storage.manifests import ComparedRows, ExportManifest, ExportSet, ImportRecord


class PlanStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What Personalize says, and so the next import would do.

    Attributes:
        mode: ``FULL`` or ``INCREMENTAL``; empty if nothing would be sent.
        pending: Rows that would be sent or, without a mode, that Personalize lacks.
        bytes: Of these.
        why: In words.
        steps: What would be made or changed before, a line each.
        unfinished: Import jobs that go on: name and state.
    """

    mode: str
    pending: int
    bytes: int
    why: str
    steps: tuple[str, ...]
    unfinished: dict[str, str]


class ComparedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of the export of a run, and those that Personalize held by its own export; ``at`` is ISO, UTC."""

    run: str
    exported: int
    held: int
    at: str


class ImportStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset's imports, as they are recorded in the destination.

    Attributes:
        holds: The run of the export whose rows Personalize holds; empty if none is recorded.
        rows_held: Rows of that export; None if it was deleted.
        is_pending: Whether the current export has other rows than that one.
        reading: Runs of exports that an import reads, and since when (ISO, UTC).
        untrained: Columns that not all solutions train on, and when they were added (ISO, UTC).
        compared: The last comparison; None before the first one.
        plan: What Personalize says; None if it was not asked, or there is an error.
    """

    holds: str
    rows_held: int | None
    is_pending: bool
    reading: dict[str, str]
    untrained: dict[str, str]
    compared: ComparedStatus | None = None
    plan: PlanStatus | None = None


def recorded_imports(group: DatasetGroup, latest: ExportSet | None, *, always: bool) -> dict[str, ImportStatus]:
    """What is recorded, by dataset; of all imported datasets if ``always``, or imports are on. Nothing is asked."""
    names = imported_datasets(group)
    records = {name: group.destination.imports.find(name) for name in names}
    if not (always or group.config.import_.on):
        records = {name: record for name, record in records.items() if record != ImportRecord()}
    return {name: _import(group, name, record, latest) for name, record in records.items()}


def _import(group: DatasetGroup, name: str, record: ImportRecord, latest: ExportSet | None) -> ImportStatus:
    current = latest.datasets.get(name) if latest else None
    held = _held(group, name, record.holds)
    return ImportStatus(
        holds=record.holds,
        rows_held=held.rows if held else None if record.holds else 0,
        is_pending=current is not None and (held is None or held.sha256 != current.sha256),
        reading={reader.partition(" ")[0]: _iso(at) for reader, at in record.reading.items()},
        untrained={column: _iso(at) for column, at in record.untrained.items()},
        compared=_compared(record.compared),
    )


def _compared(found: ComparedRows | None) -> ComparedStatus | None:
    if found is None:
        return None
    return ComparedStatus(run=found.run, exported=found.exported, held=found.held, at=_iso(found.at))


def _held(group: DatasetGroup, name: str, run: str) -> ExportManifest | None:
    made = group.destination.exports.of_run(run) if run else None
    return made.datasets.get(name) if made else None


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
