"""The engine `glue` on an emulator: what it starts, waits for, stops and raises. The job itself runs without Spark."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from textwrap import dedent
from typing import Any

import boto3
import dagster as dg
import pytest
from msgspec.structs import replace

from personalize_assets.config import load_config
from personalize_assets.conversion.spec import ConvertReport, ConvertSpec, DayReport, Plan, encode
from personalize_assets.definitions import build_definitions
from personalize_assets.engines.glue import engine as glue_engine
from personalize_assets.engines.glue.bundle import library
from personalize_assets.engines.glue.engine import GlueEngine
from personalize_assets.engines.job_files import fingerprint_of_work
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.manifests import DayCommit
from personalize_assets_tests.helpers.glue_emulator import GlueEmulator, Run
from personalize_assets_tests.helpers.stored import commits, put_day

NO_SPARK = """

def _session(settings): return None

"""
REPORT = ConvertReport(days={"2026-10-01": DayReport()}, seconds=0.5)


def spec(run_id: str = "20261001T000000-aaaaaa", *, s3: dict[str, Any] | None = None, now: int = 1) -> ConvertSpec:
    """A spec without files; the engine is replaced by what a test lets the job do."""
    options = {"region": "eu-central-1", "endpoint_override": "", "scheme": "http", **(s3 or {})}
    return ConvertSpec(sources=(), plan=Plan(run_id, make=(), folders={}, now=now, s3=options))


def on(glue: GlueEmulator, **options: Any) -> dict[str, Any]:
    """Options for Arrow to reach the emulator's S3."""
    return {"endpoint_override": glue.url.removeprefix("http://"), **options}


def the_job_does(body: str) -> None:
    """Let the deployed zip's ``run_on_spark(spark, spec)`` be this; everything around it is real."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(library().content)) as real, zipfile.ZipFile(packed, "w") as made:
        for name in real.namelist():
            source = real.read(name).decode()
            if name.endswith("/job.py"):
                own = (
                    "def run_on_spark(spark, spec, on_progress):\n"
                    + "    "
                    + dedent(body).strip().replace("\n", "\n    ")
                )
                before, main, after = source.partition('if __name__ == "__main__":')
                source = before + NO_SPARK + own + "\n\n\n" + main + after
            made.writestr(name, source)
    boto3.client("s3").put_object(Bucket="events", Key=f"code/{library().name}", Body=packed.getvalue())


SUCCEEDS = f"from personalize_assets.conversion.spec import ConvertReport, DayReport\nreturn {REPORT!r}"
SLEEPS = "import time\ntime.sleep(60)"


class Step:
    """One step of a Dagster run that gives the engine a spec."""

    def __init__(self, tags: dict[str, str] | None = None, work: ConvertSpec | None = None, **engine: Any) -> None:
        self.reports: list[ConvertReport] = []
        engine_ = GlueEngine(job="personalize-assets", destination="s3://events/out", **engine)

        @dg.asset(name="made")
        def made(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
            given = work or spec()
            given.plan.s3["endpoint_override"] = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
            report = engine_.run(context, given)
            assert isinstance(report, ConvertReport)
            self.reports.append(report)
            return dg.MaterializeResult()

        self.instance = dg.DagsterInstance.ephemeral()
        self._asset = made
        self._tags = tags or {}

    def run(self) -> bool:
        result = dg.materialize([self._asset], instance=self.instance, tags=self._tags, raise_on_error=False)
        self.run_id = result.run_id
        return result.success

    def log(self) -> str:
        return "\n".join(entry.user_message for entry in self.instance.all_logs(self.run_id))

    def instance_log(self) -> str:
        """The log of every run there is: an interrupted one gives no result to ask for its id."""
        ids = self.instance.get_run_ids()
        return "\n".join(entry.user_message for id in ids for entry in self.instance.all_logs(id))

    def failure(self) -> tuple[str, str]:
        """The error's text, and the class it is of."""
        for entry in self.instance.all_logs(self.run_id):
            if entry.dagster_event and entry.dagster_event.is_step_failure:
                data = entry.dagster_event.step_failure_data
                if data.user_failure_data:
                    return str(data.user_failure_data.description), "Failure"
                cause = data.error.cause if data.error and data.error.cause else data.error
                assert cause is not None
                return cause.message.split(": ", 1)[1].strip(), (cause.cls_name or "").rpartition(".")[2]
        raise AssertionError("no step failed")


def keys(prefix: str) -> list[str]:
    return sorted(item.key for item in boto3.resource("s3").Bucket("events").objects.filter(Prefix=prefix))


