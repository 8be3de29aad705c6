"""What the rules say of an export that is made but not yet in force, and of the file that then lies there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from personalize_assets.conversion.avro import avro_schema
from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.masking import masked_profile
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.pipeline.pipeline import Pipeline
from personalize_assets.quality.advice import ADVISED
from personalize_assets.quality.csv_file import FILE_RULES, FileFacts
from personalize_assets.quality.csv_scan import combine_scans, scan_csv
from personalize_assets.quality.refusals import REFUSED
from personalize_assets.quality.rule import ExportFacts, Finding, Rule

Judged = list[tuple[Rule[ExportFacts], Finding]]
EXPORT_RULES = (*REFUSED, *ADVISED)


def export_rules(dataset: Dataset, domain: str) -> list[Rule[ExportFacts]]:
    return [rule for rule in EXPORT_RULES if rule.applies(dataset, domain)]


def file_rules(dataset: Dataset, domain: str) -> list[Rule[FileFacts]]:
    return [rule for rule in FILE_RULES if rule.applies(dataset, domain)]


def judge_exports(
    pipeline: Pipeline, spec: Mapping[str, Any], inputs: Mapping[str, Any], report: Mapping[str, Any]
) -> dict[str, Judged]:
    """Findings on each CSV of a job, by dataset; nothing is in force yet."""
    group = pipeline.config.dataset_group
    today = datetime.now(UTC).date()
    judged = {}
    for export in spec["exports"]:
        name = export["dataset"]["name"]
        if export["to_csv"]:
            dataset = pipeline.datasets[name]
            counts = pipeline.export_counts(name, inputs, report)
            profile = report["datasets"][name]["profile"]
            facts = ExportFacts(dataset, group.domain, profile, counts, group.use_cases, today)
            judged[name] = [(rule, rule.judge(facts)) for rule in export_rules(dataset, group.domain)]
    return judged


def judge_in_force(pipeline: Pipeline, name: str) -> Judged:
    """Findings on the CSV that is in force, from its manifest: for a check that is run without its asset."""
    group = pipeline.config.dataset_group
    dataset = pipeline.datasets[name]
    rules = export_rules(dataset, group.domain)
    manifest = pipeline.destination.manifest(name)
    if manifest is None or manifest.get("profile") is None or manifest["columns"] != [c.name for c in dataset.columns]:
        found = "no export" if manifest is None else "an export made with other columns or by an older version"
        return [(rule, Finding(False, found, f"materialize {name}_csv first")) for rule in rules]
    today = datetime.now(UTC).date()
    profile = masked_profile(manifest["profile"], pipeline.hidden_columns(name))
    facts = ExportFacts(dataset, group.domain, profile, manifest, group.use_cases, today)
    return [(rule, rule.judge(facts)) for rule in rules]


def refusals(judged: Judged) -> list[str]:
    """Why Personalize would refuse an export, a sentence each; empty if it would not."""
    return [
        f"{rule.name}: found {finding.observed}, allowed is {finding.allowed}"
        for rule, finding in judged
        if rule.is_error and not finding.passed
    ]


def why_refused(name: str, reasons: Sequence[str], former: str) -> str:
    """The error of a run whose export is not put in force. ``former``: what lies there instead."""
    return (
        f"{name}_csv is not put in force, for Personalize would refuse it: {'; '.join(reasons)}. {former}. The checks "
        f"of {name}_csv say what to do; `checks: warn` in the config exports it all the same, as for a trial"
    )


def judge_file(pipeline: Pipeline, name: str) -> list[tuple[Rule[FileFacts], Finding]]:
    """Read the CSV that lies there, to its end, and say what the rules say of it."""
    dataset = pipeline.datasets[name]
    destination = pipeline.destination
    domain = pipeline.config.dataset_group.domain
    rules = file_rules(dataset, domain)
    manifest = destination.manifest(name)
    # An export may be a folder of files: then the manifest names them, in their order.
    is_folder = manifest is not None and str(manifest.get("path", "")).endswith("/")
    keys = [file["key"] for file in manifest["files"]] if manifest and is_folder else [destination.csv_key(name)]
    for key in keys:
        if not any(file.key == key for file in destination.store.files(key)):
            missing = Finding(False, "no file", f"{destination.uri_of(key)}; materialize {name}_csv first")
            return [(rule, missing) for rule in rules]
    scans = []
    for key in keys:
        with FileSystem(pipeline.s3_options).open(destination.uri_of(key)) as file:
            scans.append(scan_csv(file, dataset, pipeline.hidden_columns(name)))
    scan = combine_scans(scans, [key.rpartition("/")[2] for key in keys]) if is_folder else scans[0]
    fields = [field["name"] for field in avro_schema(name, dataset.columns, domain)["fields"]]
    facts = FileFacts(dataset, scan, fields, manifest)
    return [(rule, rule.judge(facts)) for rule in rules]
