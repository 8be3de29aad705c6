"""The stage ``export``, over all converted days: the job spec for an engine, and the commit of its report."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

import msgspec

from personalize_assets.config.models import InteractionsMapping
from personalize_assets.conversion.export.csv_lines import header
from personalize_assets.conversion.spec import DailyFiles, DatasetExport, DatasetExported, ExportReport, ExportSpec
from personalize_assets.errors import PersonalizeAssetsError, TransientError
from personalize_assets.pipeline import hash_keys
from personalize_assets.pipeline.converted_days import converted_days, missing_days
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.ownership import claim_destination, confirm_owner
from personalize_assets.pipeline.schemas import has_current_schema, schema_of
from personalize_assets.pipeline.suppression import Suppression, current_list, current_suppression
from personalize_assets.storage.days import DAILY, commits_of
from personalize_assets.storage.destination import fingerprint
from personalize_assets.storage.exported_files import check_complete, copy_to_folder, join_to_file, take_over
from personalize_assets.storage.exports import former_runs
from personalize_assets.storage.manifests import (
    DayCommit,
    DayState,
    ExportManifest,
    ExportSet,
    RefusedExport,
    TableCommit,
)
from personalize_assets.storage.run_ids import new_run_id
from personalize_assets.storage.tables import TABLES


class ExportedMeanwhile(TransientError):
    """Another run has exported since this one read what is converted; exporting again takes the newer days."""


class ExportInput(msgspec.Struct, frozen=True, kw_only=True):
    """The daily rows that go into one dataset's export; attributes as in ``TableCommit``.

    ``daily`` are their files (URIs), or ``table`` those of a table; in the latter case ``duplicates`` and
    ``suppressed`` rows were already left out.
    """

    days: tuple[str, ...]
    inputs: str | None
    kept: int
    duplicates: int
    daily: tuple[DailyFiles, ...] | None = None
    table: tuple[str, ...] | None = None
    key_mark: str | None
    suppressed: int = 0


class PlannedExport(msgspec.Struct, frozen=True):
    """A job spec for an engine, and what the commit of its report needs.

    Attributes:
        spec: For the engine.
        run: Its id.
        inputs: What goes in, by dataset.
        former: The runs of the CSVs and tables that were current when their input was read, by asset.
        missing: By dataset, the days that another dataset was converted for, and it was not.
        states: All converted days as the export has read them, by day (ISO).
    """

    spec: ExportSpec
    run: str
    inputs: dict[str, ExportInput]
    former: dict[str, str] = {}
    missing: dict[str, tuple[str, ...]] = {}
    states: dict[str, DayState] = {}


class ExportCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Daily rows that went in, what became of them, and the size of the CSV in bytes.

    ``kept = accounted``, which is ``rows + duplicates + outside_window + suppressed``; the last two are 0 without
    ``last_days`` and ``suppress``.
    """

    rows: int
    kept: int
    duplicates: int
    outside_window: int = 0
    suppressed: int = 0
    bytes: int

    @property
    def accounted(self) -> int:
        """The daily rows of which it is known where they went."""
        return self.rows + self.duplicates + self.outside_window + self.suppressed


@dataclass
class ExportOutcome:
    """What an export did.

    Attributes:
        counts: By dataset, whether its CSV was replaced or refused.
        tables: New commits of tables of entities, by dataset.
        manifests: New manifests by dataset.
        refused: Datasets whose former CSV stays the current one.
    """

    counts: dict[str, ExportCounts] = field(default_factory=dict)
    tables: dict[str, TableCommit] = field(default_factory=dict)
    manifests: dict[str, ExportManifest] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)