def create_job(**changes: Any) -> None:
    """The same job again, but for these changes."""
    client = boto3.client("glue")
    job = client.get_job(JobName="personalize-assets")["Job"]
    client.delete_job(JobName="personalize-assets")
    kept = ("Name", "Role", "Command", "GlueVersion", "DefaultArguments", "WorkerType", "NumberOfWorkers")
    client.create_job(**{**{key: job[key] for key in kept}, **changes})


# A run that goes well


def test_the_report_comes_back_with_the_drivers_log_and_a_link_and_leaves_nothing_behind(glue: GlueEmulator) -> None:
    the_job_does("print('reading'); " + SUCCEEDS)
    step = Step()

    assert step.run(), step.failure()

    (report,) = step.reports
    (run,) = glue.runs
    where = "https://eu-central-1.console.aws.amazon.com/gluestudio/home?region=eu-central-1"
    assert report == replace(
        REPORT,
        engine={
            "AWS Glue Job Run ID": run.id,
            "AWS Glue Job Name": "personalize-assets",
            "AWS Glue Job Run URL": f"{where}#/job/personalize-assets/run/{run.id}",
        },
    )
    assert "[glue] reading" in step.log()
    assert "[glue] convert: 0 files of 0 days, 0.0 MB" in step.log()
    assert "[glue] convert: done in 0.5 s" in step.log()
    assert "unexpected message" not in step.log()
    assert keys("out/_glue") == []


def test_arguments_are_texts_and_say_how_many_cores_the_workers_have(glue: GlueEmulator) -> None:
    glue.outcome = ("FAILED", "")
    step = Step(workers=11, worker_type="G.2X")

    step.run()

    (run,) = glue.runs
    folder = "s3://events/out/_glue/20261001T000000-aaaaaa"
    own = {name: value for name, value in run.own.items() if not name.startswith("--dagster-pipes-")}
    assert own == {
        "--dagster_run_id": step.run_id,
        "--work": fingerprint_of_work(spec(s3=on(glue))),
        "--spec": f"{folder}/spec.json",
        "--report": f"{folder}/report.json",
        "--cores": "80",
        "--s3_region": "eu-central-1",
        "--s3_endpoint": glue.url,
    }
    assert (run.params["NumberOfWorkers"], run.params["WorkerType"]) == (11, "G.2X")


def test_the_spec_that_goes_to_glue_names_no_profile_of_this_machine(glue: GlueEmulator) -> None:
    glue.outcome = ("FAILED", "")

    Step(work=spec(s3={"profile": "mine", "credentials": "boto3"})).run()

    body = boto3.client("s3").get_object(Bucket="events", Key="out/_glue/20261001T000000-aaaaaa/spec.json")["Body"]
    assert json.load(body)["plan"]["s3"] == {
        "region": "eu-central-1",
        "endpoint_override": glue.url.removeprefix("http://"),
        "scheme": "http",
        "credentials": "boto3",
    }


def test_without_messages_the_report_is_read_from_its_file(glue: GlueEmulator) -> None:
    the_job_does(SUCCEEDS)
    create_job(
        DefaultArguments={
            "--extra-py-files": f"s3://events/code/{library().name}",
            "--additional-python-modules": "isal==1.9.1,msgspec==0.22.0,obstore==0.12.1",
        }
    )
    glue.forget("dagster_pipes")
    step = Step()

    assert step.run(), step.failure()

    assert step.reports[0].days == REPORT.days


def test_another_version_of_the_code_than_the_one_here_is_logged(glue: GlueEmulator) -> None:
    create_job(DefaultArguments={"--extra-py-files": "s3://events/code/personalize_assets-0123.zip"})
    glue.outcome = ("FAILED", "")
    step = Step()

    step.run()

    assert (
        "Glue job 'personalize-assets' runs another version of the conversion (s3://events/code/"
        f"personalize_assets-0123.zip) than the one here ({library().name}); run `personalize-assets deploy`"
    ) in step.log()


# A run that goes wrong


