"""The engine ``local``: Spark in this process, on every core that this process may use."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pyspark.sql import SparkSession

from personalize_assets.conversion import job
from personalize_assets.conversion.progress import OnProgress
from personalize_assets.conversion.reading.file_errors import FileError
from personalize_assets.conversion.spark import spark_conf
from personalize_assets.conversion.spec import Report, Spec
from personalize_assets.engines.base import Engine, for_user
from personalize_assets.engines.jvm import check_java, starting_jvm, use_this_python
from personalize_assets.engines.machine import heap_bytes, workers
from personalize_assets.engines.process_pool import KEEP_MEMORY

_LOGGING = Path(__file__).with_name("log4j2.properties")

_starting = threading.Lock()


class LocalEngine(dg.ConfigurableResource, Engine):  # type: ignore[type-arg]
    """Runs on dagster-pyspark's session in this process, which the first job starts and later ones reuse."""

    name: ClassVar[str] = "local"
    kind: ClassVar[str] = "pyspark"

    pyspark: LazyPySparkResource

    @classmethod
    def on_all_cores(cls, spark_config: Mapping[str, str] | None = None) -> LocalEngine:
        """The engine with Spark's settings for one machine, and over them those of a config. Starts nothing."""
        settings = {
            "spark.app.name": "personalize_assets",
            "spark.master": f"local[{workers()}]",
            "spark.driver.memory": f"{heap_bytes() // 1024**2}m",
            # One partition a core: Spark spills to disk what does not fit into memory.
            "spark.sql.shuffle.partitions": str(workers()),
            "spark.driver.host": "localhost",
            "spark.driver.bindAddress": "127.0.0.1",
            # Other users of this machine can reach its ports; Spark makes a secret of its own for each session.
            "spark.authenticate": "true",
            **{f"spark.executorEnv.{name}": value for name, value in KEEP_MEMORY.items()},
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            # Adaptive plans and compressed shuffles save network traffic; on one machine they only cost time.
            "spark.sql.adaptive.enabled": "false",
            "spark.shuffle.compress": "false",
            "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={_LOGGING.as_uri()} -XX:+UseParallelGC",
            **(spark_config or {}),
            **spark_conf(),
        }
        return cls(pyspark=LazyPySparkResource(spark_config=settings))

    def prepare(self, raw_bytes: int) -> None:
        """Start Java in a thread."""
        threading.Thread(target=self._start, name="starting Java").start()

    def _start(self) -> None:
        with suppress(Exception):  # `run` raises it again
            self.session()

    def session(self) -> SparkSession:
        """The session; started if it does not run yet. Raises ``JavaMissing``."""
        with _starting:
            check_java()
            use_this_python()
            with starting_jvm():
                session: SparkSession = self.pyspark.spark_session
        return session

    def run(
        self, context: dg.AssetExecutionContext | None, spec: Spec, on_progress: OnProgress | None = None
    ) -> Report:
        """See ``Engine.run``; raises ``JavaMissing`` too."""
        try:
            return job.run_on_spark(self.session(), spec, on_progress)
        except FileError as error:
            raise for_user(error) from error