def plan_export(group: DatasetGroup, asset_names: Collection[str]) -> PlannedExport:
    """The job spec that makes any of the tables of entities and ``<dataset>_csv``.

    Raises ``PersonalizeAssetsError`` if nothing is converted yet, if a day was converted with another mapping than the
    current one, if hashes of two keys would meet, or if the list of ``suppress`` is missing or damaged. The list is
    read once; it becomes a file of the run for the tasks.
    """
    claim_destination(group)
    run = new_run_id()
    # Read before the days: an export that becomes current from now on may be of newer days.
    latest = group.destination.exports.find_latest().object
    if latest:
        group.destination.exports.link_latest(latest)
    tables = {name: group.destination.tables.current(name) for name in TABLES if name in group.datasets}
    days = converted_days(group)
    hash_keys.check_same_key(group.datasets, days, tables, asset_names)
    made = [dataset for name, dataset in group.datasets.items() if {name, f"{name}_csv"} & set(asset_names)]
    suppression = current_suppression(group, made)
    exports = []
    inputs: dict[str, ExportInput] = {}
    for name, dataset in group.datasets.items():
        is_table = name in asset_names and not dataset.is_events
        to_table = group.destination.uri_of(group.destination.tables.prefix(name, run)) if is_table else None
        has_csv = f"{name}_csv" in asset_names
        if not to_table and not has_csv:
            continue
        is_daily = bool(to_table) or dataset.is_events
        inputs[name] = (
            _daily_input(group, name, days) if is_daily else _table_input(group, name, tables[name], suppression)
        )
        before = group.destination.kept.current(name) if is_daily else None
        exports.append(
            DatasetExport(
                dataset,
                daily=inputs[name].daily,
                table=inputs[name].table,
                to_table=to_table,
                to_csv=group.destination.uri_of(_csv_folder(group, name, run)) if has_csv else None,
                csv_header=not group.config.destination.single_file,
                keep_in=group.destination.uri_of(group.destination.kept.folder(name, run)) if is_daily else "",
                kept=before.kept if before else None,
                last_days=_last_days(group, name),
                suppress_list=suppression.digest_for(dataset),
            )
        )
    scratch = group.destination.scratch_folder(run)
    spec = ExportSpec(
        exports=tuple(exports),
        s3=dict(group.s3_options),
        mask=group.masked_paths,
        scratch=group.destination.uri_of(scratch),
        suppressed=_put_suppressed(group, f"{scratch}/suppressed.arrow", suppression),
    )
    missing = {name: missing_days(group, days, name) for name in inputs}
    return PlannedExport(spec, run, inputs, _runs(latest, tables), missing, days)


def _put_suppressed(group: DatasetGroup, key: str, suppression: Suppression) -> str:
    """Write the ids for the tasks; returns the file's URI, or nothing if there are none."""
    if not suppression.ids or not suppression.digest:
        return ""
    group.destination.store.write(key, suppression.ids.encode())
    group.destination.store.make_private([key])
    return group.destination.uri_of(key)


def discard_export(group: DatasetGroup, planned: PlannedExport) -> None:
    """Delete what a run wrote whose CSVs did not become current; tables that did stay."""
    destination = group.destination
    current = [destination.tables.prefix(name, run) for name, run in planned.former.items() if run == planned.run]
    found = destination.files_of_export(planned.run, planned.inputs)
    destination.remove([key for key in found if not key.startswith(tuple(current))])


def _runs(latest: ExportSet | None, tables: Mapping[str, TableCommit | None]) -> dict[str, str]:
    """The runs of what is current, by asset."""
    csvs = {f"{name}_csv": manifest.run for name, manifest in latest.datasets.items()} if latest else {}
    return csvs | {name: table.run for name, table in tables.items() if table}


def _csv_folder(group: DatasetGroup, name: str, run: str) -> str:
    """Where the engine writes CSVs: to be used again by the next export, or only to be put together."""
    is_events = group.datasets[name].is_events
    folder_of = group.destination.kept.folder if is_events else group.destination.parts_folder
    return folder_of(name, run)


