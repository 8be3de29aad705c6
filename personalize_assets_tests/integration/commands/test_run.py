"""`run` and `files` as users meet them: what they print and leave, and what they say when something is wrong."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from personalize_assets_tests.helpers.command import invoke


def config(folder: Path, source: str, layout: str = "hive") -> str:
    path = folder / "personalize.yaml"
    path.write_text(
        f"source: {{uri: '{source}', layout: {layout}, start_date: 2026-10-01}}\n"
        "destination: {uri: out}\n"
        "dataset_group: {name: shop}\n"
        "datasets: {interactions: {columns: {USER_ID: user, ITEM_ID: item, TIMESTAMP: time}}}\n"
    )
    return str(path)


# run


def test_with_a_folder_of_csvs_the_table_and_the_asset_name_that_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "raw/day=2026-10-01").mkdir(parents=True)
    (tmp_path / "raw/day=2026-10-01/a.json").write_text('{"user": "u", "item": "i", "time": 1790812801}')
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PERSONALIZE__DESTINATION__SINGLE_FILE", "false")
    monkeypatch.setenv("PERSONALIZE__CHECKS", "warn")

    result = invoke("run", "--config", config(tmp_path, "raw"))

    export = (tmp_path / "out/exports/latest").resolve()
    folder = export / "interactions"
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("interactions ")]
    assert line.split()[1:] == ["1", "0", "0", "1", "41", "out/exports/latest/interactions/"]
    assert [file.read_text() for file in folder.iterdir()] == ["USER_ID,ITEM_ID,TIMESTAMP\nu,i,1790812801\n"]
    assert sorted(path.name for path in export.iterdir()) == ["interactions", "interactions.avsc", "manifest.json"]
    with dg.DagsterInstance.from_config(str(tmp_path / "home")) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("interactions_csv"))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["path"] == dg.MetadataValue.path(f"{folder}/")


def test_with_checks_warn_what_personalize_would_refuse_is_exported_and_the_exit_code_is_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSONALIZE__CHECKS", "warn")
    (tmp_path / "raw/day=2026-10-01").mkdir(parents=True)
    (tmp_path / "raw/day=2026-10-01/a.json").write_text('{"user": "u", "item": "i", "time": 1790812801}')

    first = invoke("run", "--config", config(tmp_path, "raw"))
    again = invoke("run", "--config", config(tmp_path, "raw"))

    assert (first.exit_code, again.exit_code) == (3, 3)
    assert again.stdout.startswith("Nothing is new")
    for result in (first, again):
        assert "at_least_1000_interactions_are_unique: found 1, allowed is at least 1,000\n" in result.stdout


# files


def test_the_current_files_of_a_dataset_are_printed_and_those_of_replaced_days_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSONALIZE__CHECKS", "warn")
    (tmp_path / "raw/day=2026-10-01").mkdir(parents=True)
    (tmp_path / "raw/day=2026-10-01/a.json").write_text('{"user": "u", "item": "i", "time": 1790812801}\n{}')
    path = config(tmp_path, "raw")
    for _ in range(2):
        invoke("run", "--force", "--config", path)

    of_interactions = invoke("files", "interactions", "--config", path).stdout.splitlines()
    of_rejects = invoke("files", "rejects", "--config", path, "--days", "2026-10-01").stdout.splitlines()

    folder = tmp_path / "out/filtered_interactions/day=2026-10-01"
    newest = max(folder.iterdir())
    assert of_interactions == [str(newest)]
    assert len(list(folder.iterdir())) == 2
    assert [Path(file).read_text().count("missing") for file in of_rejects] == [1]
    assert invoke("files", "users", "--config", path).stdout == ""
    assert invoke("files", "interactions", "--config", path, "--days", "2026-10-02").stdout == ""


# run: what is wrong is one paragraph


def failure(*arguments: str) -> str:
    result = invoke("run", *arguments)
    assert result.exit_code == 1, result.output
    assert result.stdout == "" or "Traceback" not in result.stdout
    assert "Traceback" not in result.stderr
    return result.stderr


def test_a_config_that_is_not_there() -> None:
    assert failure("--config", "nowhere.yaml").startswith("Error: nowhere.yaml: ")


def test_a_source_folder_that_does_not_exist(tmp_path: Path) -> None:
    assert failure("--config", config(tmp_path, "raw")) == (
        f"Error: {tmp_path}/raw is not a folder; create it, or correct the uri in the config\n"
    )


def test_a_bucket_that_does_not_exist(tmp_path: Path, bucket: str) -> None:
    assert failure("--config", config(tmp_path, "s3://not-there/raw")) == (
        "Error: s3://not-there/raw: there is no bucket 'not-there'; create it, or correct the uri in the config\n"
    )


def test_a_source_whose_keys_do_not_fit_its_layout(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "events.json").write_text("{}")

    message = failure("--config", config(tmp_path, "raw", "segment"))

    assert "expected keys like segment-logs/<source>/<day at 00:00 UTC in ms>/<file>, found e.g. events.json" in message


def test_days_that_are_no_partitions(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()

    message = failure("--config", config(tmp_path, "raw"), "--days", "2020-01-01..2020-01-02")

    assert message.startswith(
        "Error: no day to convert: found 2020-01-01 to 2020-01-02, wanted days from source.start_date (2026-10-01) to "
    )


def test_no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "raw/day=2026-10-01").mkdir(parents=True)
    (tmp_path / "raw/day=2026-10-01/a.json").write_text('{"user": "u", "item": "i", "time": "2026-10-01"}')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    message = failure("--engine", "local", "--config", config(tmp_path, "raw"))

    assert message.startswith("Error: convert: engine 'local' runs Spark, which needs Java 17 or newer, but JAVA_HOME=")
    assert message.count("\n") == 1


def test_an_export_that_personalize_would_refuse(tmp_path: Path) -> None:
    (tmp_path / "raw/day=2026-10-01").mkdir(parents=True)
    (tmp_path / "raw/day=2026-10-01/a.json").write_text('{"user": "u", "item": "i", "time": "2026-10-01"}')

    message = failure("--config", config(tmp_path, "raw"))

    [refused] = (tmp_path / "out/exports/refused").iterdir()
    assert message == (
        "Error: export: interactions_csv was not replaced, because Personalize would refuse the new export: "
        "at_least_1000_interactions_are_unique: found 1, allowed is at least 1,000; "
        "at_least_25_users_have_two_interactions: found 0, allowed is at least 25 and 1 % of 1 users. There is no "
        f"former export. The refused one is in {refused}. The checks of interactions_csv say what to do; "
        "`checks: warn` in the config exports it anyway, as for a trial\n"
    )


def test_a_range_of_days_that_is_none_is_a_wrong_command(tmp_path: Path) -> None:
    result = invoke("run", "--days", "yesterday")

    assert result.exit_code == 2
    assert "'yesterday' is not a range of days; write it as 2026-10-01..2026-10-07" in result.stderr
