"""ARNs that follow from names, and pages of the console."""

from __future__ import annotations

import pytest

from personalize_assets.aws.personalize import Job, Place

PLACE = Place("aws", "eu-central-1", "123456789012")


def test_the_arn_of_a_dataset_has_its_type_in_capital_letters() -> None:
    assert PLACE.dataset_arn("shop", "action_interactions") == (
        "arn:aws:personalize:eu-central-1:123456789012:dataset/shop/ACTION_INTERACTIONS"
    )


def test_the_arn_of_anything_else_has_its_name() -> None:
    assert PLACE.arn("schema", "shop-items-1") == "arn:aws:personalize:eu-central-1:123456789012:schema/shop-items-1"


def test_the_console_has_a_page_a_group() -> None:
    assert PLACE.console("shop") == (
        "https://eu-central-1.console.aws.amazon.com/personalize/home?region=eu-central-1#arn:aws:personalize:"
        "eu-central-1:123456789012:dataset-group$shop/setup"
    )


@pytest.mark.parametrize(
    ("status", "is_unfinished"),
    [("CREATE PENDING", True), ("SOMETHING NEW", True), ("ACTIVE", False), ("CREATE FAILED", False), ("FAILED", False)],
)
def test_a_job_goes_on_until_its_state_is_a_final_one(status: str, is_unfinished: bool) -> None:
    assert Job("arn", "name", status, 0.0, 0.0).is_unfinished is is_unfinished
