"""Raw events of made-up sites, the sites that `generate` makes, and what `suggest` says about them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from personalize_assets.config import Config, load_config
from personalize_assets.config.loading import parse_yaml
from personalize_assets.generate import generate
from personalize_assets.layouts import LAYOUTS
from personalize_assets.suggest import suggest
from personalize_assets_tests.helpers.samples import SAMPLE_DATA

START = 1_790_812_800  # 2026-10-01T00:00:00Z
SITES = ("sample segment", "sample firehose", *LAYOUTS)


def make_site(name: str, folder: Path) -> tuple[Path, Path]:
    """The source of one of ``SITES``, and the config that was written for it by hand."""
    kind, _, sample = name.partition(" ")
    if sample:
        return SAMPLE_DATA / sample, SAMPLE_DATA / f"{sample}.yaml"
    generate(folder / "raw", layout=kind, days=2, users=60, seed=5)
    _, datasets = (SAMPLE_DATA / "segment.yaml").read_text().split("\ndataset_group:")
    by_hand = folder / "by-hand.yaml"
    by_hand.write_text(
        f"source: {{uri: raw, layout: {kind}, start_date: 2026-10-01}}\n"
        f"destination: {{uri: by-hand}}\n\ndataset_group:{datasets}"
    )
    return folder / "raw", by_hand


def write_events(root: Path, events: Iterable[dict[str, Any]], key: str = "day=2026-10-01/a.json") -> Path:
    """A file of events, a line each, below a folder, which is returned."""
    file = root / key
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    return root


def media_event(number: int) -> dict[str, Any]:
    """An event of a media site; a quarter of them each: play, skip, like, impression."""
    return {
        "user_id": f"u{number % 7}",
        "video_id": f"v{number % 11}",
        "action": ("play", "skip", "like", "impression")[number % 4],
        "ts": START + number,
    }


def suggested(source: Path | str, folder: Path) -> Config:
    """The suggested config, loaded as a run would load it."""
    file = folder / "suggested.yaml"
    file.write_text(suggest(str(source), folder=folder))
    return load_config(file, {})


def suggested_values(source: Path | str, folder: Path) -> dict[str, Any]:
    """The suggested config as plain values."""
    return parse_yaml(suggest(str(source), folder=folder), "suggested.yaml")


def suggested_datasets(source: Path | str, folder: Path) -> dict[str, Any]:
    """The section ``datasets`` of the suggested config as plain values."""
    datasets: dict[str, Any] = suggested_values(source, folder)["datasets"]
    return datasets
