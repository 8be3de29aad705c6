"""The same events give the same bytes: in any files, any number of tasks and on every version of Spark."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from personalize_assets.cli import main
from personalize_assets.conversion.convert import planner as events
from personalize_assets_tests.helpers.samples import EXPORTS, SAMPLE_DATA, export_hashes


def run(sample: str, out: Path, source: Path | None = None, **env: str) -> dict[str, str]:
    settings = {"PERSONALIZE__DESTINATION__URI": str(out), **env}
    if source:
        settings["PERSONALIZE__SOURCE__URI"] = str(source)
    done = CliRunner().invoke(main, ["run", "--config", str(SAMPLE_DATA / f"{sample}.yaml")], env=settings)
    assert done.exit_code == 0, done.output
    return export_hashes(out)


@pytest.mark.parametrize("sample", ["segment", "firehose"])
def test_the_samples_give_these_bytes(sample: str, tmp_path: Path) -> None:
    assert run(sample, tmp_path) == EXPORTS[sample]


def test_a_task_a_file_gives_the_same_bytes_as_one_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_SMALLEST_TASK_BYTES", 1)
    monkeypatch.setattr(events, "_TASKS_PER_CORE", 1000)

    assert run("segment", tmp_path) == EXPORTS["segment"]
    assert len(list((tmp_path / "filtered_interactions").rglob("*.parquet"))) > 20


def test_many_small_pieces_give_the_same_bytes_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personalize_assets.conversion.export.interactions.MAX_PIECE_ROWS", 100)
    monkeypatch.setattr("personalize_assets.conversion.export.entities.MAX_ROWS", 50)
    assert run("segment", tmp_path) == EXPORTS["segment"]


@pytest.mark.parametrize("seed", [1, 2])
def test_shuffled_split_and_merged_files_give_the_same_bytes(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    lines_by_day: dict[str, list[bytes]] = {}
    for file in sorted((SAMPLE_DATA / "segment").rglob("*.gz")):
        lines_by_day.setdefault(file.parent.name, []).extend(gzip.decompress(file.read_bytes()).splitlines())
    for day, lines in lines_by_day.items():
        rng.shuffle(lines)
        folder = tmp_path / "raw" / "segment-logs" / "anywhere" / day
        folder.mkdir(parents=True)
        files = rng.randint(1, 9)
        for number in range(files):
            text = b"".join(line + rng.choice([b"\n", b"\r\n", b"\n\n"]) for line in lines[number::files])
            packed = [text, gzip.compress(text), gzip.compress(text[:100]) + gzip.compress(text[100:])]
            (folder / f"{rng.random()}").write_bytes(rng.choice(packed))

    assert run("segment", tmp_path / "out", tmp_path / "raw") == EXPORTS["segment"]
