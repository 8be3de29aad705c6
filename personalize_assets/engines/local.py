"""Spark in this process, on every core of this machine."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pyspark.sql import SparkSession

from personalize_assets.conversion import job
from personalize_assets.conversion.convert import task as tasks
from personalize_assets.conversion.spark import spark_conf
from personalize_assets.conversion.spec import Report, Spec
from personalize_assets.engines.base import Engine, unreadable
from personalize_assets.engines.jvm import check_java, starting_jvm, use_this_python
from personalize_assets.engines.process_pool import KEEP_MEMORY

_LOGGING = Path(__file__).with_name("log4j2.properties")

_starting = threading.Lock()


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
            **{f"spark.executorEnv.{name}": value for name, value in KEEP_MEMORY.items()},
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            # What adapts to unknown data and spares a network costs more than it gives on one machine.
            "spark.sql.adaptive.enabled": "false",
            "spark.shuffle.compress": "false",
            "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={_LOGGING.as_uri()} -XX:+UseParallelGC",
        }
        return cls(pyspark=LazyPySparkResource(spark_config=settings))

    def prepare(self, raw_bytes: int) -> None:
        threading.Thread(target=self._start, name="starting Java").start()

    def _start(self) -> None:
        with suppress(Exception):  # whoever needs the session meets it again
            self.session()

    def session(self) -> SparkSession:
        """The session, started if there is none yet. Raises ``JavaMissing``."""
        with _starting:
            check_java()
            use_this_python()
            with starting_jvm():
                session: SparkSession = self.pyspark.spark_session
        return session

    def run(self, context: dg.AssetExecutionContext, spec: Spec) -> Report:
        try:
            return job.run(self.session(), spec)
        except tasks.UnreadableFile as error:
            raise unreadable(error) from error
