"""Which stack belongs to a dataset group, by its tag."""

from __future__ import annotations

import pytest

from personalize_assets.aws.stack_tag import TAG, check_tag, default_stack
from personalize_assets.errors import PersonalizeAssetsError


def test_the_name_of_a_stack_holds_that_of_its_group_without_underscores() -> None:
    assert default_stack("my_shop-2") == "personalize-assets-my-shop-2"


def test_a_stack_with_the_groups_tag_is_its_own() -> None:
    check_tag("billing", {TAG: "shop", "team": "data"}, "shop")


def test_a_stack_without_the_tag_is_refused_with_what_to_do() -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        check_tag("billing", {"team": "billing"}, "shop")

    assert str(error.value) == (
        "Stack 'billing' exists without the tag personalize-assets:dataset-group, which each stack of "
        "personalize-assets has, so it is not changed; name another one with --stack, or, if an older version of "
        "personalize-assets made it, give it the tag personalize-assets:dataset-group = shop in CloudFormation's "
        "console (Update, existing template) and deploy again"
    )


def test_a_stack_of_another_group_is_refused_with_both_groups() -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        check_tag("personalize-assets-a-b", {TAG: "a_b"}, "a-b")

    assert str(error.value) == (
        "Stack 'personalize-assets-a-b' is that of the dataset group 'a_b' by its tag "
        "personalize-assets:dataset-group, and this config is of 'a-b', so it is not changed; name another one with "
        "--stack"
    )
