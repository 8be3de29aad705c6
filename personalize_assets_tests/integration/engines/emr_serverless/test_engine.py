"""The engine `emr-serverless` on an emulator: what it starts, waits for, cancels and raises. The job has no Spark."""

import io
import os
import signal
import threading
import zipfile
from collections.abc import Iterator
from textwrap import dedent, indent
from typing import Any

import boto3
import dagster as dg
import pytest
from msgspec.structs import replace

from personalize_assets.conversion.spec import ConvertReport, ConvertSpec, DayReport, Plan, encode
from personalize_assets.engines.emr_serverless import engine as emr_engine
from personalize_assets.engines.emr_serverless.engine import EmrServerlessEngine
from personalize_assets.engines.glue.bundle import library, script
from personalize_assets.engines.job_files import fingerprint_of_work
from personalize_assets.storage.destination import Destination
from personalize_assets_tests.helpers.emr_serverless_emulator import APPLICATION, ROLE, EmrServerlessEmulator

REPORT = ConvertReport(days={"2026-10-01": DayReport()}, seconds=0.5)
SUCCEEDS = f"from personalize_assets.conversion.spec import ConvertReport, DayReport\nreturn {REPORT!r}"
SLEEPS = "import time\ntime.sleep(60)"
RUN_ID = "20261001T000000-aaaaaa"
FOLDER = f"s3://events/out/_emr_serverless/{RUN_ID}"
CODE = "out/_emr_serverless_code"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmrServerlessEmulator]:
    started = EmrServerlessEmulator(tmp_path_factory.mktemp("emr"))
    yield started
    started.stop()


@pytest.fixture
def emr(server: EmrServerlessEmulator, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmrServerlessEmulator]:
    """EMR Serverless with one application; AWS's environment points there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setattr(emr_engine, "_POLL_SECONDS", 0.1)
    monkeypatch.setattr("dagster._core.pipes.utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", 0)
    server.reset()
    yield server
    server.reset()


def spec(endpoint: str = "", run_id: str = RUN_ID, now: int = 1) -> ConvertSpec:
    s3 = {"region": "eu-central-1", "endpoint_override": endpoint, "scheme": "http"}
    return ConvertSpec(sources=(), plan=Plan(run_id, make=(), folders={}, now=now, s3=s3))


def the_job_does(body: str) -> None:
    """Let the zip's ``run_on_spark`` be this; everything around it is real."""
    packed = io.BytesIO()
    own = "def _session(settings): return None\n\ndef run_on_spark(spark, spec, on_progress):\n"
    with zipfile.ZipFile(io.BytesIO(library().content)) as real, zipfile.ZipFile(packed, "w") as made:
        for name in real.namelist():
            source = real.read(name).decode()
            if name.endswith("/job.py"):
                before, main, after = source.partition('if __name__ == "__main__":')
                source = f"{before}{own}{indent(dedent(body).strip(), '    ')}\n\n{main}{after}"
            made.writestr(name, source)
    boto3.client("s3").put_object(Bucket="events", Key=f"{CODE}/{library().name}", Body=packed.getvalue())


