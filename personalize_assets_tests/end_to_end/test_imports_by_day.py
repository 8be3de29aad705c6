"""The sample, day by day: from raw events to the rows that Personalize holds, by the command `run` alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result

from personalize_assets.cli import main
from personalize_assets.config import load_config
from personalize_assets.generate import generate
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.csv_reader import read_csv
from personalize_assets_tests.helpers.import_world import ROLE, let_personalize_in
from personalize_assets_tests.helpers.personalize_emulator import PersonalizeEmulator
from personalize_assets_tests.helpers.stored import latest_csv

SAMPLE = Path("sample_data/segment.yaml").absolute()
DATASETS = ("interactions", "users", "items")


class Site:
    """The sample's config on S3, with `import: on`, and raw files that arrive there."""

    def __init__(self, bucket: str, emulator: PersonalizeEmulator, folder: Path) -> None:
        self.emulator = emulator
        self.config = folder / "personalize.yaml"
        text = SAMPLE.read_text().replace("uri: segment", "uri: raw").replace("../data/segment", f"s3://{bucket}/shop")
        self.config.write_text(f"{text}import: {{role: '{ROLE}'}}\n")
        self.raw, self._all = folder / "raw", folder / "all"
        generate(self._all, layout="segment", days=3, users=1500, seed=7)
        let_personalize_in(bucket)

    def arrives(self, *days: int) -> None:
        """The raw files of days, from 0 on."""
        folders = sorted({path.parent for path in self._all.rglob("*.gz")}, key=lambda path: path.name)
        names = sorted({path.name for path in folders})
        for folder in folders:
            if names.index(folder.name) in days:
                shutil.copytree(folder, self.raw / folder.relative_to(self._all), dirs_exist_ok=True)

    def run(self) -> Result:
        result = CliRunner().invoke(main, ["run", "--config", str(self.config)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    def exported(self, name: str) -> set[tuple[str, ...]]:
        """The rows of the current CSV; of equal ones Personalize keeps one."""
        csv = latest_csv(DatasetGroup(load_config(self.config, {})).destination, name)
        assert csv is not None
        file = self.config.parent / f"{name}.csv"
        file.write_bytes(csv)
        return {tuple(cell or "" for cell in row) for row in read_csv(file)[1]}

    def held(self, name: str) -> set[tuple[str, ...]]:
        """The rows that Personalize holds."""
        return set(self.emulator.rows(name, "workshop"))

    def modes(self, name: str) -> list[str]:
        return [job.members["importMode"] for job in self.emulator.jobs(name, "workshop")]


@pytest.fixture
def site(bucket: str, personalize: PersonalizeEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr("personalize_assets.pipeline.importing.polling._FIRST_SECONDS", 0.0)
    return Site(bucket, personalize, tmp_path)


def test_three_days_are_a_full_import_an_increment_and_after_rows_vanished_a_full_one(site: Site) -> None:
    site.arrives(0, 1)
    site.run()
    assert {name: site.held(name) == site.exported(name) for name in DATASETS} == dict.fromkeys(DATASETS, True)
    first = {name: site.modes(name) for name in DATASETS}

    site.arrives(2)
    site.run()
    assert {name: site.held(name) == site.exported(name) for name in DATASETS} == dict.fromkeys(DATASETS, True)
    second = {name: site.modes(name) for name in DATASETS}

    largest = max(site.raw.rglob("*.gz"), key=lambda path: path.stat().st_size)
    largest.unlink()
    output = site.run().output
    assert {name: site.held(name) == site.exported(name) for name in DATASETS} == dict.fromkeys(DATASETS, True)

    assert first == {"interactions": ["FULL"], "users": ["FULL"], "items": ["FULL"]}
    assert second["interactions"] == ["FULL", "INCREMENTAL"]
    assert second["items"] == ["FULL", "INCREMENTAL"]
    assert site.modes("interactions") == ["FULL", "INCREMENTAL", "FULL"]
    assert "rows that Personalize holds are gone from the export" in output


def test_a_run_without_news_calls_nothing_that_changes(site: Site) -> None:
    site.arrives(0, 1)
    site.run()
    site.emulator.calls.clear()

    output = site.run().output

    assert "Nothing is new in 2 days since the last run" in output
    assert [name for name in site.emulator.operations() if not name.startswith(("Describe", "List"))] == []


def test_a_run_whose_import_failed_imports_the_next_time(site: Site) -> None:
    site.arrives(0, 1)
    boto3.client("s3").delete_bucket_policy(Bucket="events")
    failed = CliRunner().invoke(main, ["run", "--config", str(site.config)])
    let_personalize_in("events")

    site.run()

    assert failed.exit_code == 1
    assert "Error: import: import job workshop-" in failed.output
    assert site.held("items") == site.exported("items")