def _daily_input(group: DatasetGroup, name: str, days: Mapping[str, DayState]) -> ExportInput:
    commits = commits_of(days, name)
    if not commits:
        raise PersonalizeAssetsError(
            f"{group.destination.uri_of(DAILY[name])} has no converted day; materialize {DAILY[name]} first, or use "
            "`personalize-assets run`"
        )
    mapping = fingerprint(group.datasets[name])
    source = group.source_ids[name]
    # A day without files has the same rows, none, by any mapping; it may have lost its files, and is converted no more.
    stale = [day for day, commit in commits.items() if commit.mapping != mapping and _has_files(days[day], source)]
    if stale:
        raise PersonalizeAssetsError(
            f"{DAILY[name]}: {len(stale)} of {len(commits)} days ({stale[0]} to {stale[-1]}) were converted with "
            f"another mapping than datasets.{name} has now; materialize {DAILY[name]} for these days again, or use "
            f"`personalize-assets run --days {stale[0]}..{stale[-1]}`. A day whose raw files are gone has no rows "
            "then: put them back first"
        )
    return ExportInput(
        days=tuple(commits),
        inputs=_inputs_digest(commits),
        kept=sum(commit.kept for commit in commits.values()),
        duplicates=0,
        daily=tuple(
            DailyFiles(day, tuple(map(group.destination.uri_of, commit.files)), _months(commit))
            for day, commit in commits.items()
        ),
        key_mark=hash_keys.first_mark(commits.values()),
    )


def _has_files(state: DayState, source: str) -> bool:
    return source not in state.sources or bool(state.sources[source].raw_files)


def _table_input(group: DatasetGroup, name: str, commit: TableCommit | None, suppression: Suppression) -> ExportInput:
    dataset = group.datasets[name]
    if commit is None:
        state = "does not exist"
    elif commit.mapping != fingerprint(dataset):
        state = "was made with another mapping than the config's"
    elif commit.suppress_list != suppression.digest_for(dataset):
        state = "was made with another list of users than `suppress` has now"
    else:
        state = ""
    if commit is None or state:
        raise PersonalizeAssetsError(f"{group.destination.uri_of(name)} {state}; materialize {name} first")
    return ExportInput(
        days=commit.days,
        inputs=commit.inputs,
        kept=commit.kept,
        duplicates=commit.duplicates,
        table=tuple(map(group.destination.uri_of, commit.files)),
        key_mark=commit.key_mark,
        suppressed=commit.suppressed,
    )


def _months(commit: DayCommit) -> dict[str, int]:
    """The rows by month; empty if they are not those of the commit, as in one of an older version."""
    return commit.months if sum(commit.months.values()) == commit.kept else {}


def export_counts(group: DatasetGroup, planned: PlannedExport, report: ExportReport) -> dict[str, ExportCounts]:
    """The counts of each dataset of a report; nothing is committed."""
    return {name: _counts(group, name, planned.inputs[name], made) for name, made in report.datasets.items()}


def _counts(group: DatasetGroup, name: str, found: ExportInput, made: DatasetExported) -> ExportCounts:
    columns = [column.name for column in group.datasets[name].columns]
    # In a folder of CSVs each file begins with the header, and is counted with it.
    has_header = not group.config.destination.single_file and made.rows
    return ExportCounts(
        rows=made.rows,
        kept=found.kept,
        # Those of this job, and those left out when the table was made that is exported now.
        duplicates=made.copies - made.outside - made.suppressed - made.rows + found.duplicates,
        outside_window=made.outside,
        suppressed=made.suppressed + found.suppressed,
        bytes=sum(part.csv_bytes for part in made.parts) + (0 if has_header else len(header(columns))),
    )


def is_whole(counts: ExportCounts | TableCommit | ExportManifest) -> bool:
    """Whether the daily rows that went into a table or CSV are all accounted for.

    They are in it, duplicates, outside the window, or of suppressed users.
    """
    return counts.kept == counts.accounted


