"""The committed samples: what their command gives, small, and enough for Personalize."""

from collections import Counter
from pathlib import Path

import pytest

from personalize_assets.config.loading import parse_yaml
from personalize_assets.generate import generate
from personalize_assets_tests.helpers.raw_files import (
    WANTED,
    arrived,
    files_in,
    unzipped,
)
from personalize_assets_tests.helpers.samples import SAMPLE_DATA


@pytest.mark.parametrize(("name", "days", "users"), [("segment", 7, 300), ("firehose", 2, 750)])
def test_the_committed_sample_is_what_its_command_gives(name: str, days: int, users: int, tmp_path: Path) -> None:
    generate(tmp_path / name, layout=name, days=days, users=users, seed=1)

    made = {key: unzipped(content) for key, content in files_in(tmp_path / name).items()}
    assert made == {key: unzipped(content) for key, content in files_in(SAMPLE_DATA / name).items()}


@pytest.mark.parametrize(("name", "days", "users"), [("segment", 7, 300), ("firehose", 2, 750)])
def test_the_readme_of_the_sample_names_its_command(name: str, days: int, users: int) -> None:
    command = f"generate --layout {name} --days {days} --users {users} --seed 1 sample_data/{name}\n"

    assert command in (SAMPLE_DATA / "README.md").read_text()


def test_the_sample_data_is_smaller_than_two_megabytes() -> None:
    assert sum(map(len, files_in(SAMPLE_DATA).values())) < 2_000_000


@pytest.mark.parametrize("name", ["segment", "firehose"])
def test_a_sample_satisfies_the_minimums_of_personalize(name: str) -> None:
    unique = {
        event["messageId"]: str(event["userId"])
        for _, _, event in arrived(SAMPLE_DATA / name, name)
        if event.get("event") in WANTED and event.get("userId") and event["properties"].get("sku")
    }

    assert len(unique) >= 1000
    assert sum(count >= 2 for count in Counter(unique.values()).values()) >= 25


@pytest.mark.parametrize("name", ["segment", "firehose"])
def test_the_config_of_a_sample_points_at_it(name: str) -> None:
    config = parse_yaml((SAMPLE_DATA / f"{name}.yaml").read_text(), name)

    assert config["source"] == {"uri": name, "layout": name, "start_date": "2026-10-01"}
    assert config["destination"] == {"uri": f"../data/{name}"}
