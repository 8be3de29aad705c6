"""The engine ``spark``: tasks on any Spark that the user's settings lead to, driven from this process."""

from __future__ import annotations

import atexit
import os
import pickle
import shutil
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from pyspark.sql import SparkSession

from personalize_assets.conversion import connect, job
from personalize_assets.conversion.executor_facts import ExecutorFacts, look, packed_look
from personalize_assets.conversion.progress import OnProgress
from personalize_assets.conversion.reading.file_errors import FileError
from personalize_assets.conversion.spark import spark_conf
from personalize_assets.conversion.spec import Report, Spec
from personalize_assets.engines import cluster
from personalize_assets.engines.base import Engine, for_user
from personalize_assets.engines.glue.bundle import library
from personalize_assets.engines.jvm import check_java, starting_jvm
from personalize_assets.engines.process_pool import KEEP_MEMORY
from personalize_assets.errors import PersonalizeAssetsError

if TYPE_CHECKING:
    import dagster as dg

    from personalize_assets.config import Config

_DEFAULTS = {
    "spark.app.name": "personalize_assets",
    # How many tasks run at once is asked before the first job: wait until the cluster has given what it will give.
    "spark.scheduler.minRegisteredResourcesRatio": "1.0",
    "spark.ui.showConsoleProgress": "false",
    # Its own default waits for YARN's resource manager for 15 minutes.
    "spark.hadoop.yarn.resourcemanager.connect.max-wait.ms": "60000",
    **{f"spark.executorEnv.{name}": value for name, value in KEEP_MEMORY.items()},
}
# What pyspark[connect] adds; pandas and pyarrow are this package's own requirements.
_CONNECT_MODULES = ("grpc", "grpc_status", "google.protobuf", "zstandard")
_starting = threading.Lock()


