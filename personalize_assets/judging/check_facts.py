"""Collects the facts that ``quality`` judges, from a dataset group's destination and from the report of an export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from personalize_assets.conversion.avro import avro_schema
from personalize_assets.conversion.export.csv_scan import Scan, combine_scans, scan_csv
from personalize_assets.conversion.mapping.masking import masked_profile
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.spec import ExportProfile, ExportReport
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.judging.likely_causes import likely_causes
from personalize_assets.pipeline.convert import first_rejects
from personalize_assets.pipeline.converted_days import converted_days, missing_days
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.export import ExportCounts, PlannedExport, export_counts
from personalize_assets.pipeline.suppression import current_list, current_suppression
from personalize_assets.quality.csv_file import FileFacts
from personalize_assets.quality.daily import DayFacts, days_before
from personalize_assets.quality.evaluate import Judged, export_rules, file_rules, judge, none_checked
from personalize_assets.quality.rule import ExportFacts, Finding, Rule
from personalize_assets.storage.days import accounting_of, commits_of
from personalize_assets.storage.manifests import DayAccounting, DayCommit, DayState, ExportedFile, ExportManifest
from personalize_assets.storage.object_store import StoredObject

_REJECTS_A_DAY = 5


def day_facts(
    group: DatasetGroup, name: str, commits: Mapping[str, DayCommit], accounting: Mapping[str, DayAccounting]
) -> DayFacts:
    """The facts of some days of a dataset; reads the commits of the week before each."""
    before = {day for of_run in commits for day in days_before(of_run)} - commits.keys()
    known = {**commits_of(group.destination.days.some(before), name), **commits}
    return DayFacts(
        dataset=group.datasets[name],
        commits=commits,
        accounting=accounting,
        kept={day: commit.kept for day, commit in known.items()},
        rejects=lambda day: msgspec.to_builtins(first_rejects(group, name, day, _REJECTS_A_DAY)),
        causes=lambda: likely_causes(group, name, commits, accounting),
    )


def facts_of_all_days(group: DatasetGroup, name: str, states: Mapping[str, DayState]) -> DayFacts:
    """The facts of all converted days of a dataset, which ``states`` are, by day (ISO)."""
    accounting, commits = accounting_of(states, group.source_ids[name]), commits_of(states, name)
    # A day from before the dataset got a source of its own has the accounting of another source.
    days = [day for day in commits if day in accounting]
    return day_facts(group, name, {day: commits[day] for day in days}, {day: accounting[day] for day in days})


def judge_exports(group: DatasetGroup, planned: PlannedExport, report: ExportReport) -> dict[str, Judged[ExportFacts]]:
    """Judge each CSV that an export job made, before any of them becomes the current one. By dataset."""
    counts = export_counts(group, planned, report)
    return {
        name: _judge_export(group, name, report.datasets[name].profile, counts[name], planned.missing.get(name, ()))
        for name in (export.dataset.name for export in planned.spec.exports if export.to_csv)
    }


def judge_current_export(
    group: DatasetGroup, name: str, states: Mapping[str, DayState] | None = None
) -> Judged[ExportFacts]:
    """Judge the current CSV of a dataset by its manifest, for checks that are run without their asset.

    One rule fails if there is no export, or one with other columns than the config has now, and the others are not
    checked. ``states`` are the
    converted days, if they are known already.
    """
    dataset = group.datasets[name]
    manifest = group.destination.exports.manifest(name)
    columns = tuple(column.name for column in dataset.columns)
    if manifest is None or manifest.profile is None or manifest.columns != columns:
        rules = export_rules(dataset, group.config.dataset_group.domain)
        observed = "no export" if manifest is None else "an export made with other columns or by an older version"
        return none_checked(rules, observed, f"materialize {name}_csv first")
    # Masked again: the export may have been made before the config's `mask`.
    profile = masked_profile(manifest.profile, group.hidden_columns(name))
    states = converted_days(group) if states is None else states
    return _judge_export(group, name, profile, manifest, missing_days(group, states, name))


def _judge_export(
    group: DatasetGroup,
    name: str,
    profile: ExportProfile,
    counts: ExportCounts | ExportManifest,
    missing: tuple[str, ...],
) -> Judged[ExportFacts]:
    settings, dataset = group.config.dataset_group, group.datasets[name]
    facts = ExportFacts(
        dataset=dataset,
        domain=settings.domain,
        profile=profile,
        kept=counts.kept,
        duplicates=counts.duplicates,
        bytes=counts.bytes,
        use_cases=settings.use_cases,
        train_on=settings.train_on,
        today=datetime.now(UTC).date(),
        missing_days=missing,
    )
    return judge(export_rules(dataset, settings.domain), facts)


def judge_file(group: DatasetGroup, name: str, *, only_recorded: bool = False) -> Judged[FileFacts]:
    """Judge the CSV of a dataset in the destination, all files of it.

    One rule fails if it is missing, and the others are not checked.

    A file is read to its end, unless it is still the one whose parts the export read after it had written them, and the
    list of ``suppress`` is the same. With ``only_recorded`` none is read: where that is needed, or where that list
    cannot be read, no rule is checked.

    Raises ``PersonalizeAssetsError`` for a destination that cannot be read; without ``only_recorded`` also if the list
    is missing or damaged, or a file must be read whose users are hashed and the hash key is not set.
    """
    dataset, destination = group.datasets[name], group.destination
    domain = group.config.dataset_group.domain
    rules = file_rules(dataset, domain)
    manifest = destination.exports.manifest(name)
    if manifest is None:
        return none_checked(rules, "no export", f"{destination.uri}; materialize {name}_csv first")
    is_folder = manifest.path.endswith("/")
    keys = [file.key for file in manifest.files] if is_folder else [manifest.path]
    stored = {file.key: file for prefix in _prefixes(keys) for file in destination.store.files(prefix)}
    for key in keys:
        if key not in stored:
            return none_checked(rules, "no file", f"{destination.uri_of(key)}; materialize {name}_csv first")
    known = {file.key: file for file in manifest.files}
    try:
        is_of_list = manifest.suppress_list == current_list(group, [dataset]).digest_for(dataset)
    except PersonalizeAssetsError as error:
        if only_recorded:
            return _unread(rules, str(error))
        raise
    to_read = {key for key in keys if not is_of_list or not _is_unchanged(known.get(key), stored[key])}
    if to_read and only_recorded:
        return _unread(rules, "what `personalize-assets status` finds in the file")
    listed = current_suppression(group, [dataset]).ids if to_read else None
    scans = []
    for key in keys:
        if key not in to_read:
            scans.append(_scan_of(known[key], manifest))
            continue
        with FileSystem(group.s3_options).open(destination.uri_of(key)) as file:
            scans.append(scan_csv(file, dataset, group.hidden_columns(name), suppressed=listed))
    scan = combine_scans(scans, [key.rpartition("/")[2] for key in keys]) if is_folder else scans[0]
    fields = [field["name"] for field in avro_schema(name, dataset.columns, domain)["fields"]]
    return judge(rules, FileFacts(dataset, scan, fields, manifest))


def _unread(rules: Sequence[Rule[FileFacts]], allowed: str) -> Judged[FileFacts]:
    """No rule is checked, because nothing may be read for it."""
    finding = Finding(False, "not read", allowed, is_checked=False)
    return [(rule, finding) for rule in rules]


def _prefixes(keys: Sequence[str]) -> list[str]:
    """What to list to find these keys: their folder, or the only one."""
    return [keys[0]] if len(keys) == 1 else sorted({key.rpartition("/")[0] + "/" for key in keys})


def _is_unchanged(exported: ExportedFile | None, stored: StoredObject) -> bool:
    """Whether a file is still the one whose parts the export read."""
    return exported is not None and bool(exported.version) and exported.version == stored.version


def _scan_of(file: ExportedFile, manifest: ExportManifest) -> Scan:
    """The scan of a file of which every part was clean."""
    return Scan(header=list(manifest.columns), rows=file.rows, lines=file.rows, bytes=file.bytes, sha256=file.sha256)
