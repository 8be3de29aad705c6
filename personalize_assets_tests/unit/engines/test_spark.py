"""The engine `spark` without a cluster: its settings, and its errors before anything starts."""

from __future__ import annotations

import socket

import pytest

from personalize_assets.conversion.spec import ExportSpec
from personalize_assets.engines.spark import SparkEngine
from personalize_assets.errors import PersonalizeAssetsError, TransientError


def test_the_users_settings_come_before_the_defaults_but_not_before_what_bytes_depend_on() -> None:
    engine = SparkEngine(
        {"spark.master": "yarn", "spark.app.name": "mine", "spark.sql.session.timeZone": "Europe/Berlin"}
    )

    assert engine.spark_config["spark.app.name"] == "mine"
    assert engine.spark_config["spark.sql.session.timeZone"] == "UTC"
    assert engine.master == "yarn"


def test_without_a_master_there_is_no_spark_to_run_on() -> None:
    with pytest.raises(PersonalizeAssetsError, match="needs to know which Spark"):
        SparkEngine({"spark.executor.memory": "4g"})


def test_a_cluster_that_cannot_be_reached_is_an_error_before_java_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personalize_assets.engines.spark.check_java", lambda engine: None)
    monkeypatch.setattr("personalize_assets.engines.spark.SparkSession.getActiveSession", lambda: None)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        engine = SparkEngine({"spark.master": f"spark://127.0.0.1:{closed.getsockname()[1]}"})

        with pytest.raises(TransientError, match="cannot be reached"):
            engine.run(None, ExportSpec(exports=(), s3={}))


def test_spark_connect_without_its_packages_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personalize_assets.engines.spark.find_spec", lambda name: None if "grpc" in name else name)

    with pytest.raises(PersonalizeAssetsError) as error:
        SparkEngine({"spark.remote": "sc://server"}).session()

    assert str(error.value) == (
        "remote sc://server needs grpc, grpc_status, which this Python lacks; install them with "
        "`pip install 'personalize-assets[connect]'`"
    )


def test_a_connect_server_is_given_no_settings_of_executors() -> None:
    engine = SparkEngine({"spark.remote": "sc://server"})

    assert (engine.is_remote, engine.master) == (True, "sc://server")
    assert not [name for name in engine.spark_config if name.startswith(("spark.executorEnv", "spark.scheduler"))]