class SparkEngine(Engine):
    """Runs tasks on the executors of a cluster; this process is the driver, and its session stays until it ends.

    The code of the tasks is sent to executors as a zip; their Python must have the modules that it imports. Before each
    job this is checked, and whether executors see the folders of a source or destination that is not in S3.

    Args:
        spark_config: Spark's settings by name, ``spark.master`` among them.
    """

    name: ClassVar[str] = "spark"

    def __init__(self, spark_config: Mapping[str, str]) -> None:
        """Start nothing. Raises ``PersonalizeAssetsError`` if no setting says which Spark."""
        remote = spark_config.get("spark.remote")
        if not remote and not spark_config.get("spark.master"):
            raise PersonalizeAssetsError(
                "engine 'spark' needs to know which Spark: write spark.master: spark://host:7077, yarn or k8s://…, or "
                "spark.remote: sc://host"
            )
        self._session: SparkSession | None = None
        # A Connect server has its own settings of executors, and refuses others.
        self.spark_config = {**({} if remote else _DEFAULTS), **spark_config, **spark_conf()}

    @classmethod
    def of(cls, config: Config) -> SparkEngine:
        """The engine that a config describes (section ``spark_config``)."""
        return cls(config.spark_config)

    @property
    def master(self) -> str:
        """The cluster's URL, or the Connect server's."""
        return self.spark_config.get("spark.remote") or self.spark_config["spark.master"]

    @property
    def is_remote(self) -> bool:
        """Whether this process is a client of a Spark Connect server, and not the driver."""
        return "spark.remote" in self.spark_config

    def prepare(self, raw_bytes: int) -> None:
        """Start the session in a thread."""
        threading.Thread(target=self._start, name="starting Spark").start()

    def _start(self) -> None:
        with suppress(Exception):  # `run` raises it again
            self.session()

    def session(self) -> SparkSession:
        """The session; started if it does not run yet.

        Raises:
            JavaMissing: This machine, which runs the driver, has no Java.
            PersonalizeAssetsError: Spark refused, or this process has a session on another cluster.
            TransientError: The cluster cannot be reached.
        """
        with _starting:
            if self.is_remote:
                return self._connected()
            check_java("spark")
            if SparkSession.getActiveSession() is None:
                cluster.check_reachable(self.master)
            os.environ["PYSPARK_PYTHON"] = self._python()
            try:
                with starting_jvm():
                    session: SparkSession = self._builder().getOrCreate()
            except Exception as error:
                raise PersonalizeAssetsError(f"Spark did not start on {self.master}: {error}") from error
            if session.sparkContext.master != self.master:
                raise PersonalizeAssetsError(
                    f"this process already has a Spark session on {session.sparkContext.master}, and can have none on "
                    f"{self.master}; run the two groups in processes of their own (Dagster's multiprocess executor)"
                )
            _ship(session)
        return session

    def _connected(self) -> SparkSession:
        """The session of a Connect server, which has the code of the tasks."""
        lacking = [module for module in _CONNECT_MODULES if find_spec(module) is None]
        if lacking:
            raise PersonalizeAssetsError(
                f"remote {self.master} needs {', '.join(lacking)}, which this Python lacks; install them with "
                "`pip install 'personalize-assets[connect]'`"
            )
        if self._session is None:
            cluster.check_reachable(self.master)
            try:
                from pyspark.sql.connect.session import SparkSession as ConnectSession

                builder: Any = ConnectSession.builder.remote(self.master)
                for key, value in self.spark_config.items():
                    if key not in ("spark.remote", "spark.pyspark.python"):
                        builder = builder.config(key, value)
                session = builder.create()
                artifact = library()
                file = Path(_shipped_from(), artifact.name)
                file.write_bytes(artifact.content)
                session.addArtifacts(str(file), pyfile=True)
            except Exception as error:
                raise PersonalizeAssetsError(f"Spark Connect on {self.master} refused: {error}") from error
            self._session = session
        return self._session

    def run(
        self, context: dg.AssetExecutionContext | None, spec: Spec, on_progress: OnProgress | None = None
    ) -> Report:
        """See ``Engine.run``; raises what ``session`` raises, too."""
        session = self.session()
        with cluster.visible_paths(spec) as paths:
            cluster.check_executors(self._look(session, cluster.modules_for(spec), paths))
        try:
            return job.run_on_spark(session, spec, on_progress)
        except FileError as error:
            raise for_user(error) from error

    def _python(self) -> str:
        """The Python of executors: another machine's, so not this process's own unless Spark is local."""
        given = self.spark_config.get("spark.pyspark.python") or os.environ.get("PYSPARK_PYTHON")
        return given or (sys.executable if self.master.startswith("local") else "python3")

    def _builder(self) -> Any:
        builder: Any = SparkSession.builder
        for key, value in self.spark_config.items():
            builder = builder.config(key, value)
        return builder

    def _look(self, session: SparkSession, modules: tuple[str, ...], paths: tuple[str, ...]) -> list[ExecutorFacts]:
        """What the executors that there are say of themselves, one task a core."""
        if self.is_remote:
            return self._look_remotely(session, modules, paths)
        context, group = session.sparkContext, uuid4().hex
        tasks = context.defaultParallelism
        context.setJobGroup(group, "personalize_assets: what executors have")
        with cluster.in_time(partial(context.cancelJobGroup, group), cluster.EXECUTOR_SECONDS) as is_late:
            try:
                found: list[ExecutorFacts] = (
                    context.parallelize(range(tasks), tasks).map(partial(look, modules, paths)).collect()
                )
            except Exception as error:
                if is_late.is_set():
                    raise cluster.no_executor(self.master, cluster.EXECUTOR_SECONDS) from error
                raise cluster.explained(error, self.spark_config) from error
        return found

    def _look_remotely(self, session: Any, modules: tuple[str, ...], paths: tuple[str, ...]) -> list[ExecutorFacts]:
        with cluster.in_time(session.interruptAll, cluster.EXECUTOR_SECONDS) as is_late:
            try:
                found = connect.answers(session, partial(packed_look, modules, paths))
            except Exception as error:
                if is_late.is_set():
                    raise cluster.no_executor(self.master, cluster.EXECUTOR_SECONDS) from error
                raise cluster.explained(error, self.spark_config) from error
        return [ExecutorFacts(*pickle.loads(answer)) for answer in found]


def _ship(session: SparkSession) -> None:
    """Send the code of the tasks to all executors, once a session."""
    context: Any = session.sparkContext
    artifact = library()
    if artifact.name not in context._python_includes:
        file = Path(_shipped_from(), artifact.name)
        file.write_bytes(artifact.content)
        context.addPyFile(str(file))


@cache
def _shipped_from() -> str:
    """A folder that stays until this process ends: executors that start later fetch its files as well."""
    folder = tempfile.mkdtemp(prefix="personalize-assets-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
