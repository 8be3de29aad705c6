"""Section ``import``: its keys, and what is said of wrong ones."""

# ruff: noqa: E501 - the texts of errors are in one piece, so that a search finds them

from __future__ import annotations

import pytest

from personalize_assets.config.imports import Import
from personalize_assets_tests.helpers.example_config import EXAMPLE, edited, load, problems_in

ROLE = "arn:aws:iam::123456789012:role/personalize"
ON_S3 = edited(("uri: ../data/segment", "uri: s3://shop/personalize"))


def imports(text: str) -> Import:
    return load(f"{ON_S3}import: {text}\n").import_


def test_without_the_section_nothing_is_imported() -> None:
    assert load().import_ == Import(on=False)


def test_a_switch_alone_has_the_defaults() -> None:
    found = imports("on")

    assert found == Import(on=True)
    assert (found.mode, found.datasets, found.timeout_minutes, found.compare) == ("auto", (), 360, False)


def test_a_mapping_is_on_unless_it_says_off() -> None:
    assert imports(f"{{role: {ROLE}}}").on
    assert not imports(f"{{on: off, role: {ROLE}}}").on


def test_variables_of_the_environment_switch_it_on() -> None:
    found = load(ON_S3, {"PERSONALIZE__IMPORT__ON": "on", "PERSONALIZE__IMPORT__MODE": "full"}).import_

    assert (found.on, found.mode) == (True, "full")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("maybe", "import.on: found 'maybe'; write on or off, or a mapping with the key `on` and others"),
        ("{mode: sideways}", "import.mode: 'sideways' is not a mode; use one of auto, full, incremental"),
        ("{role: personalize}", "import.role: 'personalize' is not a role's ARN; write it in full, as arn:aws:iam::123456789012:role/personalize"),
        ("{datasets: [item]}", "import.datasets: 'item' is not a dataset; use interactions, users, items, actions, action_interactions"),
        ("{tags: {aws:x: y}}", "import.tags: 'aws:x' is not the key of a tag; write 1 to 128 letters, digits, _.:/=+-@"),
        ("{timeout_minutes: 0}", "import.timeout_minutes: 0 is not a number from 1 on; write one, as 2"),
        (f"{{kms_role: {ROLE}}}", "import: kms_role without kms_key; write both, because Personalize takes them together only"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused(text: str, line: str) -> None:
    assert problems_in(f"{ON_S3}import: {text}\n") == [f"personalize.yaml: {line}"]


def test_a_folder_as_destination_is_refused() -> None:
    [problem] = problems_in(f"{EXAMPLE}import: on\n")

    assert problem.startswith("personalize.yaml: destination.uri: Personalize imports from S3 alone, and '")
    assert problem.endswith(" is a folder; write s3://bucket/prefix")


def test_a_dataset_that_the_config_lacks_is_refused() -> None:
    without_items = ON_S3[: ON_S3.index("  items:")]

    assert problems_in(f"{without_items}import: {{datasets: [interactions, items]}}\n") == [
        "personalize.yaml: import.datasets: items is not among the datasets of this config; remove it, or add it there"
    ]
