"""Adversarial raw files, each with what must come out of it (see corpus/README.md)."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

import pytest

from personalize_assets.config import load_config
from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.reading.file_formats import UNREADABLE_FILE
from personalize_assets.conversion.reading.framer import everything
from personalize_assets.conversion.reading.gzip_blocks import BLOCK_BYTES
from personalize_assets.conversion.reading.prefilter import prefilter
from personalize_assets.conversion.reading.text_blocks import unpacked_blocks
from personalize_assets.engines import Engine
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.framing import PATHS, framed
from personalize_assets_tests.helpers.groups import convert
from personalize_assets_tests.helpers.samples import CORPUS

FILES = sorted(
    path.name
    for path in CORPUS.iterdir()
    if not path.name.startswith((".", "README")) and not path.name.endswith(".expected.json")
)


def cut(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    for block in blocks:
        for at in range(0, len(block), size):
            yield block[at : at + size]


@pytest.mark.parametrize("size", [1, 7, BLOCK_BYTES])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_corpus_gives_its_events_and_rejects(name: str, path: str, size: int) -> None:
    expected = json.loads((CORPUS / f"{name}.expected.json").read_text("utf-8"))
    may_match: Callable[[bytes], bool] = everything
    if expected["wanted"]:
        may_match = prefilter([Dataset("interactions", (), where={"event": tuple(expected["wanted"])})])
    blocks = cut(unpacked_blocks(io.BytesIO((CORPUS / name).read_bytes())), size)
    found, skipped = framed(path, blocks, may_match)
    rejects = [
        {"reason": event.reason, "raw": event.raw.decode("utf-8", "backslashreplace")}
        | ({"lines": event.lines} if event.lines > 1 else {})
        for event in found
        if event.fields is None
    ]
    assert rejects == expected["rejects"]
    assert [event.fields for event in found if event.fields is not None] == expected["events"]
    assert skipped == expected["skipped"]


def test_each_file_of_the_corpus_has_its_expectation_and_the_other_way_round() -> None:
    expected = sorted(path.name.removesuffix(".expected.json") for path in CORPUS.glob("*.expected.json"))
    assert expected == FILES
    assert len(FILES) >= 60


@pytest.mark.parametrize("wanted", [None, ["Order Completed"]])
def test_the_corpus_goes_through_the_whole_pipeline(wanted: list[str] | None, tmp_path: Path, engine: Engine) -> None:
    expectations = {name: json.loads((CORPUS / f"{name}.expected.json").read_text("utf-8")) for name in FILES}
    expectations = {name: expected for name, expected in expectations.items() if expected["wanted"] == wanted}
    day = tmp_path / "raw" / "day=2026-10-01"
    day.mkdir(parents=True)
    for name in expectations:
        shutil.copy(CORPUS / name, day)
    (tmp_path / "personalize.yaml").write_text(
        "source: {uri: raw, layout: hive, start_date: 2026-10-01}\n"
        "destination: {uri: out}\n"
        "dataset_group: {name: corpus}\n"
        "datasets:\n"
        "  interactions:\n"
        + (f"    where: {{event: {json.dumps(wanted)}}}\n" if wanted else "")
        + "    columns: {USER_ID: {constant: u}, ITEM_ID: {constant: i}, TIMESTAMP: {constant: 1790812800}}\n"
    )
    group = DatasetGroup(load_config(tmp_path / "personalize.yaml", os.environ))
    converted = convert(group, engine, [date(2026, 10, 1)], "interactions")

    kept = sum(
        wanted is None or event.get("event") in wanted
        for expected in expectations.values()
        for event in expected["events"]
    )
    events = sum(len(expected["events"]) for expected in expectations.values())
    skipped = sum(expected["skipped"] for expected in expectations.values())
    rejects = [reject for expected in expectations.values() for reject in expected["rejects"]]
    counts = converted.accounting["interactions"]["2026-10-01"]
    assert converted.commits["interactions"]["2026-10-01"].kept == kept
    malformed: Counter[str] = Counter()
    for reject in rejects:
        malformed[reject["reason"]] += reject.get("lines", 1)
    assert (counts.read, counts.wanted) == (events + malformed.total() + skipped, kept)
    assert counts.unreadable == malformed.pop(UNREADABLE_FILE, 0)
    assert counts.malformed == malformed
    lines = [
        json.loads(line)
        for file in (tmp_path / "out/rejects/day=2026-10-01").glob("*.jsonl")
        for line in file.read_text("utf-8").splitlines()
    ]
    assert sorted((line["reason"], line["raw"], Path(line["file"]).name) for line in lines) == sorted(
        (reject["reason"], reject["raw"], name)
        for name, expected in expectations.items()
        for reject in expected["rejects"]
    )