def test_a_job_that_crashes_fails_with_its_traceback_and_the_former_state_stays(glue: GlueEmulator) -> None:
    former = DayCommit(mapping="m", run="r", files=("filtered_interactions/day=2026-10-01/former.parquet",))
    destination = Destination("s3://events/out")
    put_day(destination, "2026-10-01", {"interactions": former})
    destination.store.write(former.files[0], b"rows")
    half = "s3://events/out/filtered_interactions/day=2026-10-01/half.parquet"
    the_job_does(f"""
        from personalize_assets.conversion.reading.filesystem import FileSystem
        s3 = _s3_options('eu-central-1', {glue.url!r})
        with FileSystem(s3).create({half!r}) as file:
            file.write(b'half')
        raise MemoryError('out of memory in the middle')
    """)
    step = Step()

    assert not step.run()

    text, kind = step.failure()
    (run,) = glue.runs
    assert kind == "Failure"
    assert text.startswith(
        f"Glue run {run.id} of job 'personalize-assets' ended as FAILED: MemoryError: out of memory in the middle\n\n"
        "The job's own traceback:\nTraceback (most recent call last):\n"
    )
    assert text.endswith("raise MemoryError('out of memory in the middle')\nMemoryError: out of memory in the middle")
    assert "external process pipes closed with exception" in step.log()
    assert commits(destination, "interactions") == {"2026-10-01": former}
    assert destination.store.read(former.files[0]) == b"rows"
    assert keys("out/_glue")[-2:] == [f"out/_glue/20261001T000000-aaaaaa/{name}.json" for name in ("report", "spec")], (
        "the context is deleted, and the report of the failure is there"
    )
    assert "out/_glue/20261001T000000-aaaaaa/context.json" not in keys("out/_glue")


def test_a_job_that_dies_without_a_report_fails_with_the_end_of_its_log(glue: GlueEmulator) -> None:
    boto3.client("s3").put_object(
        Bucket="events", Key="code/other.py", Body=b"import sys\nprint('one', file=sys.stderr)\nimport no_such_module\n"
    )
    create_job(Command={"Name": "glueetl", "ScriptLocation": "s3://events/code/other.py"})
    step = Step()

    assert not step.run()

    text, _ = step.failure()
    assert "ended as FAILED: ModuleNotFoundError: No module named 'no_such_module'\n\n" in text
    assert "The job's own last lines:\n" in text
    assert "\none\nTraceback (most recent call last):\n" in text


def test_a_run_that_succeeds_without_a_report_has_failed(glue: GlueEmulator) -> None:
    boto3.client("s3").put_object(Bucket="events", Key="code/other.py", Body=b"")
    create_job(Command={"Name": "glueetl", "ScriptLocation": "s3://events/code/other.py"})
    step = Step()

    assert not step.run()

    assert step.failure() == (
        f"Glue run {glue.runs[0].id} of job 'personalize-assets' succeeded without a report: its script is not the one "
        "of this package; run `personalize-assets deploy`. Nothing was committed",
        "PersonalizeAssetsError",
    )


def test_a_role_that_may_not_read_the_spec_fails_with_the_jobs_own_error(glue: GlueEmulator) -> None:
    the_job_does(SUCCEEDS)

    def refuse(run: Run) -> None:
        glue.refuse = "spec.json"

    glue.on_running = refuse
    step = Step()

    assert not step.run()

    text, _ = step.failure()
    assert "s3://events/out/_glue/20261001T000000-aaaaaa/spec.json: access denied" in text


def test_a_raw_file_that_the_role_may_not_read_is_an_error_for_the_user(glue: GlueEmulator) -> None:
    the_job_does("""
        class UnreadableFile(Exception): pass
        raise UnreadableFile('s3://raw/a.json cannot be read: AWS Error ACCESS_DENIED')
    """)
    step = Step()

    assert not step.run()

    text, kind = step.failure()
    assert kind == "PersonalizeAssetsError"
    assert text.startswith(
        "s3://raw/a.json cannot be read: AWS Error ACCESS_DENIED; if the file is gone, materialize raw_event_catalog "
        "again; if access was denied, the job's role needs to read it (https://eu-central-1.console.aws.amazon.com/"
    )


def test_a_script_that_does_not_exist_says_to_deploy(glue: GlueEmulator) -> None:
    create_job(Command={"Name": "glueetl", "ScriptLocation": "s3://events/code/gone.py"})
    step = Step()

    assert not step.run()

    assert step.failure()[0] == (
        f"Glue run {glue.runs[0].id} of job 'personalize-assets' ended as FAILED: LAUNCH ERROR | File does not exist: "
        "s3://events/code/gone.py; if that is the job's script or zip, run `personalize-assets deploy` again"
    )


def test_a_job_that_does_not_exist_says_to_deploy(glue: GlueEmulator) -> None:
    step = Step(region="eu-west-1")

    assert not step.run()

    assert step.failure() == (
        "Glue job 'personalize-assets': there is no such job in eu-west-1; run `personalize-assets deploy`, or correct "
        "glue.job or aws.region",
        "AwsError",
    )


