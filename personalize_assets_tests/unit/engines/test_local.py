"""The engine `local` without Java: its settings, and its errors."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_assets.conversion.reading.file_errors import UnreadableFile
from personalize_assets.conversion.spec import ExportSpec
from personalize_assets.engines import local
from personalize_assets.engines.jvm import JavaMissing
from personalize_assets.engines.local import LocalEngine
from personalize_assets.errors import PersonalizeAssetsError


def test_every_core_has_a_task_and_a_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "workers", lambda: 6)
    monkeypatch.setattr(local, "heap_bytes", lambda: 1024**3)

    settings = LocalEngine.on_all_cores().pyspark.spark_config

    assert (settings["spark.master"], settings["spark.sql.shuffle.partitions"]) == ("local[6]", "6")
    assert settings["spark.driver.memory"] == "1024m"


def test_the_users_settings_come_over_the_defaults() -> None:
    own = {"spark.driver.memory": "7g", "spark.ui.enabled": "true", "spark.sql.session.timeZone": "Europe/Berlin"}

    settings = LocalEngine.on_all_cores(own).pyspark.spark_config

    assert (settings["spark.driver.memory"], settings["spark.ui.enabled"]) == ("7g", "true")
    assert settings["spark.driver.bindAddress"] == "127.0.0.1"
    assert settings["spark.sql.session.timeZone"] == "UTC", "bytes depend on it"


def test_spark_listens_on_this_machine_only_and_to_this_user_only() -> None:
    settings = LocalEngine.on_all_cores().pyspark.spark_config

    assert settings["spark.authenticate"] == "true"
    assert settings["spark.driver.bindAddress"] == "127.0.0.1"
    assert settings["spark.ui.enabled"] == "false"


def test_java_is_checked_before_a_session_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise JavaMissing("no Java")

    monkeypatch.setattr(local, "check_java", missing)

    with pytest.raises(JavaMissing):
        LocalEngine.on_all_cores().session()


def test_an_unreadable_file_is_an_error_for_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise UnreadableFile("/raw/a cannot be read: gone")

    monkeypatch.setattr(LocalEngine, "session", lambda _: None)
    monkeypatch.setattr("personalize_assets.engines.local.job.run_on_spark", refuse)

    with pytest.raises(PersonalizeAssetsError, match="/raw/a cannot be read: gone; if the file is gone, materialize"):
        LocalEngine.on_all_cores().run(None, ExportSpec(exports=(), s3={}))
