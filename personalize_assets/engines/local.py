"""Spark in this process, on every core of this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from personalize_assets.conversion import events, job
from personalize_assets.conversion.session import spark_conf
from personalize_assets.engines.base import Engine
from personalize_assets.errors import PersonalizeAssetsError

# Spark 4 runs on Java 17 and newer (Spark's page "Overview").
OLDEST_JAVA = 17
_LOGGING = Path(__file__).with_name("log4j2.properties")


class JavaMissing(PersonalizeAssetsError):
    """There is no Java for Spark to run on, or one that is too old."""


class LocalEngine(Engine):
    """Runs in process on dagster-pyspark's session, which is started by the first job and kept for the next."""

    pyspark: LazyPySparkResource

    @classmethod
    def on_all_cores(cls) -> LocalEngine:
        cores = os.cpu_count() or 1
        settings = {
            **spark_conf(),
            "spark.app.name": "personalize_assets",
            "spark.master": "local[*]",
            "spark.driver.memory": "2g",
            # One machine: a partition a core is enough, and what does not fit into memory is spilled.
            "spark.sql.shuffle.partitions": str(cores),
            "spark.driver.host": "localhost",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}",
        }
        return cls(pyspark=LazyPySparkResource(spark_config=settings))

    def run(self, context: dg.AssetExecutionContext, spec: dict[str, Any]) -> dict[str, Any]:
        check_java()
        use_this_python()
        try:
            return job.run(self.pyspark.spark_session, spec)
        except events.UnreadableFile as error:
            raise PersonalizeAssetsError(
                f"{error}; if the file is gone, materialize raw_event_catalog again"
            ) from error


def use_this_python() -> None:
    """Let tasks run in this interpreter with its packages, and not in whatever ``python3`` the ``PATH`` has."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


def check_java() -> None:
    """Raise ``JavaMissing`` unless ``JAVA_HOME`` or the ``PATH`` has a Java that Spark runs on."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    found = _java_version(java) if java else None
    if found is not None and found >= OLDEST_JAVA:
        return
    where = f"JAVA_HOME={home}" if home else "the PATH"
    state = f"{where} has no Java" if found is None else f"{where} has Java {found}"
    raise JavaMissing(
        f"engine 'local' runs Spark, which needs Java {OLDEST_JAVA} or newer, but {state}. Install it "
        f"(Debian, Ubuntu: apt install openjdk-{OLDEST_JAVA}-jre-headless; macOS: brew install openjdk@{OLDEST_JAVA}) "
        "and set JAVA_HOME if it is not on the PATH"
    )


def _java_version(java: str) -> int | None:
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r'version "(?:1\.)?(\d+)', answer)
    return int(version[1]) if version else None
