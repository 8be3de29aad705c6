"""The stage ``export``, over all converted days: the job spec for an engine, and the commit of its report."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field

import msgspec

from personalize_assets.conversion.export.csv_lines import header
from personalize_assets.conversion.kept import PartReport
from personalize_assets.conversion.spec import DailyFiles, DatasetExport, DatasetExported, ExportReport, ExportSpec
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline import hash_keys
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.ownership import claim_destination, confirm_owner
from personalize_assets.storage.destination import DAILY, fingerprint, new_run_id
from personalize_assets.storage.exported_files import copy_parts, join_single_file, keep_folder
from personalize_assets.storage.manifests import DayCommit, ExportManifest, TableCommit


class ExportInput(msgspec.Struct, frozen=True, kw_only=True):
    """The daily rows that go into one dataset's export; attributes as in ``TableCommit``.

    ``daily`` are their files (URIs), or ``table`` those of a table; in the latter case ``duplicates`` were already left
    out.
    """

    days: tuple[str, ...]
    inputs: str | None
    kept: int
    duplicates: int
    daily: tuple[DailyFiles, ...] | None = None
    table: tuple[str, ...] | None = None
    key_mark: str | None


class PlannedExport(msgspec.Struct, frozen=True):
    """A job spec for an engine, and what the commit of its report needs: run id, and input by dataset."""

    spec: ExportSpec
    run: str
    inputs: dict[str, ExportInput]


class ExportCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Daily rows that went in (``kept = rows + duplicates``), rows that came out, and the size of the CSV in bytes."""

    rows: int
    kept: int
    duplicates: int
    bytes: int


@dataclass
class ExportOutcome:
    """What an export did.

    Attributes:
        counts: By dataset, whether its CSV was replaced or refused.
        tables: New commits of ``users`` and ``items``, by dataset.
        manifests: New manifests by dataset.
        refused: Datasets whose former CSV stays the current one.
    """

    counts: dict[str, ExportCounts] = field(default_factory=dict)
    tables: dict[str, TableCommit] = field(default_factory=dict)
    manifests: dict[str, ExportManifest] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)


def plan_export(group: DatasetGroup, asset_names: Collection[str]) -> PlannedExport:
    """The job spec that makes any of the assets ``users``, ``items`` and ``<dataset>_csv``.

    Raises ``PersonalizeAssetsError`` if nothing is converted yet, if a day was converted with another mapping than the
    current one, or if hashes of two keys would meet.
    """
    claim_destination(group)
    run = new_run_id()
    exports = []
    inputs: dict[str, ExportInput] = {}
    for name, dataset in group.datasets.items():
        to_table = group.destination.uri_of(group.destination.table_prefix(name, run)) if name in asset_names else None
        has_csv = f"{name}_csv" in asset_names
        if not to_table and not has_csv:
            continue
        is_daily = bool(to_table) or name == "interactions"
        inputs[name] = _daily_input(group, name) if is_daily else _table_input(group, name)
        before = group.destination.kept(name) if is_daily else None
        exports.append(
            DatasetExport(
                dataset,
                daily=inputs[name].daily,
                table=inputs[name].table,
                to_table=to_table,
                to_csv=group.destination.uri_of(_csv_folder(group, name, run)) if has_csv else None,
                csv_header=not group.config.destination.single_file,
                keep_in=group.destination.uri_of(group.destination.kept_folder(name, run)) if is_daily else "",
                kept=before.kept if before else None,
            )
        )
    hash_keys.check_same_key(group.destination, group.datasets, asset_names)
    spec = ExportSpec(
        exports=tuple(exports),
        s3=dict(group.s3_options),
        mask=group.masked_paths,
        scratch=group.destination.uri_of(group.destination.scratch_folder(run)),
    )
    return PlannedExport(spec, run, inputs)


def discard_export(group: DatasetGroup, planned: PlannedExport) -> None:
    """Delete what a failed run of the engine left."""
    group.destination.delete_export(planned.run, planned.inputs)


def _csv_folder(group: DatasetGroup, name: str, run: str) -> str:
    """Where the engine writes CSVs: to be used again by the next export, to be joined, or to stay."""
    if name == "interactions":
        return group.destination.kept_folder(name, run)
    single = group.config.destination.single_file
    return group.destination.parts_folder(name, run) if single else group.destination.csv_folder(name, run)