@pytest.mark.parametrize("version", ["4.0", "5.0"])
def test_a_glue_version_that_is_too_old_is_refused_before_anything_starts(version: str, glue: GlueEmulator) -> None:
    create_job(GlueVersion=version)
    step = Step()

    assert not step.run()

    assert step.failure() == (
        f"Glue job 'personalize-assets' has Glue version {version}, on which the conversion does not run; set it to "
        "one of 5.1, 6.0, auto: `personalize-assets deploy` does",
        "PersonalizeAssetsError",
    )
    assert glue.runs == []


def test_access_denied_names_the_rights_that_are_needed(glue: GlueEmulator) -> None:
    glue.errors["StartJobRun"] = [("AccessDeniedException", "User: me is not authorized")]
    step = Step()

    assert not step.run()

    assert step.failure() == (
        "Glue job 'personalize-assets': access denied (StartJobRun: User: me is not authorized); the role or user "
        "that runs this needs glue:GetJob, glue:GetJobRun, glue:GetJobRuns, glue:StartJobRun and glue:BatchStopJobRun "
        "on the job",
        "AwsError",
    )


@pytest.mark.parametrize(
    ("state", "kind", "advice"),
    [
        ("EXPIRED", "Failure", ""),
        ("ERROR", "Failure", ""),
        ("STOPPED", "PersonalizeAssetsError", ""),
        ("TIMEOUT", "PersonalizeAssetsError", "; give the job more workers (glue.workers), fewer days a run"),
    ],
)
def test_a_run_that_ends_in_any_other_state_fails(state: str, kind: str, advice: str, glue: GlueEmulator) -> None:
    glue.outcome = (state, "Glue's own words")
    step = Step()

    assert not step.run()

    text, found = step.failure()
    assert found == kind
    assert text.startswith(
        f"Glue run {glue.runs[0].id} of job 'personalize-assets' ended as {state}: Glue's own words{advice}"
    )


# Waiting


def test_polls_that_are_throttled_are_repeated(glue: GlueEmulator) -> None:
    glue.outcome = ("TIMEOUT", "")
    glue.errors["GetJobRun"] = [("ThrottlingException", "Rate exceeded"), ("InternalServiceException", "sorry")] * 2
    step = Step()

    step.run()

    assert "ended as TIMEOUT" in step.failure()[0]
    assert glue.calls.count("GetJobRun") >= 5


def test_a_start_waits_while_the_job_allows_no_more_runs(glue: GlueEmulator) -> None:
    glue.outcome = ("TIMEOUT", "")
    glue.errors["StartJobRun"] = [("ConcurrentRunsExceededException", "Concurrent runs exceeded for personalize")] * 2
    step = Step()

    step.run()

    assert "ended as TIMEOUT" in step.failure()[0]
    assert step.log().count("ConcurrentRunsExceededException: personalize-assets has as many runs as allowed") == 1
    assert glue.calls.count("StartJobRun") == 3


def interrupted_when_running(glue: GlueEmulator, step: Step) -> None:
    """Run a step and press Ctrl-C as soon as its job runs."""

    def press() -> None:
        glue.wait_for(lambda: any(run.state == "RUNNING" for run in glue.runs))
        glue.wait_for(lambda: "Started AWS Glue job" in step.instance_log())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    assert not step.run()
    thread.join()


def test_a_run_that_is_cancelled_stops_the_run_in_glue(glue: GlueEmulator) -> None:
    the_job_does(SLEEPS)
    step = Step()

    interrupted_when_running(glue, step)

    glue.wait_for(lambda: glue.runs[0].state == "STOPPED")
    assert f"Interrupted: stopping Glue run {glue.runs[0].id}" in step.instance_log()


def test_a_stop_that_glue_refuses_is_logged(glue: GlueEmulator) -> None:
    the_job_does(SLEEPS)
    glue.errors["BatchStopJobRun"] = [("AccessDeniedException", "not authorized to stop")]
    step = Step()

    interrupted_when_running(glue, step)

    assert f"Glue run {glue.runs[0].id} could not be stopped and may go on (" in step.instance_log()
    assert "not authorized to stop" in step.instance_log()


# After the orchestrator died


ORCHESTRATOR = """
import sys
import dagster as dg
from personalize_assets.engines.glue import engine
from personalize_assets.conversion.spec import decode_spec
from personalize_assets.engines.glue.engine import GlueEngine
engine._POLL_SECONDS = 0.1

@dg.asset
def made(context: dg.AssetExecutionContext) -> None:
    GlueEngine(job="personalize-assets", destination="s3://events/out").run(context, decode_spec(sys.argv[1].encode()))

dg.materialize([made], tags={"dagster/root_run_id": "the-first-run"})
"""


