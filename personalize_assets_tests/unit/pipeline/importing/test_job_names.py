"""Names in Personalize: from content alone, never too long, and parsed back."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.pipeline.importing.job_names import (
    JobContent,
    comparison_name,
    cut_names,
    digest_of,
    job_name,
    parse_job_name,
    schema_name,
)

BEFORE, AFTER = digest_of("0123456789abcdef" * 4), digest_of("fedcba9876543210" * 4)
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,62}")

GROUPS = st.from_regex(NAME, fullmatch=True)
DATASETS = st.sampled_from(["interactions", "users", "items", "actions", "action_interactions"])
CONTENTS = st.builds(JobContent, st.sampled_from(["", BEFORE]), st.just(AFTER))


def test_a_full_import_is_named_by_what_personalize_holds_after_it() -> None:
    assert job_name("shop", "items", JobContent("", AFTER)) == "shop-items-fedcba987654"


def test_an_increment_names_what_it_was_made_for_too() -> None:
    assert job_name("shop", "items", JobContent(BEFORE, AFTER)) == "shop-items-0123456789ab-fedcba987654"


def test_a_second_job_of_the_same_content_has_a_number() -> None:
    assert job_name("shop", "items", JobContent("", AFTER), 2) == "shop-items-fedcba987654-2"


@given(GROUPS, DATASETS, CONTENTS, st.integers(1, 9999))
def test_every_name_is_one_that_personalize_takes_and_tells_its_content(
    group: str, dataset: str, content: JobContent, attempt: int
) -> None:
    name = job_name(group, dataset, content, attempt)

    assert NAME.fullmatch(name)
    assert parse_job_name(group, dataset, name) == content
    assert NAME.fullmatch(comparison_name(group, dataset, AFTER))
    assert NAME.fullmatch(schema_name(group, dataset, {"fields": [group]}))


@given(GROUPS, GROUPS, DATASETS, DATASETS, CONTENTS)
def test_the_names_of_other_groups_and_datasets_are_other_names(
    group: str, other_group: str, dataset: str, other_dataset: str, content: JobContent
) -> None:
    name = job_name(group, dataset, content)

    if (group, dataset) == (other_group, other_dataset):
        assert job_name(other_group, other_dataset, content) == name
    else:
        assert parse_job_name(other_group, other_dataset, name) is None or job_name(
            other_group, other_dataset, content
        ) == name.replace(f"{group}-{dataset}", f"{other_group}-{other_dataset}")


@pytest.mark.parametrize("name", ["shop-items-import", "shop-items-fedcba98765", "shop-users-fedcba987654", "items"])
def test_the_names_of_foreign_jobs_tell_nothing(name: str) -> None:
    assert parse_job_name("shop", "items", name) is None


def test_a_long_group_is_cut_and_stays_apart_from_one_with_the_same_beginning() -> None:
    first, second = (job_name(f"{'sales-personalization-' * 2}{end}", "items", JobContent("", AFTER)) for end in "ab")

    assert first != second
    assert first.startswith("sales-personalizati-")


def test_the_name_of_a_schema_changes_with_its_content_alone() -> None:
    name = schema_name("shop", "items", {"name": "Items", "fields": []})

    assert name == schema_name("shop", "items", {"fields": [], "name": "Items"})
    assert name != schema_name("shop", "items", {"name": "Items", "fields": [{"name": "PRICE"}]})
    assert re.fullmatch(r"shop-items-[0-9a-f]{8}", name)


@given(GROUPS, DATASETS, CONTENTS)
def test_a_policy_for_both_patterns_allows_every_name(group: str, dataset: str, content: JobContent) -> None:
    patterns = [f"{group}-*", *([f"{cut_names(group)}-*"] if cut_names(group) else [])]

    for name in (
        job_name(group, dataset, content, 9_999),
        comparison_name(group, dataset, AFTER),
        schema_name(group, dataset, {}),
    ):
        assert any(fnmatchcase(name, pattern) for pattern in patterns)


def test_no_name_of_a_short_group_is_cut() -> None:
    assert cut_names("workshop-eu1") == ""
    assert cut_names("workshop-eu12").startswith("works*-")
