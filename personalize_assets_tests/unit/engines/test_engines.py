"""An engine is made by its name, and nothing is started."""

from __future__ import annotations

import sys

import pytest

from personalize_assets.config import load_config
from personalize_assets.engines import make_engine
from personalize_assets.engines.arrow import ArrowEngine
from personalize_assets.engines.emr_serverless.engine import EmrServerlessEngine
from personalize_assets.engines.glue.engine import GlueEngine
from personalize_assets.engines.local import LocalEngine
from personalize_assets.engines.spark import SparkEngine
from personalize_assets.errors import PersonalizeAssetsError


def test_each_name_gives_its_engine() -> None:
    on_s3 = {"PERSONALIZE__SOURCE__URI": "s3://raw/events", "PERSONALIZE__DESTINATION__URI": "s3://made/out"}
    on_emr = {
        **on_s3,
        "PERSONALIZE_ENGINE": "emr-serverless",
        "PERSONALIZE__EMR_SERVERLESS__APPLICATION_ID": "00f1",
        "PERSONALIZE__EMR_SERVERLESS__EXECUTION_ROLE": "arn:aws:iam::123456789012:role/shop",
    }
    on_a_cluster = {"PERSONALIZE_ENGINE": "spark", "PERSONALIZE__SPARK_CONFIG": '{"spark.master": "yarn"}'}

    assert type(make_engine("arrow")) is ArrowEngine
    assert type(make_engine("local")) is LocalEngine
    assert type(make_engine("spark", load_config(env=on_a_cluster))) is SparkEngine
    assert type(make_engine("emr-serverless", load_config(env=on_emr))) is EmrServerlessEngine
    assert type(make_engine("glue", load_config(env=on_s3))) is GlueEngine


def test_an_unknown_name_is_refused_with_those_that_exist() -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        make_engine("spork")

    assert str(error.value) == "engine: 'spork' is not an engine; use one of arrow, local, spark, glue, emr-serverless"


def test_glue_needs_the_config() -> None:
    with pytest.raises(ValueError, match="the engine glue needs the whole config"):
        make_engine("glue")


def test_only_the_module_of_the_engine_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("arrow", "local", "glue.engine"):
        monkeypatch.delitem(sys.modules, f"personalize_assets.engines.{name}", raising=False)

    make_engine("arrow")

    assert "personalize_assets.engines.local" not in sys.modules
    assert "personalize_assets.engines.glue.engine" not in sys.modules
