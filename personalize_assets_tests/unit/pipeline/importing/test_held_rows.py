"""What Personalize holds, by the names and states of import jobs."""

from __future__ import annotations

from personalize_assets.aws.personalize import Job
from personalize_assets.pipeline.importing.held_rows import held_rows
from personalize_assets.pipeline.importing.job_names import JobContent, job_name

A, B, C = (letter * 12 for letter in "abc")


def job(before: str, after: str, status: str = "ACTIVE", attempt: int = 1, at: float = 0.0) -> Job:
    mode = "INCREMENTAL" if before else "FULL"
    return Job("arn", job_name("shop", "items", JobContent(before, after), attempt), status, at, at, mode)


def held(*jobs: Job) -> str:
    return held_rows("shop", "items", jobs).digest


def test_without_a_job_nothing_is_held() -> None:
    found = held_rows("shop", "items", [])

    assert (found.digest, found.job, found.unknown) == ("", None, "")


def test_the_newest_full_import_is_held() -> None:
    assert held(job("", A), job("", B)) == B


def test_after_a_b_a_the_first_content_is_held_again() -> None:
    assert held(job("", A), job("", B), job("", A, attempt=2)) == A


def test_increments_lead_from_one_content_to_the_next() -> None:
    assert held(job("", A), job(A, B), job(B, C)) == C


def test_jobs_that_failed_or_go_on_change_nothing() -> None:
    assert held(job("", A), job(A, B, "CREATE FAILED"), job(A, C, "CREATE IN_PROGRESS")) == A


def test_an_increment_on_other_rows_than_it_was_made_for_leaves_unknown_rows() -> None:
    found = held_rows("shop", "items", [job("", A), job(A, B), job(A, C)])

    assert found.digest == ""
    assert found.unknown == (f"increment shop-items-{A}-{C} was added to other rows than it was made for")


def test_a_full_import_makes_unknown_rows_known_again() -> None:
    assert held(job("", A), job(B, C), job("", B)) == B


def test_a_job_of_other_hands_leaves_unknown_rows() -> None:
    foreign = Job("arn", "dataset_import_items_2024", "ACTIVE", 1.0, 1.0, "FULL")

    found = held_rows("shop", "items", [job("", A), foreign])

    assert found.digest == ""
    assert found.job == foreign
    assert found.unknown == "import job dataset_import_items_2024 was not made by personalize_assets for shop"
