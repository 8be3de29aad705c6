"""Rules for a CSV, from a scan of it."""

from __future__ import annotations

from personalize_assets.conversion.export.csv_scan import Scan
from personalize_assets.quality.csv_file import FILE_RULES, FileFacts
from personalize_assets.storage.manifests import ExportManifest
from personalize_assets_tests.helpers.check_facts import USERS

MANIFEST = ExportManifest(
    dataset="users", columns=("USER_ID", "TIER"), rows=2, kept=2, duplicates=0, bytes=30, sha256="ab12", run="r",
    days=(),
)  # fmt: skip


def scan() -> Scan:
    return Scan(header=["USER_ID", "TIER"], rows=2, lines=2, bytes=30, sha256="ab12")


def red(scan: Scan, manifest: ExportManifest | None = MANIFEST) -> dict[str, object]:
    """What was observed, of the rules that fail."""
    findings = {rule.name: rule.judge(FileFacts(USERS, scan, ["USER_ID", "TIER"], manifest)) for rule in FILE_RULES}
    return {name: finding.observed for name, finding in findings.items() if not finding.passed}


def test_a_file_as_it_was_exported_passes() -> None:
    assert red(scan()) == {}


def test_a_name_with_a_byte_order_mark_is_not_the_name_in_the_schema() -> None:
    changed = scan()
    changed.header[0] = "\ufeffUSER_ID"

    assert red(changed) == {"the_header_equals_the_schema": "\ufeffUSER_ID,TIER"}


def test_a_broken_line_and_a_wrong_value_are_each_counted() -> None:
    changed = scan()
    changed.broken_count, changed.wrong_count = 3, 4

    assert red(changed) == {"every_record_is_one_line": 3, "every_value_reads_as_its_type": 4}


def test_rows_of_listed_users_are_counted_and_named_by_their_lines_alone() -> None:
    changed = scan()
    changed.suppressed_count, changed.suppressed_lines = 2, [{"line": 2}, {"line": 3}]

    assert red(changed) == {"no_user_of_the_suppress_list_is_in_the_file": 2}


def test_a_file_that_was_changed_is_not_that_of_its_manifest() -> None:
    changed = scan()
    changed.sha256 = "cd34"

    assert red(changed) == {"the_file_is_the_one_of_its_manifest": "2 rows, 30 bytes, sha256 cd34"}


def test_a_file_without_a_manifest_is_red() -> None:
    assert list(red(scan(), None)) == ["the_file_is_the_one_of_its_manifest"]