class Step:
    """One step of a Dagster run that gives the engine a spec."""

    def __init__(self, tags: dict[str, str] | None = None, work: ConvertSpec | None = None, **options: Any) -> None:
        self.reports: list[ConvertReport] = []
        settings = {"application_id": APPLICATION, "execution_role": ROLE, "destination": "s3://events/out", **options}
        engine = EmrServerlessEngine(**settings)

        @dg.asset(name="made")
        def made(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
            given = work or spec(os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"))
            self.reports.append(engine.convert(context, given))
            return dg.MaterializeResult()

        self.instance, self._asset, self._tags = dg.DagsterInstance.ephemeral(), made, tags or {}

    def run(self) -> bool:
        done = dg.materialize([self._asset], instance=self.instance, tags=self._tags, raise_on_error=False)
        self.run_id = done.run_id
        return done.success

    def log(self) -> str:
        """The log of every run there is: an interrupted one gives no result to ask for its id."""
        ids = self.instance.get_run_ids()
        return "\n".join(entry.user_message for id in ids for entry in self.instance.all_logs(id))

    def failure(self) -> str:
        for entry in self.instance.all_logs(self.run_id):
            if entry.dagster_event and entry.dagster_event.is_step_failure:
                data = entry.dagster_event.step_failure_data
                if data.user_failure_data:
                    return str(data.user_failure_data.description)
                cause = data.error.cause if data.error and data.error.cause else data.error
                assert cause is not None
                return cause.message.split(": ", 1)[1].strip()
        raise AssertionError("no step failed")


def keys(prefix: str) -> list[str]:
    return sorted(item.key for item in boto3.resource("s3").Bucket("events").objects.filter(Prefix=prefix))


def test_the_report_comes_back_with_the_drivers_log_while_it_runs_and_leaves_nothing_behind(
    emr: EmrServerlessEmulator,
) -> None:
    the_job_does("print('reading')\n" + SUCCEEDS)
    step = Step()

    assert step.run(), step.failure()

    (run,) = emr.job_runs
    ids = {"AWS EMR Serverless Application ID": APPLICATION, "AWS EMR Serverless Job Run ID": run.id}
    assert step.reports == [replace(REPORT, engine=ids)]
    assert "[emr-serverless] reading" in step.log()
    assert "[emr-serverless] convert: done in 0.5 s" in step.log()
    assert "is not supported" not in step.log(), "the warning of the original client"
    assert keys("out/_emr_serverless/") == []


def test_a_run_is_given_the_code_the_role_and_the_settings(emr: EmrServerlessEmulator) -> None:
    emr.ends_as = ("FAILED", "")
    step = Step(
        environment="s3://events/environment.tar.gz",
        cores=80,
        timeout_minutes=30,
        spark_config={"spark.executor.memory": "4g"},
    )

    step.run()

    (run,) = emr.job_runs
    assert run.params["executionRoleArn"] == ROLE
    assert run.params["executionTimeoutMinutes"] == 30
    work = spec(emr.url.removeprefix("http://"))
    assert run.params["name"] == f"convert-{step.run_id}-{fingerprint_of_work(work)}"
    assert run.submit["entryPoint"] == f"s3://events/{CODE}/{script().name}"
    assert run.submit["entryPointArguments"] == [
        "--spec", f"{FOLDER}/spec.json", "--report", f"{FOLDER}/report.json", "--cores", "80",
        "--s3_region", "eu-central-1", "--s3_endpoint", emr.url,
    ]  # fmt: skip
    options = list(run.options())
    assert options[0] == ("--py-files", f"s3://events/{CODE}/{library().name}")
    assert ("--conf", "spark.archives=s3://events/environment.tar.gz#environment") in options
    assert ("--conf", "spark.executorEnv.PYSPARK_PYTHON=./environment/bin/python") in options
    assert ("--conf", "spark.executor.memory=4g") in options
    assert keys(CODE) == sorted(f"{CODE}/{artifact.name}" for artifact in (script(), library()))


def test_a_job_that_crashes_fails_with_its_traceback(emr: EmrServerlessEmulator) -> None:
    the_job_does("raise MemoryError('out of memory in the middle')")
    step = Step()

    assert not step.run()

    text = step.failure()
    assert text.startswith(
        f"EMR Serverless job run {emr.job_runs[0].id} of application '{APPLICATION}' ended as FAILED: Job failed, "
        "please"
    )
    assert text.endswith("MemoryError: out of memory in the middle")


def test_a_run_that_succeeds_without_a_report_has_failed(emr: EmrServerlessEmulator) -> None:
    emr.ends_as = ("SUCCESS", "")
    step = Step()

    assert not step.run()

    assert "succeeded without a report; nothing was committed" in step.failure()


def test_an_application_that_does_not_exist_says_what_to_correct(emr: EmrServerlessEmulator) -> None:
    step = Step(application_id="00gone", region="eu-west-1")

    assert not step.run()

    assert step.failure() == (
        "EMR Serverless application '00gone': there is no such application in eu-west-1; correct "
        "emr_serverless.application_id or aws.region"
    )
    assert emr.job_runs == []


@pytest.mark.parametrize(
    ("facts", "problem"),
    [({"type": "Hive"}, "is of type Hive"), ({"state": "TERMINATED"}, "is TERMINATED and starts no job")],
)
def test_an_application_that_cannot_run_the_job_is_refused_before_anything_starts(
    facts: dict[str, str], problem: str, emr: EmrServerlessEmulator
) -> None:
    emr.application |= facts
    step = Step()

    assert not step.run()

    assert problem in step.failure()
    assert emr.job_runs == []


def test_polls_that_are_throttled_are_repeated(emr: EmrServerlessEmulator) -> None:
    emr.ends_as = ("CANCELLED", "by its timeout")
    emr.emr_errors["GetEmrJobRun"] = [
        (429, "ThrottlingException", "Rate exceeded"), (500, "InternalServerException", "sorry")
    ] * 2  # fmt: skip
    step = Step()

    step.run()

    assert "ended as CANCELLED: by its timeout; if it took too long, raise emr_serverless.timeout_min" in step.failure()
    assert emr.emr_calls.count("GetEmrJobRun") >= 5


def test_a_step_that_is_cancelled_cancels_its_job_run(emr: EmrServerlessEmulator) -> None:
    the_job_does(SLEEPS)
    step = Step()

    def press() -> None:
        emr.wait_for(lambda: "is RUNNING" in step.log())
        # Now the step sleeps: an interrupt while Dagster still writes that line may be lost in a callback.
        polls = emr.emr_calls.count("GetEmrJobRun")
        emr.wait_for(lambda: emr.emr_calls.count("GetEmrJobRun") > polls)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    assert not step.run()
    thread.join()

    emr.wait_for(lambda: emr.job_runs[0].state == "CANCELLED")
    assert f"Interrupted: cancelling EMR Serverless job run {emr.job_runs[0].id}" in step.log()


def test_a_retry_uses_the_run_that_its_dead_orchestrator_left(emr: EmrServerlessEmulator) -> None:
    the_job_does("import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)\n" + SUCCEEDS)
    tags = {"dagster/root_run_id": "the-first-run"}
    endpoint = emr.url.removeprefix("http://")
    first = threading.Thread(target=Step(tags, spec(endpoint)).run)
    first.start()
    emr.wait_for(lambda: any(run.state == "RUNNING" for run in emr.job_runs))
    again = Step(tags, spec(endpoint, "20261001T010000-bbbbbb", now=3601))

    def let_it_end() -> None:
        emr.wait_for(lambda: "exists already (RUNNING); using it" in again.log())
        emr.let_go()

    thread = threading.Thread(target=let_it_end)
    thread.start()
    assert again.run(), again.failure()
    thread.join()
    first.join()

    assert len(emr.job_runs) == 1
    assert again.reports[0].days == REPORT.days


def test_a_report_that_was_not_read_yet_is_used_and_then_deleted(emr: EmrServerlessEmulator) -> None:
    work = spec(emr.url.removeprefix("http://"))
    Destination("s3://events/out").store.write(f"_emr_serverless/{RUN_ID}/report.json", encode(REPORT))
    name = f"convert-the-first-run-{fingerprint_of_work(work)}"
    emr.has_job_run("SUCCESS", name, f"{FOLDER}/report.json")
    step = Step({"dagster/root_run_id": "the-first-run"}, work)

    assert step.run(), step.failure()

    assert (len(emr.job_runs), step.reports[0].days) == (1, REPORT.days)
    assert keys("out/_emr_serverless/") == []
