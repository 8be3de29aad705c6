"""Rules for the CSV that lies there. They can be run by themselves, whenever it may have been changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personalize_assets.conversion.contract import Dataset
from personalize_assets.quality.csv_scan import Scan
from personalize_assets.quality.rule import OURS, Finding, Rule, guide

_PREPARING = guide("preparing-training-data")


@dataclass(frozen=True)
class FileFacts:
    """What a file says: ``schema`` holds the names of the Avro fields in order, ``manifest`` what was exported."""

    dataset: Dataset
    scan: Scan
    schema: Sequence[str]
    manifest: Mapping[str, Any] | None


def _header(facts: FileFacts) -> Finding:
    """The names are plain, so a BOM, a quote or a carriage return makes another name of the first or last one."""
    return Finding(facts.scan.header == list(facts.schema), ",".join(facts.scan.header), ",".join(facts.schema))


def _lines(facts: FileFacts) -> Finding:
    return Finding(not facts.scan.broken_count, facts.scan.broken_count, "no broken line", facts.scan.broken)


def _values(facts: FileFacts) -> Finding:
    return Finding(not facts.scan.wrong_count, facts.scan.wrong_count, "no such value", facts.scan.wrong)


def _as_exported(facts: FileFacts) -> Finding:
    manifest = facts.manifest
    found = f"{facts.scan.rows:,} rows, {facts.scan.bytes:,} bytes, sha256 {facts.scan.sha256}"
    if manifest is None:
        return Finding(False, found, "what a manifest beside it says, but there is none")
    wanted = f"{manifest['rows']:,} rows, {manifest['bytes']:,} bytes, sha256 {manifest['sha256']}"
    return Finding(found == wanted, found, wanted)


FILE_RULES: tuple[Rule[FileFacts], ...] = (
    Rule(
        "the_header_equals_the_schema",
        _header,
        "The first line of the file names the schema's fields, in their order, without quotes or a BOM.",
        "make the export again, and use the schema that was made from the same config.",
        _PREPARING + " and error-messages (CSV lacks columns)",
        True,
    ),
    Rule(
        "every_record_is_one_line",
        _lines,
        "Each line of the file is one record with all its cells, in UTF-8.",
        "do not import the file; make the export again, and do not edit it.",
        _PREPARING,
        True,
    ),
    Rule(
        "every_value_reads_as_its_type",
        _values,
        "Each value is there where it is required, short enough, and of its column's type; times in epoch seconds.",
        "do not import the file; make the export again. If it stays red, report it.",
        guide("how-it-works-dataset-schema, limits"),
        True,
    ),
    Rule(
        "the_file_is_the_one_of_its_manifest",
        _as_exported,
        "Rows, bytes and SHA-256 of the file are those that its manifest names.",
        "somebody changed the file since it was exported, or an export died: make it again.",
        OURS,
        True,
    ),
)  # fmt: skip
