"""What to do about Personalize's texts: a hint for each gist of the guide's page of errors."""

from __future__ import annotations

import pytest

from personalize_assets.aws.personalize_hints import hint_for, is_own_fault

PREFIX = "Failed to create a data import job for Interactions dataset <arn>: "


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("Insufficient privileges for accessing data in S3", "s3:GetObject and s3:ListBucket on the exports"),
        ("Invalid Data location", "the file or folder is not there"),
        ("Input CSV is missing the following columns:[USER_ID].", "the header of the CSV is not the schema's"),
        ("Length cannot be more than 256 characters for ITEM_ID.", "a value is longer than Personalize takes"),
        ("More than 5 resources with PENDING or IN_PROGRESS status", "five import jobs of this region"),
        ("There are fewer than 25 users with at least 2 interactions each", "training needs 25 users"),
        ("The dataset has less than 1000 interactions", "an import of interactions needs 1,000 rows"),
        ("The size of the file exceeds the limit of 100 GB", "the file is larger than a job takes"),
        ("Column PRICE is not nullable", "an empty cell where the schema takes none"),
        (f"{PREFIX}1,5 in PRICE is not of type float", "a cell is not of the type in the schema"),
        ("Only FULL import is supported before first import", "an increment needs a full import before it"),
        ("Personalize is unable to assume the role", "the role must exist, trust personalize.amazonaws.com"),
        ("Internal server error. Please try again", "this is Personalize's own fault"),
    ],
)  # fmt: skip
def test_a_known_text_has_a_hint(message: str, hint: str) -> None:
    assert hint in hint_for(message)


def test_an_unknown_text_has_none() -> None:
    assert hint_for("Something new") == ""


def test_only_a_fault_of_personalize_itself_may_pass_at_the_next_try() -> None:
    assert is_own_fault("Internal service failure")
    assert not is_own_fault("Insufficient privileges for accessing data in S3")
