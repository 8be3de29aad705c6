"""Adversarial raw files, each with what must come out of it (see corpus/README.md)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.files import BLOCK_BYTES, unpacked_blocks
from personalize_assets.conversion.framing import Framer, everything
from personalize_assets.conversion.wanted import prefilter

CORPUS = Path(__file__).parent / "corpus"
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
@pytest.mark.parametrize("path", ["by_line", "one_by_one"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_corpus_gives_its_events_and_rejects(name: str, path: str, size: int) -> None:
    expected = json.loads((CORPUS / f"{name}.expected.json").read_text("utf-8"))
    may_match = everything
    if expected["wanted"]:
        may_match = prefilter([Dataset("interactions", (), where={"event": tuple(expected["wanted"])})])
    framer = Framer(cut(unpacked_blocks(io.BytesIO((CORPUS / name).read_bytes())), size), may_match)
    found = list(getattr(framer, path)())
    rejects = [
        {"reason": event.reason, "raw": event.raw.decode("utf-8", "backslashreplace")}
        for event in found
        if event.fields is None
    ]
    assert rejects == expected["rejects"]
    assert [event.fields for event in found if event.fields is not None] == expected["events"]
    assert framer.skipped == expected["skipped"]


def test_each_file_of_the_corpus_has_its_expectation_and_the_other_way_round() -> None:
    expected = sorted(path.name.removesuffix(".expected.json") for path in CORPUS.glob("*.expected.json"))
    assert expected == FILES
    assert len(FILES) >= 60
