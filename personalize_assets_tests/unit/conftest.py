"""Unit tests start neither Spark nor a server nor a program: one that does fails, also if a fixture does it.

Only a fresh Python may run a text (``sys.executable -c``): what an import does can be seen in no other way.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest
from pyspark import java_gateway
from pyspark.sql import SparkSession


def _refuse(what: str) -> Callable[..., NoReturn]:
    def refuse(*arguments: Any, **options: Any) -> NoReturn:
        pytest.fail(f"a unit test may not use {what}; such a test belongs in engine/, integration/ or end_to_end/")

    return refuse


_start = subprocess.Popen.__init__


def _start_python_alone(self: subprocess.Popen[Any], command: Any, *arguments: Any, **options: Any) -> None:
    if list(command[:2]) != [sys.executable, "-c"]:
        _refuse(f"another program ({command})")()
    _start(self, command, *arguments, **options)


@contextmanager
def _one_process() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SparkSession.Builder, "getOrCreate", _refuse("a Spark session"))
        patch.setattr(java_gateway, "launch_gateway", _refuse("a JVM"))
        patch.setattr(socket.socket, "listen", _refuse("a server"))
        patch.setattr(subprocess.Popen, "__init__", _start_python_alone)
        yield


def _refused_fixture(name: str) -> Any:
    @pytest.fixture(name=name)
    def fixture() -> None:
        _refuse(f"the fixture {name!r}")()

    return fixture


# Those of ../conftest.py: another test of the session may have started what they give.
bucket, engine, glue, session, spark = map(_refused_fixture, ("bucket", "engine", "glue", "session", "spark"))


# Hooks and not a fixture: fixtures of a wider scope are set up before one of a test's own.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup() -> Generator[None, Any, Any]:
    with _one_process():
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call() -> Generator[None, Any, Any]:
    with _one_process():
        return (yield)
