"""Rules for the CSV in the destination, judged from a scan of the file. They can be run alone at any time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.dataset_types import IDS
from personalize_assets.conversion.export.csv_scan import Scan
from personalize_assets.conversion.export.suppressed import USER_ID
from personalize_assets.quality.rule import OURS, Finding, Rule, guide
from personalize_assets.storage.manifests import ExportManifest

_PREPARING = guide("preparing-training-data")


@dataclass(frozen=True)
class FileFacts:
    """What is known of an exported CSV, or of a folder of them.

    Attributes:
        schema: Names of the fields of the Avro schema, in order.
        manifest: Of the current export; None if there is none.
    """

    dataset: Dataset
    scan: Scan
    schema: Sequence[str]
    manifest: ExportManifest | None


def _header(facts: FileFacts) -> Finding:
    """Names are compared as read: with a BOM, a quote or a carriage return they differ from the schema's."""
    return Finding(facts.scan.header == list(facts.schema), ",".join(facts.scan.header), ",".join(facts.schema))


def _lines(facts: FileFacts) -> Finding:
    """No line that is not a record."""
    return Finding(not facts.scan.broken_count, facts.scan.broken_count, "no broken line", facts.scan.broken)


def _values(facts: FileFacts) -> Finding:
    """No value that Personalize would not accept in its column."""
    return Finding(not facts.scan.wrong_count, facts.scan.wrong_count, "no such value", facts.scan.wrong)


def _as_exported(facts: FileFacts) -> Finding:
    """Rows, bytes and SHA-256 as in the manifest."""
    manifest = facts.manifest
    found = f"{facts.scan.rows:,} rows, {facts.scan.bytes:,} bytes, sha256 {facts.scan.sha256}"
    if manifest is None:
        return Finding(False, found, "the numbers of its manifest, but there is no manifest")
    wanted = f"{manifest.rows:,} rows, {manifest.bytes:,} bytes, sha256 {manifest.sha256}"
    return Finding(found == wanted, found, wanted)


def _suppressed(facts: FileFacts) -> Finding:
    """No row of a user of the list. Ids are not shown: they are those of people who asked to be deleted."""
    scan = facts.scan
    return Finding(not scan.suppressed_count, scan.suppressed_count, "no row of a listed user", scan.suppressed_lines)


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
        "Each value is present where required, short enough, and of its column's type; times are in epoch seconds.",
        "do not import the file; make the export again. If it stays red, report it.",
        guide("how-it-works-dataset-schema, limits"),
        True,
    ),
    Rule(
        "the_file_is_the_one_of_its_manifest",
        _as_exported,
        "Rows, bytes and SHA-256 of the file are those in its manifest.",
        "make the export again: the file was changed since, or an export was interrupted.",
        OURS,
        True,
    ),
    Rule(
        "no_user_of_the_suppress_list_is_in_the_file",
        _suppressed,
        "No row belongs to a user whose id is in the list that the config names as `suppress`, as it is now.",
        "do not import the file: it would bring deleted users back; make the export again.",
        guide("delete-records"),
        True,
        tuple(name for name, ids in IDS.items() if USER_ID in ids),
    ),
)  # fmt: skip
