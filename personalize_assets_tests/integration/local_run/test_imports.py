"""``personalize-assets import`` against the emulator and moto's S3."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from personalize_assets.cli import main
from personalize_assets.conversion.progress import Progress
from personalize_assets.local_run.imports import import_all
from personalize_assets.pipeline.importing import dataset_import
from personalize_assets_tests.helpers.import_world import ImportWorld, clicks, titles
from personalize_assets_tests.helpers.personalize_emulator import PersonalizeEmulator


@pytest.fixture
def world(
    bucket: str, personalize: PersonalizeEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ImportWorld:
    monkeypatch.setattr("personalize_assets.pipeline.importing.polling._FIRST_SECONDS", 0.0)
    return ImportWorld(bucket, tmp_path, personalize)


def command(world: ImportWorld, *arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(main, ["import", "--config", str(world.path), *arguments], input=answer)


def masked(text: str) -> str:
    """Output with digests and durations as letters."""
    text = re.sub(r"(?<=s-)[0-9a-f]{12}\b", "DIGEST12", text)
    text = re.sub(r"-[0-9a-f]{8}\b", "-DIGEST8", text)
    return re.sub(r"\d+\.\d s", "T s", text)


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(world: ImportWorld) -> None:
    world.export(items=titles("a", "b"))

    result = command(world, "--datasets", "items", "--dry-run")

    assert result.exit_code == 0
    assert masked(result.output) == (
        "Dataset group shop in eu-central-1, account 123456789012, with the role "
        "arn:aws:iam::123456789012:role/personalize\n"
        "  create dataset group shop (custom)\n"
        "items\n"
        "  create schema shop-items-DIGEST8\n"
        "  create dataset items\n"
        "  import FULL, 2 rows, 40 bytes: it is the first import, which Personalize takes only whole\n"
        "\n"
        "Nothing was changed: this was a dry run.\n"
    )
    assert [name for name in world.emulator.operations() if name.startswith("Create")] == []


def test_an_import_prints_what_was_sent_and_what_is_held(world: ImportWorld) -> None:
    world.export(interactions=clicks(0, 1200), items=titles("a"))

    result = command(world, "--datasets", "interactions,items", "--yes")

    assert result.exit_code == 0
    lines = masked(result.output).splitlines()
    assert lines[-4:] == [
        "dataset        sent   held  pending  import job",
        "interactions  1,200  1,200        0  shop-interactions-DIGEST12",
        "items             1      1        0  shop-items-DIGEST12",
        "Console: https://eu-central-1.console.aws.amazon.com/personalize/home?region=eu-central-1#arn:aws:personalize:"
        "eu-central-1:123456789012:dataset-group$shop/setup",
    ]
    assert world.held() == sorted(clicks(0, 1200))
    assert world.held("items") == titles("a")


def test_without_a_yes_nothing_is_sent(world: ImportWorld) -> None:
    world.export(items=titles("a"))

    result = command(world, "--datasets", "items", answer="n\n")

    assert result.exit_code == 0
    assert result.output.endswith("Import? AWS bills what is sent by its size [y/N]: n\nNothing was changed.\n")
    assert world.emulator.account.of_kind("dataset-import-job") == []


def test_if_personalize_holds_all_there_is_no_question(world: ImportWorld) -> None:
    world.export(items=titles("a"))
    command(world, "--datasets", "items", "--yes")

    result = command(world, "--datasets", "items")

    assert result.exit_code == 0
    assert "  import nothing: Personalize holds the rows of the current export\n" in result.output
    assert "Import?" not in result.output


def test_an_error_is_printed_and_ends_with_1(world: ImportWorld) -> None:
    result = command(world, "--datasets", "items", "--yes")

    assert result.exit_code == 1
    assert "\nError: s3://events/shop has no export of items, and the schema is written" in result.output


def test_an_unknown_dataset_is_an_error(world: ImportWorld) -> None:
    result = command(world, "--datasets", "item")

    assert result.exit_code == 1
    assert result.output == (
        "Error: item is not among the datasets of this config (interactions, users, items); correct --datasets\n"
    )


def test_ctrl_c_ends_with_130_and_says_that_jobs_go_on(world: ImportWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.export(items=titles("a"))

    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset_import._DatasetImport, "_finish", interrupt)

    result = command(world, "--datasets", "items", "--yes")

    assert result.exit_code == 130
    assert "Stopped waiting. Import jobs that have begun go on in AWS; import again to see." in result.output


def test_progress_counts_datasets_and_the_bytes_that_are_compared(world: ImportWorld) -> None:
    world.export(interactions=clicks(0, 1200))
    import_all(world.group(), ["interactions"], lambda line: None)
    before = world.group().destination.exports.manifest("interactions")
    world.export(interactions=clicks(0, 2400))
    after = world.group().destination.exports.manifest("interactions")
    found: list[Progress] = []

    import_all(world.group(), ["interactions"], lambda line: None, on_progress=found.append)

    assert before is not None
    assert after is not None
    assert found[0].figures() == ["0 of 1 datasets"]
    assert (found[-1].done, found[-1].bytes) == (1, before.bytes + after.bytes)
    assert found[-1].bytes_done == found[-1].bytes
    assert {one.seconds_left for one in found} == {None}
