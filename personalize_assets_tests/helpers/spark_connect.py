"""A Spark Connect server of the installed PySpark, which brings its jar."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyspark

_SUBMIT = Path(pyspark.__file__).with_name("bin") / "spark-submit"
_STARTED = "Spark Connect server started at"
_START_SECONDS = 120


@contextmanager
def connect_server(folder: Path) -> Iterator[str]:
    """The URL of a server with two cores, which works in ``folder``; its Python workers do not see this package."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "spark.connect.grpc.binding.port": str(port),
        "spark.driver.memory": "1g",
        "spark.ui.enabled": "false",
    }
    options = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    program = ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", *options, "spark-internal"]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env |= {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [_SUBMIT, "--master", "local[2]", *program], stdout=output, stderr=subprocess.STDOUT, env=env, cwd=folder
        )
    try:
        until = time.monotonic() + _START_SECONDS
        while _STARTED not in log.read_text(errors="replace"):
            assert time.monotonic() < until, log.read_text(errors="replace")
            assert server.poll() is None, log.read_text(errors="replace")
            time.sleep(0.2)
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)
