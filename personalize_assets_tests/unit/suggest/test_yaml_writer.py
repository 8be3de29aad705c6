"""The text of a suggested config: reasons as comments, and nothing that breaks out of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets.config import load_config
from personalize_assets.suggest import suggest
from personalize_assets_tests.helpers.samples import REPO, SAMPLE_DATA
from personalize_assets_tests.helpers.sites import START, suggested, write_events


def test_the_reasons_and_the_alternatives_are_beside_what_was_chosen(tmp_path: Path) -> None:
    text = suggest(str(SAMPLE_DATA / "segment"), folder=tmp_path)

    for expected in (
        "# Left out: Product List Viewed (",
        "items were displayed, none was chosen.",
        "mostly the page that Product Clicked opens, which is counted already.",
        "the rest become rejects (missing:USER_ID); or anonymousId",
        "or properties.product_id, each.product_id",
        "or originalTimestamp, receivedAt, sentAt",
        "# Left out as personal data: traits.email, traits.name.",
        "# INVITED_USER: {path: traits.`Invited User?`, categorical: true}  # true or false;",
    ):
        assert expected in text


def test_the_page_on_suggest_shows_what_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    repo = REPO
    monkeypatch.chdir(repo)

    assert f"```yaml\n{suggest('sample_data/segment')}```" in (repo / "docs/how-to/suggest.md").read_text()


def test_no_value_of_a_person_is_written_into_the_file(tmp_path: Path) -> None:
    text = suggest(str(SAMPLE_DATA / "segment"), folder=tmp_path)

    assert "@example.com" not in text


def test_a_value_cannot_break_out_of_its_comment(tmp_path: Path) -> None:
    events = [
        {"event": "Ordered\n  engine: glue", "user": f"u{n % 5}", "item": f"i{n % 7}\nengine:glue", "time": START + n}
        for n in range(50)
    ]

    found = suggested(write_events(tmp_path / "raw", events), tmp_path)

    assert found.engine == "arrow"
    assert found.datasets.interactions.where == {"event": ("Ordered\n  engine: glue",)}


def test_an_offered_column_is_in_effect_once_its_first_mark_is_removed(tmp_path: Path) -> None:
    text = suggest(str(SAMPLE_DATA / "segment"), folder=tmp_path)
    (tmp_path / "suggested.yaml").write_text(text.replace("      # BRAND:", "      BRAND:"))

    config = load_config(tmp_path / "suggested.yaml", {})

    assert config.datasets.items is not None
    assert config.datasets.items.columns["BRAND"].path == ("properties.brand",)


def test_long_conditions_are_a_value_a_line(tmp_path: Path) -> None:
    names = [f"A rather long name of an event that people send {letter}" for letter in "ABC"]
    events = [{"event": names[n % 3], "user": f"u{n % 5}", "item": f"i{n % 7}", "time": START + n} for n in range(45)]

    text = suggest(str(write_events(tmp_path / "raw", events)), folder=tmp_path)

    listed = "".join(f"        - {name}\n" for name in names)
    assert "&id" not in text
    assert f"    where:\n      event:\n{listed}" in text


@pytest.mark.parametrize("name", ["NO", "true", "null", "0123", "1.5", "~", "a: b", "- a", "'a", '"', "#a", "<<", "="])
def test_a_name_that_yaml_could_read_as_something_else_stays_text(name: str, tmp_path: Path) -> None:
    events = [{"event": name, "user": f"u{n % 5}", "item": f"i{n % 7}", "time": START + n} for n in range(45)]

    found = suggested(write_events(tmp_path / "raw", events), tmp_path)

    assert found.datasets.interactions.where == {"event": (name,)}


def test_no_line_but_an_offered_column_is_wider_than_a_page(tmp_path: Path) -> None:
    lines = suggest(str(SAMPLE_DATA / "segment"), folder=tmp_path).splitlines()

    assert [line for line in lines if len(line) > 118 and ": {path: " not in line] == []
