"""Whether a Spark cluster can be reached and its executors can work, found out before a job.

What does not belong here: how a session is made (``spark``), and how tasks are spread (``conversion.spread``).
"""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from personalize_assets.conversion.executor_facts import ExecutorFacts
from personalize_assets.conversion.spec import ConvertSpec, Spec
from personalize_assets.errors import PersonalizeAssetsError, TransientError

# As long as Spark itself waits for an answer (spark.network.timeout is 120 s) would look like a hang.
_CONNECT_SECONDS = 10.0
EXECUTOR_SECONDS = 600.0
"""How long executors may take to run their first task: a cluster that adds machines needs minutes."""
_DEFAULT_PORTS = {"spark": 7077, "sc": 15002, "k8s": 443}
_ADDRESS = re.compile(r"(spark|sc|k8s)://(?:https?://)?([^/;?]+)")
_MODULES = ("msgspec", "numpy", "pyarrow", "isal", "lz4", "cramjam", "fastavro")
_MODULES_FOR_S3 = ("obstore", "boto3")


def check_reachable(master: str) -> None:
    """Raise ``TransientError`` if no address of a master or Connect server takes a connection within ten seconds each.

    Of YARN only the variable that leads to its settings is looked for: ``PersonalizeAssetsError`` without it.
    """
    if master == "yarn" and not (os.environ.get("HADOOP_CONF_DIR") or os.environ.get("YARN_CONF_DIR")):
        raise PersonalizeAssetsError(
            "spark.master is yarn, but neither HADOOP_CONF_DIR nor YARN_CONF_DIR is set; set one to the folder "
            "with the "
            "cluster's yarn-site.xml"
        )
    problems = []
    for host, port in addresses(master):
        try:
            with socket.create_connection((host, port), timeout=_CONNECT_SECONDS):
                return
        except OSError as error:
            problems.append(f"{host}:{port}: {error.strerror or error}")
    if problems:
        key = "remote" if master.startswith("sc://") else "spark.master"
        program = "Connect server" if master.startswith("sc://") else "master"
        raise TransientError(
            f"{key} {master} cannot be reached ({'; '.join(problems)}); see whether Spark's {program} runs there, "
            "whether "
            "host and port are right, and whether a firewall is between it and this machine"
        )


def addresses(master: str) -> list[tuple[str, int]]:
    """The hosts and ports in a master's URL; none in ``yarn`` and ``local[…]``, several with standby masters."""
    found = _ADDRESS.match(master)
    if not found:
        return []
    scheme, places = found.groups()
    pairs = []
    for place in places.split(","):
        host, colon, port = place.rpartition(":")
        is_port = colon and port.isdecimal()
        pairs.append((host if is_port else place, int(port) if is_port else _DEFAULT_PORTS[scheme]))
    return pairs


def modules_for(spec: Spec) -> tuple[str, ...]:
    """The modules that tasks of a job import."""
    return (*_MODULES, *_MODULES_FOR_S3) if any(uri.startswith("s3://") for uri in _uris(spec)) else _MODULES


@contextmanager
def visible_paths(spec: Spec) -> Iterator[tuple[str, ...]]:
    """Files of this machine by which an executor shows that it sees the job's folders: none if all is in S3.

    They are a raw or daily file, and an empty one where the job writes, which is deleted with the block.
    """
    paths: list[str] = []
    marks: list[Path] = []
    try:
        for folder in _folders(spec):
            existing = next(place for place in (Path(folder), *Path(folder).parents) if place.is_dir())
            mark = existing / f"_seen-{uuid4().hex}"
            mark.touch()
            marks.append(mark)
            paths.append(str(mark))
        first = next((uri for uri in _read(spec) if not uri.startswith("s3://")), None)
        yield (*paths, first) if first and Path(first).exists() else tuple(paths)
    finally:
        for mark in marks:
            with suppress(OSError):
                mark.unlink()