def commit_export(
    group: DatasetGroup,
    planned: PlannedExport,
    report: ExportReport,
    refused: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> ExportOutcome:
    """Make tables and CSVs of a report the current ones: all CSVs at once, in an export of their own.

    The CSVs of the datasets in ``refused`` are put aside with the reasons; for them the former CSV goes into the new
    export, as for datasets that were not made. If other rows went in than the commits of a dataset's days count, its
    former table stays, too, nothing is left for the next export, and that reads all daily files again.

    Raises ``ExportedMeanwhile`` if another run has exported the same dataset since this one read its days; nothing has
    become current then, nor after any other error before the switch.
    """
    outcome = ExportOutcome(counts=export_counts(group, planned, report))
    whole = {name for name, counts in outcome.counts.items() if is_whole(counts)}
    try:
        confirm_owner(group)
        _put_files(group, planned, report, outcome, whole, refused)
        _check_former(group, planned, group.destination.exports.find_latest().object)
    except BaseException:
        discard_export(group, planned)
        raise
    # From here on files may be current: what a failure leaves is deleted by a later run, which knows whether they are.
    try:
        _switch(group, planned, outcome)
    except ExportedMeanwhile:
        discard_export(group, planned)  # its CSVs have not become current
        raise
    for name, made in report.datasets.items():
        if name not in whole:
            group.destination.kept.forget(name)
        elif made.kept:
            hours = group.config.destination.retention_hours
            group.destination.remove(group.destination.kept.put(name, made.kept, hours * 3600))
    _remove_parts(group, planned, report, whole)
    return outcome


def _put_files(
    group: DatasetGroup,
    planned: PlannedExport,
    report: ExportReport,
    outcome: ExportOutcome,
    whole: Set[str],
    refused: Mapping[str, Sequence[str]],
) -> None:
    """Put the CSVs and schemas into the folder of their export, and what is refused into its own."""
    exports = group.destination.exports
    aside: dict[str, ExportManifest] = {}
    for one in planned.spec.exports:
        name = one.dataset.name
        if one.to_table and name in whole:
            outcome.tables[name] = _table_commit(group, planned, report, outcome.counts[name], one)
        if one.to_csv and (name in refused or name not in whole):
            outcome.refused.add(name)
            if name in whole:
                folder = exports.refused_folder(planned.run)
                aside[name] = _export_manifest(group, planned, report, outcome.counts[name], one, folder)
        elif one.to_csv:
            folder = exports.folder(planned.run)
            outcome.manifests[name] = _export_manifest(group, planned, report, outcome.counts[name], one, folder)
    if aside:
        findings = {name: tuple(refused[name]) for name in aside}
        exports.put_refused(RefusedExport(run=planned.run, made=_now(), findings=findings, datasets=aside))


def _check_former(group: DatasetGroup, planned: PlannedExport, latest: ExportSet | None) -> None:
    """Raise ``ExportedMeanwhile`` if what is to be replaced is not what was current when the days were read."""
    exports = planned.spec.exports
    made = [one.dataset.name for one in exports if one.to_table]
    now = _runs(latest, {name: group.destination.tables.find(name).object for name in made})
    for asset in (*made, *(f"{one.dataset.name}_csv" for one in exports if one.to_csv)):
        if now.get(asset, "") != planned.former.get(asset, ""):
            raise ExportedMeanwhile(
                f"run {now.get(asset, 'unknown')} replaced {asset} while run {planned.run} exported what was "
                "converted before; that stays the current one: export again"
            )


def _switch(group: DatasetGroup, planned: PlannedExport, outcome: ExportOutcome) -> None:
    destination = group.destination
    for name, commit in outcome.tables.items():
        found = destination.tables.find(name)
        is_former = (found.object.run if found.object else "") == planned.former.get(name, "")
        if not is_former or not destination.tables.swap(name, commit, found):
            raise ExportedMeanwhile(f"another run replaced {name} while run {planned.run} made it: export again")
        planned.former[name] = planned.run
    if not outcome.manifests:
        return
    while True:
        before = destination.exports.find_latest()
        _check_former(group, planned, before.object)
        others = [name for name in group.datasets if name not in outcome.manifests]
        datasets = {**outcome.manifests, **take_over(destination, before.object, others, planned.run)}
        made = ExportSet(
            run=planned.run,
            made=_now(),
            datasets={name: datasets[name] for name in group.datasets if name in datasets},
            former=former_runs(before.object),
        )
        destination.exports.put_manifest(made)
        check_complete(destination, made)
        if destination.exports.publish(made, before):
            return


def _remove_parts(group: DatasetGroup, planned: PlannedExport, report: ExportReport, whole: Set[str]) -> None:
    """Delete what the engine wrote for this export alone."""
    unneeded: set[str] = set()
    for name, made in report.datasets.items():
        unneeded |= {part.csv for part in made.parts if part.csv and planned.run in part.csv}
        if name not in whole:
            unneeded |= {part.parquet for part in made.parts if part.parquet}
        elif made.kept:
            unneeded -= made.kept.files()
    destination = group.destination
    scratch = [file.key for file in destination.store.files(f"{destination.scratch_folder(planned.run)}/")]
    destination.remove([*sorted(map(destination.key_of, unneeded)), *scratch])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _table_commit(
    group: DatasetGroup, planned: PlannedExport, report: ExportReport, counts: ExportCounts, one: DatasetExport
) -> TableCommit:
    found, made = planned.inputs[one.dataset.name], report.datasets[one.dataset.name]
    return TableCommit(
        run=planned.run,
        days=found.days,
        inputs=found.inputs,
        mapping=fingerprint(one.dataset),
        files=tuple(group.destination.key_of(part.parquet) for part in made.parts if part.parquet),
        rows=counts.rows,
        kept=counts.kept,
        duplicates=counts.duplicates,
        seconds=report.seconds,
        profile=made.profile,
        key_mark=found.key_mark,
        suppressed=counts.suppressed,
        suppress_list=one.suppress_list,
    )


def _export_manifest(
    group: DatasetGroup,
    planned: PlannedExport,
    report: ExportReport,
    counts: ExportCounts,
    one: DatasetExport,
    folder: str,
) -> ExportManifest:
    """The manifest of a CSV, whose files and schema are put into a folder (key)."""
    name = one.dataset.name
    found, made = planned.inputs[name], report.datasets[name]
    columns = tuple(column.name for column in one.dataset.columns)
    put = copy_to_folder if one.csv_header else join_to_file
    files = put(group.destination, f"{folder}/{name}", header(columns), made.parts)
    return ExportManifest(
        dataset=name,
        columns=columns,
        rows=counts.rows,
        kept=counts.kept,
        duplicates=counts.duplicates,
        outside_window=counts.outside_window,
        last_days=one.last_days,
        suppressed=counts.suppressed,
        suppress_list=one.suppress_list,
        bytes=files.bytes,
        sha256=files.sha256,
        path=files.path,
        schema=group.destination.exports.put_schema(folder, name, schema_of(group, name)),
        files=files.files,
        run=planned.run,
        days=found.days,
        inputs=found.inputs,
        seconds=report.seconds,
        profile=made.profile,
    )


def unexported(group: DatasetGroup) -> list[str]:
    """The datasets of which something has changed since their CSV was made: a day, the schema, the window, the list.

    Reads the list of ``suppress``, if there is one.
    """
    names = []
    latest = group.destination.exports.latest()
    days = converted_days(group)
    suppression = current_list(group, group.datasets.values())
    for name, dataset in group.datasets.items():
        commits = commits_of(days, name)
        manifest = latest.datasets.get(name) if latest else None
        is_current = (
            manifest is not None
            and manifest.inputs == _inputs_digest(commits)
            and manifest.last_days == _last_days(group, name)
            and manifest.suppress_list == suppression.digest_for(dataset)
            and has_current_schema(group, name, manifest)
        )
        if commits and not is_current:
            names.append(name)
    return names


def _last_days(group: DatasetGroup, name: str) -> int | None:
    mapping = group.config.datasets.named()[name]
    return mapping.last_days if isinstance(mapping, InteractionsMapping) else None


def _inputs_digest(commits: Mapping[str, DayCommit]) -> str:
    """Identifies the daily files that went into an export."""
    text = "\n".join(f"{day} {commit.run}" for day, commit in commits.items())
    return hashlib.sha256(text.encode()).hexdigest()[:16]