def _daily_input(group: DatasetGroup, name: str) -> ExportInput:
    commits = group.destination.daily_commits(name)
    if not commits:
        raise PersonalizeAssetsError(
            f"{group.destination.uri_of(DAILY[name])} has no converted day; materialize {DAILY[name]} first"
        )
    mapping = fingerprint(group.datasets[name])
    stale = [day for day, commit in commits.items() if commit.mapping != mapping]
    if stale:
        raise PersonalizeAssetsError(
            f"{DAILY[name]}: {len(stale)} of {len(commits)} days ({stale[0]} to {stale[-1]}) were converted with "
            f"another mapping than datasets.{name} has now; materialize {DAILY[name]} for these days again"
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


def _table_input(group: DatasetGroup, name: str) -> ExportInput:
    commit = group.destination.table_commit(name)
    if commit is None or commit.mapping != fingerprint(group.datasets[name]):
        state = "does not exist" if commit is None else "was made with another mapping than the config's"
        raise PersonalizeAssetsError(f"{group.destination.uri_of(name)} {state}; materialize {name} first")
    return ExportInput(
        days=commit.days,
        inputs=commit.inputs,
        kept=commit.kept,
        duplicates=commit.duplicates,
        table=tuple(map(group.destination.uri_of, commit.files)),
        key_mark=commit.key_mark,
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
        duplicates=made.copies - made.rows + found.duplicates,
        bytes=sum(part.csv_bytes for part in made.parts) + (0 if has_header else len(header(columns))),
    )


def is_whole(counts: ExportCounts | TableCommit | ExportManifest) -> bool:
    """Whether the daily rows that went into a table or CSV are all in it, or duplicates."""
    return counts.kept == counts.rows + counts.duplicates


def commit_export(
    group: DatasetGroup, planned: PlannedExport, report: ExportReport, refused: Collection[str] = ()
) -> ExportOutcome:
    """Make tables and CSVs of a report the current ones.

    For the datasets in ``refused`` the former CSV and its manifest stay, and the parts of the new one are deleted, but
    for those that the next export may use. If other rows went in than the commits of a dataset's days count, its former
    table stays, too, nothing is left for the next export, and that reads all daily files again.
    """
    confirm_owner(group)
    outcome = ExportOutcome(counts=export_counts(group, planned, report))
    for one in planned.spec.exports:
        name = one.dataset.name
        made = report.datasets[name]
        whole = is_whole(outcome.counts[name])
        if one.to_table and not whole:
            _delete(group, {part.parquet for part in made.parts if part.parquet})
        elif one.to_table:
            outcome.tables[name] = _table_commit(group, planned, report, outcome.counts[name], one)
            group.destination.commit_table(name, outcome.tables[name])
        if one.to_csv and (name in refused or not whole):
            kept = _kept_files(made) if whole else set()
            _delete(group, {part.csv for part in made.parts if part.csv and planned.run in part.csv} - kept)
            outcome.refused.add(name)
        elif one.to_csv:
            outcome.manifests[name] = _export_manifest(group, planned, report, outcome.counts[name], one)
            group.destination.put_manifest(name, outcome.manifests[name])
        if not whole:
            group.destination.forget_kept(name)
        elif made.kept:
            group.destination.put_kept(name, made.kept)
    group.destination.delete_scratch(planned.run)
    return outcome


def _delete(group: DatasetGroup, uris: Set[str]) -> None:
    group.destination.store.delete(sorted(map(group.destination.key_of, uris)))


def _kept_files(made: DatasetExported) -> set[str]:
    return made.kept.files() if made.kept else set()


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
    )


def _export_manifest(
    group: DatasetGroup, planned: PlannedExport, report: ExportReport, counts: ExportCounts, one: DatasetExport
) -> ExportManifest:
    """The manifest of a CSV, whose files are put in their place."""
    name = one.dataset.name
    found, made = planned.inputs[name], report.datasets[name]
    columns = tuple(column.name for column in one.dataset.columns)
    if one.csv_header:
        folder = group.destination.csv_folder(name, planned.run)
        parts: Sequence[PartReport] = made.parts
        if group.destination.key_of(one.to_csv or "") != folder:
            parts = copy_parts(group.destination, folder, made.parts)
        files = keep_folder(group.destination, folder, header(columns), parts)
    else:
        files = join_single_file(group.destination, name, header(columns), made.parts, _kept_files(made))
    return ExportManifest(
        dataset=name,
        columns=columns,
        rows=counts.rows,
        kept=counts.kept,
        duplicates=counts.duplicates,
        bytes=files.bytes,
        sha256=files.sha256,
        path=files.path,
        files=files.files,
        run=planned.run,
        days=found.days,
        inputs=found.inputs,
        seconds=report.seconds,
        profile=made.profile,
    )


def unexported(group: DatasetGroup) -> list[str]:
    """The datasets of which a day was converted since their CSV was made."""
    names = []
    for name in group.datasets:
        commits = group.destination.daily_commits(name)
        if commits:
            manifest = group.destination.manifest(name)
            if manifest is None or manifest.inputs != _inputs_digest(commits):
                names.append(name)
    return names


def _inputs_digest(commits: Mapping[str, DayCommit]) -> str:
    """Identifies the daily files that went into an export."""
    text = "\n".join(f"{day} {commit.run}" for day, commit in commits.items())
    return hashlib.sha256(text.encode()).hexdigest()[:16]
