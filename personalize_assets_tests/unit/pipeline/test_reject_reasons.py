"""Which reasons of rejects there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.reference_pages import rejects
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.reject_reasons import KINDS, why_no_reason
from personalize_assets_tests.helpers.dagster_runs import small_config


@pytest.fixture
def group(tmp_path: Path) -> DatasetGroup:
    source = {"uri": "raw", "layout": "hive", "start_date": "2026-10-01", "parse": ["products"]}
    return DatasetGroup(small_config(tmp_path, source=source))


def test_the_kinds_are_those_of_the_reference() -> None:
    assert sorted(KINDS) == sorted(reason.name.partition(":")[0] for reason in rejects.REASONS)


@pytest.mark.parametrize("reason", ["missing", "missing:USER_ID", "malformed_json", "not_json:products", "too_long"])
def test_a_reason_that_a_reject_can_have_is_one(group: DatasetGroup, reason: str) -> None:
    assert why_no_reason(group, reason) is None


@pytest.mark.parametrize(
    ("reason", "answer"),
    [
        ("malformed", "'malformed' is no reason of rejects; did you mean malformed_row? Reasons are unreadable_file, "),
        ("xyz", "'xyz' is no reason of rejects. Reasons are unreadable_file, "),
        (
            "missing:USR_ID",
            "'missing:USR_ID' is no reason of rejects; did you mean missing:USER_ID? Reasons are missing:USER_ID, "
            "missing:ITEM_ID, missing:TIMESTAMP.",
        ),
        (
            "not_json:product",
            "'not_json:product' is no reason of rejects; did you mean not_json:products? Reasons are "
            "not_json:products.",
        ),
        (
            "malformed_json:x",
            "'malformed_json:x' is no reason of rejects; did you mean malformed_json? Reasons are malformed_json.",
        ),
    ],
)
def test_another_reason_is_answered_with_the_nearest_and_all(group: DatasetGroup, reason: str, answer: str) -> None:
    assert (why_no_reason(group, reason) or "").startswith(answer)