def check_executors(facts: Iterable[ExecutorFacts]) -> None:
    """Raise ``PersonalizeAssetsError`` for what executors lack: modules, or sight of a folder of this machine."""
    found = tuple(facts)
    for one in found:
        if one.missing:
            raise PersonalizeAssetsError(
                f"{', '.join(one.missing)} cannot be imported by Python {one.python} on {one.host}, where tasks run; "
                "install them there (`pip install " + " ".join(one.missing) + "`), or name a Python that has them by "
                "spark.pyspark.python in spark_config, or ship an environment by spark.archives"
            )
    for one in found:
        if one.unseen:
            path = Path(one.unseen[0])
            folder = path.parent if path.name.startswith("_seen-") else path
            raise PersonalizeAssetsError(
                f"{folder} is on this machine, and tasks on {one.host} do not see it; use s3://bucket/prefix for "
                "source "
                "and destination, or a folder that every machine of the cluster mounts at the same path"
            )


@contextmanager
def in_time(cancel: Callable[[], None], seconds: float) -> Iterator[threading.Event]:
    """Call ``cancel`` if the block takes longer; the event says whether it was called."""
    is_late = threading.Event()

    def stop() -> None:
        is_late.set()
        with suppress(Exception):
            cancel()

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield is_late
    finally:
        timer.cancel()


def no_executor(master: str, seconds: float) -> TransientError:
    """The error of a cluster on which no task began in time."""
    return TransientError(
        f"no executor of {master} ran a task within {seconds:.0f} s; see the cluster's own page: are there "
        "workers, free "
        "cores and memory for spark.executor.memory and spark.executor.cores, and can they reach this machine "
        "(spark.driver.host, spark.driver.port)?"
    )


def explained(error: BaseException, settings: Mapping[str, str]) -> PersonalizeAssetsError:
    """What Spark's error about the first tasks means for the user."""
    text = str(error)
    if "PYTHON_VERSION_MISMATCH" in text or "has different version" in text:
        versions = re.search(r"different version:? \(?'?(\d+\.\d+).*?driver:? '?(\d+\.\d+)", text, re.DOTALL)
        there, here = versions.groups() if versions else ("another version", "")
        return PersonalizeAssetsError(
            f"executors have Python {there} and this process has Python {here or 'another one'}; Spark needs the "
            "same minor "
            "version on both: name one by spark.pyspark.python in spark_config, or run this with the other"
        )
    if program := re.search(r'Cannot run program "([^"]+)"', text):
        return PersonalizeAssetsError(
            f"executors have no program {program[1]}; write the path of their Python {_minor()} as "
            "spark.pyspark.python in "
            "spark_config"
        )
    if module := re.search(r"No module named '([^']+)'", text):
        python = settings.get("spark.pyspark.python", "their Python")
        return PersonalizeAssetsError(
            f"{module[1]} cannot be imported by {python} on the executors; install it there, or name a Python "
            "that has it by "
            "spark.pyspark.python in spark_config"
        )
    return PersonalizeAssetsError(f"the first tasks on Spark failed: {_reason(text)}")


def _minor() -> str:
    return ".".join(map(str, sys.version_info[:2]))


def _reason(text: str) -> str:
    """The line of Spark's text that says most: the innermost cause, else the first after Py4J's own."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    own = [line for line in lines if not line.startswith("An error occurred while calling")]
    return next(iter([*causes[-1:], *own, *lines]), "no reason was given").removeprefix(": ")


def _uris(spec: Spec) -> Iterator[str]:
    yield from _written(spec)
    yield from _read(spec)


def _folders(spec: Spec) -> list[str]:
    """One folder of this machine that the job writes to, if it writes to any."""
    return [uri for uri in _written(spec) if not uri.startswith("s3://")][:1]


def _written(spec: Spec) -> Iterator[str]:
    if isinstance(spec, ConvertSpec):
        yield from spec.plan.folders.values()
        return
    for one in spec.exports:
        yield from (uri for uri in (one.to_csv, one.to_table) if uri)
    if spec.scratch:
        yield spec.scratch


def _read(spec: Spec) -> Iterator[str]:
    if isinstance(spec, ConvertSpec):
        yield from (file.uri for source in spec.sources for file in source.files)
        return
    for one in spec.exports:
        yield from (uri for day in one.daily or () for uri in day.files)
        yield from one.table or ()
