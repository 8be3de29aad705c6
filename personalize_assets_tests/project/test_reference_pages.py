"""The pages of the reference that are generated from the code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from docs.reference_pages import PAGES, command_line, config_keys, rejects
from personalize_assets.cli import main
from personalize_assets_tests.helpers.samples import CORPUS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_generated_page_is_up_to_date(page: Path) -> None:
    assert page.read_text() == PAGES[page](), "run make reference"


@pytest.mark.parametrize(("title", "model"), config_keys.SECTIONS, ids=[title for title, _ in config_keys.SECTIONS])
def test_every_key_says_what_it_is_for(title: str, model: type) -> None:
    meaning_of = config_keys.meanings(model)

    assert {name for name in model.model_fields if not meaning_of.get(name, "").endswith(".")} == set()  # type: ignore[attr-defined]


def test_a_key_has_its_values_and_its_default() -> None:
    lines = config_keys.document().splitlines()

    assert (
        "| `engine` | `arrow`, `local`, `spark`, `glue`, `emr-serverless`; default `arrow` | Where the jobs run. |"
        in lines
    )
    (keep,) = [line for line in lines if line.startswith("| `keep_exports`")]
    assert keep.split(" | ")[1] == "a number from 1 on; default `3`"


def test_every_command_has_a_section_with_its_options() -> None:
    page = command_line.document()

    for name, command in main.commands.items():
        section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        options = [option.opts[0] for option in command.params if option.param_type_name == "option"]
        assert [option for option in options if f"`{option}" not in section] == []


def test_every_reason_of_a_reject_in_the_corpus_is_explained() -> None:
    expected = [json.loads(file.read_text()) for file in CORPUS.glob("*.expected.json")]
    found = {reject["reason"] for one in expected for reject in one["rejects"]}

    assert len(found) >= 4
    assert found - {reason.name for reason in rejects.REASONS} == set()