def test_a_retry_uses_the_run_that_is_still_going_after_its_orchestrator_died(
    glue: GlueEmulator, tmp_path: Path
) -> None:
    the_job_does("import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)\n" + SUCCEEDS)
    first = spec("20261001T000000-aaaaaa", s3=on(glue))
    orchestrator = subprocess.Popen(
        [sys.executable, "-c", ORCHESTRATOR, encode(first).decode()], stderr=subprocess.DEVNULL
    )
    glue.wait_for(lambda: any(run.state == "RUNNING" for run in glue.runs))
    orchestrator.kill()
    orchestrator.wait()
    again = spec("20261001T010000-bbbbbb", now=3601, s3=on(glue))
    step = Step({"dagster/root_run_id": "the-first-run"}, again)

    def let_it_end() -> None:
        glue.wait_for(lambda: glue.calls.count("GetJobRuns") >= 2)
        glue.let_go()

    thread = threading.Thread(target=let_it_end)
    thread.start()
    assert step.run(), step.failure()
    thread.join()

    assert len(glue.runs) == 1
    assert step.reports[0].days == REPORT.days
    assert f"Glue run {glue.runs[0].id} of this step exists already (RUNNING); using it" in step.log()


def test_a_report_that_was_not_read_yet_is_used_and_then_deleted(glue: GlueEmulator) -> None:
    work = spec(s3=on(glue))
    store = Destination("s3://events/out").store
    store.write("_glue/20261001T000000-aaaaaa/report.json", encode(REPORT))
    arguments = {
        "--dagster_run_id": "the-first-run",
        "--work": fingerprint_of_work(work),
        "--report": "s3://events/out/_glue/20261001T000000-aaaaaa/report.json",
    }
    glue.has_run("SUCCEEDED", arguments)
    step = Step({"dagster/root_run_id": "the-first-run"}, work)

    assert step.run(), step.failure()

    assert (len(glue.runs), step.reports[0].days) == (1, REPORT.days)
    assert keys("out/_glue") == []


@pytest.mark.parametrize(
    ("state", "run_id"), [("SUCCEEDED", "the-first-run"), ("FAILED", "the-first-run"), ("RUNNING", "x")]
)
def test_a_run_that_is_over_or_of_another_dagster_run_is_not_used(state: str, run_id: str, glue: GlueEmulator) -> None:
    create_job(ExecutionProperty={"MaxConcurrentRuns": 2})
    work = spec(s3=on(glue))
    report = "s3://events/out/_glue/20261001T000000-aaaaaa/report.json"
    arguments = {"--dagster_run_id": run_id, "--work": fingerprint_of_work(work), "--report": report}
    glue.has_run(state, arguments)
    glue.outcome = ("TIMEOUT", "")

    Step({"dagster/root_run_id": "the-first-run"}, work).run()

    assert len(glue.runs) == 2


# Where it fits in


def test_steps_that_run_on_an_engine_are_in_its_pool_and_others_in_none() -> None:
    places = {"PERSONALIZE__SOURCE__URI": "s3://raw/events", "PERSONALIZE__DESTINATION__URI": "s3://made/out"}
    on_glue = build_definitions(load_config(env={**places, "PERSONALIZE_ENGINE": "glue"}))
    local = build_definitions(load_config(env=places))

    def pools(definitions: dg.Definitions) -> dict[str, str | None]:
        nodes = definitions.resolve_implicit_global_asset_job_def().graph.nodes
        return {node.name: node.definition.pool for node in nodes if isinstance(node.definition, dg.OpDefinition)}

    assert {name for name, pool in pools(on_glue).items() if pool == "glue"} == {"convert_days", "export_all"}
    assert {name for name, pool in pools(local).items() if pool == "arrow"} == {"convert_days", "export_all"}
    assert set(pools(local).values()) == {None, "arrow"}


def test_the_engine_has_the_settings_of_the_config() -> None:
    config = load_config(
        env={
            "PERSONALIZE__SOURCE__URI": "s3://raw/events",
            "PERSONALIZE__DESTINATION__URI": "s3://made/out",
            "PERSONALIZE_ENGINE": "glue",
            "PERSONALIZE__GLUE__JOB": "shop",
            "PERSONALIZE__GLUE__WORKERS": "20",
            "PERSONALIZE__GLUE__WORKER_TYPE": "G.2X",
            "PERSONALIZE__AWS__REGION": "eu-central-1",
        }
    )

    engine = glue_engine.GlueEngine.of(config)

    assert engine.model_dump(exclude_none=True) == {
        "endpoints": {},
        "job": "shop",
        "destination": "s3://made/out",
        "region": "eu-central-1",
        "workers": 20,
        "worker_type": "G.2X",
    }
