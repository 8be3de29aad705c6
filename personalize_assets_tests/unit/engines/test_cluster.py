"""What is found out about a Spark cluster before a job, and what its errors say to do."""

from __future__ import annotations

import socket
import threading
from datetime import date
from pathlib import Path

import pytest

from personalize_assets.conversion.executor_facts import ExecutorFacts
from personalize_assets.conversion.spec import ConvertSpec, Plan, RawFile, RawFileSet
from personalize_assets.engines import cluster
from personalize_assets.errors import PersonalizeAssetsError, TransientError


def spec(destination: str, raw: str) -> ConvertSpec:
    file = RawFile(raw, date(2026, 10, 1), bytes=1, framing="lines")
    source = RawFileSet("source", dated=True, files=(file,), datasets=())
    return ConvertSpec((source,), Plan("r", make=(), folders={"rejects": f"{destination}/rejects"}, now=0, s3={}))


@pytest.mark.parametrize(
    ("master", "expected"),
    [
        ("spark://one:7078,two", [("one", 7078), ("two", 7077)]),
        ("sc://server/;token=x", [("server", 15002)]),
        ("k8s://https://10.0.0.1:6443", [("10.0.0.1", 6443)]),
        ("yarn", []),
        ("local[2]", []),
    ],
)
def test_the_addresses_of_a_master(master: str, expected: list[tuple[str, int]]) -> None:
    assert cluster.addresses(master) == expected


def test_a_master_that_takes_no_connection_is_named_with_what_to_look_at() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

        with pytest.raises(TransientError) as error:
            cluster.check_reachable(f"spark://127.0.0.1:{port}")

    assert str(error.value) == (
        f"spark.master spark://127.0.0.1:{port} cannot be reached (127.0.0.1:{port}: Connection refused); see whether "
        "Spark's master runs there, whether host and port are right, and whether a firewall is between it and "
        "this machine"
    )


def test_a_standby_master_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        tried.append((address, timeout))
        if address[0] == "one":
            raise TimeoutError("timed out")
        return socket.socket()

    monkeypatch.setattr("personalize_assets.engines.cluster.socket.create_connection", connect)

    cluster.check_reachable("spark://one:7078,two")

    assert tried == [(("one", 7078), 10.0), (("two", 7077), 10.0)]


def test_yarn_needs_the_folder_of_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HADOOP_CONF_DIR", raising=False)
    monkeypatch.delenv("YARN_CONF_DIR", raising=False)

    with pytest.raises(PersonalizeAssetsError, match="neither HADOOP_CONF_DIR nor YARN_CONF_DIR is set"):
        cluster.check_reachable("yarn")


def test_a_missing_module_is_named_with_the_python_that_lacks_it() -> None:
    facts = [ExecutorFacts("a", "3.11.7", (), ()), ExecutorFacts("b", "3.11.9", ("msgspec", "isal"), ())]

    with pytest.raises(PersonalizeAssetsError) as error:
        cluster.check_executors(facts)

    assert str(error.value) == (
        "msgspec, isal cannot be imported by Python 3.11.9 on b, where tasks run; install them there (`pip install "
        "msgspec isal`), or name a Python that has them by spark.pyspark.python in spark_config, or ship an "
        "environment "
        "by spark.archives"
    )


def test_a_folder_that_executors_do_not_see_is_refused() -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        cluster.check_executors([ExecutorFacts("b", "3.11.9", (), ("/data/out/_seen-1",))])

    assert str(error.value) == (
        "/data/out is on this machine, and tasks on b do not see it; use s3://bucket/prefix for source and "
        "destination, "
        "or a folder that every machine of the cluster mounts at the same path"
    )


def test_executors_are_asked_for_a_raw_file_and_a_mark_in_the_destination_which_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "raw.json").write_text("{}")
    (tmp_path / "out").mkdir()

    with cluster.visible_paths(spec(f"{tmp_path}/out", f"{tmp_path}/raw.json")) as paths:
        (mark,) = (tmp_path / "out").iterdir()
        assert paths == (str(mark), f"{tmp_path}/raw.json")

    assert list((tmp_path / "out").iterdir()) == []


def test_in_s3_executors_are_asked_for_no_path_but_for_its_modules() -> None:
    on_s3 = spec("s3://made/out", "s3://raw/a.json")

    with cluster.visible_paths(on_s3) as paths:
        assert paths == ()
    assert set(cluster.modules_for(on_s3)) - set(cluster.modules_for(spec("/out", "/a.json"))) == {"obstore", "boto3"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[PYTHON_VERSION_MISMATCH] Python in worker has different version: 3.12 than that in driver: 3.11, PySpark",
            "executors have Python 3.12 and this process has Python 3.11; Spark needs the same minor version on both",
        ),
        (
            'java.io.IOException: Cannot run program "/no/python": error=2',
            "executors have no program /no/python; write the path of their Python 3.",
        ),
        (
            "ModuleNotFoundError: No module named 'pyarrow'",
            "pyarrow cannot be imported by their Python on the executors",
        ),
        (
            "An error occurred while calling z:collect.\n: org.apache.SparkException: aborted\nCaused by: disk is full",
            "the first tasks on Spark failed: disk is full",
        ),
    ],
)
def test_errors_of_the_first_tasks_say_what_to_do(text: str, expected: str) -> None:
    assert str(cluster.explained(RuntimeError(text), {})).startswith(expected)


def test_what_takes_too_long_is_cancelled() -> None:
    is_cancelled = threading.Event()

    with cluster.in_time(is_cancelled.set, seconds=0) as is_late:
        assert is_cancelled.wait(60)

    assert is_late.is_set()
