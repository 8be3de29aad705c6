"""A suggested config runs, and exports what the config written by hand exports."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from personalize_assets.config import Config, load_config
from personalize_assets.engines import Engine
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.groups import convert, export
from personalize_assets_tests.helpers.sites import (
    SITES,
    START,
    make_site,
    media_event,
    suggested,
    write_events,
)


@pytest.fixture(scope="module", params=SITES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A source, and the config that was written for it by hand."""
    return make_site(request.param, tmp_path_factory.mktemp("site"))


def exports(config: Config, engine: Engine) -> dict[str, str]:
    """SHA-256 of the CSVs that a config gives."""
    group = DatasetGroup(config)
    convert(group, engine, list(group.bytes_by_day()))
    export(group, engine)
    root = Path(group.destination.uri) / "exports/latest"
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in root.glob("*.csv")}


def test_the_exports_are_those_of_the_config_written_by_hand(
    site: tuple[Path, Path], tmp_path: Path, engine: Engine
) -> None:
    source, by_hand = site
    written = load_config(by_hand, {"PERSONALIZE__DESTINATION__URI": str(tmp_path / "by-hand")})

    found = exports(suggested(source, tmp_path), engine)

    assert sorted(found) == ["interactions.csv", "items.csv", "users.csv"]
    assert found == exports(written, engine)


def test_a_suggestion_for_a_media_site_runs(tmp_path: Path, engine: Engine) -> None:
    source = write_events(tmp_path / "raw", map(media_event, range(200)))

    exports(suggested(source, tmp_path), engine)

    (out,) = (tmp_path / "data").iterdir()
    lines = (out / "exports/latest/interactions.csv").read_text().splitlines()
    assert lines[:3] == [
        "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP",
        f"u0,v0,play,{START}",
        f"u2,v2,like,{START + 2}",
    ]
    assert len(lines) == 1 + 100
