"""A standalone Spark cluster on this machine, and what its tasks did, by Spark's REST API.

Master and workers are Spark's own programs, as on several machines; workers start executors, and these start Python
workers. Only the network is missing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pyspark
from pyspark.sql import SparkSession

from benchmarks.measuring import REPO

_SPARK_CLASS = Path(pyspark.__file__).with_name("bin") / "spark-class"
_MASTER = re.compile(r"Starting Spark master at (spark://\S+)")
_WEB = re.compile(r"MasterWebUI at (http://\S+)|MasterWebUI.*started at (http://\S+)")
_START_SECONDS = 120


class StageFacts(NamedTuple):
    """One stage: its number of tasks, bytes, and the seconds of each task."""

    tasks: int
    input_bytes: int
    shuffle_bytes: int
    seconds: tuple[float, ...]

    @property
    def longest(self) -> float:
        return max(self.seconds, default=0.0)

    @property
    def median(self) -> float:
        return median(self.seconds) if self.seconds else 0.0


class Cluster:
    """A session on the cluster. ``stages`` gives the facts of what ran since the last call."""

    def __init__(self, spark: SparkSession) -> None:
        self.spark = spark
        self._seen: set[tuple[int, int]] = set()

    def stages(self) -> list[StageFacts]:
        """The stages that ran since the last call, in their order; skipped ones left out."""
        context = self.spark.sparkContext
        # The REST API answers from what this bus has delivered.
        context._jsc.sc().listenerBus().waitUntilEmpty(60_000)
        url = f"{context.uiWebUrl}/api/v1/applications/{context.applicationId}/stages?details=true"
        with urllib.request.urlopen(url, timeout=60) as answer:
            stages = json.load(answer)
        found = []
        for stage in sorted(stages, key=lambda stage: (stage["stageId"], stage["attemptId"])):
            key = stage["stageId"], stage["attemptId"]
            if key in self._seen or stage["status"] == "SKIPPED":
                continue
            self._seen.add(key)
            seconds = tuple(task["duration"] / 1000 for task in stage["tasks"].values() if "duration" in task)
            # What is written is read again: counted once.
            shuffled = max(stage["shuffleReadBytes"], stage["shuffleWriteBytes"])
            found.append(StageFacts(stage["numTasks"], stage["inputBytes"], shuffled, seconds))
        return found


@contextmanager
def standalone_master(workers: int = 2) -> Iterator[str]:
    """The URL of a master with workers of one core each.

    Raises ``RuntimeError`` if the cluster does not start.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="spark-cluster-")))
        master = _start(folder, "master", "org.apache.spark.deploy.master.Master", "--port", "0", stack=stack)
        url = _found_in(master, _MASTER)
        web = _found_in(master, _WEB)
        for number in range(workers):
            options = ("--cores", "1", "--memory", "2g", "--work-dir", str(folder / "work"), url)
            _start(folder, f"worker-{number}", "org.apache.spark.deploy.worker.Worker", *options, stack=stack)
        _wait(lambda: _alive_workers(web) == workers, f"{workers} workers at {url}")
        yield url


@contextmanager
def standalone_cluster(workers: int = 2, memory: str = "1g") -> Iterator[Cluster]:
    """A cluster, and a session whose executors have so much memory each.

    No other Spark session may be active in this process. Raises ``RuntimeError`` if the cluster does not start.
    """
    with standalone_master(workers) as url:
        session = _session(url, workers, memory)
        try:
            yield Cluster(session)
        finally:
            session.stop()


def _session(url: str, workers: int, memory: str) -> SparkSession:
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.executor.memory": memory,
        "spark.executor.cores": "1",
        "spark.executorEnv.PYTHONPATH": str(REPO),
        "spark.cores.max": str(workers),
        # As in the job of Glue, which cannot tell how many cores it will have before they are there.
        "spark.default.parallelism": str(workers),
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.scheduler.maxRegisteredResourcesWaitingTime": f"{_START_SECONDS}s",
        "spark.ui.enabled": "true",
        "spark.ui.port": "0",
        "spark.ui.showConsoleProgress": "false",
    }
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(url).appName("personalize_assets on a cluster")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def _start(folder: Path, name: str, program: str, *options: str, stack: ExitStack) -> Path:
    """Start one of Spark's programs, which ends with the stack; returns its log."""
    log = folder / f"{name}.log"
    env = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable, "SPARK_DAEMON_MEMORY": "256m"}
    command = [str(_SPARK_CLASS), program, "--host", "127.0.0.1", "--webui-port", "0", *options]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=env, cwd=folder)
    stack.callback(_end, process)
    return log


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _found_in(log: Path, pattern: re.Pattern[str]) -> str:
    _wait(lambda: pattern.search(log.read_text()), f"a line like {pattern.pattern!r} in the log of Spark's {log.stem}")
    found = pattern.search(log.read_text())
    assert found is not None
    return next(group for group in found.groups() if group)


def _alive_workers(web: str) -> int:
    with suppress(OSError, ValueError), urllib.request.urlopen(f"{web}/json/", timeout=10) as answer:
        return int(json.load(answer)["aliveworkers"])
    return 0


def _wait(is_there: Any, what: str) -> None:
    until = time.monotonic() + _START_SECONDS
    while not is_there():
        if time.monotonic() > until:
            raise RuntimeError(f"Spark's cluster did not start: waited {_START_SECONDS} s for {what}")
        time.sleep(0.2)
