"""How fast one convert task is with each way to reach a value, as a share of its speed with plain fields.

    .venv/bin/python -m benchmarks.event_shapes [events] [rounds]

The events are the same for all; the mapping differs, or how the file wraps them. All are measured in turn, several
rounds in one process, by processor time; the least of each counts.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from personalize_assets.conversion.contract import Column, Condition, Dataset, Wanted
from personalize_assets.conversion.convert.task import run_task
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.conversion.spec import Plan, RawFile, RawFileSet, Task

LEAST = 0.5
"""The least share of the plain speed that a feature may have."""
BASE = "plain fields"
_VIEWS: Mapping[str, Wanted] = {"event": ("View",)}


def _event(number: int) -> dict[str, Any]:
    sku = f"s{number % 333}"
    return {
        "event": "View", "user": f"u{number % 997}", "sku": sku, "at": 1_790_830_800 + number % 50_000,
        "price": number % 50, "tags": "shoes,sale", "products": [{"sku": sku}], "numbered": {"0": {"sku": sku}},
        "ids": [sku], "params": [{"key": "page", "value": {"text": "/x"}}, {"key": "item", "value": {"text": sku}}],
        "context": {"agent": "x" * 200},
    }  # fmt: skip


def _dataset(
    item: str = "sku", each: str | None = None, where: Mapping[str, Wanted] = _VIEWS, more: tuple[Column, ...] = ()
) -> Dataset:
    columns = (
        Column("USER_ID", ("user",), required=True),
        Column("ITEM_ID", (item,), required=True),
        *more,
        Column("TIMESTAMP", ("at",), type="timestamp", required=True),
    )
    return Dataset("interactions", columns, where, each)


class Feature(NamedTuple):
    """A mapping, how a source of it wraps its events, and what does that."""

    dataset: Dataset
    format: SourceFormat = SourceFormat()
    wrap: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda events: events


def _with_text(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = ("sku", "price", "tags")
    return [
        {name: event[name] for name in event if name not in names}
        | {"payload": json.dumps({name: event[name] for name in names})}
        for event in events
    ]


def _with_text_of_array(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event | {"products": json.dumps(event["products"])} for event in events]


def _in_envelopes(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"shop": "s", "batch": events[at : at + 10]} for at in range(0, len(events), 10)]


def _in_title_case(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name.title(): value for name, value in event.items()} for event in events]


FEATURES: dict[str, Feature] = {
    BASE: Feature(_dataset()),
    "each of an array of objects": Feature(_dataset("each.sku", "products")),
    "each of an object": Feature(_dataset("each.sku", "numbered")),
    "each of plain ids": Feature(_dataset("each", "ids")),
    "a[key=value]": Feature(_dataset("params[key=item].value.text")),
    "where: not, min, max": Feature(
        _dataset(
            where={**_VIEWS, "price": Condition(none_of=("77",), min="0", max="100"), "user": Condition(exists=True)}
        )
    ),
    "split": Feature(_dataset(more=(Column("TAGS", ("tags",), categorical=True, split=","),))),
    "default": Feature(_dataset(more=(Column("SHOP", ("shop",), categorical=True, constant="web"),))),
    "source.parse": Feature(_dataset("payload.sku"), SourceFormat(parse=("payload",)), _with_text),
    "source.parse, each": Feature(
        _dataset("each.sku", "products"), SourceFormat(parse=("products",)), _with_text_of_array
    ),
    "source.events": Feature(_dataset(), SourceFormat(events="batch"), _in_envelopes),
    "source.events, parent": Feature(
        _dataset(more=(Column("SHOP", ("parent.shop",), categorical=True),)),
        SourceFormat(events="batch"),
        _in_envelopes,
    ),
    "source.ignore_case": Feature(_dataset(), SourceFormat(ignore_case=True), _in_title_case),
}
"""By what they are."""


def shares(count: int, rounds: int, folder: Path) -> dict[str, float]:
    """The speed of each feature as a share of that of plain fields."""
    events = [_event(number) for number in range(count)]
    paths: dict[str, Path] = {}
    for number, (name, feature) in enumerate(FEATURES.items()):
        paths[name] = folder / f"{number}.json"
        paths[name].write_text("".join(json.dumps(event) + "\n" for event in feature.wrap(events)))
    least: dict[str, float] = {}
    for number in range(rounds):
        for name, path in paths.items():
            seconds = _seconds(path, FEATURES[name], count, folder / f"{number}-{path.stem}")
            least[name] = min(seconds, least.get(name, seconds))
    return {name: least[BASE] / seconds for name, seconds in least.items()}


def _seconds(path: Path, feature: Feature, count: int, out: Path) -> float:
    plan = Plan("run", ("interactions",), {name: f"{out}/{name}" for name in ("interactions", "rejects")}, 0, {})
    file = RawFile(str(path), date(2026, 10, 1), path.stat().st_size, "lines")
    dataset = msgspec.structs.replace(feature.dataset, format=feature.format)
    task = Task(0, RawFileSet("source", True, (file,), (dataset,)))
    started = time.process_time()
    report = run_task(task, plan)
    seconds = time.process_time() - started
    assert report.days["2026-10-01"].datasets["interactions"].kept == count
    return seconds


def main(count: int = 50_000, rounds: int = 5) -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, share in shares(count, rounds, Path(scratch)).items():
            print(f"| {name} | {share:.2f} |{'' if share >= LEAST else f' under {LEAST}'}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
